"""Facts of calls that come twice, late, in one read, or from calls that nobody knows."""

import pytest

from cti.domain import events as e
from cti.domain.ids import ChannelId, QueueName
from cti.domain.model import CallStage, Changes
from tests.domain.story import ANNA, BO, PBX, PHONES, WATER, Story, at, call_of, linkedid

NOTHING = Changes()


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
