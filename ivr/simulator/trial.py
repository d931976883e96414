"""Makes one call to a flow, and tells how it went against what was expected."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.events import CallEvent, IvrStepPassed
from cti.domain.ids import CallId
from ivr.flow.bundle import Bundle
from ivr.flow.engine import FlowRun
from ivr.flow.line import Line
from ivr.flow.outcome import Outcome
from ivr.flow.service import Service
from ivr.flow.story import Clock, Story
from ivr.flow.texts import INLINE
from ivr.ports import Desk
from ivr.prompts.catalogue import Catalogue
from ivr.prompts.inline import spoken
from ivr.prompts.lengths import Lengths
from ivr.services.hotline import services
from ivr.services.public import Public
from ivr.simulator.billing import PretendBilling, Turning
from ivr.simulator.clock import run
from ivr.simulator.desk import PretendDesk
from ivr.simulator.enquiries import PretendReadings, PretendTickets, PretendZones
from ivr.simulator.errors import OutOfKeysError, OutOfTurnError, SimulatorError
from ivr.simulator.line import Heard, PretendLine, Thumb
from ivr.simulator.public import PretendNotices, PretendReports, incident, pretend_public
from ivr.simulator.script import USUAL_LINE, BillingGiven, Call, Expect, Given, Interruption, Said
from ivr.simulator.standing import PretendLine as PretendStanding
from ivr.sources import Sources

SPOKEN: Final = "speak"
_PROMPT: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
CALL: Final = CallId(UUID(int=0))
NOON: Final = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - the hotline's own time


@dataclass(slots=True)
class Trial:
    """What became of a call, as far as it came."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    outcome: Outcome = field(default_factory=lambda: Outcome("failed"))
    took_s: float = 0.0
    error: Exception | None = None
    unused: str = ""
    readings: PretendReadings = field(default_factory=PretendReadings)
    desk: PretendDesk = field(default_factory=PretendDesk)

    def hears(self, heard: Heard) -> None:
        """Note a sentence."""
        self.heard.append(heard)

    def learns(self, fact: CallEvent) -> None:
        """Note a fact."""
        if isinstance(fact, IvrStepPassed):
            self.steps.append((fact.step, fact.way))


@dataclass(frozen=True, slots=True)
class Stage:
    """What a call goes over: the line, what can be looked up, and who takes what callers leave."""

    line: Line
    services: Mapping[str, Service]
    desk: Desk


Sabotage = Callable[[Stage, Trial], Stage]
"""Puts something between a flow and its stage; the trial tells how far the call has come."""


