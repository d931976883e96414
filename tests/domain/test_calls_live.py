"""Calls from the first ring to the last hangup, as the PBX and the menu tell them."""

import pytest

from cti.domain import events as e
from cti.domain.ids import AccountNumber
from cti.domain.model import CallStage, Changes, Outcome, RoutingStatus, TalkState
from tests.domain.story import ANNA, BO, Story, at, call_of

NOTHING = Changes()


def test_a_caller_goes_through_menu_queue_and_conversation() -> None:
    story = Story()
    stages = []
    story.leg(0)
    stages.append(story.call().stage)
    story.menu(0.1)
    stages.append(story.call().stage)
    story.queued(10)
    stages.append(story.call().stage)
    story.leg(12, agent=ANNA)
    stages.append(story.call().stage)
    story.left(14)
    story.connected(14, 4)
    stages.append(story.call().stage)
    story.hung_up(44, agent=ANNA)
    story.hung_up(44)
    stages.append(story.call().stage)
    assert stages == [
        CallStage.RINGING,
        CallStage.IN_IVR,
        CallStage.QUEUED,
        CallStage.OFFERED,
        CallStage.TALKING,
        CallStage.ENDED,
    ]
    call = story.call()
    assert (call.outcome, call.agent, call.wait_s, call.talk_s) == (Outcome.ANSWERED, ANNA, 4, 30)
    assert (call.started_at, call.ended_at, call.cause) == (at(0), at(44), 16)
    assert (call.caller_number, call.caller_name, call.dialled) == ("13800138000", "王芳", "96000")


def test_an_ended_call_is_told_once_and_is_live_no_longer() -> None:
    story = Story()
    story.talking()
    story.hung_up(50)
    changes = story.hung_up(50, agent=ANNA)
    assert [call.id for call in changes.ended] == [call_of()]
    assert call_of() in changes.calls
    assert not story.centre.state.calls


@pytest.mark.parametrize("menu_first", [True, False])
def test_either_the_pbx_or_the_menu_opens_the_call(menu_first: bool) -> None:
    story = Story()
    if menu_first:
        story.menu(0.1)
        story.leg(0)
    else:
        story.leg(0)
        story.menu(0.1)
    call = story.call()
    assert (call.stage, call.started_at, call.ivr_flow, call.inbound) == (CallStage.IN_IVR, at(0), "water", True)
    assert len(call.legs) == 1


def test_a_late_word_from_the_menu_does_not_pull_a_waiting_call_back() -> None:
    story = Story()
    story.leg(0)
    story.queued(5)
    story.menu(0.1)
    assert story.call().stage is CallStage.QUEUED


def test_the_menus_last_words_after_the_hangup_still_count() -> None:
    story = Story()
    story.leg(0)
    story.menu(0.1)
    story.hung_up(30)
    assert story.call().outcome is Outcome.ABANDONED
    story.step(30.1, "bill", "hangup")
    changes = story.left_menu(30.1, "hangup", served=True)
    assert [call.outcome for call in changes.ended] == [Outcome.SELF_SERVICE]
    assert [step.step for step in story.call().ivr_path] == ["bill"]


def test_a_caller_whom_the_menu_put_through_elsewhere_has_not_given_up() -> None:
    story = Story()
    story.leg(0)
    story.menu(0.1)
    story.left_menu(20, "transfer")
    story.hung_up(90)
    assert story.call().outcome is Outcome.OVERFLOWED


def test_what_the_menu_says_of_an_unknown_call_changes_nothing() -> None:
    story = Story()
    assert story.step(1, "bill") == NOTHING
    assert story.left_menu(1, "done") == NOTHING
    assert story.tell(e.LanguageChosen(at=at(1), call=call_of(), language="en")) == NOTHING
    claim = e.AccountClaimed(at=at(1), call=call_of(), account=AccountNumber("10000007"), verified=True)
    assert story.tell(claim) == NOTHING


def test_a_step_that_is_told_twice_is_in_the_path_once() -> None:
    story = Story()
    story.menu(0)
    story.step(1, "language")
    assert story.step(1, "language") == NOTHING
    assert len(story.call().ivr_path) == 1


def test_what_a_pin_has_proved_stays_proved_for_that_account_only() -> None:
    story = Story()
    story.menu(0)
    one, other = AccountNumber("10000007"), AccountNumber("10000015")
    for account, verified in ((one, True), (one, False)):
        story.tell(e.AccountClaimed(at=at(1), call=call_of(), account=account, verified=verified))
    assert (story.call().account, story.call().verified) == (one, True)
    story.tell(e.AccountClaimed(at=at(2), call=call_of(), account=other, verified=False))
    assert (story.call().account, story.call().verified) == (other, False)


