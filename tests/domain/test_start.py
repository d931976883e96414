"""The centre begins from nothing, and takes up what is known of before without unlearning anything."""

from cti.domain import events as e
from cti.domain import restored
from cti.domain.events import Presence
from cti.domain.ids import AgentId, Extension, PbxName
from cti.domain.model import CentreState, Outcome
from cti.domain.values import replace
from cti.services.journal import canon
from tests.domain.story import ANNA, BO, PBX, WATER, Story, at, call_of


def before(*, talking: bool = True) -> CentreState:
    story = Story()
    if talking:
        story.talking(1)
    story.waiting(2)
    story.waiting(3)
    story.hung_up(30, 3)
    return canon.copy(story.centre.state)


def started() -> Story:
    story = Story(ready=False)
    story.ready(presence=False)
    return story


def test_a_start_forgets_everything_and_who_has_which_phone() -> None:
    story = Story()
    story.talking(1)
    changes = story.tell(e.CentreStarted(at=at(40)))
    assert story.centre.state == CentreState()
    assert not changes.calls
    story.waiting(4)
    story.leg(50, 4, agent=ANNA)
    assert story.call(4).offers == ()


def test_what_was_before_is_so_again() -> None:
    known, story = before(), started()
    changes = story.tell(restored.CentreRestored(at=at(60), state=known))
    state = story.centre.state
    assert (state.calls, state.queues) == (known.calls, known.queues)
    assert state.agents[ANNA] == known.agents[ANNA]
    assert [call.id for call in changes.ended] == [call_of(3)]
    assert state.recent[call_of(3)].outcome is Outcome.ABANDONED
    story.hung_up(70, 1, agent=ANNA)
    assert story.agent().wrap_up_until == at(100)


def test_a_call_that_is_known_since_is_completed_and_one_that_ended_since_stays_so() -> None:
    known, story = before(), started()
    story.leg(55, 1)
    story.leg(55, 2)
    story.hung_up(56, 2)
    story.tell(restored.CentreRestored(at=at(60), state=known))
    assert (story.call(1).started_at, story.call(1).queue, story.call(1).agent) == (at(0), WATER, ANNA)
    assert story.call(2).ended_at == at(56)


def test_a_call_that_ended_before_does_not_end_twice() -> None:
    known, story = before(), started()
    story.leg(55, 3)
    story.tell(restored.CentreRestored(at=at(60), state=known))
    assert story.call(3).ended_at is None


def test_an_agent_who_chose_since_stays_and_one_who_is_none_any_more_does_not_come_back() -> None:
    known, story = before(talking=False), started()
    known.agents[AgentId("gone")] = replace(known.agents[ANNA], id=AgentId("gone"))
    story.presence(BO, Presence.LUNCH, 55)
    story.tell(restored.CentreRestored(at=at(60), state=known))
    assert set(story.centre.state.agents) == {ANNA, BO}
    assert (story.agent(ANNA).presence, story.agent(BO).presence) == (Presence.AVAILABLE, Presence.LUNCH)


def test_who_an_agent_is_and_what_their_phone_does_is_known_better_now() -> None:
    known, story = before(talking=False), started()
    moved = Extension("1009")
    story.tell(e.AgentEnrolled(at=at(50), agent=ANNA, name="Anna B.", extension=moved, queues=()))
    story.tell(e.DeviceSeen(at=at(51), pbx=PBX, extension=moved, device=e.DeviceState.IN_USE))
    story.tell(restored.CentreRestored(at=at(60), state=known))
    anna = story.agent()
    assert (anna.name, anna.extension, anna.queues, anna.device) == ("Anna B.", moved, (), e.DeviceState.IN_USE)
    assert anna.presence is Presence.AVAILABLE


def test_the_days_sums_are_added_and_who_waits_waits_on() -> None:
    known, story = before(), started()
    story.waiting(5, since=58)
    story.tell(restored.CentreRestored(at=at(60), state=known))
    assert (story.queue.offered, story.queue.answered, story.queue.abandoned) == (4, 1, 1)
    assert story.line == (call_of(2), call_of(5))


def test_how_far_a_pbx_can_be_trusted_is_asked_anew() -> None:
    known, story = before(), Story(ready=False)
    assert known.links[PbxName("main")].up
    story.tell(restored.CentreRestored(at=at(60), state=known))
    assert story.centre.state.links == {}
