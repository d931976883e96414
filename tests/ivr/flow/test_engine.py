import asyncio

import pytest

from cti.domain.events import CallEvent, IvrStepPassed
from ivr.flow.engine import FlowRun
from ivr.flow.errors import EndlessFlowError, FlowFaultsError, NotVerifiedError
from ivr.flow.loader import parse
from ivr.flow.model import Flow
from ivr.flow.outcome import Outcome
from ivr.flow.service import Answer, Caller
from ivr.flow.story import Clock, Story
from ivr.flow.surroundings import Surroundings
from ivr.services.identify import Identify
from tests.ivr.flow.scripted import ACCOUNT, CALL, NOW, PIN, ScriptedLine, TableBilling, go, services
from tests.ivr.flow.test_loader import FLOW, PROMPTS


def flow(text: str = FLOW) -> Flow:
    return parse(text, file="x.yaml", around=Surroundings(PROMPTS, services(TableBilling())))


async def test_a_loop_without_listening_is_cut() -> None:
    text = FLOW.replace("otherwise: goodbye", "otherwise: amount").replace("some: person", "some: amount")
    with pytest.raises(EndlessFlowError, match="300 steps"):
        await go(flow(text), ScriptedLine(f"1{ACCOUNT}{PIN}"))


async def test_a_bill_is_not_looked_up_for_an_unproved_caller() -> None:
    text = FLOW.replace("1: account", "1: bill\n      3: account")
    with pytest.raises(NotVerifiedError):
        await go(flow(text), ScriptedLine("1"))


FREE = """
flow: x
languages: [zh]
start: pin
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  pin: {do: ask, ask: hello, into: pin, digits: 6, secret: true, then: reading}
  reading: {do: ask, ask: hello, into: reading, digits: 8, least: 2, then: person}
  person: {do: queue}
"""


@pytest.mark.parametrize(
    ("keys", "way", "seen"),
    [
        ("12#", "ok", "12"),
        ("123456.", "ok", "123456"),
        ("12345678", "ok", "12345678"),
        ("1#1#1#", "wrong_input", "• • •"),
        ("1.12#", "ok", "12"),
        (f"{PIN}#", "ok", "••••••"),
        (f"1{PIN}9", "ok", "••••••••"),
    ],
)
async def test_an_entry_from_so_many_to_so_many_digits_ends_with_hash_or_silence(
    keys: str, way: str, seen: str
) -> None:
    free = parse(FREE, file="x.yaml", around=Surroundings(PROMPTS, {}))
    told = await go(free, ScriptedLine(PIN + keys))
    assert told.steps[1] == ("reading", way)
    assert told.keyed["reading"] == seen


def test_least_leaves_something_to_choose() -> None:
    with pytest.raises(FlowFaultsError, match="least"):
        parse(FREE.replace("least: 2", "least: 8"), file="x.yaml", around=Surroundings(PROMPTS, {}))


async def test_a_service_knows_the_call_its_number_and_its_own_notes() -> None:
    seen: list[Caller] = []

    class Noting(Identify):
        async def __call__(self, caller: Caller) -> Answer:
            seen.append(caller)
            return Answer("refused", notes={"tries": str(len(seen))})

    story = Story(CALL, lambda fact: None, Clock(now=lambda: NOW))
    noting = services(TableBilling()) | {"identify": Noting(TableBilling())}
    line = ScriptedLine(f"1{ACCOUNT}{PIN}{ACCOUNT}{PIN}!")
    await FlowRun(flow(), line, noting, story, number="13800138000").run()
    assert [(caller.number, caller.call, dict(caller.notes)) for caller in seen] == [
        ("13800138000", CALL, {}),
        ("13800138000", CALL, {"tries": "1"}),
    ]
    assert "13800138000" not in repr(seen)


async def test_another_account_keyed_after_a_proof_is_unproved() -> None:
    text = FLOW.replace("paid: amount", "paid: again").replace("otherwise: goodbye", "otherwise: again")
    text = text.replace("check: account", "check: account\n    claims_account: true") + (
        "  again:\n    do: ask\n    ask: hello\n    into: account\n    digits: 8\n"
        "    claims_account: true\n    then: bill\n"
    )
    with pytest.raises(NotVerifiedError):
        await go(flow(text), ScriptedLine(f"1{ACCOUNT}{PIN}20000008"))
    told = await go(flow(text), ScriptedLine(f"1{ACCOUNT}{PIN}{ACCOUNT}!"))
    assert told.claims == [(ACCOUNT, False), (ACCOUNT, True), (ACCOUNT, True)]


async def test_a_flow_may_name_its_queue() -> None:
    text = FLOW.replace("    do: queue\n", "    do: queue\n    queue: leaks\n")
    told = await go(flow(text), ScriptedLine("0"))
    assert told.outcome == Outcome("person", queue="leaks")


async def test_a_branch_goes_by_language() -> None:
    text = FLOW.replace("by: arrears\n    ways: {some: person}", "by: language\n    ways: {zh: person}")
    told = await go(flow(text), ScriptedLine(f"1{ACCOUNT}{PIN}"))
    assert told.outcome.result == "person"
    assert ("split", "zh") in told.steps


async def test_letters_of_a_sixteen_key_pad_are_wrong_input() -> None:
    told = await go(flow(), ScriptedLine("AB" + "1" + "A2345678" + ACCOUNT + "!"))
    assert ("account", "ok") in told.steps


async def test_an_answer_that_comes_as_the_caller_leaves_is_no_stray_error() -> None:
    class Failing(TableBilling):
        async def _work(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                raise ConnectionError

    facts: list[CallEvent] = []
    line = ScriptedLine(f"1{ACCOUNT}{PIN}", while_waiting="0")
    run = FlowRun(flow(), line, services(Failing()), Story(CALL, facts.append, Clock(now=lambda: NOW)))
    assert (await run.run()).result == "person"


async def test_a_service_that_breaks_is_told_and_raised() -> None:
    class Broken(TableBilling):
        async def _work(self) -> None:
            raise ZeroDivisionError

    facts: list[CallEvent] = []
    line = ScriptedLine(f"1{ACCOUNT}{PIN}")
    run = FlowRun(flow(), line, services(Broken()), Story(CALL, facts.append, Clock(now=lambda: NOW)))
    with pytest.raises(ZeroDivisionError):
        await run.run()
    last = facts[-1]
    assert isinstance(last, IvrStepPassed)
    assert (last.step, last.way) == ("identify", "failed")


async def test_the_time_spent_at_a_step_is_told() -> None:
    ticks = iter(range(100))
    facts: list[CallEvent] = []
    story = Story(CALL, facts.append, Clock(now=lambda: NOW, monotonic=lambda: next(ticks)))
    await FlowRun(flow(), ScriptedLine("2"), services(TableBilling()), story).run()
    assert [fact.took_ms for fact in facts if isinstance(fact, IvrStepPassed)] == [1000, 1000]
