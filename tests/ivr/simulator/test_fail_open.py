"""Fail open, proved at every step of the flows that ship: whatever breaks there, the caller gets to a person.

Every scripted call is made again for each step that it passes, with a fault at that step: the line dies, a service
or whoever takes messages raises, refuses, or never answers. From then on the caller presses 0. That what is not told
to the dialplan sends the caller to a person is shown on a real Asterisk (``test_real_calls``).
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from config.settings import Pbx, Settings
from cti.domain.utility import BillingUnavailableError
from ivr.agi.errors import CommandTimeoutError, PlaybackFailedError
from ivr.flow.bundle import Bundle
from ivr.flow.model import (
    Ask,
    Callback,
    CallFlow,
    Flow,
    HangUp,
    LookUp,
    Menu,
    Queue,
    Record,
    Say,
    Step,
    Survey,
    Transfer,
)
from ivr.ports import Desk, DeskUnavailableError
from ivr.services.flow_files import FlowFiles, script_files, shipped_files
from ivr.simulator.script import Call, Given, read
from ivr.simulator.trial import Simulator, Stage, Trial, make, thumb_of

SETTINGS = Settings(pbx=Pbx(targets={"night": "95012"}))
DESK = FlowFiles(SETTINGS)
CALLED: Final = {name for path in shipped_files() for name in DESK.load(path).called}
"""Flows that others call: their steps are walked there."""
AFTER: Final = {"survey"}
"""Flows whose callers have spoken with a person already."""
EVERY_STEP = Path(__file__).parents[1] / "flows" / "every_step.yaml"
"""A flow with every kind of step, whatever those that ship have."""
NEVER_S: Final = 3600.0


class Striking:
    """Does what ``inner`` does, until the call has come to step number ``at``: then every call of it is the fault."""

    def __init__(self, inner: Any, trial: Trial, at: int, fault: Any, struck: list[str]) -> None:
        self._inner, self._trial, self._at, self._fault, self._struck = inner, trial, at, fault, struck

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **more: Any) -> Any:
            await self._strike(name)
            return await found(*args, **more)

        return call

    async def __call__(self, *args: Any) -> Any:
        await self._strike("look up")
        return await self._inner(*args)

    async def _strike(self, name: str) -> None:
        if len(self._trial.steps) == self._at and name not in ("attend", "speak"):
            self._struck.append(name)
            if self._fault is None:
                await asyncio.sleep(NEVER_S)
            raise self._fault


FAULTS: dict[str, tuple[str, Any]] = {
    "the line's reply does not come": ("line", CommandTimeoutError("STREAM FILE", 3.0)),
    "a clip is gone": ("line", PlaybackFailedError("/clips/x")),
    "our own code is wrong": ("line", RuntimeError("a bug")),
    "a service raises": ("services", RuntimeError("a bug")),
    "a service refuses": ("services", BillingUnavailableError()),
    "a service never answers": ("services", None),
    "the desk raises": ("desk", RuntimeError("a bug")),
    "the desk refuses": ("desk", DeskUnavailableError()),
    "the desk never answers": ("desk", None),
}


def sabotage(part: str, fault: Any, at: int, struck: list[str]) -> Any:
    def change(stage: Stage, trial: Trial) -> Stage:
        def striking(inner: Any) -> Any:
            return Striking(inner, trial, at, fault, struck)

        return Stage(
            striking(stage.line) if part == "line" else stage.line,
            {name: striking(one) for name, one in stage.services.items()} if part == "services" else stage.services,
            Desk(*map(striking, (stage.desk.recordings, stage.desk.callbacks, stage.desk.surveys)))
            if part == "desk"
            else stage.desk,
        )

    return change


class Resigned:
    """Goes by the script until something has struck, then presses 0 whenever the menu listens."""

    def __init__(self, call: Call, struck: list[str]) -> None:
        self._script = thumb_of(call)
        self._struck = struck

    def listened_to(self) -> str:
        return "0" if self._struck else self._script.listened_to()

    def interrupts(self, prompt: str, words: str) -> str:
        return "" if self._struck else self._script.interrupts(prompt, words)

    def speaks(self) -> str:
        return "speak0" if self._struck else self._script.speaks()


def steps_of(bundle: Bundle) -> dict[str, Step]:
    def named(flow: Flow, prefix: str) -> Iterator[tuple[str, Step]]:
        for name, step in flow.steps.items():
            yield prefix + name, step
            if isinstance(step, CallFlow):
                yield from named(bundle.called[step.flow], f"{prefix}{name}.")

    return dict(named(bundle.flow, ""))


@cache
def simulator(path: Path) -> Simulator:
    return Simulator(DESK.load(path), DESK.catalogue, DESK.lengths, SETTINGS)


@cache
def first_visits(path: Path) -> Mapping[str, tuple[Call, Given, int]]:
    """Return, for each step, a scripted call that passes it, and how many steps it has passed before."""
    found: dict[str, tuple[Call, Given, int]] = {}
    for file in script_files(path):
        if (script := read(file)).flow != path.stem:
            continue
        for call in script.calls:
            for at, (step, _) in enumerate(make(call, script.given, simulator(path)).steps):
                found.setdefault(step, (call, call.given.under(script.given), at))
    return found


SPEAKS = (Say, Menu, Ask, Record, Callback, Survey, Queue, Transfer, HangUp)


def can_strike(part: str, step: Step) -> bool:
    """Whether a step of this kind has to do with that part at all."""
    match part:
        case "line":
            return isinstance(step, SPEAKS) and bool(getattr(step, "say", True))
        case "services":
            return isinstance(step, LookUp)
        case _:
            return isinstance(step, Record | Callback | Survey)


@pytest.mark.parametrize(
    "path",
    [*(path for path in shipped_files() if path.stem not in CALLED | AFTER), EVERY_STEP],
    ids=lambda path: path.stem,
)
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_at_any_step_the_caller_gets_to_a_person(path: Path, fault: str) -> None:
    part, error = FAULTS[fault]
    unharmed, wrong = [], []
    steps = steps_of(DESK.load(path))
    visits = first_visits(path)
    # a flow that is called from several places is walked in one of them
    assert {name.rpartition(".")[2] for name in visits} >= {name for name in steps if "." not in name}
    for name, (call, given, at) in visits.items():
        if not can_strike(part, steps[name]):
            continue
        struck: list[str] = []
        trial = Trial()
        simulator(path).call(given, Resigned(call, struck), trial, sabotage(part, error, at, struck))
        if not struck:
            unharmed.append(name)
        # an error leaves the dialplan's variable unset, which is a person
        elif trial.error is None and trial.outcome.result != "person":
            wrong.append(f"{name}: {trial.outcome.result}, by {trial.steps[at:]}")
    assert wrong == []
    assert unharmed == []
