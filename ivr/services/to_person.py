"""What the dialplan is told when a flow ends: into which queue, with what priority, at which position.

One class for each place in a call's life that has a flow. Whatever fails here, the dialplan has been told nothing and
takes the caller to the usual queue, or to the head of the one they were in.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cti.domain.events import Language
from cti.domain.ids import CallId
from ivr.flow.outcome import Outcome
from ivr.ports import Count, Duration, Outlook, Value, WaitingLine

QUEUE: Final = "HYDROPHONE_QUEUE"
PRIORITY: Final = "HYDROPHONE_PRIORITY"
POSITION: Final = "HYDROPHONE_POSITION"
LONGEST_MIN: Final = 60
"""A longer wait than this is not told: nobody can tell it."""

Say = Callable[[str, Mapping[str, Value]], Awaitable[None]]
"""Says a prompt of the catalogue with values."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A caller at the end of a flow."""

    call: CallId
    outcome: Outcome
    language: Language
    say: Say


class Ending(Protocol):
    """What follows a flow."""

    async def person(self, leaving: Leaving) -> Mapping[str, str]:
        """Return the variables to set for a caller who goes to a person."""

    async def done(self, leaving: Leaving) -> None:
        """Do what is to be done for a caller who needs nobody any more."""


class UsualQueue:
    """To the queue that the flow names, or the usual one."""

    def __init__(self, queue: str) -> None:
        self._queue = queue

    async def person(self, leaving: Leaving) -> Mapping[str, str]:
        """Return the queue."""
        return {QUEUE: leaving.outcome.queue or self._queue}

    async def done(self, leaving: Leaving) -> None:
        """Do nothing."""


class Staying:
    """To the queue that the caller was in."""

    async def person(self, leaving: Leaving) -> Mapping[str, str]:
        """Leave everything as it is."""
        return {}

    async def done(self, leaving: Leaving) -> None:
        """Do nothing."""


class Joining:
    """To the end of the line for a person, with a word on how long it is."""

    def __init__(self, line: WaitingLine) -> None:
        self._line = line

    async def person(self, leaving: Leaving) -> Mapping[str, str]:
        """Return queue and priority, having said how it looks there."""
        admission = await self._line.admit(leaving.call, leaving.outcome.queue, leaving.language)
        if (told := spoken(admission.outlook)) is not None:
            await leaving.say(*told)
        return {QUEUE: admission.queue, PRIORITY: str(admission.priority)}

    async def done(self, leaving: Leaving) -> None:
        """Do nothing."""


class Returning:
    """Back to one's place, from a moment out of the queue or called back."""

    def __init__(self, line: WaitingLine) -> None:
        self._line = line

    async def person(self, leaving: Leaving) -> Mapping[str, str]:
        """Return the position."""
        return {POSITION: str(self._line.position(leaving.call))}

    async def done(self, leaving: Leaving) -> None:
        """Have nobody call them back again, if they said that they need nobody."""
        if leaving.outcome.served:
            await self._line.declined(leaving.call)


def spoken(outlook: Outlook) -> tuple[str, Mapping[str, Value]] | None:
    """Return what is said of how it looks: a prompt and its values; None when an agent is free."""
    if outlook.minutes == 0:
        return None
    if outlook.minutes is None or outlook.minutes > LONGEST_MIN:
        return "line.position", {"position": Count(outlook.position)}
    return "line.wait", {"position": Count(outlook.position), "wait": Duration(outlook.minutes)}