class Simulator:
    """Calls one flow as often as one likes, each time anew."""

    def __init__(self, flow: Bundle, catalogue: Catalogue, lengths: Lengths, settings: Settings) -> None:
        self._flow = flow
        self._catalogue = catalogue.taught(spoken(flow.written))
        self._lengths = lengths.of_catalogue(self._catalogue)
        self._settings = settings

    def call(self, given: Given, thumb: Thumb, trial: Trial | None = None, sabotage: Sabotage | None = None) -> Trial:
        """Make a call and return what became of it; an error in the flow is part of that."""
        trial = trial or Trial()
        run(self._call(given, thumb, trial, sabotage))
        return trial

    async def _call(self, given: Given, thumb: Thumb, trial: Trial, sabotage: Sabotage | None) -> None:
        loop = asyncio.get_running_loop()
        start = (given.now or NOON).replace(tzinfo=ZoneInfo(self._settings.site.timezone)).astimezone(UTC)
        clock = Clock(now=lambda: start + timedelta(seconds=loop.time()), monotonic=loop.time)
        accounts = {number: account.customer() for number, account in (given.accounts or {}).items()}
        behaviour = given.billing or BillingGiven()
        bills = Turning(behaviour.good, behaviour.bills)
        sources = _sources(given, PretendBilling(accounts, pins=behaviour.pins, bills=bills), bills, trial)
        line = PretendLine(thumb, self._catalogue, self._lengths, trial.hears, records=given.records is not False)
        story = Story(CALL, trial.learns, clock)
        trial.desk = PretendDesk(given.desk or 0.0, given.refused or (), given.waiting or ())
        stage = Stage(line, self._services(given, sources, clock), trial.desk.desk)
        if sabotage is not None:
            stage = sabotage(stage, trial)
        flow = FlowRun(
            self._flow.flow,
            stage.line,
            stage.services,
            story,
            desk=stage.desk,
            called=self._flow.called,
            number=given.number or "",
        )
        try:
            trial.outcome = await flow.run()
        except Exception as error:  # noqa: BLE001 - whatever a flow ends in is what this is to find out
            trial.error = error
        trial.took_s = loop.time()

    def _services(self, given: Given, sources: Sources, clock: Clock) -> Mapping[str, Service]:
        zone = ZoneInfo(self._settings.site.timezone)
        told = given.incident
        if told is None:
            notices = PretendNotices()
        else:
            until = None if told.until is None else told.until.replace(tzinfo=zone)
            notices = PretendNotices(incident(told.kind, clock.now(), until), told.streets)
        public = Public(notices, None, PretendReports())
        line = PretendStanding((given.line or USUAL_LINE).outlook())
        settings = self._settings
        if given.opening is not None:
            settings = settings.model_copy(update={"opening": given.opening})
        own = services(sources, settings, clock, line=line)
        return {**own, **pretend_public(public, given.public or 0.0, settings, clock)}


def _sources(given: Given, billing: PretendBilling, behaviour: Turning, trial: Trial) -> Sources:
    zones = {number: account.zone for number, account in (given.accounts or {}).items() if account.zone}
    numbers = {
        phone: account.zone for account in (given.accounts or {}).values() for phone in account.phones if account.zone
    }
    trial.readings = PretendReadings(behaviour)
    return Sources(
        billing,
        trial.readings,
        PretendZones(
            behaviour,
            numbers=numbers,
            accounts=zones,
            postcodes=given.postcodes or {},
            quality={zone: told.quality(zone) for zone, told in (given.quality or {}).items()},
        ),
        PretendTickets({key: one.ticket() for key, one in (given.tickets or {}).items()}, behaviour),
    )


class _Script:
    """A thumb that goes by a list."""

    def __init__(self, keys: Sequence[str | Interruption]) -> None:
        self._keys = list(keys)

    def listened_to(self) -> str:
        if not self._keys:
            raise OutOfKeysError
        entry = self._keys.pop(0)
        if isinstance(entry, Interruption):
            raise OutOfTurnError(entry.during)
        if entry.startswith(SPOKEN):
            raise OutOfTurnError(entry)
        return entry

    def interrupts(self, prompt: str, words: str) -> str:
        if self._keys and isinstance(first := self._keys[0], Interruption) and is_of(first.during, prompt, words):
            del self._keys[0]
            return first.press
        return ""

    def speaks(self) -> str:
        if not self._keys:
            raise OutOfKeysError
        entry = self._keys.pop(0)
        if isinstance(entry, Interruption):
            raise OutOfTurnError(entry.during)
        return entry

    @property
    def unused(self) -> str:
        return " ".join(key if isinstance(key, str) else key.press for key in self._keys)


def thumb_of(call: Call) -> "_Script":
    """Return the thumb that goes by the call's keys."""
    return _Script(call.keys)


def make(call: Call, common: Given, simulator: Simulator) -> Trial:
    """Make a scripted call."""
    thumb = thumb_of(call)
    trial = simulator.call(call.given.under(common), thumb)
    trial.unused = thumb.unused
    return trial


