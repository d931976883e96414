"""Callers who come back to the queue, leave a wish or a message, and are called back."""

import pytest

from cti.domain import events as e
from cti.domain import restored
from cti.domain.ids import AccountNumber
from cti.domain.model import CallStage, IvrStep, Outcome
from cti.domain.values import replace
from tests.domain.story import ANNA, BEGIN, PBX, Story, at, call_of, linkedid


def test_a_caller_who_presses_a_key_and_goes_on_waiting_has_visited_the_queue_once() -> None:
    story = Story()
    story.waiting(since=10)
    story.left(60)
    assert story.call().stage is CallStage.RINGING
    story.queued(75)
    assert (story.queue.offered, story.call().queued_at) == (1, at(10))
    story.leg(98, agent=ANNA)
    story.offered(98.3)
    story.left(99.9)
    story.connected(100, 25)
    assert (story.queue.answered, story.call().wait_s) == (1, 90)


def test_a_caller_whom_an_agent_had_waits_anew() -> None:
    story = Story()
    story.talking(since=20)
    story.hung_up(50, agent=ANNA)
    story.queued(52)
    assert (story.queue.offered, story.call().queued_at) == (2, at(52))


@pytest.mark.parametrize(("fact", "outcome"), [(e.CallbackAsked, Outcome.CALLBACK), (e.MessageLeft, Outcome.VOICEMAIL)])
@pytest.mark.parametrize("late", [False, True])
def test_what_a_caller_left_is_what_became_of_the_call(
    fact: type[e.CallbackAsked | e.MessageLeft], outcome: Outcome, late: bool
) -> None:
    story = Story()
    story.waiting()
    story.left(60)
    if not late:
        story.tell(fact(at=at(80), call=call_of()))
    story.hung_up(90)
    if late:
        story.tell(fact(at=at(80), call=call_of()))
    assert story.call().outcome is outcome
    assert story.queue.abandoned == 0


def test_a_message_does_not_take_the_callback_away() -> None:
    story = Story()
    story.waiting()
    for fact in (e.MessageLeft, e.CallbackAsked, e.MessageLeft):
        story.tell(fact(at=at(80), call=call_of()))
    story.hung_up(90)
    assert story.call().outcome is Outcome.CALLBACK


def test_a_fact_of_a_call_that_nobody_knows_changes_nothing() -> None:
    story = Story()
    assert not story.tell(e.CallbackAsked(at=at(1), call=call_of(7))).calls


def test_a_caller_who_talked_with_an_agent_was_answered_whatever_they_left() -> None:
    story = Story()
    story.talking()
    story.tell(e.MessageLeft(at=at(25), call=call_of()))
    story.hung_up(39, agent=ANNA)
    story.hung_up(40)
    assert story.call().outcome is Outcome.ANSWERED


@pytest.mark.parametrize("told_first", [True, False])
def test_the_call_that_we_place_knows_what_the_first_one_knew(told_first: bool) -> None:
    story = Story()
    story.waiting(1)
    path = (IvrStep("account", "ok", BEGIN, 900, "10000018"),)
    first = replace(story.call(1), language="zh", account=AccountNumber("10000018"), verified=True, ivr_path=path)
    placed = restored.CallbackPlaced(at=at(100), call=call_of(2), pbx=PBX, linkedid=linkedid(2), first=first)
    leg = e.LegStarted(
        at=at(100), **story.of(2), linkedid=linkedid(2), channel="PJSIP/trunk-00000009",
        caller_number="", caller_name="", dialled="", inbound=False,
    )  # fmt: skip
    for event in (placed, leg) if told_first else (leg, placed):
        story.tell(event)
    call = story.call(2)
    assert (call.callback_of, call.language, call.account, call.ivr_path) == (call_of(1), "zh", "10000018", path)
    assert (call.caller_number, call.inbound, call.verified) == ("13800138000", False, False)
    story.queued(110, 2)
    story.hung_up(130, 2)
    assert story.call(2).outcome is Outcome.ABANDONED
