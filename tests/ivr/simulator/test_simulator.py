"""The simulator itself: time, keys, billing, and that a wrong expectation is told."""

import asyncio
import time
from pathlib import Path

import pytest

from config.settings import Settings
from ivr.flow.bundle import Bundle
from ivr.flow.model import Flow, LookUp
from ivr.services.flow_files import FlowFiles, shipped_path
from ivr.simulator.clock import run
from ivr.simulator.coverage import coverage
from ivr.simulator.errors import ScriptFaultsError, StandstillError
from ivr.simulator.script import Call, Given, read
from ivr.simulator.trial import Simulator, Trial, complaints, make

DESK = FlowFiles(Settings())
GIVEN = Given.model_validate(
    {
        "now": "2026-11-22 12:00",
        "accounts": {
            "10000004": {
                "pin": "271828",
                "bills": [{"period": "2026-10", "amount": "86.40", "open": "86.40", "due": "2026-11-25"}],
            }
        },
    }
)
IN = ["1", "1", "10000004", "271828"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return DESK.load(shipped_path("water"))


@pytest.fixture(scope="module")
def flow(bundle: Bundle) -> Flow:
    return bundle.flow


@pytest.fixture(scope="module")
def simulator(bundle: Bundle) -> Simulator:
    return Simulator(bundle, DESK.catalogue, DESK.lengths, Settings())


def told(simulator: Simulator, keys: list[object], expect: dict[str, object], **given: object) -> tuple[Trial, str]:
    call = Call.model_validate({"name": "a call", "given": given, "keys": keys, "expect": expect})
    trial = make(call, GIVEN, simulator)
    return trial, "\n".join(complaints(call.expect, trial))


def test_an_hour_passes_in_a_moment() -> None:
    async def an_hour() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run(an_hour()) == pytest.approx(3600)
    assert time.monotonic() - started < 5


def test_waiting_for_what_never_comes_is_an_error_and_no_hanging() -> None:
    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StandstillError):
        run(forever())


def test_a_call_takes_the_time_that_its_sentences_take(simulator: Simulator) -> None:
    trial, wrong = told(simulator, [*IN, "9"], {"outcome": "done", "served": True})
    assert not wrong
    assert 30 < trial.took_s < 60
    assert [heard.at_s for heard in trial.heard] == sorted(heard.at_s for heard in trial.heard)


def test_nobody_waits_in_silence_longer_than_promised(simulator: Simulator, bundle: Bundle) -> None:
    trial, wrong = told(simulator, list(IN), {"outcome": "person"}, billing={"bills": "silent"})
    assert not wrong
    at = {heard.prompt: heard.at_s for heard in trial.heard}
    step = bundle.called["bills"].steps["latest"]
    assert isinstance(step, LookUp)
    assert at["billing.unavailable"] - at["hold.please"] == pytest.approx(step.limit_s - step.hold_after_s, abs=0.1)


WRONG = [
    # (keys, expect, what is complained of)
    ([*IN, "9"], {"outcome": "person"}, "the outcome was done, not person"),
    ([*IN, "9"], {"outcome": "done", "served": False}, "the caller was served"),
    (
        [*IN, "9"],
        {"outcome": "done", "path": ["language", "main"]},
        "the path was language:1 → incidents.incident:none",
    ),
    ([*IN, "9"], {"outcome": "done", "said": [{"bill.latest": {"amount": "86.41"}}]}, "was not said"),
    ([*IN, "9"], {"outcome": "done", "said": ["goodbye", "bill.latest"]}, "not in its place"),
    ([*IN, "9"], {"outcome": "done", "said": [{"prompt": "goodbye", "language": "en"}]}, "goodbye was not said"),
    ([*IN, "9"], {"outcome": "done", "unsaid": ["bill.latest"]}, "bill.latest was said"),
    (["0"], {"outcome": "person", "queue": "leaks"}, "the queue was that of the site, not leaks"),
    ([*IN, "9", "1"], {"outcome": "done"}, "keys that nobody asked for: 1"),
    (IN, {"outcome": "done"}, "the script has no more keys"),
    ([{"during": "goodbye", "press": "1"}], {"outcome": "done"}, "still waits for 'goodbye'"),
]


@pytest.mark.parametrize(("keys", "expect", "complaint"), WRONG)
def test_what_went_otherwise_is_told(
    simulator: Simulator, keys: list[object], expect: dict[str, object], complaint: str
) -> None:
    assert complaint in told(simulator, keys, expect)[1]


def test_a_flow_that_breaks_is_told_with_its_step(simulator: Simulator) -> None:
    trial, wrong = told(simulator, list(IN), {"outcome": "done"}, billing="broken")
    assert ("bill_caller.check", "failed") in trial.steps
    assert "at 'bill_caller': RuntimeError" in wrong
    assert told(simulator, list(IN), {"outcome": "failed"}, billing="broken")[1] == ""


def test_coverage_names_what_was_left_out(bundle: Bundle) -> None:
    passed = [("language", "1"), ("bill.arrears", "none"), ("main", "hangup"), ("reading_caller.who", "one")]
    found = coverage(bundle, passed)
    assert found.steps == sum(len(flow.steps) for flow in bundle.flows)
    assert len(found.steps_left) == found.steps - len(passed)
    assert not {"language", "bill.arrears", "main"} & set(found.steps_left)
    assert ("language", "2") in found.ways_left
    assert ("bill.arrears", "otherwise") not in found.ways_left
    # one flow called from two places is one flow, named after the first
    assert "bill_caller.who" not in found.steps_left
    assert ("bill_caller.who", "one") not in found.ways_left
    assert ("bill_caller.who", "several") in found.ways_left
    assert not found.is_whole


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("flow: [", "not YAML"),
        ("colour: red", "flow: Field required"),
        ("flow: x\ncalls: [{name: a, keys: [call me], expect: {outcome: done}}]", "not keys, 'wait', 'hangup' or"),
        ("flow: x\ncalls: [{name: a, keys: [1], expect: {outcome: bliss}}]", "outcome"),
        ("flow: x\ngiven: {accounts: {'1': {pin: '1'}}}", "pin"),
        ("flow: x\ngiven: {billing: asleep}", "billing"),
        ("x" * 300_000, "too long"),
    ],
)
def test_a_file_of_calls_that_makes_no_sense_is_refused_in_words(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "calls.yaml"
    file.write_text(text)
    with pytest.raises(ScriptFaultsError, match=r"calls\.yaml") as caught:
        read(file)
    assert fault in str(caught.value)


@pytest.mark.parametrize("amount", ["86.405", "-1", "1e3", "１"])
def test_what_is_no_amount_is_refused(tmp_path: Path, amount: str) -> None:
    file = tmp_path / "calls.yaml"
    bill = f"{{period: 2026-10, amount: {amount}, due: 2026-11-25}}"
    file.write_text(f"flow: x\ngiven: {{accounts: {{'10000004': {{pin: '271828', bills: [{bill}]}}}}}}")
    with pytest.raises(ScriptFaultsError, match="no amount"):
        read(file)
