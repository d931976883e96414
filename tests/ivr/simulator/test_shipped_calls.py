"""The flows that ship pass the linter, and the calls that ship with them go as they should, through every step."""

from functools import cache
from pathlib import Path

import pytest

from config.settings import Settings
from ivr.services.flow_files import FlowFiles, script_files, shipped_files
from ivr.simulator.coverage import coverage
from ivr.simulator.script import Call, Script, read
from ivr.simulator.trial import Simulator, complaints, make

DESK = FlowFiles(Settings())
FLOWS = shipped_files()


@cache
def scripts(path: Path) -> list[Script]:
    return [script for file in script_files(path) if (script := read(file)).flow == path.stem]


CALLS = [(path, script, call) for path in FLOWS for script in scripts(path) for call in script.calls]


@cache
def simulator(path: Path) -> Simulator:
    return Simulator(DESK.load(path), DESK.catalogue, DESK.lengths, Settings())


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_every_shipped_flow_passes_the_linter(path: Path) -> None:
    assert DESK.checked(path).flow.flow == path.stem


@pytest.mark.parametrize(("path", "script", "call"), CALLS, ids=[call.name for _, _, call in CALLS])
def test_the_call_goes_as_it_should(path: Path, script: Script, call: Call) -> None:
    assert list(complaints(call.expect, make(call, script.given, simulator(path)))) == []


CALLED = {name for path in FLOWS for name in DESK.load(path).called}


@pytest.mark.parametrize("path", [path for path in FLOWS if path.stem not in CALLED], ids=lambda path: path.stem)
def test_the_calls_take_every_step_and_every_way(path: Path) -> None:
    flow = DESK.load(path)
    trials = [make(call, script.given, simulator(path)) for script in scripts(path) for call in script.calls]
    found = coverage(flow, {passed for trial in trials for passed in trial.steps})
    assert (found.steps_left, found.ways_left) == ((), ())
