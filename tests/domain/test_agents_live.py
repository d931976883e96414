"""Agents through offers, conversations, wrap-up and presence."""

from datetime import timedelta

import pytest

from cti.domain import agents, calls
from cti.domain import events as e
from cti.domain.agents import Pause, membership_due
from cti.domain.events import DeviceState, Presence
from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Agent, CallStage, Changes, Membership, RoutingStatus, TalkState
from cti.domain.values import replace
from tests.domain.story import ANNA, BO, BOOT, PBX, PHONES, WATER, Story, at, call_of

NOTHING = Changes()


# ------------------------------------------------------------------ offers


def test_the_agents_new_leg_is_the_offer_and_agent_called_adds_nothing() -> None:
    story = Story()
    story.waiting()
    changes = story.leg(12, agent=ANNA)
    assert [(offer.agent, offer.call, offer.queue, offer.at) for offer in changes.offers] == [
        (ANNA, call_of(), WATER, at(12))
    ]
    assert story.offered(12.3) == NOTHING
    assert (story.agent().routing, story.agent().call) == (RoutingStatus.RINGING, call_of())
    assert (story.call().offered_to, story.call().offered_at) == (ANNA, at(12))


def test_agent_called_is_the_offer_when_the_leg_was_not_seen() -> None:
    story = Story()
    story.leg(0)
    changes = story.offered(12)
    assert [offer.agent for offer in changes.offers] == [ANNA]
    assert story.call().queue == WATER


@pytest.mark.parametrize("leg_first", [True, False])
def test_an_agent_who_misses_an_offer_gets_no_more_until_they_say_so(leg_first: bool) -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    if leg_first:
        over = story.hung_up(32, agent=ANNA)
        story.offer_ended(32)
    else:
        over = story.offer_ended(32)
        story.hung_up(32, agent=ANNA)
    assert [offer.agent for offer in over.offers_over] == [ANNA]
    assert story.agent().routing is RoutingStatus.NOT_RESPONDING
    assert (story.call().stage, story.call().offered_to) == (CallStage.QUEUED, None)
    assert story.offered(31) == NOTHING
    story.presence(ANNA, Presence.AVAILABLE, 60)
    assert story.agent().routing is RoutingStatus.IDLE
    assert story.offer_ended(32) == NOTHING


def test_a_caller_who_hangs_up_while_it_rings_is_not_missed_by_the_agent() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.hung_up(20, agent=ANNA)
    story.abandoned(20, 10)
    story.hung_up(20)
    assert (story.agent().routing, story.agent().call) == (RoutingStatus.IDLE, None)


def test_an_offer_that_the_pbx_withdraws_was_not_missed() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.offer_ended(15, missed=False)
    assert story.agent().routing is RoutingStatus.IDLE
    assert story.offer_ended(16, missed=False) == NOTHING


def test_a_miss_told_again_is_not_one_of_the_next_offer() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.offer_ended(20, missed=False)
    story.hung_up(20, agent=ANNA)
    story.leg(25, agent=ANNA, nth=2)
    assert story.offer_ended(20) == NOTHING
    assert story.agent().routing is RoutingStatus.RINGING


def test_a_call_can_be_offered_to_the_same_agent_again() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.hung_up(20, agent=ANNA)
    assert [offer.at for offer in story.leg(25, agent=ANNA, nth=2).offers] == [at(25)]
    assert story.agent().routing is RoutingStatus.RINGING


def test_of_two_phones_that_ring_the_call_goes_on_being_offered_until_the_last_stops() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.leg(13, agent=BO)
    assert story.call().offered_to == BO
    story.hung_up(20, agent=BO)
    assert (story.call().stage, story.call().offered_to) == (CallStage.OFFERED, ANNA)
    story.left(21)
    assert story.call().stage is CallStage.OFFERED
    story.hung_up(22, agent=ANNA)
    assert story.call().stage is CallStage.RINGING


def test_a_phone_that_rings_while_its_agent_is_on_break_pops_but_changes_nothing_about_them() -> None:
    story = Story()
    story.presence(ANNA, Presence.BREAK, 1)
    story.waiting()
    assert len(story.leg(12, agent=ANNA).offers) == 1
    assert story.agent().routing is RoutingStatus.OFF_QUEUE
    assert len(story.hung_up(20, agent=ANNA).offers_over) == 1
    assert story.agent().routing is RoutingStatus.OFF_QUEUE


# ------------------------------------------------------------------ wrap-up


