"""What an agent may do with their call: each call state by each thing that can be done; and who hears whom."""

from itertools import product

import pytest

from cti.domain import calls, handling, restored, topology
from cti.domain import events as e
from cti.domain.events import Presence
from cti.domain.handling import POSSIBLE, Handling, parties
from cti.domain.ids import AgentId, BridgeId, ChannelId, Extension, QueueName, ReasonCode
from cti.domain.model import CallStage, Leg, RoutingStatus, TalkKind, TalkState, Visit
from cti.domain.values import replace
from tests.domain.story import ANNA, BO, PHONES, WATER, Story, at, call_of

CONSULTATION = {Handling.TAKE_BACK, Handling.HAND_OVER, Handling.JOIN}


def bridged(story: Story, second: float, *who: AgentId | None, bridge: str = "") -> None:
    for agent in who:
        where = story.of(1, agent)
        story.tell(e.LegBridged(at=at(second), **where, bridge=BridgeId(bridge or f"bridge-{second}")))


def out(story: Story, second: float, *who: AgentId | None) -> None:
    for agent in who:
        story.tell(e.LegUnbridged(at=at(second), **story.of(1, agent)))


def consulting(*, answered: bool = True) -> Story:
    """Anna has a caller on hold and asks Bo."""
    story = Story()
    story.talking()
    bridged(story, 21, None, ANNA)
    out(story, 30, None, ANNA)
    story.leg(30.1, agent=BO)
    if answered:
        bridged(story, 32, BO, ANNA)
    return story


def test_every_call_state_says_what_can_be_done() -> None:
    assert set(POSSIBLE) == set(TalkState)


@pytest.mark.parametrize(("talk", "what"), list(product(TalkState, Handling)))
def test_only_what_the_table_has_can_be_done(talk: TalkState, what: Handling) -> None:
    story = consulting()
    anna = replace(story.agent(), talk=talk)
    assert (parties(story.centre.state, anna, what) is not None) == (what in POSSIBLE[talk])


def test_the_parties_are_those_of_the_call() -> None:
    story = consulting()
    found = parties(story.centre.state, story.agent(), Handling.JOIN)
    assert found is not None
    assert found.colleague is not None
    assert (found.agent.extension, found.colleague.extension) == (PHONES[ANNA], PHONES[BO])
    assert (found.caller.id, found.answered) == (found.call.first_leg, True)


@pytest.mark.parametrize(("what", "possible"), [(Handling.TAKE_BACK, True), (Handling.HAND_OVER, False)])
def test_a_colleague_who_only_rings_can_be_let_go_and_nothing_else(what: Handling, possible: bool) -> None:
    story = consulting(answered=False)
    assert (parties(story.centre.state, story.agent(), what) is not None) == possible


@pytest.mark.parametrize("what", Handling)
def test_the_colleague_and_whoever_has_no_call_can_do_nothing(what: Handling) -> None:
    story = consulting()
    assert parties(story.centre.state, story.agent(BO), what) is None
    assert parties(Story().centre.state, Story().agent(), what) is None


def test_without_the_callers_leg_nothing_can_be_done() -> None:
    story = consulting()
    story.hung_up(40)
    assert all(parties(story.centre.state, story.agent(), what) is None for what in CONSULTATION)


def test_only_who_is_there_and_in_no_call_is_free() -> None:
    story = consulting()
    assert not handling.is_free(story.agent(BO))
    assert handling.is_free(Story().agent(BO))
    away = Story()
    away.presence(BO, Presence.OFFLINE, 5)
    assert not handling.is_free(away.agent(BO))


def test_a_caller_is_lost_when_the_agent_is_gone_who_wanted_to_come_back() -> None:
    story = consulting()
    state = story.centre.state
    assert handling.lost(state, call_of()) is None
    story.hung_up(40, agent=BO)
    story.hung_up(40, agent=ANNA)
    assert handling.lost(state, call_of()) is not None
    story.queued(41)
    assert handling.lost(state, call_of()) is None
    assert handling.lost(state, call_of(9)) is None


def test_a_parked_caller_is_not_lost() -> None:
    story = consulting()
    story.tell(e.CallerParked(at=at(35), **story.of(), space="701"))
    story.hung_up(40, agent=BO)
    story.hung_up(40, agent=ANNA)
    assert handling.lost(story.centre.state, call_of()) is None


# ------------------------------------------------------------------ who hears whom


def test_a_caller_who_is_sent_outside_talks_with_somebody_outside() -> None:
    story = Story()
    story.leg(0)
    beyond = {**story.of(), "leg": ChannelId("1795000001.199")}
    started = e.LegStarted(
        at=at(1), **beyond, linkedid=story.call().linkedid, channel="PJSIP/trunk-00000002", caller_number="",
        caller_name="", dialled="", inbound=False,
    )  # fmt: skip
    story.tell(started)
    story.tell(e.LegBridged(at=at(2), **story.of(), bridge=BridgeId("b")))
    story.tell(e.LegBridged(at=at(2), **beyond, bridge=BridgeId("b")))
    (talk,) = story.call().talks
    assert (talk.extension, talk.agent, talk.kind) == (topology.OUTSIDE, None, TalkKind.CALLER)
    story.tell(e.LegEnded(at=at(12), **beyond, cause=16))
    assert (story.call().talk_s, story.call().stage) == (10, CallStage.RINGING)


