"""Whatever a model PBX does: told twice, or in another order where order means nothing, the end is the same."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.ids import AgentId
from cti.domain.model import CallStage, CentreState, Outcome, RoutingStatus
from tests.domain.story import ANNA, BO, PHONES, Story, at

MENU = (e.IvrEntered, e.IvrStepPassed, e.LanguageChosen, e.AccountClaimed, e.IvrLeft)


class ModelPbx:
    """Plays calls as Asterisk would tell them: one random thing after the other, a second apart."""

    def __init__(self, draw: Any) -> None:
        self.story = Story()
        self._draw = draw
        self._now = 0.0
        self._legs = 0
        self._stage: dict[int, str] = {}
        self._with: dict[int, AgentId] = {}
        self._leg_of: dict[int, int] = {}

    def play(self, turns: int) -> list[e.Event]:
        for _ in range(turns):
            self._now += 1
            choices = [("begin", 0)] if len(self._stage) < 3 else []
            choices += [(name, number) for number, stage in self._stage.items() for name in _WAYS.get(stage, ())]
            if not choices:
                break
            name, number = self._draw(st.sampled_from(choices))
            getattr(self, f"_{name}")(number)
        return self.story.log

    def _free(self) -> list[AgentId]:
        return [agent for agent in (ANNA, BO) if agent not in self._with.values()]

    def _begin(self, _: int) -> None:
        number = len(self._stage) + 1
        self._stage[number] = "menu"
        self.story.leg(self._now, number)
        self.story.up(self._now + 0.01, number)
        self.story.menu(self._now + 0.02, number)

    def _step(self, number: int) -> None:
        self.story.step(self._now, f"step {self._now}", number=number)

    def _queue(self, number: int) -> None:
        self._stage[number] = "queue"
        self.story.left_menu(self._now, "person", number=number)
        self.story.queued(self._now + 0.1, number, position=1)

    def _hang_up_in_menu(self, number: int) -> None:
        self._stage[number] = "over"
        self.story.hung_up(self._now, number)
        self.story.left_menu(self._now + 0.1, "hangup", number=number)

    def _offer(self, number: int) -> None:
        if not (free := self._free()):
            return
        agent = self._draw(st.sampled_from(free))
        self._legs += 1
        self._with[number], self._leg_of[number], self._stage[number] = agent, self._legs, "offer"
        self.story.leg(self._now, number, agent=agent, nth=self._legs)
        self.story.offered(self._now + 0.1, number, agent=agent)

    def _miss(self, number: int) -> None:
        agent, nth = self._with.pop(number), self._leg_of[number]
        self._stage[number] = "queue"
        self.story.offer_ended(self._now, number, agent=agent)
        self.story.hung_up(self._now + 0.1, number, agent=agent, nth=nth)

    def _answer(self, number: int) -> None:
        agent = self._with[number]
        self._stage[number] = "talk"
        self.story.left(self._now, number)
        self.story.connected(self._now + 0.1, 3, number, agent=agent)

    def _hold(self, number: int) -> None:
        leg = self._of(number)
        self.story.tell(e.LegHeld(at=at(self._now), **leg))
        self.story.tell(e.LegResumed(at=at(self._now + 0.5), **leg))

    def _finish(self, number: int) -> None:
        agent, complete = self._with.pop(number), self._draw(st.booleans())
        self._stage[number] = "over"
        if complete:
            self.story.completed(self._now, number, agent=agent)
        self.story.hung_up(self._now + 0.1, number, agent=agent, nth=self._leg_of[number])
        self.story.hung_up(self._now + 0.2, number)

    def _give_up(self, number: int) -> None:
        agent = self._with.pop(number, None)
        if agent is not None:
            self.story.hung_up(self._now, number, agent=agent, nth=self._leg_of[number])
        self._stage[number] = "over"
        self.story.abandoned(self._now + 0.1, 4, number)
        self.story.left(self._now + 0.2, number)
        self.story.hung_up(self._now + 0.3, number, cause=0)

    def _of(self, number: int) -> dict[str, Any]:
        return self.story.of(number, self._with[number], self._leg_of[number])


_WAYS = {
    "menu": ("step", "queue", "hang_up_in_menu"),
    "queue": ("offer", "offer", "give_up"),
    "offer": ("answer", "answer", "miss", "give_up"),
    "talk": ("hold", "finish"),
}


@st.composite
def stories(draw: Any) -> list[e.Event]:
    return ModelPbx(draw).play(draw(st.integers(4, 24)))


def _end(events: Sequence[e.Event]) -> CentreState:
    centre = Centre()
    for event in events:
        centre.apply(event)
    return centre.state


def _told(event: e.Event) -> bool:
    return isinstance(event, e.LegEvent | e.CallEvent)


def _independent(one: e.Event, other: e.Event) -> bool:
    """Tell whether nothing says which of two neighbours came first: the menu's road and the PBX's, of one call."""
    return _told(one) and _told(other) and isinstance(one, MENU) != isinstance(other, MENU)


@settings(max_examples=80, deadline=None)
@given(stories(), st.data())
def test_facts_told_twice_change_nothing(events: list[e.Event], data: st.DataObject) -> None:
    again = list(events)
    for _ in range(data.draw(st.integers(1, 5))):
        first = data.draw(st.integers(0, len(again) - 1))
        if _told(again[first]):
            again.insert(data.draw(st.integers(first + 1, len(again))), again[first])
    assert _end(again) == _end(events)


@settings(max_examples=80, deadline=None)
@given(stories(), st.data())
def test_the_menus_road_and_the_pbxs_may_overtake_each_other(events: list[e.Event], data: st.DataObject) -> None:
    mixed = list(events)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(mixed) - 2))
        if _independent(mixed[place], mixed[place + 1]):
            mixed[place], mixed[place + 1] = mixed[place + 1], mixed[place]
    mixed_end, end = _end(mixed), _end(events)
    for call in (*end.calls.values(), *end.recent.values()):
        other = mixed_end.calls.get(call.id) or mixed_end.recent[call.id]
        assert (other.outcome, other.stage, other.agent, other.wait_s) == (
            call.outcome, call.stage, call.agent, call.wait_s,
        )  # fmt: skip
        assert set(other.ivr_path) == set(call.ivr_path)
    assert (mixed_end.agents, mixed_end.queues) == (end.agents, end.queues)


@settings(max_examples=80, deadline=None)
@given(stories(), st.data())
def test_completion_may_go_missing_and_agents_still_come_free(events: list[e.Event], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(range(len(events)))))
    kept = [event for index, event in enumerate(events) if not (index in gone and isinstance(event, e.AgentCompleted))]
    end = _end(kept)
    talking = {talk.agent for call in end.calls.values() for talk in call.talks if talk.until is None}
    for agent in end.agents.values():
        assert (agent.routing is RoutingStatus.ON_CALL) == (agent.id in talking)


@settings(max_examples=80, deadline=None)
@given(stories(), st.data())
def test_any_facts_may_go_missing_and_a_resync_leaves_no_ghost(events: list[e.Event], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(range(len(events)))))
    kept = [event for index, event in enumerate(events) if index not in gone or not _told(event)]
    centre = Centre()
    for event in kept:
        changes = centre.apply(event)
        assert all(call.outcome is not None for call in changes.ended)
    centre.apply(e.Resynced(at=at(500), pbx=next(iter(centre.state.links)), live=frozenset(), drift=0))
    state = centre.state
    assert not state.calls
    assert not any(state.lines.values())
    assert all(queue.answered + queue.abandoned <= queue.offered for queue in state.queues.values())
    for agent in state.agents.values():
        assert agent.routing not in (RoutingStatus.ON_CALL, RoutingStatus.RINGING)
    for call in state.recent.values():
        assert call.stage is CallStage.ENDED
        assert min(call.talk_s, call.wait_s, call.hold_s) >= 0
        assert (call.outcome is Outcome.ANSWERED) == (call.answered_at is not None)


def test_every_phone_of_the_model_is_somebodys() -> None:
    assert set(PHONES) == {ANNA, BO}