def test_wrap_up_begins_with_the_hangup_and_its_length_is_the_queues() -> None:
    story = Story()
    story.talking()
    story.hung_up(50, agent=ANNA)
    agent = story.agent()
    assert (agent.routing, agent.wrap_up_until, agent.talk) == (RoutingStatus.WRAP_UP, at(80), TalkState.NONE)
    assert agent.call == call_of()


def test_a_timer_that_an_extension_has_overtaken_ends_nothing() -> None:
    story = Story()
    story.talking()
    story.hung_up(50, agent=ANNA)
    story.tell(e.WrapUpExtended(at=at(60), agent=ANNA, by_s=60))
    assert story.tell(e.WrapUpEnded(at=at(80), agent=ANNA, timed_out=True)) == NOTHING
    story.tell(e.WrapUpEnded(at=at(140), agent=ANNA, timed_out=True))
    assert (story.agent().routing, story.agent().call) == (RoutingStatus.IDLE, None)
    assert story.tell(e.WrapUpEnded(at=at(141), agent=ANNA, timed_out=False)) == NOTHING
    assert story.tell(e.WrapUpExtended(at=at(141), agent=ANNA, by_s=60)) == NOTHING


def test_an_agent_may_finish_wrap_up_early() -> None:
    story = Story()
    story.talking()
    story.hung_up(50, agent=ANNA)
    story.tell(e.WrapUpEnded(at=at(55), agent=ANNA, timed_out=False))
    assert story.agent().routing is RoutingStatus.IDLE


def test_a_call_that_reaches_an_agent_in_wrap_up_ends_the_wrap_up() -> None:
    story = Story()
    story.talking(1)
    story.hung_up(50, 1, agent=ANNA)
    story.talking(2, since=60)
    assert (story.agent().routing, story.agent().wrap_up_until) == (RoutingStatus.ON_CALL, None)


# ------------------------------------------------------------------ presence


def test_a_presence_chosen_in_a_call_waits_for_the_end_of_wrap_up() -> None:
    story = Story()
    story.talking()
    story.presence(ANNA, Presence.LUNCH, 30)
    assert (story.agent().presence, story.agent().pending) == (Presence.AVAILABLE, Presence.LUNCH)
    story.hung_up(50, agent=ANNA)
    assert story.agent().presence is Presence.AVAILABLE
    story.tell(e.WrapUpEnded(at=at(80), agent=ANNA, timed_out=True))
    agent = story.agent()
    assert (agent.presence, agent.pending, agent.routing) == (Presence.LUNCH, None, RoutingStatus.OFF_QUEUE)
    assert agent.presence_since == at(80)


def test_choosing_the_present_presence_again_takes_the_pending_one_back() -> None:
    story = Story()
    story.talking()
    story.presence(ANNA, Presence.LUNCH, 30)
    story.presence(ANNA, Presence.AVAILABLE, 31)
    assert story.agent().pending is None


def test_a_presence_chosen_while_it_rings_takes_effect_when_the_offer_is_over() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.presence(ANNA, Presence.BREAK, 13)
    assert story.agent().pending is Presence.BREAK
    story.offer_ended(32)
    assert (story.agent().presence, story.agent().routing) == (Presence.BREAK, RoutingStatus.OFF_QUEUE)


def test_an_agent_on_break_who_takes_a_call_goes_back_to_their_break() -> None:
    story = Story()
    story.presence(ANNA, Presence.BREAK, 1)
    story.talking()
    story.hung_up(50, agent=ANNA)
    story.tell(e.WrapUpEnded(at=at(80), agent=ANNA, timed_out=True))
    agent = story.agent()
    assert (agent.presence, agent.routing, agent.presence_since) == (Presence.BREAK, RoutingStatus.OFF_QUEUE, at(1))


# ------------------------------------------------------------------ consoles


def test_a_lost_console_logs_an_idle_agent_off() -> None:
    story = Story()
    story.tell(e.ConsoleOpened(at=at(0), agent=ANNA))
    assert story.agent().console
    story.tell(e.ConsoleLost(at=at(60), agent=ANNA))
    agent = story.agent()
    assert (agent.presence, agent.routing, agent.console) == (Presence.OFFLINE, RoutingStatus.OFF_QUEUE, False)


def test_a_console_lost_in_a_call_leaves_the_agent_paused_afterwards() -> None:
    story = Story()
    story.talking()
    story.tell(e.ConsoleLost(at=at(40), agent=ANNA))
    assert story.agent().routing is RoutingStatus.ON_CALL
    story.hung_up(50, agent=ANNA)
    story.tell(e.WrapUpEnded(at=at(80), agent=ANNA, timed_out=True))
    assert (story.agent().presence, story.agent().routing) == (Presence.AWAY, RoutingStatus.OFF_QUEUE)