def test_the_language_is_kept() -> None:
    story = Story()
    story.menu(0)
    story.tell(e.LanguageChosen(at=at(1), call=call_of(), language="en"))
    assert story.call().language == "en"


# ------------------------------------------------------------------ outcomes


def test_a_caller_who_gives_up_waiting_abandoned() -> None:
    story = Story()
    story.waiting()
    story.abandoned(30, 20)
    story.left(30)
    story.hung_up(30, cause=0)
    call = story.call()
    assert (call.outcome, call.wait_s, call.agent) == (Outcome.ABANDONED, 20, None)
    assert (story.queue.offered, story.queue.abandoned, story.queue.answered) == (1, 1, 0)
    assert story.line == ()


def test_a_hangup_in_the_queue_is_an_abandoned_call_even_if_the_queue_says_nothing() -> None:
    story = Story()
    story.waiting()
    story.hung_up(33)
    assert (story.call().outcome, story.call().wait_s) == (Outcome.ABANDONED, 23)
    assert (story.queue.abandoned, story.line) == (1, ())


def test_an_abandonment_is_counted_once_whichever_comes_first() -> None:
    story = Story()
    story.leg(0)
    story.leg(0.1, agent=BO)
    story.queued(10)
    story.hung_up(30)
    story.abandoned(30, 20)
    assert (story.queue.abandoned, story.queue.offered) == (1, 1)


def test_an_abandonment_in_a_queue_that_we_never_saw_joined_counts() -> None:
    story = Story()
    story.leg(0)
    story.abandoned(30, 20)
    assert (story.queue.offered, story.queue.abandoned, story.call().queued_at) == (1, 1, at(10))


def test_a_caller_whom_the_queue_sent_away_and_nobody_took_overflowed() -> None:
    story = Story()
    story.waiting()
    story.left(190)
    assert story.call().stage is CallStage.RINGING
    story.hung_up(200)
    assert (story.call().outcome, story.call().wait_s) == (Outcome.OVERFLOWED, 180)


def test_a_call_that_an_agent_takes_past_the_queue_is_answered() -> None:
    story = Story()
    story.waiting()
    story.left(190)
    changes = [story.leg(191, agent=ANNA), story.leg(191, agent=BO)]
    assert [offer.agent for change in changes for offer in change.offers] == [ANNA, BO]
    story.bridged(195, agent=BO)
    assert story.agent(ANNA).routing is RoutingStatus.RINGING
    assert [offer.agent for offer in story.hung_up(195, agent=ANNA).offers_over] == [ANNA]
    assert (story.call().stage, story.call().offered_to) == (CallStage.TALKING, None)
    story.hung_up(225, agent=BO)
    story.hung_up(225)
    call = story.call()
    assert (call.outcome, call.agent, call.talk_s, call.wait_s) == (Outcome.ANSWERED, BO, 30, 185)
    assert (story.queue.answered, story.agent(BO).routing) == (1, RoutingStatus.WRAP_UP)


@pytest.mark.parametrize(("cause", "outcome"), [(16, Outcome.ABANDONED), (0, Outcome.ABANDONED), (34, Outcome.FAILED)])
def test_a_call_that_never_got_anywhere(cause: int, outcome: Outcome) -> None:
    story = Story()
    story.leg(0)
    story.hung_up(1, cause=cause)
    assert story.call().outcome is outcome


def test_a_caller_who_leaves_the_menu_gave_up_and_one_whom_it_failed_did_not() -> None:
    story = Story()
    for number, result in ((1, "hangup"), (2, "failed")):
        story.leg(0, number)
        story.menu(0.1, number)
        story.left_menu(9, result, number=number)
        story.hung_up(9, number, cause=16)
    assert (story.call(1).outcome, story.call(2).outcome) == (Outcome.ABANDONED, Outcome.FAILED)


def test_a_call_served_by_the_menu_is_self_service_but_not_if_it_went_on_to_a_person() -> None:
    story = Story()
    for number in (1, 2):
        story.leg(0, number)
        story.menu(0.1, number)
        story.left_menu(9, "done", served=True, number=number)
    story.queued(10, 2)
    story.hung_up(11, 1)
    story.hung_up(15, 2)
    assert (story.call(1).outcome, story.call(2).outcome) == (Outcome.SELF_SERVICE, Outcome.ABANDONED)


# ------------------------------------------------------------------ conversations


def test_the_end_is_found_from_the_agents_leg_when_the_queue_says_nothing() -> None:
    story = Story()
    story.talking(since=20)
    story.hung_up(50, agent=ANNA)
    assert (story.agent().routing, story.call().talk_s, story.call().stage) == (
        RoutingStatus.WRAP_UP,
        30,
        CallStage.RINGING,
    )


