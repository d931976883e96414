"""Whatever a model Asterisk does, and however what it says arrives, the centre has it as it is."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.events import Event, Presence
from cti.domain.ids import CallId, Extension, LinkedId
from cti.domain.model import Agent, Call, CallStage, RoutingStatus, TalkKind, TalkState
from tests.domain.model_asterisk import AGENTS, NAMES, Channel, ModelAsterisk, ModelCall
from tests.domain.story import BOOT, PBX, WATER, at

Wanted = Callable[[ModelCall], object]
ARRIVALS = st.sampled_from(["as told"] * 4 + ["each twice", "all again", "bridges the other way round"])
FREE_ENDS = {RoutingStatus.IDLE, RoutingStatus.WRAP_UP, RoutingStatus.RINGING, RoutingStatus.NOT_RESPONDING}


def arranged(told: list[Event], how: str) -> list[Event]:
    """Return what was told as it arrives."""
    if how == "each twice":
        return [event for event in told for _ in range(2)]
    if how == "all again":
        return told + told
    if how == "bridges the other way round":
        return _swapped(told)
    return told


def _swapped(told: list[Event]) -> list[Event]:
    events = list(told)
    for place in range(len(events) - 1):
        if isinstance(events[place], e.AgentConnected) and isinstance(events[place + 1], e.LegBridged):
            events[place], events[place + 1] = events[place + 1], events[place]
    return events


class Hotline(RuleBasedStateMachine):
    """A day at the hotline, an hour an example."""

    def __init__(self) -> None:
        super().__init__()
        self.pbx = ModelAsterisk()
        self.centre = Centre()
        self.ended: dict[CallId, Call] = {}
        self.blurred = False
        self.steps = self.losses = 0

    @initialize(steps=st.sampled_from([0, 0, 0, 1]), losses=st.sampled_from([0, 0, 1, 3]), talking=st.integers(0, 2))
    def open(self, steps: int, losses: int, talking: int) -> None:
        self.steps, self.losses = steps, losses
        for event in (
            e.QueueOpened(at=at(-9), queue=WATER, wrap_up_s=30),
            e.LinkUp(at=at(-9), pbx=PBX, boot=BOOT),
            *(
                e.AgentEnrolled(at=at(-9), agent=agent, name=agent, extension=phone, queues=(WATER,))
                for agent, phone in AGENTS.items()
            ),
            *(e.PresenceChosen(at=at(-8), agent=agent, presence=Presence.AVAILABLE, by=agent) for agent in AGENTS),
        ):
            self.centre.apply(event)
        self.pbx.boot = BOOT
        for phone in sorted(NAMES)[:talking]:
            self._begin_to_talk(phone)

    def _begin_to_talk(self, phone: Extension) -> None:
        linkedid = self.pbx.call_in()
        self.pbx.join(linkedid)
        self.pbx.ring(linkedid, phone)
        self.pbx.answer(linkedid)
        self._hear("as told")

    def _happens(self, data: st.DataObject, wanted: Wanted, do: Callable[[LinkedId], None]) -> None:
        """Let something happen to a call for which that is possible, and hear of it."""
        possible = [linkedid for linkedid, call in self.pbx.calls.items() if wanted(call)]
        if not possible:
            return
        self.pbx.now += data.draw(st.integers(0, 40))
        do(data.draw(st.sampled_from(possible)))
        self._hear(data.draw(ARRIVALS))

    def _hear(self, how: str) -> None:
        told, self.pbx.told = self.pbx.told, []
        for event in arranged(told, how):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        for call in self.centre.apply(event).ended:
            assert call.outcome is not None
            assert call.id not in self.ended or self.ended[call.id].outcome is call.outcome
            self.ended[call.id] = call

    def _free(self, data: st.DataObject) -> Extension | None:
        busy = {channel.phone for call in self.pbx.calls.values() for channel in self.pbx.channels(call)}
        free = [phone for phone in NAMES if phone not in busy]
        return data.draw(st.sampled_from(free)) if free else None

    def _with_free(self, data: st.DataObject, wanted: Wanted, do: Callable[..., None], **more: Any) -> None:
        phone = self._free(data)
        if phone is not None:
            self._happens(data, wanted, lambda linkedid: do(linkedid, phone, **more))

    # -------------------------------------------------------------- callers

    @rule(data=st.data())
    def somebody_calls(self, data: st.DataObject) -> None:
        if len(self.pbx.calls) < 4:
            self.pbx.now += 1
            self.pbx.join(self.pbx.call_in())
            self._hear(data.draw(ARRIVALS))

    @precondition(lambda self: len(self.pbx.calls) > 1)
    @rule(data=st.data())
    def somebody_hangs_up(self, data: st.DataObject) -> None:
        self._happens(data, lambda _: True, self.pbx.give_up)

    @rule(data=st.data())
    def the_queue_offers(self, data: st.DataObject) -> None:
        self._with_free(data, lambda call: call.waiting and not call.ringing, self.pbx.ring)

    @rule(data=st.data())
    def an_agent_answers(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.ringing, self.pbx.answer)

    @rule(data=st.data())
    def somebody_gets_through(self, data: st.DataObject) -> None:
        phone = self._free(data)
        if phone is not None and len(self.pbx.calls) < 4:
            self._begin_to_talk(phone)

    @rule(data=st.data())
    def an_agent_misses(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.ringing and call.waiting, self.pbx.miss)

    # -------------------------------------------------------------- agents

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def an_agent_holds(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.owner and not call.colleague, self.pbx.hold)

    @rule(data=st.data(), complete=st.booleans())
    def an_agent_sends_to_the_queue(self, data: st.DataObject, complete: bool) -> None:
        self._happens(
            data,
            lambda call: call.owner and not call.colleague,
            lambda linkedid: self.pbx.send_to_queue(linkedid, complete=complete),
        )

    @rule(data=st.data(), complete=st.booleans())
    def an_agent_sends_to_a_colleague(self, data: st.DataObject, complete: bool) -> None:
        self._with_free(data, lambda call: call.owner and not call.colleague, self.pbx.send_to_agent, complete=complete)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def an_agent_consults(self, data: st.DataObject) -> None:
        self._with_free(data, lambda call: call.owner and not (call.colleague or call.on_hold), self.pbx.consult)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def the_colleague_answers(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.colleague and not call.colleague.up, self.pbx.consult_answered)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def the_agent_takes_the_caller_back(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.colleague, self.pbx.take_back)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def the_agent_hands_the_caller_over(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.colleague and call.colleague.up, self.pbx.hand_over)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def all_three_talk(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.colleague and call.colleague.up, self.pbx.conference)

    @rule(data=st.data())
    def one_leaves_the_conference(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: len(call.owners) > 1, self.pbx.leave_conference)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def an_agent_parks(self, data: st.DataObject) -> None:
        self._happens(data, lambda call: call.owner and not call.colleague, self.pbx.park)

    @precondition(lambda self: not self.pbx.mute)
    @rule(data=st.data())
    def somebody_fetches(self, data: st.DataObject) -> None:
        self._with_free(data, lambda call: call.parked, self.pbx.fetch)

    @rule(data=st.data())
    def a_desk_phone_transfers(self, data: st.DataObject) -> None:
        self._with_free(data, lambda call: call.owner and not call.colleague, self.pbx.desk_phone_transfer)

    @rule(phone=st.sampled_from(sorted(NAMES)), paused=st.booleans())
    def the_queue_pauses(self, phone: Extension, paused: bool) -> None:
        self.pbx.pause(phone, paused=paused)
        self._hear("as told")

    # -------------------------------------------------------------- link, process, clock

    @precondition(lambda self: self.losses and not self.pbx.mute)
    @rule()
    def the_link_is_lost(self) -> None:
        self.losses -= 1
        self.pbx.tell(e.LinkDown, reason="gone")
        self._hear("as told")
        self.pbx.mute = True

    @precondition(lambda self: self.pbx.mute)
    @rule()
    def the_truth_is_taken(self) -> None:
        for event in self.pbx.snapshot(self.centre):
            self._apply(event)

    @precondition(lambda self: self.losses)
    @rule()
    def the_pbx_is_killed_and_comes_back(self) -> None:
        self.losses -= 1
        self.pbx.restart()
        self.the_truth_is_taken()

    @precondition(lambda self: self.steps)
    @rule(hours=st.sampled_from([-1, 1]))
    def the_clock_steps(self, hours: int) -> None:
        """From then on only what must hold of every clock is asked for."""
        self.steps -= 1
        self.pbx.step_s += hours * 3600
        self.blurred = True

    # -------------------------------------------------------------- what must hold

    @invariant()
    def no_duration_is_negative(self) -> None:
        for call in (*self.centre.state.calls.values(), *self.ended.values()):
            spans = [(talk.since, talk.until) for talk in call.talks] + [(v.since, v.until) for v in call.visits]
            assert all(until is None or until >= since for since, until in spans)
            assert min(call.wait_s, call.talk_s, call.hold_s, call.holds) >= 0

    @invariant()
    def an_ended_call_is_over_in_all_its_parts(self) -> None:
        for call in self.ended.values():
            assert call.id not in self.centre.state.calls
            assert all(talk.until is not None for talk in call.talks)
            assert all(visit.end is not None for visit in call.visits)

    @invariant()
    def nobody_is_stuck(self) -> None:
        talks = {
            (talk.agent, call.id) for call in self.centre.state.calls.values() for talk in call.talks if not talk.until
        }
        for agent in self.centre.state.agents.values():
            assert {(agent.id, call) for call in agent.talks_in} == {pair for pair in talks if pair[0] == agent.id}
            assert (agent.routing is RoutingStatus.ON_CALL) == bool(agent.talks_in)
            assert (agent.talk is TalkState.NONE) == (not agent.talks_in)

    @invariant()
    def each_visit_is_counted_once(self) -> None:
        queue = self.centre.state.queues.get(WATER)
        if queue is not None:
            assert queue.answered + queue.abandoned <= queue.offered

    @invariant()
    def the_centre_has_it_as_it_is(self) -> None:
        if self.pbx.mute or self.blurred:
            return
        state = self.centre.state
        assert set(state.calls) == {self.pbx.id(linkedid) for linkedid in self.pbx.calls}
        assert state.waiting(WATER) == tuple(self.pbx.id(linkedid) for linkedid in self.pbx.line)
        expected = {name: TalkState.NONE for name in AGENTS}
        for linkedid, call in self.pbx.calls.items():
            _check_call(state.calls[self.pbx.id(linkedid)], call, self.pbx.channels(call))
            expected |= {NAMES[phone]: doing for phone, doing in _doing(call).items()}
        assert {agent.id: agent.talk for agent in state.agents.values()} == expected
        assert all(_is_free(agent) for agent in state.agents.values() if agent.talk is TalkState.NONE)


def _is_free(agent: Agent) -> bool:
    return agent.routing in FREE_ENDS | {RoutingStatus.OFF_QUEUE}


def _check_call(known: Call, call: ModelCall, channels: list[Channel]) -> None:
    assert {leg.id: leg.bridge for leg in known.legs.values()} == {one.id: one.bridge for one in channels}
    talks = {(owner.phone, TalkKind.CALLER) for owner in call.owners}
    if call.colleague is not None and call.colleague.up:
        talks.add((call.colleague.phone, TalkKind.COLLEAGUE))
    assert {(talk.extension, talk.kind) for talk in known.talks if talk.until is None} == talks
    assert known.stage is _stage(call)


def _stage(call: ModelCall) -> CallStage:
    if call.parked:
        return CallStage.PARKED
    if call.owners:
        return CallStage.ON_HOLD if call.on_hold or call.colleague is not None else CallStage.TALKING
    if call.ringing is not None:
        return CallStage.OFFERED
    return CallStage.QUEUED


def _doing(call: ModelCall) -> dict[Extension, TalkState]:
    doing: dict[Extension, TalkState] = {}
    for owner in call.owners:
        talking = TalkState.IN_CONFERENCE if len(call.owners) > 1 else TalkState.TALKING
        held = TalkState.ON_HOLD if call.on_hold else talking
        assert owner.phone is not None
        doing[owner.phone] = TalkState.CONSULTING if call.colleague is not None else held
    if call.colleague is not None and call.colleague.up and call.colleague.phone is not None:
        doing[call.colleague.phone] = TalkState.CONSULTING
    return doing


TestHotline = Hotline.TestCase
TestHotline.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