# ------------------------------------------------------------------ what the queues have


@pytest.mark.parametrize(
    ("presence", "routing", "due"),
    [
        (Presence.OFFLINE, RoutingStatus.OFF_QUEUE, None),
        (Presence.AVAILABLE, RoutingStatus.IDLE, Membership(paused=False, reason="")),
        (Presence.AVAILABLE, RoutingStatus.RINGING, Membership(paused=False, reason="")),
        (Presence.BREAK, RoutingStatus.OFF_QUEUE, Membership(paused=True, reason="break")),
        (Presence.AVAILABLE, RoutingStatus.ON_CALL, Membership(paused=True, reason="on_call")),
        (Presence.OFFLINE, RoutingStatus.WRAP_UP, Membership(paused=True, reason="wrap_up")),
        (Presence.AVAILABLE, RoutingStatus.NOT_RESPONDING, Membership(paused=True, reason="not_responding")),
    ],
)
def test_how_a_queue_should_have_an_agent(presence: Presence, routing: RoutingStatus, due: Membership | None) -> None:
    agent = replace(Story().agent(), presence=presence, routing=routing)
    assert membership_due(agent) == due


def _member(
    extension: Extension, *, paused: bool, reason: str = "", device: DeviceState = DeviceState.NOT_IN_USE
) -> e.MemberSeen:
    return e.MemberSeen(
        at=at(0), pbx=PBX, queue=WATER, extension=extension, paused=paused, device=device, reason=reason
    )


def _newly_enrolled() -> Story:
    story = Story(ready=False)
    story.tell(e.LinkUp(at=at(-9), pbx=PBX, boot=BOOT))
    story.tell(e.AgentEnrolled(at=at(-9), agent=ANNA, name="Anna", extension=PHONES[ANNA], queues=(WATER,)))
    return story


@pytest.mark.parametrize(
    ("paused", "reason", "presence", "routing"),
    [
        (False, "", Presence.AVAILABLE, RoutingStatus.IDLE),
        (True, "lunch", Presence.LUNCH, RoutingStatus.OFF_QUEUE),
        (True, Pause.NOT_RESPONDING, Presence.AVAILABLE, RoutingStatus.NOT_RESPONDING),
        (True, Pause.ON_CALL, Presence.AVAILABLE, RoutingStatus.WRAP_UP),
        (True, Pause.WRAP_UP, Presence.AVAILABLE, RoutingStatus.WRAP_UP),
        (True, "offline", Presence.AWAY, RoutingStatus.OFF_QUEUE),
        (True, "somebody else's word", Presence.AWAY, RoutingStatus.OFF_QUEUE),
        (True, "", Presence.AWAY, RoutingStatus.OFF_QUEUE),
    ],
)
def test_after_our_restart_an_agent_is_what_the_queue_remembers(
    paused: bool, reason: str, presence: Presence, routing: RoutingStatus
) -> None:
    story = _newly_enrolled()
    story.tell(_member(PHONES[ANNA], paused=paused, reason=reason))
    agent = story.agent()
    assert (agent.presence, agent.routing) == (presence, routing)
    assert agent.memberships == {WATER: Membership(paused=paused, reason=reason)}
    if routing is RoutingStatus.WRAP_UP:
        assert agent.wrap_up_until == at(0) + timedelta(seconds=30)


@pytest.mark.parametrize("reason", ["", Pause.ON_CALL])
def test_an_agent_found_talking_goes_on_talking(reason: str) -> None:
    story = _newly_enrolled()
    story.talking()
    story.tell(_member(PHONES[ANNA], paused=bool(reason), reason=reason))
    assert (story.agent().presence, story.agent().routing) == (Presence.AVAILABLE, RoutingStatus.ON_CALL)


def test_what_an_agent_chose_since_our_start_is_not_overruled_by_the_queue() -> None:
    story = Story()
    story.tell(_member(PHONES[ANNA], paused=True, reason="lunch"))
    assert story.agent().presence is Presence.AVAILABLE
    assert story.agent().in_queues == frozenset({WATER})


def test_a_reason_without_a_pause_is_no_reason() -> None:
    story = Story()
    story.tell(_member(PHONES[ANNA], paused=False, reason="lunch"))
    assert story.agent().memberships[WATER].reason == ""


