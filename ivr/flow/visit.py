"""One caller's visit to a flow: who they are, what they keyed, what was found, and the line they are on.

The state that the steps (``ivr.flow.steps``) share. It is forgotten with the call.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from cti.domain.events import Language
from cti.domain.ids import AccountNumber, CallId
from ivr.flow.keypad import Keypad
from ivr.flow.line import Line, Speaking
from ivr.flow.model import Flow
from ivr.flow.outcome import LeavesAs, Outcome
from ivr.flow.service import Service
from ivr.flow.story import Story
from ivr.flow.texts import Text
from ivr.ports import Desk, DeskUnavailableError, Value

PERSON_KEY: Final = "0"
REPEAT_KEY: Final = "*"
MASK: Final = "•"
"""What an agent sees in place of each digit of a wrong entry: it may have been a PIN, keyed too soon."""
MAX_REPEATS: Final = 5
"""``*`` so many times at one step is answered; each further one counts as a failure."""
END_S: Final = 1.0
DESK_S: Final = 4.0
"""How long whoever takes what callers leave may take: the caller hears nothing meanwhile."""

_NUMBER: Final = re.compile(r"\+?[0-9]{5,15}")

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Passed:
    """How a step was left: by ``way``, to ``go`` (None at the end), with what an agent may see of the digits.

    ``silent``: the caller neither heard nor chose anything there.
    """

    way: str
    go: str | None
    keyed: str = field(default="", repr=False)
    silent: bool = False


@dataclass(slots=True)
class Visit:
    """The state of one call. ``flow`` is the one whose steps are gone through just now."""

    flow: Flow
    line: Line
    services: Mapping[str, Service]
    desk: Desk
    story: Story
    language: Language
    number: str = field(default="", repr=False)
    keypad: Keypad = field(init=False)
    entries: list[str] = field(default_factory=list, repr=False)
    """What was keyed at this step, as far as an agent may see it."""
    asked_secret: bool = False
    keyed: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: set[str] = field(default_factory=set, repr=False)
    """Digits that go to services and nowhere else."""
    values: dict[str, Value] = field(default_factory=dict, repr=False)
    words: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict, repr=False)
    verified: AccountNumber | None = field(default=None, repr=False)
    taken: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """How often a way was taken: flow, step, word."""
    served: bool = False
    leaves_as: LeavesAs | None = None
    """What became of the caller if they leave now."""
    door: bool = False
    """Whether something comes between the flow and a person."""
    returned: str = ""
    """The way by which the flow went back that was called last."""
    end: Outcome = field(default_factory=lambda: Outcome("failed"))

    def __post_init__(self) -> None:
        self.keypad = Keypad(self.line)

    @property
    def call(self) -> CallId:
        """Our id of this call."""
        return self.story.call

    @property
    def own_number(self) -> str:
        """The number that the caller calls from, if it is one that can be called; else nothing."""
        return self.number if _NUMBER.fullmatch(self.number) else ""

    @property
    def seen(self) -> str:
        """What was keyed at this step, as an agent may see it."""
        return " ".join(self.entries)

    def shown(self, digits: str) -> str:
        """Return what an agent may see of a right entry: not the PIN that was keyed where it doesn't belong."""
        return MASK * len(digits) if self.is_secret(digits) else digits

    def is_secret(self, digits: str) -> bool:
        """Tell whether a secret is in ``digits``."""
        return any(secret in digits for secret in self.secrets)

    def to_person(self, way: str) -> Passed:
        """Leave the step for a person."""
        return Passed(way, self.flow.person, self.seen)

    def speaking(
        self,
        texts: Iterable[Text],
        *,
        language: Language | None = None,
        extra: Mapping[str, Value] | None = None,
        slow: bool = False,
    ) -> list[Speaking]:
        """Return the sentences with the values found so far, and ``extra`` ones of the step's own."""
        return [self._speaking(text, language or self.language, extra or {}, slow) for text in texts]

    def _speaking(self, text: Text, language: Language, extra: Mapping[str, Value], slow: bool) -> Speaking:
        values = {**self.values, **extra}
        renamed = {slot: values[name] for slot, name in text.values.items() if name in values}
        return Speaking(text.prompt, language, values | renamed, slow, text.barge_in)

    async def speak(self, language: Language) -> None:
        """Go on in ``language``."""
        self.language = language
        await self.line.speak(language)
        self.story.speaks(language)

    async def ask_desk(self, work: "asyncio.Future[Given]") -> Given:
        """Return what the desk answers. Raises :class:`DeskUnavailableError` for a refusal, and for silence."""
        try:
            await self.line.attend(work, DESK_S, "")
            if not work.done():
                raise DeskUnavailableError
            return work.result()
        finally:
            await end(work)


async def end(work: "asyncio.Future[Given]") -> None:
    """Leave no task behind, nor an error that nobody looked at."""
    work.cancel()
    await asyncio.wait({work}, timeout=END_S)
    if work.done() and not work.cancelled():
        work.exception()
