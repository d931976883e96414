"""What holds of all calls of a PBX: the queue's order, the day's sums, and its links, restarts and resyncs."""

import pytest

from cti.domain import calls, restored
from cti.domain import events as e
from cti.domain.ids import ChannelId, PbxName, call_id
from cti.domain.model import CallStage, Changes, Outcome, RoutingStatus
from cti.domain.values import replace
from tests.domain.story import ANNA, BO, BOOT, PBX, PHONES, WATER, Story, at, call_of, linkedid

NOTHING = Changes()


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
    told = restored.CallRestored(at=at(60), record=replace(record, talks=(), counted=True))
    if record_first:
        story.tell(told)
        assert story.call().legs == {}
    story.leg(0)
    story.tell(e.CallerFoundServed(at=at(61), **story.of(), queue=WATER))
    story.leg(18, agent=ANNA)
    story.bridged(18)
    if not record_first:
        story.tell(told)
    story.hung_up(80, agent=ANNA)
    story.hung_up(80)
    call = story.call()
    assert call.language == "zh"
    assert (call.talk_s, call.wait_s, call.agent) == (60 if record_first else 62, 10, ANNA)
    assert story.tell(told) == NOTHING


def test_of_a_record_only_who_still_talked_and_is_known_is_taken_to_talk() -> None:
    before = Story()
    before.talking()
    before.hung_up(25, agent=ANNA)
    before.leg(26, agent=BO)
    before.bridged(27, agent=BO)
    record = before.call()
    story = Story(ready=False)
    story.tell(e.AgentEnrolled(at=at(0), agent=ANNA, name="Anna", extension=PHONES[ANNA], queues=(WATER,)))
    story.tell(e.LinkUp(at=at(50), pbx=PBX, boot=BOOT))
    story.tell(restored.CallRestored(at=at(60), record=record))
    assert (story.agent().call, story.call().stage) == (None, CallStage.TALKING)
    story.leg(61)
    story.tell(e.Resynced(at=at(62), pbx=PBX, live=frozenset({record.id}), drift=0))
    assert [talk.until for talk in story.call().talks] == [at(25), at(62)]


def test_a_queue_told_of_again_as_it_is_has_not_changed() -> None:
    story = Story()
    story.waiting(1)
    assert story.tell(e.QueueSeen(at=at(30), pbx=PBX, queue=WATER, waiting=(call_of(1),))) == NOTHING
    assert story.tell(e.QueueOpened(at=at(31), queue=WATER, wrap_up_s=30)) == NOTHING


def test_a_record_without_an_answer_does_not_move_the_conversation() -> None:
    story = Story()
    story.talking(since=20)
    before = story.call()
    story.tell(restored.CallRestored(at=at(30), record=replace(before, answered_at=None, talks=())))
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