def test_a_phone_in_a_queue_waits_for_its_agent_to_be_enrolled() -> None:
    story = Story(ready=False)
    story.tell(_member(PHONES[ANNA], paused=True, reason="lunch"))
    story.tell(_member(PHONES[BO], paused=False))
    story.tell(e.MemberGone(at=at(1), pbx=PBX, queue=WATER, extension=PHONES[BO]))
    for agent in (ANNA, BO):
        story.tell(e.AgentEnrolled(at=at(2), agent=agent, name="", extension=PHONES[agent], queues=(WATER,)))
    assert (story.agent(ANNA).presence, story.agent(BO).presence) == (Presence.LUNCH, Presence.OFFLINE)


def test_a_member_that_is_gone_is_gone() -> None:
    story = Story()
    other = QueueName("other")
    story.tell(_member(PHONES[ANNA], paused=False))
    story.tell(replace(_member(PHONES[ANNA], paused=False), queue=other))
    story.tell(e.MemberGone(at=at(1), pbx=PBX, queue=WATER, extension=PHONES[ANNA]))
    assert story.agent().in_queues == frozenset({other})


def test_a_phones_state_is_noted_for_agents_only() -> None:
    story = Story()
    story.tell(e.DeviceSeen(at=at(1), pbx=PBX, extension=PHONES[ANNA], device=DeviceState.UNAVAILABLE))
    assert story.agent().device is DeviceState.UNAVAILABLE
    stranger = e.DeviceSeen(at=at(1), pbx=PBX, extension=Extension("9999"), device=DeviceState.IN_USE)
    assert story.tell(stranger) == NOTHING


def test_an_agent_may_get_another_phone() -> None:
    story = Story()
    story.tell(e.AgentEnrolled(at=at(1), agent=ANNA, name="Anna B", extension=Extension("1009"), queues=(WATER,)))
    story.tell(e.DeviceSeen(at=at(2), pbx=PBX, extension=Extension("1009"), device=DeviceState.BUSY))
    assert (story.agent().name, story.agent().device) == ("Anna B", DeviceState.BUSY)


@pytest.mark.parametrize(
    "event",
    [
        e.PresenceChosen(at=at(0), agent=AgentId("nobody"), presence=Presence.BREAK, by=AgentId("nobody")),
        e.ConsoleOpened(at=at(0), agent=AgentId("nobody")),
        e.ConsoleLost(at=at(0), agent=AgentId("nobody")),
        e.WrapUpExtended(at=at(0), agent=AgentId("nobody"), by_s=1),
        e.WrapUpEnded(at=at(0), agent=AgentId("nobody"), timed_out=False),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_a_stranger_chooses_changes_nothing(event: e.Event) -> None:
    assert Story().tell(event) == NOTHING


def test_a_membership_told_again_with_another_device_changes_the_device_alone() -> None:
    agent = Story().agent()
    membership = Membership(paused=False, reason="")
    seen = agents.seen_in_queue(agent, WATER, membership, DeviceState.NOT_IN_USE)
    again = agents.seen_in_queue(seen, WATER, membership, DeviceState.RINGING)
    assert again == replace(seen, device=DeviceState.RINGING)
    assert agents.seen_in_queue(again, WATER, membership, DeviceState.RINGING) is again


def test_extending_without_wrap_up_is_nothing() -> None:
    agent: Agent = Story().agent()
    assert agents.wrap_up_extended(agent, 60) is agent


# ------------------------------------------------------------------ a phone that dies


@pytest.mark.parametrize("told_before", [True, False])
def test_an_agent_whose_browser_died_in_a_call_is_paused_and_not_available_again_by_itself(told_before: bool) -> None:
    story = Story()
    story.talking()
    if told_before:
        story.completed(40)
    story.hung_up(40, agent=ANNA, cause=calls.PHONE_DIED)
    assert (story.agent().routing, story.agent().pending) == (RoutingStatus.WRAP_UP, Presence.AWAY)
    story.tell(e.WrapUpEnded(at=at(80), agent=ANNA, timed_out=True))
    assert story.agent().presence is Presence.AWAY
    assert membership_due(story.agent()) == Membership(paused=True, reason="away")


def test_a_phone_that_dies_while_it_rings_takes_nothing_from_its_agent() -> None:
    story = Story()
    story.waiting()
    story.leg(12, agent=ANNA)
    story.hung_up(14, agent=ANNA, cause=calls.PHONE_DIED)
    assert (story.agent().routing, story.agent().pending) == (RoutingStatus.IDLE, None)


def test_a_leg_of_an_earlier_call_that_dies_leaves_the_agents_present_call_alone() -> None:
    story = Story()
    story.talking()
    story.talking(2, since=40)
    assert story.agent().call == call_of(2)
    story.hung_up(45, agent=ANNA, cause=calls.PHONE_DIED)
    assert (story.agent().routing, story.agent().pending) == (RoutingStatus.ON_CALL, None)