def test_completion_and_hangup_end_a_conversation_once() -> None:
    story = Story()
    story.talking(since=20)
    story.completed(50)
    until = story.agent().wrap_up_until
    story.hung_up(55, agent=ANNA)
    story.completed(56)
    story.hung_up(56)
    assert (story.agent().wrap_up_until, story.call().talk_s) == (until, 30)


def test_a_late_word_of_a_conversation_that_is_over_does_not_begin_it_anew() -> None:
    story = Story()
    story.talking(since=20)
    story.completed(50)
    story.bridged(20)
    story.connected(20, 10)
    story.offered(18)
    assert story.agent().routing is RoutingStatus.WRAP_UP
    assert (story.queue.answered, len(story.call().talks), story.call().offers) == (1, 1, ())


def test_hold_is_measured_and_is_no_talk() -> None:
    story = Story()
    story.talking(since=20)
    story.held(30)
    assert (story.call().stage, story.agent().talk) == (CallStage.ON_HOLD, TalkState.ON_HOLD)
    assert story.held(31) == NOTHING
    story.resumed(40)
    assert (story.call().stage, story.agent().talk) == (CallStage.TALKING, TalkState.TALKING)
    assert story.resumed(41) == NOTHING
    story.held(50)
    story.hung_up(60, agent=ANNA)
    call = story.call()
    assert (call.holds, call.hold_s, call.talk_s) == (2, 20, 20)


def test_a_callers_own_hold_is_not_the_agents() -> None:
    story = Story()
    story.talking()
    assert story.held(30, agent=None) == NOTHING
    assert story.resumed(31, agent=None) == NOTHING


def test_an_answer_by_a_phone_that_is_nobodys_is_an_answer() -> None:
    story = Story(ready=False)
    story.leg(0)
    story.queued(5)
    assert story.leg(6, agent=ANNA).offers == ()
    story.connected(10, 5)
    story.held(11)
    story.resumed(13)
    story.offer_ended(13)
    story.hung_up(20, agent=ANNA)
    story.hung_up(20)
    call = story.call()
    assert (call.outcome, call.agent, call.talk_s, call.hold_s) == (Outcome.ANSWERED, None, 8, 2)


def test_a_caller_who_is_handed_back_to_the_queue_waits_again() -> None:
    story = Story()
    story.talking(since=20)
    story.queued(40)
    story.hung_up(41, agent=ANNA)
    assert (story.call().stage, story.line) == (CallStage.QUEUED, (call_of(),))
    story.leg(45, agent=BO)
    story.left(50)
    story.connected(50, 10, agent=BO)
    story.hung_up(70, agent=BO)
    story.hung_up(70)
    call = story.call()
    assert (call.agent, call.talk_s, [talk.agent for talk in call.talks]) == (BO, 41, [ANNA, BO])
    assert (story.queue.offered, story.queue.answered) == (2, 2)


def test_a_call_without_a_queue_needs_no_wrap_up() -> None:
    story = Story()
    story.leg(0)
    story.leg(1, agent=ANNA)
    story.bridged(5)
    assert story.agent().routing is RoutingStatus.ON_CALL
    story.hung_up(9, agent=ANNA)
    assert (story.agent().routing, story.agent().call) == (RoutingStatus.IDLE, None)


def test_two_agents_in_one_call_are_both_on_call_until_each_hangs_up() -> None:
    story = Story()
    story.talking(since=20)
    story.leg(30, agent=BO)
    story.bridged(32, agent=BO)
    story.hung_up(50, agent=ANNA)
    assert (story.call().stage, story.agent(BO).routing) == (CallStage.TALKING, RoutingStatus.ON_CALL)
    assert story.agent(ANNA).routing is RoutingStatus.WRAP_UP


def test_an_agent_who_has_another_conversation_already_is_not_sent_into_wrap_up_by_the_first() -> None:
    story = Story()
    story.talking(1, since=20)
    story.talking(2, since=40)
    story.hung_up(50, 1, agent=ANNA)
    assert (story.agent().routing, story.agent().call) == (RoutingStatus.ON_CALL, call_of(2))


def test_a_clock_that_was_set_back_makes_no_negative_duration() -> None:
    story = Story()
    story.talking(since=20)
    story.held(30)
    story.hung_up(-3500, agent=ANNA)
    story.hung_up(-3500)
    call = story.call()
    assert (call.talk_s, call.hold_s) == (0, 0)
    assert call.ended_at is not None
    assert call.ended_at >= call.started_at
