"""Calls from the first ring to the last hangup, as the PBX and the menu tell them."""

from dataclasses import replace

import pytest

from cti.domain import calls
from cti.domain import events as e
from cti.domain.ids import AccountNumber, ChannelId, PbxName, QueueName, call_id
from cti.domain.model import CallStage, Changes, Outcome, RoutingStatus, TalkState
from tests.domain.story import ANNA, BO, BOOT, PBX, PHONES, WATER, Story, at, call_of, linkedid

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


# ------------------------------------------------------------------ repeated, late and foreign facts


def test_nothing_that_is_told_twice_changes_anything() -> None:
    story = Story()
    story.talking()
    story.held(30)
    story.resumed(40)
    story.hung_up(50, agent=ANNA)
    story.hung_up(50)
    for event in [event for event in story.log if isinstance(event, e.LegEvent | e.CallEvent)]:
        assert story.centre.apply(event) == NOTHING, event


def test_a_hangup_wins_over_what_is_told_late_of_that_leg() -> None:
    story = Story()
    story.waiting()
    story.hung_up(20, agent=ANNA)
    assert story.leg(19, agent=ANNA) == NOTHING
    assert story.hung_up(21, agent=ANNA) == NOTHING
    assert story.call().stage is CallStage.QUEUED


def test_the_callers_own_hangup_ends_a_call_whose_legs_we_never_saw() -> None:
    story = Story()
    story.menu(0)
    story.hung_up(5)
    assert story.call().ended_at == at(5)


def test_a_call_first_seen_by_a_later_leg_is_known_by_what_comes_after() -> None:
    story = Story()
    story.leg(3, agent=ANNA)
    assert story.call().caller_number == ""
    story.leg(0)
    assert (story.call().caller_number, story.call().started_at) == ("13800138000", at(0))


