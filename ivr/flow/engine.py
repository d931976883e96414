"""Takes one caller through a flow. Knows nothing of Asterisk: it talks to a :class:`ivr.flow.line.Line`.

``0`` leads to a person and ``*`` repeats at every step; three failures lead to a person with what was keyed; a
caller who hangs up ends it quietly, wherever they are. Every step passed is told to the call centre.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cti.domain.events import Language
from cti.domain.ids import AccountNumber
from cti.domain.utility import BillingUnavailableError, is_account_number
from ivr.errors import HungUpError
from ivr.flow.errors import EndlessFlowError
from ivr.flow.keypad import Keypad
from ivr.flow.line import Line, Speaking
from ivr.flow.model import UNAVAILABLE, Ask, Branch, Flow, HangUp, LookUp, Menu, Queue, Say, Sentence, Step
from ivr.flow.outcome import Outcome
from ivr.flow.service import Answer, Caller, Service
from ivr.flow.story import Story
from ivr.ports import Value

PERSON_KEY: Final = "0"
REPEAT_KEY: Final = "*"
MASK: Final = "•"
"""What an agent sees in place of each digit of a wrong entry: it may have been a PIN, keyed too soon."""
MAX_STEPS: Final = 300
END_S: Final = 1.0
MAX_REPEATS: Final = 5
"""``*`` so many times at one step is answered; each further one counts as a failure."""


@dataclass(frozen=True, slots=True)
class Passed:
    """How a step was left: by ``way``, to ``go`` (None at the end), with what an agent may see of the digits."""

    way: str
    go: str | None
    keyed: str = field(default="", repr=False)


@dataclass(slots=True)
class _Attempts:
    """Failures and repeats at one step, and what to say before asking again."""

    flow: Flow
    failures: int = 0
    repeats: int = 0
    lead: Sequence[Sentence] = ()

    def repeat(self) -> None:
        self.repeats += 1
        self.lead = ()
        if self.repeats > MAX_REPEATS:
            self.failures += 1

    def fail(self, sentence: Sentence) -> None:
        self.failures += 1
        self.lead = (sentence,) if self.failures == 1 else (sentence, self.flow.help.more)

    @property
    def over(self) -> bool:
        return self.failures >= self.flow.tries


class FlowRun:
    """One caller in one flow, from the first step to the last. Owns what they keyed, and forgets it with the call."""

    def __init__(
        self, flow: Flow, line: Line, services: Mapping[str, Service], story: Story, *, number: str = ""
    ) -> None:
        self._flow = flow
        self._line = line
        self._keypad = Keypad(line)
        self._services = services
        self._story = story
        self._number = number
        self.language: Language = flow.language
        self._keyed: dict[str, str] = {}
        self._entries: list[str] = []
        self._asked_secret = False
        self._secrets: set[str] = set()
        self._values: dict[str, Value] = {}
        self._words: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self._verified: AccountNumber | None = None
        self._ways: dict[tuple[str, str], int] = {}
        self._served = False
        self._end = Outcome("failed")

    async def run(self) -> Outcome:
        """Go through the flow and return how it ended."""
        name: str | None = self._flow.start
        steps = 0
        while name is not None:
            if (steps := steps + 1) > MAX_STEPS:
                raise EndlessFlowError(MAX_STEPS)
            since = self._story.clock.monotonic()
            self._entries.clear()
            try:
                passed = await self._pass(name, self._flow.steps[name])
            except HungUpError:
                self._story.passed(name, "hangup", since, " ".join(self._entries))
                return Outcome("hangup", served=self._served)
            except Exception:
                self._story.passed(name, "failed", since, " ".join(self._entries))
                raise
            self._story.passed(name, passed.way, since, passed.keyed)
            name = passed.go
        return self._end

    async def _pass(self, name: str, step: Step) -> Passed:
        match step:
            case Say():
                return await self._say(step)
            case Menu():
                return await self._menu(step)
            case Ask():
                return await self._ask(step)
            case LookUp():
                return await self._look_up(name, step)
            case Branch():
                return self._branch(step)
            case Queue():
                return await self._queue(step)
            case HangUp():
                return await self._hang_up(step)

    # ------------------------------------------------------------------ saying

    async def _say(self, step: Say) -> Passed:
        for _ in range(MAX_REPEATS):
            heard = await self._keypad.play(self._spoken(step.say))
            if heard:
                self._served = self._served or step.serves
                return Passed("ok", step.then)
            if self._keypad.peek() != REPEAT_KEY:
                break
            self._keypad.early()
        return Passed("skipped", step.then)

    def _spoken(self, sentences: Sequence[Sentence], language: Language | None = None) -> list[Speaking]:
        return [self._speaking(sentence, language or self.language) for sentence in sentences]

    def _speaking(self, sentence: Sentence, language: Language) -> Speaking:
        renamed = {slot: self._values[name] for slot, name in sentence.values.items() if name in self._values}
        return Speaking(sentence.prompt, language, self._values | renamed)

    async def _queue(self, step: Queue) -> Passed:
        self._keypad.early()
        await self._keypad.play(self._spoken(step.say))
        self._end = Outcome("person", queue=step.queue)
        return Passed("person", None)

    async def _hang_up(self, step: HangUp) -> Passed:
        self._keypad.early()
        await self._keypad.play(self._spoken(step.say))
        self._end = Outcome("done", served=self._served)
        return Passed("done", None)

    # ------------------------------------------------------------------ choosing

    async def _menu(self, step: Menu) -> Passed:
        attempts = _Attempts(self._flow)
        languages = step.languages or (self.language,)
        way = "no_input"
        while not attempts.over:
            question = [speaking for language in languages for speaking in self._spoken(step.ask, language)]
            await self._keypad.play([*self._spoken(attempts.lead), *question])
            key = await self._keypad.key(self._flow.first_key_s)
            if key == PERSON_KEY:
                self._see(key)
                return Passed(key, self._flow.person, " ".join(self._entries))
            if choice := step.choices.get(key):
                if choice.language is not None:
                    await self._speak(choice.language)
                return Passed(key, choice.go, key)
            if key == REPEAT_KEY:
                attempts.repeat()
            else:
                self._see(key)
                way = self._fail(attempts, key)
        return Passed(way, self._flow.person, " ".join(self._entries))

    def _see(self, key: str) -> None:
        """Keep a menu key for the agent, unless it may belong to a PIN that was keyed too long, or twice.

        The keys of one menu are one entry: spread out they would be as long as an account number is.
        """
        if key == PERSON_KEY or (key and not self._asked_secret):
            self._entries[:] = ["".join([*self._entries, key])]

    def _fail(self, attempts: _Attempts, keyed: str, wrong: Sentence | None = None) -> str:
        """Count a failure, choose what to say of it, and return its name."""
        if not keyed:
            attempts.fail(self._flow.help.none)
            return "no_input"
        attempts.fail(wrong or self._flow.help.wrong)
        return "wrong_input"

    async def _speak(self, language: Language) -> None:
        self.language = language
        await self._line.speak(language)
        self._story.speaks(language)

    def _branch(self, step: Branch) -> Passed:
        word = self.language if step.by == "language" else self._words.get(step.by, "")
        return Passed(word or "otherwise", step.ways.get(word, step.otherwise))

    # ------------------------------------------------------------------ asking

    async def _ask(self, step: Ask) -> Passed:
        attempts = _Attempts(self._flow)
        way = "no_input"
        self._asked_secret = self._asked_secret or step.secret
        while not attempts.over:
            await self._keypad.play(self._spoken([*attempts.lead, *step.ask]))
            digits, ended = await self._collect(step)
            if ended == REPEAT_KEY:
                attempts.repeat()
                continue
            if digits == PERSON_KEY and step.digits > 1:
                self._entries.append(digits)
                return Passed(PERSON_KEY, self._flow.person, " ".join(self._entries))
            complete = (step.least or step.digits) <= len(digits) <= step.digits
            if complete and _is_right(step, digits):
                self._take(step, digits)
                return Passed("ok", step.then, "" if step.secret else self._shown(digits))
            if digits and not step.secret:
                self._entries.append(MASK * len(digits))
            way = self._fail(attempts, digits + ended, step.wrong if complete else None)
        return Passed(way, self._flow.person, " ".join(self._entries))

    async def _collect(self, step: Ask) -> tuple[str, str]:
        """Return the digits, and the key that ended them: ``#``, ``*`` or, at full length or silence, ``''``."""
        digits = ""
        while len(digits) < step.digits:
            key = await self._keypad.key(self._flow.next_key_s if digits else self._flow.first_key_s)
            if not key or key in (step.terminator, REPEAT_KEY):
                return digits, key
            digits += key
        return digits, ""

    def _shown(self, digits: str) -> str:
        """Return what an agent may see of a right entry: not the PIN that was keyed where it doesn't belong."""
        return MASK * len(digits) if any(secret in digits for secret in self._secrets) else digits

    def _take(self, step: Ask, digits: str) -> None:
        self._keyed[step.into] = digits
        if step.secret:
            self._secrets.add(digits)
        if step.claims_account:
            account = AccountNumber(digits)
            if account != self._verified:
                # what a PIN has proved of another account proves nothing of this one
                self._verified = None
            self._story.claims(account, verified=self._verified is not None)

    # ------------------------------------------------------------------ looking up

    async def _look_up(self, name: str, step: LookUp) -> Passed:
        if self._keypad.early() == PERSON_KEY:
            return Passed(PERSON_KEY, self._flow.person)
        caller = Caller(dict(self._keyed), self._verified, self._number, self._story.call, dict(self._notes))
        work = asyncio.ensure_future(_answer(self._services[step.service], caller))
        try:
            if await self._wait(work, step) == PERSON_KEY:
                return Passed(PERSON_KEY, self._flow.person)
            answer = work.result() if work.done() else Answer(UNAVAILABLE)
        finally:
            await _end(work)
        self._learn(answer)
        return Passed(answer.way, self._way(name, step, answer.way))

    async def _wait(self, work: "asyncio.Future[Answer]", step: LookUp) -> str:
        """Wait for the answer, asking for patience when it is slow; return ``0`` if the caller had none."""
        monotonic = self._story.clock.monotonic
        end = monotonic() + step.limit_s
        key = await self._line.attend(work, step.hold_after_s, PERSON_KEY)
        if not key and not work.done():
            key = await self._line.play(self._speaking(step.hold, self.language), PERSON_KEY)
        if not key and not work.done():
            key = await self._line.attend(work, max(0.0, end - monotonic()), PERSON_KEY)
        return key

    def _learn(self, answer: Answer) -> None:
        self._values.update(answer.values)
        self._words.update(answer.words)
        self._notes.update(answer.notes)
        if answer.verified is not None:
            self._verified = answer.verified
            self._story.claims(answer.verified, verified=True)

    def _way(self, name: str, step: LookUp, word: str) -> str:
        way = step.ways[word]
        taken = self._ways[name, word] = self._ways.get((name, word), 0) + 1
        if way.afterwards is not None and way.times is not None and taken > way.times:
            return way.afterwards
        return way.go


async def _answer(service: Service, caller: Caller) -> Answer:
    try:
        return await service(caller)
    except BillingUnavailableError:
        return Answer(UNAVAILABLE)


async def _end(work: "asyncio.Future[Answer]") -> None:
    """Leave no task behind, nor an error that nobody looked at."""
    work.cancel()
    await asyncio.wait({work}, timeout=END_S)
    if work.done() and not work.cancelled():
        work.exception()


def _is_right(step: Ask, digits: str) -> bool:
    return digits.isdecimal() and (step.check is None or is_account_number(digits))