def complaints(expect: Expect, trial: Trial) -> Iterator[str]:
    """Yield what went otherwise than expected."""
    at = trial.steps[-1][0] if trial.steps else "the beginning"
    if isinstance(trial.error, SimulatorError):
        yield f"at '{at}': {trial.error}"
    elif trial.error is not None and expect.outcome != "failed":
        yield f"at '{at}': {type(trial.error).__name__}: {trial.error}"
    if trial.unused:
        yield f"keys that nobody asked for: {trial.unused}"
    yield from _path(expect, trial)
    yield from _said(expect, trial)
    yield from _outcome(expect, trial.outcome)
    yield from _left(expect, trial.desk)
    reported = tuple(reading.value_m3 for reading in trial.readings.reported.values())
    if expect.reported is not None and reported != expect.reported:
        yield f"the readings reported were {', '.join(map(str, reported)) or 'none'}"


def _path(expect: Expect, trial: Trial) -> Iterator[str]:
    if expect.path is None:
        return
    wanted = [(passed.step, passed.way) for passed in expect.path]
    matches = len(wanted) == len(trial.steps) and all(
        step == gone and way in (None, left) for (step, way), (gone, left) in zip(wanted, trial.steps, strict=True)
    )
    if not matches:
        gone = " → ".join(f"{step}:{way}" for step, way in trial.steps)
        yield f"the path was {gone or 'nothing'}"


def _said(expect: Expect, trial: Trial) -> Iterator[str]:
    coming = iter(trial.heard)
    for said in expect.said:
        if not any(_is(said, heard) for heard in coming):
            told = [_told(_named(heard), heard.values) for heard in trial.heard]
            yield f"{_told(said.prompt, said.values)} was not said, or not in its place; said was: {', '.join(told)}"
            break
    for prompt in expect.unsaid:
        if any(is_of(prompt, heard.prompt, heard.words) for heard in trial.heard):
            yield f"{prompt} was said"


def _named(heard: Heard) -> str:
    return heard.words if heard.prompt.startswith(INLINE) else heard.prompt


def _is(said: Said, heard: Heard) -> bool:
    return (
        is_of(said.prompt, heard.prompt, heard.words)
        and said.slow in (None, heard.slow)
        and said.language in (None, heard.language)
        and said.values.items() <= heard.values.items()
    )


def is_of(written: str, prompt: str, words: str) -> bool:
    """Tell whether a script means this sentence: by its name, or by some of its words."""
    return written == prompt or (_PROMPT.fullmatch(written) is None and written in words)


def _told(prompt: str, values: Mapping[str, str]) -> str:
    return f"{prompt}({', '.join(f'{name} {value}' for name, value in values.items())})" if values else prompt


def _outcome(expect: Expect, outcome: Outcome) -> Iterator[str]:
    if outcome.result != expect.outcome:
        yield f"the outcome was {outcome.result}, not {expect.outcome}"
    if expect.served is not None and outcome.served != expect.served:
        yield f"the caller was {'served' if outcome.served else 'not served'}"
    if expect.leaves_as is not None and outcome.leaves_as != expect.leaves_as:
        yield f"who left then left as {outcome.leaves_as or 'nothing'}, not as {expect.leaves_as}"
    if expect.queue is not None and outcome.queue != expect.queue:
        yield f"the queue was {outcome.queue or 'that of the site'}, not {expect.queue}"
    if expect.target is not None and outcome.target != expect.target:
        yield f"the caller was put through to {outcome.target or 'nobody'}, not {expect.target}"


def _left(expect: Expect, desk: PretendDesk) -> Iterator[str]:
    messages = tuple(message.purpose for message in desk.messages)
    if expect.messages is not None and messages != expect.messages:
        yield f"the messages left were {', '.join(messages) or 'none'}"
    marks = {mark.question: mark.mark for mark in desk.marks}
    if expect.marks is not None and marks != expect.marks:
        yield f"the marks given were {marks or 'none'}"
    wished = desk.wishes[-1].number if desk.wishes else ""
    if expect.call_back is not None and wished != expect.call_back:
        yield f"the number to call back was {wished or 'none'}"
