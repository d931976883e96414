import asyncio

import pytest

from cti.domain.events import CallEvent, IvrStepPassed
from ivr.flow.engine import FlowRun
from ivr.flow.errors import EndlessFlowError, NotVerifiedError
from ivr.flow.loader import parse
from ivr.flow.model import Flow
from ivr.flow.outcome import Outcome
from ivr.flow.story import Clock, Story
from tests.ivr.flow.scripted import ACCOUNT, CALL, NOW, PIN, ScriptedLine, TableBilling, go, services
from tests.ivr.flow.test_loader import FLOW, PROMPTS


def flow(text: str = FLOW) -> Flow:
    return parse(text, file="x.yaml", prompts=PROMPTS, services=services(TableBilling()))


async def test_a_loop_without_listening_is_cut() -> None:
    text = FLOW.replace("otherwise: goodbye", "otherwise: amount").replace("some: person", "some: amount")
    with pytest.raises(EndlessFlowError, match="100 steps"):
        await go(flow(text), ScriptedLine(f"1{ACCOUNT}{PIN}"))


async def test_a_bill_is_not_looked_up_for_an_unproved_caller() -> None:
    text = FLOW.replace("1: account", "1: bill\n      3: account")
    with pytest.raises(NotVerifiedError):
        await go(flow(text), ScriptedLine("1"))


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