@pytest.mark.parametrize(
    "event",
    [
        e.LegAnswered(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x")),
        e.LegBridged(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x")),
        e.LegHeld(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x")),
        e.LegResumed(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x")),
        e.LegEnded(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), cause=16),
        e.CallerQueued(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER, position=1),
        e.CallerFoundServed(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER),
        e.CallerLeftQueue(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER),
        e.CallerAbandoned(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER, wait_s=1),
        e.AgentOffered(at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER, extension=PHONES[ANNA]),
        e.OfferEnded(
            at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER, extension=PHONES[ANNA], missed=True
        ),
        e.AgentConnected(
            at=at(0),
            pbx=PBX,
            call=call_of(9),
            leg=ChannelId("x"),
            queue=WATER,
            extension=PHONES[ANNA],
            wait_s=1,
            ring_s=1,
        ),
        e.AgentCompleted(
            at=at(0), pbx=PBX, call=call_of(9), leg=ChannelId("x"), queue=WATER, extension=PHONES[ANNA], talk_s=1
        ),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_is_told_of_a_call_that_nobody_knows_changes_nothing(event: e.Event) -> None:
    assert Story().tell(event) == NOTHING


def test_a_leg_that_is_neither_the_callers_nor_an_agents_offers_nothing() -> None:
    story = Story()
    story.waiting()
    leg = e.LegStarted(
        at=at(12), **{**story.of(), "leg": ChannelId("1795000001.7")}, linkedid=linkedid(1),
        channel="Local/s@x-00000001;2", caller_number="", caller_name="", dialled="s", inbound=False,
    )  # fmt: skip
    assert story.tell(leg).offers == ()
    assert len(story.call().legs) == 2


def test_what_is_told_again_of_a_former_visit_does_not_touch_the_present_one() -> None:
    story = Story()
    story.talking(since=20)
    story.queued(40)
    story.hung_up(41, agent=ANNA)
    assert story.left(19.9) == NOTHING
    assert story.connected(20, 10) == NOTHING
    assert story.line == (call_of(),)


def test_a_hold_told_again_after_it_ended_holds_nobody() -> None:
    story = Story()
    story.talking(since=20)
    story.held(30)
    story.resumed(40)
    assert story.held(30) == NOTHING


def test_an_end_of_hold_told_again_does_not_end_the_next_hold() -> None:
    story = Story()
    story.talking(since=20)
    story.held(30)
    story.resumed(40)
    story.held(50)
    assert story.resumed(40) == NOTHING


def test_what_arrives_in_one_read_has_one_time_and_still_happens_in_order() -> None:
    story = Story()
    story.waiting(since=0)
    story.leg(60, agent=ANNA)
    story.offer_ended(60, missed=False)
    story.hung_up(60, agent=ANNA)
    assert len(story.leg(60, agent=ANNA, nth=2).offers) == 1
    story.connected(60, 60)
    story.tell(e.LegHeld(at=at(60), **story.of(1, ANNA, 2)))
    story.tell(e.LegResumed(at=at(60), **story.of(1, ANNA, 2)))
    story.tell(e.LegHeld(at=at(60), **story.of(1, ANNA, 2)))
    assert (story.call().stage, story.call().holds) == (CallStage.ON_HOLD, 2)


def test_a_resync_leaves_the_calls_that_live_as_they_are() -> None:
    story = Story()
    story.waiting()
    before = story.call()
    story.tell(e.Resynced(at=at(60), pbx=PBX, live=frozenset({call_of()}), drift=0))
    assert story.call() is before


def test_a_legs_answer_is_noted_once_and_an_unknown_legs_never() -> None:
    story = Story()
    story.leg(0)
    story.up(1)
    assert story.call().legs[ChannelId(linkedid(1))].up
    assert story.up(2) == NOTHING
    assert story.up(2, agent=BO) == NOTHING
    assert story.bridged(2, agent=BO) == NOTHING


def test_leaving_another_queue_than_the_callers_changes_nothing() -> None:
    story = Story()
    story.waiting()
    event = e.CallerLeftQueue(at=at(20), **story.of(), queue=QueueName("other"))
    assert story.tell(event) == NOTHING
    story.left(20)
    assert story.left(21) == NOTHING


def test_only_so_many_ended_calls_are_remembered() -> None:
    story = Story()
    for number in range(1, 2100):
        story.leg(0, number)
        story.hung_up(1, number)
    assert len(story.centre.state.recent) == 2000
    assert call_of(2099) in story.centre.state.recent


# ------------------------------------------------------------------ the queue's order and the day's sums


def test_callers_wait_in_the_pbxs_order() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.leg(0, number)
    story.queued(1, 1, position=1)
    story.queued(2, 2, position=2)
    story.queued(3, 3, position=1)
    assert story.line == (call_of(3), call_of(1), call_of(2))


def test_a_snapshot_of_the_queue_sets_the_order_and_drops_who_is_gone() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.waiting(number)
    foreign = call_id(PbxName("other"), BOOT, linkedid(4))
    story.tell(
        e.LegStarted(
            at=at(0), pbx=PbxName("other"), call=foreign, leg=ChannelId(linkedid(4)), linkedid=linkedid(4),
            channel="PJSIP/trunk-00000001", caller_number="", caller_name="", dialled="", inbound=True,
        )
    )  # fmt: skip
    story.tell(
        e.CallerQueued(
            at=at(1), pbx=PbxName("other"), call=foreign, leg=ChannelId(linkedid(4)), queue=WATER, position=1
        )
    )
    story.tell(e.QueueSeen(at=at(30), pbx=PBX, queue=WATER, waiting=(call_of(3), call_of(1), call_of(7))))
    assert story.line == (call_of(3), call_of(1), foreign)
    assert story.call(2).stage is CallStage.RINGING


def test_a_new_day_starts_from_nothing_but_goes_on_waiting() -> None:
    story = Story()
    story.talking(1)
    story.waiting(2)
    assert (story.queue.offered, story.queue.answered, story.queue.wait_of_answered_s) == (2, 1, 10)
    assert story.queue.answered_in_target == 1
    story.tell(e.DayBegan(at=at(100)))
    assert (story.queue.offered, story.queue.answered, story.line) == (0, 0, (call_of(2),))
    assert story.queue.wrap_up_s == 30


def test_a_caller_found_served_is_in_no_sum() -> None:
    story = Story()
    story.leg(0)
    story.tell(e.CallerFoundServed(at=at(9), **story.of(), queue=WATER))
    assert story.tell(e.CallerFoundServed(at=at(9), **story.of(), queue=WATER)) == NOTHING
    story.leg(1, agent=ANNA)
    story.bridged(1)
    story.hung_up(20, agent=ANNA)
    story.hung_up(20)
    assert (story.queue.answered, story.call().wait_s, story.call().outcome) == (0, 0, Outcome.ANSWERED)
    assert story.agent().routing is RoutingStatus.WRAP_UP


# ------------------------------------------------------------------ links, restarts, resyncs


def test_a_restart_of_the_pbx_ends_every_call_it_had() -> None:
    story = Story()
    story.talking(1)
    story.waiting(2)
    story.menu(3, 3)
    changes = story.tell(e.LinkUp(at=at(60), pbx=PBX, boot=BOOT + 500))
    assert {call.outcome for call in changes.ended} == {Outcome.PBX_RESTART}
    assert len(changes.ended) == 3
    assert (story.line, story.queue.abandoned) == ((), 0)
    assert story.agent().routing is RoutingStatus.WRAP_UP
    story.left_menu(61, "hangup", served=True, number=3)
    assert story.call(3).outcome is Outcome.PBX_RESTART


def test_a_restart_withdraws_what_was_offered() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    changes = story.tell(e.LinkUp(at=at(13), pbx=PBX, boot=BOOT + 500))
    assert [offer.agent for offer in changes.offers_over] == [ANNA]
    assert story.agent().routing is RoutingStatus.IDLE


def test_a_call_that_only_the_menu_saw_survives_the_links_return_and_is_judged_by_the_resync() -> None:
    story = Story()
    story.tell(e.LinkDown(at=at(0), pbx=PBX, reason="lost"))
    story.menu(1, 1)
    story.menu(1, 2)
    story.tell(e.LinkUp(at=at(5), pbx=PBX, boot=BOOT + 500))
    assert set(story.centre.state.calls) == {call_of(1), call_of(2)}
    story.tell(e.Resynced(at=at(6), pbx=PBX, live=frozenset({call_of(1)}), drift=0))
    assert (story.call(1).boot, story.call(1).ended_at) == (BOOT + 500, None)
    assert story.call(2).outcome is Outcome.ABANDONED


def test_the_link_says_since_when_and_how_true_it_is() -> None:
    story = Story(ready=False)
    story.tell(e.LinkDown(at=at(0), pbx=PBX, reason="unreachable"))
    assert not story.centre.state.links[PBX].up
    assert story.tell(e.LinkDown(at=at(1), pbx=PBX, reason="unreachable")) == NOTHING
    story.tell(e.LinkUp(at=at(2), pbx=PBX, boot=BOOT))
    story.tell(e.Resynced(at=at(3), pbx=PBX, live=frozenset(), drift=2))
    story.tell(e.LinkUp(at=at(4), pbx=PBX, boot=BOOT))
    link = story.centre.state.links[PBX]
    assert (link.up, link.since, link.synced_at, link.drift, link.boot) == (True, at(4), at(3), 2, BOOT)


def test_a_resync_before_any_login_is_no_fault() -> None:
    story = Story(ready=False)
    story.leg(0)
    story.tell(e.Resynced(at=at(3), pbx=PBX, live=frozenset({call_of()}), drift=0))
    assert story.centre.state.links[PBX].synced_at == at(3)


# ------------------------------------------------------------------ calls from before our own start


def _record() -> Story:
    before = Story()
    before.talking(since=20)
    before.tell(e.LanguageChosen(at=at(3), call=call_of(), language="zh"))
    return before


@pytest.mark.parametrize("record_first", [True, False])
def test_a_conversation_from_before_our_start_goes_on_as_one_call(record_first: bool) -> None:
    record = _record().call()
    story = Story()
    restored = e.CallRestored(at=at(60), record=replace(record, talks=(), counted=True))
    if record_first:
        story.tell(restored)
        assert story.call().legs == {}
    story.leg(0)
    story.tell(e.CallerFoundServed(at=at(61), **story.of(), queue=WATER))
    story.leg(18, agent=ANNA)
    story.bridged(18)
    if not record_first:
        story.tell(restored)
    story.hung_up(80, agent=ANNA)
    story.hung_up(80)
    call = story.call()
    assert call.language == "zh"
    assert (call.talk_s, call.wait_s, call.agent) == (60 if record_first else 62, 10, ANNA)
    assert story.tell(restored) == NOTHING


def test_a_record_without_an_answer_does_not_move_the_conversation() -> None:
    story = Story()
    story.talking(since=20)
    before = story.call()
    story.tell(e.CallRestored(at=at(30), record=replace(before, answered_at=None, talks=())))
    assert story.call().talks == before.talks


def test_seconds_are_whole_and_never_negative() -> None:
    assert (calls.seconds(at(0), at(1.9)), calls.seconds(at(5), at(1))) == (1, 0)


# ------------------------------------------------------------------ what no event told


def test_a_call_that_is_gone_ends_and_says_that_its_end_was_assumed() -> None:
    story = Story()
    story.talking()
    story.tell(e.CallGone(at=at(60), pbx=PBX, call=story.call().id, assumed=True))
    assert (story.call().outcome, story.call().end_assumed, story.call().talk_s) == (Outcome.ANSWERED, True, 40)
    assert story.agent().routing is RoutingStatus.WRAP_UP


def test_a_call_that_is_gone_twice_ends_once() -> None:
    story = Story()
    story.talking()
    story.hung_up(30)
    story.hung_up(30, agent=ANNA)
    before = story.call()
    story.tell(e.CallGone(at=at(60), pbx=PBX, call=before.id, assumed=True))
    assert story.call() == before


def test_a_check_says_how_old_the_truth_is_and_adds_up_what_it_put_right() -> None:
    story = Story()
    story.tell(e.TruthChecked(at=at(60), pbx=PBX, drift=2))
    story.tell(e.TruthChecked(at=at(120), pbx=PBX, drift=1))
    link = story.centre.state.links[PBX]
    assert (link.synced_at, link.drift) == (at(120), 3)


def test_a_check_that_ends_after_the_link_went_says_nothing() -> None:
    story = Story()
    story.tell(e.LinkDown(at=at(50), pbx=PBX, reason="lost"))
    story.tell(e.TruthChecked(at=at(60), pbx=PBX, drift=2))
    link = story.centre.state.links[PBX]
    assert (link.synced_at, link.drift) == (None, 0)


def test_calls_of_a_pbxs_former_life_end_when_it_died_if_its_account_tells() -> None:
    story = Story()
    story.talking()
    story.tell(e.LinkDown(at=at(25), pbx=PBX, reason="lost"))
    story.menu(30, 2)
    story.menu(70, 3)
    story.tell(e.LinkUp(at=at(90), pbx=PBX, boot=BOOT + 60, lost_at=at(60)))
    assert [(story.call(n).outcome, story.call(n).ended_at) for n in (1, 2)] == [(Outcome.PBX_RESTART, at(60))] * 2
    assert not story.call(1).end_assumed
    assert story.call(3).ended_at is None


def test_without_an_account_it_is_assumed_that_calls_were_lost_by_the_restart() -> None:
    story = Story()
    story.talking()
    story.tell(e.LinkUp(at=at(90), pbx=PBX, boot=BOOT + 60))
    assert (story.call().outcome, story.call().ended_at, story.call().end_assumed) == (
        Outcome.PBX_RESTART,
        at(90),
        True,
    )