def test_two_calls_of_one_local_channel_hear_each_other() -> None:
    one = Leg(ChannelId("1.1"), "Local/1@c-00000001;1", None, at(0), pair="Local/1@c-00000001")
    two = replace(one, id=ChannelId("1.2"), bridge=BridgeId("b"))
    phone = Leg(ChannelId("1.3"), "PJSIP/1001-00000001", PHONES[ANNA], at(0), bridge=BridgeId("b"))
    story = Story()
    story.leg(0)
    caller = replace(story.call().legs[story.call().first_leg], bridge=BridgeId("a"))
    legs = {leg.id: leg for leg in (caller, replace(one, bridge=BridgeId("a")), two, phone)}
    call = replace(story.call(), legs=legs)
    assert topology.together(call, phone.id) == frozenset(legs)
    assert topology.customers(call, frozenset(legs), lambda _: True) == (call.first_leg,)


def test_a_second_bridge_of_old_changes_nothing() -> None:
    story = consulting()
    before = story.call()
    story.tell(e.LegBridged(at=at(21), **story.of(), bridge=BridgeId("bridge-21")))
    story.tell(e.LegUnbridged(at=at(21), **story.of(1, ANNA), bridge=BridgeId("bridge-32")))
    story.tell(e.LegBridged(at=at(50), **story.of(7), bridge=BridgeId("b")))
    story.tell(e.CallerUnparked(at=at(51), **story.of()))
    assert story.call() == before


def test_an_agent_who_is_joined_with_a_colleague_and_then_with_the_caller_again_was_apart_meanwhile() -> None:
    story = Story()
    story.talking()
    bridged(story, 21, None, ANNA)
    story.leg(30, agent=BO)
    bridged(story, 32, BO, ANNA)
    (caller, colleague) = story.call().talks
    assert (caller.apart, caller.held_since, colleague.kind) == (True, at(32), TalkKind.COLLEAGUE)
    bridged(story, 40, None, ANNA)
    assert (story.call().talks[0].apart, story.call().talks[0].hold_s) == (False, 8)


def test_a_caller_on_hold_whose_agent_asks_a_colleague_is_on_hold_once() -> None:
    story = Story()
    story.talking()
    bridged(story, 21, None, ANNA)
    story.held(25)
    story.leg(30, agent=BO)
    bridged(story, 32, BO, ANNA)
    assert (story.call().talks[0].holds, story.call().talks[0].held_since) == (1, at(25))


def test_a_parked_caller_is_parked_until_fetched_and_who_was_never_in_a_bridge_leaves_none() -> None:
    story = Story()
    story.waiting()
    before = story.call()
    out(story, 20, None, ANNA)
    assert story.call() == before
    story.tell(e.CallerParked(at=at(35), **story.of(), space="701"))
    assert (story.call().stage, story.call().parked) == (CallStage.PARKED, "701")
    story.tell(e.CallerUnparked(at=at(40), **story.of()))
    assert (story.call().stage, story.call().parked) == (CallStage.RINGING, None)


def test_a_caller_fetched_before_that_is_told_talks() -> None:
    story = Story()
    story.waiting()
    story.tell(e.CallerParked(at=at(35), **story.of(), space="701"))
    story.leg(38, agent=ANNA)
    bridged(story, 39, None, ANNA, bridge="fetched")
    story.tell(e.CallerUnparked(at=at(40), **story.of()))
    assert (story.call().stage, story.call().parked) == (CallStage.TALKING, None)


def test_what_a_snapshot_tells_can_have_begun_at_the_end_of_the_talk_before_at_the_earliest() -> None:
    story = Story()
    story.talking()
    story.hung_up(30, agent=ANNA)
    story.leg(31, agent=ANNA, nth=2)
    story.tell(e.LegBridged(at=at(50), **story.of(1, ANNA, 2), since=at(25)))
    assert [talk.since for talk in story.call().talks] == [at(20), at(30)]


# ------------------------------------------------------------------ presence and call state


def test_a_reason_of_the_sites_own_goes_with_away() -> None:
    story = Story()
    prayer = ReasonCode("prayer")
    story.tell(e.PresenceChosen(at=at(1), agent=ANNA, presence=Presence.AWAY, by=ANNA, reason=prayer))
    assert (story.agent().presence, story.agent().reason) == (Presence.AWAY, prayer)
    story.tell(e.PresenceChosen(at=at(2), agent=ANNA, presence=Presence.LUNCH, by=ANNA, reason=prayer))
    assert (story.agent().presence, story.agent().reason) == (Presence.LUNCH, None)


