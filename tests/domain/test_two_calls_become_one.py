"""A leg that is told of in an older call has come into it; a call without legs has become part of that."""

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.ids import BridgeId, Extension
from cti.domain.model import RoutingStatus, TalkKind
from tests.domain.story import ANNA, BO, BOOT, PBX, PHONES, WATER, Story, at, call_of, linkedid


def test_a_leg_that_moves_leaves_the_rest_of_its_call_behind() -> None:
    story = Story()
    story.leg(0, 1)
    story.talking(2)
    story.tell(e.LegBridged(at=at(30), **(story.of(2, ANNA) | {"call": call_of(1)}), bridge=BridgeId("b")))
    story.tell(e.LegBridged(at=at(30), **story.of(1), bridge=BridgeId("b")))
    assert list(story.call(2).legs) == [story.call(2).first_leg]
    assert story.call(2).talks[0].until == at(30)
    assert [(talk.extension, talk.since) for talk in story.call(1).talks] == [(PHONES[ANNA], at(30))]


def test_a_call_whose_last_leg_moves_has_become_part_of_the_older_one() -> None:
    story = Story()
    story.leg(0, 1)
    story.leg(1, 2)
    story.tell(e.LegBridged(at=at(3), **(story.of(2) | {"call": call_of(1)})))
    assert story.call(2).merged_into == call_of(1)
    assert len(story.call(1).legs) == 2


def test_a_leg_never_moves_to_a_younger_call() -> None:
    story = Story()
    story.leg(0, 1)
    story.leg(1, 2)
    story.tell(e.LegBridged(at=at(3), **(story.of(1) | {"call": call_of(2)})))
    assert (len(story.call(1).legs), len(story.call(2).legs)) == (1, 1)


def test_a_leg_told_of_in_two_calls_is_found_in_the_later_one_when_the_other_ends() -> None:
    story = Story()
    story.leg(0, 1)
    told = e.LegStarted(
        at=at(1), **(story.of(1) | {"call": call_of(2)}), linkedid=story.call(1).linkedid, channel="PJSIP/trunk-1",
        caller_number="", caller_name="", dialled="96000", inbound=True,
    )  # fmt: skip
    story.tell(told)
    story.tell(e.Resynced(at=at(2), pbx=PBX, live=frozenset({call_of(2)}), drift=0))
    assert story.call(1).ended_at == at(2)
    story.tell(e.LegEnded(at=at(3), **(story.of(1) | {"call": call_of(2)}), cause=16))
    assert story.call(2).ended_at == at(3)


def test_a_centre_made_from_a_state_goes_on_with_its_calls_and_their_legs() -> None:
    story = Story()
    story.leg(0, 1)
    story.talking(2)
    story.centre = Centre(story.centre.state)
    story.tell(e.LegBridged(at=at(30), **(story.of(2, ANNA) | {"call": call_of(1)})))
    assert list(story.call(2).legs) == [story.call(2).first_leg]
    story.tell(e.LinkUp(at=at(60), pbx=PBX, boot=BOOT + 500))
    assert not story.centre.state.calls


def test_whoever_took_over_a_phone_in_use_keeps_their_own_call_state() -> None:
    story = Story()
    story.talking(1)
    story.talking(2, agent=BO)
    for agent, phone in ((ANNA, Extension("1009")), (BO, PHONES[ANNA])):
        story.tell(e.AgentEnrolled(at=at(30), agent=agent, name=agent, extension=phone, queues=(WATER,)))
    before = story.agent(BO).talk
    story.held(31, 1)
    assert story.call(1).talks[0].on_hold
    assert (story.agent(BO).talk, story.agent(BO).routing) == (before, RoutingStatus.ON_CALL)


def test_a_colleague_who_was_only_asked_and_now_has_the_caller_ended_one_talk_and_began_another() -> None:
    story = Story()
    story.talking()
    story.leg(30, agent=BO)
    for agent in (ANNA, BO):
        story.tell(e.LegBridged(at=at(32), **story.of(1, agent), bridge=BridgeId("asking")))
    for leg in (story.of(1), story.of(1, BO)):
        story.tell(e.LegBridged(at=at(40), **leg, bridge=BridgeId("taken")))
    assert [(talk.kind, talk.since, talk.until) for talk in story.call().talks if talk.agent == BO] == [
        (TalkKind.COLLEAGUE, at(32), at(40)),
        (TalkKind.CALLER, at(40), None),
    ]


def test_a_call_that_an_agents_own_phone_begins_has_no_customer_until_one_is_there() -> None:
    story = Story()
    told = e.LegStarted(
        at=at(1), **story.of(), linkedid=linkedid(1), channel="PJSIP/1001-00000001", caller_number="1001",
        caller_name="", dialled="13800138000", inbound=False, extension=PHONES[ANNA],
    )  # fmt: skip
    story.tell(told)
    story.tell(e.LegBridged(at=at(2), **story.of(), bridge=BridgeId("alone")))
    assert story.call().talks == ()
    assert story.agent().call is None
