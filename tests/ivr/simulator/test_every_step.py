"""Scripted calls through every kind of step, with line, billing, desk and recordings of the simulator's."""

from pathlib import Path

import pytest

from config.settings import Pbx, Settings
from ivr.services.flow_files import FlowFiles, script_files
from ivr.simulator.coverage import coverage
from ivr.simulator.script import read
from ivr.simulator.trial import Simulator, complaints, make

PATH = Path(__file__).parents[1] / "flows" / "every_step.yaml"
SETTINGS = Settings(pbx=Pbx(targets={"night": "95012"}))
DESK = FlowFiles(SETTINGS)
BUNDLE = DESK.checked(PATH)
(SCRIPT,) = [read(file) for file in script_files(PATH)]
SIMULATOR = Simulator(BUNDLE, DESK.catalogue, DESK.lengths, SETTINGS)


@pytest.mark.parametrize("call", SCRIPT.calls, ids=lambda call: call.name)
def test_the_call_goes_as_it_should(call: object) -> None:
    wanted = next(one for one in SCRIPT.calls if one is call)
    assert list(complaints(wanted.expect, make(wanted, SCRIPT.given, SIMULATOR))) == []


def test_the_calls_take_every_kind_of_step() -> None:
    trials = [make(call, SCRIPT.given, SIMULATOR) for call in SCRIPT.calls]
    found = coverage(BUNDLE, {passed for trial in trials for passed in trial.steps})
    assert found.steps_left == ()
    assert {name for name, _ in found.ways_left} <= {"bill", "identify.check", "owed", "rating", "leak"}
    assert "log_in" in BUNDLE.called