def test_a_reason_chosen_in_a_call_waits_with_its_presence() -> None:
    story = Story()
    story.talking()
    prayer = ReasonCode("prayer")
    story.tell(e.PresenceChosen(at=at(25), agent=ANNA, presence=Presence.AWAY, by=ANNA, reason=prayer))
    assert (story.agent().pending, story.agent().pending_reason, story.agent().reason) == (Presence.AWAY, prayer, None)
    story.hung_up(30, agent=ANNA)
    story.tell(e.WrapUpEnded(at=at(40), agent=ANNA, timed_out=False))
    assert (story.agent().presence, story.agent().reason, story.agent().pending) == (Presence.AWAY, prayer, None)


def test_a_reason_survives_our_restart_in_the_queue() -> None:
    story = Story(ready=False)
    story.tell(e.AgentEnrolled(at=at(0), agent=ANNA, name="Anna", extension=PHONES[ANNA], queues=(WATER,)))
    seen = e.MemberSeen(
        at=at(1), pbx=story.of()["pbx"], queue=WATER, extension=PHONES[ANNA], paused=True,
        device=e.DeviceState.NOT_IN_USE, reason="prayer",
    )  # fmt: skip
    story.tell(seen)
    assert (story.agent().presence, story.agent().reason) == (Presence.AWAY, "prayer")


def test_the_microphone_counts_only_in_a_conversation() -> None:
    story = Story()
    story.tell(e.AgentMuted(at=at(1), agent=ANNA, muted=True))
    story.tell(e.AgentMuted(at=at(1), agent=AgentId("nobody"), muted=True))
    assert not story.agent().muted
    story.talking()
    story.tell(e.AgentMuted(at=at(25), agent=ANNA, muted=True))
    assert story.agent().talk is TalkState.MUTED
    story.hung_up(30, agent=ANNA)
    assert not story.agent().muted


# ------------------------------------------------------------------ restarts


def test_whose_leg_is_gone_after_a_restart_talks_no_longer() -> None:
    before = Story()
    before.talking()
    record = before.call()
    story = Story()
    story.tell(restored.CallRestored(at=at(100), record=record))
    assert (story.agent().routing, story.call().stage) == (RoutingStatus.ON_CALL, CallStage.TALKING)
    story.leg(101)
    story.tell(e.Resynced(at=at(102), pbx=record.pbx, live=frozenset({record.id}), drift=0))
    assert story.agent().routing is RoutingStatus.WRAP_UP
    assert story.call().talks[0].until == at(102)


def test_a_record_that_comes_late_adds_what_was_before() -> None:
    before = Story()
    before.talking()
    before.hung_up(25, agent=ANNA)
    before.leg(30, agent=BO)
    before.bridged(31, agent=BO)
    record = before.call()
    story = Story()
    story.leg(0)
    story.leg(100, agent=BO)
    story.bridged(101, agent=BO)
    story.tell(restored.CallRestored(at=at(102), record=record))
    call = story.call()
    assert [(talk.agent, talk.since) for talk in call.talks] == [(ANNA, at(20)), (BO, at(31))]
    assert call.visits == record.visits


def test_an_inbound_call_that_joins_a_colleagues_older_one_makes_it_the_customers() -> None:
    story = Story()
    story.waiting(2)
    own = replace(story.call(2), id=call_of(1), inbound=False, visits=(), queue=None, queued_at=None, talks=())
    joined = calls.absorbed(own, story.call(2))
    assert (joined.inbound, joined.caller_leg, joined.queue) == (True, story.call(2).first_leg, WATER)
    assert calls.absorbed(story.call(2), own) is story.call(2)


def test_a_visit_that_is_over_stays_as_it_ended() -> None:
    story = Story()
    story.leg(0)
    assert calls.back_in_queue(story.call()) is story.call()
    visited = replace(story.call(), visits=(Visit(WATER, at(1)),))
    assert calls.left_queue(visited, at(9)).wait_s == 8
    assert Extension("1001") == PHONES[ANNA]


def test_an_agent_with_two_legs_in_a_call_is_there_until_the_last_is_gone() -> None:
    story = Story()
    story.talking()
    bridged(story, 21, None, ANNA)
    story.leg(30, agent=ANNA, nth=2)
    story.hung_up(31, agent=ANNA, nth=2)
    assert story.agent().routing is RoutingStatus.ON_CALL
    story.leg(32, agent=ANNA, nth=3)
    story.hung_up(40, agent=ANNA)
    assert (story.call().stage, story.call().offered_to) == (CallStage.OFFERED, ANNA)


def test_what_is_told_of_parking_and_of_queues_nobody_knows_changes_nothing() -> None:
    story = Story()
    story.tell(e.CallerParked(at=at(1), **story.of(5), space="701"))
    assert not story.centre.state.calls
    elsewhere = e.QueueSeen(at=at(2), pbx=story.of()["pbx"], queue=QueueName("elsewhere"), waiting=())
    story.tell(elsewhere)
    assert story.centre.state.waiting(QueueName("elsewhere")) == ()
