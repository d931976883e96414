"""The state while one event is applied to it: where the handlers look things up and put the next values.

What several groups of handlers do alike is here: visits, offers, conversations, and the end of a call. Nothing here
looks at all calls or all agents for one of them: what is asked for often has an index.
"""

from collections import deque
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from cti.domain import agents, calls, queues
from cti.domain.ids import AgentId, CallId, ChannelId, Extension, PbxName, QueueName
from cti.domain.model import (
    Agent,
    Call,
    CentreState,
    Changes,
    Leg,
    Link,
    Offer,
    Queue,
    RoutingStatus,
    Talk,
    TalkKind,
    VisitEnd,
)
from cti.domain.values import changed, replace

NOTHING: Final = Changes()
"""What most events change: the PBX tells a thing several times."""
_NONE: Final[frozenset[Any]] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site may set: the service level's target, and how many ended calls are remembered."""

    target_s: int = 20
    recent_calls: int = 2000


class Work:
    """The state, and what has changed in it since :meth:`done` was last called."""

    def __init__(self, state: CentreState, rules: Rules) -> None:
        self.state = state
        self.rules = rules
        self._by_extension: dict[Extension, AgentId] = {a.extension: a.id for a in state.agents.values()}
        self._by_pbx: dict[PbxName, dict[CallId, None]] = {}
        self.by_leg: dict[tuple[PbxName, ChannelId], CallId] = {}
        """Which live call has a leg."""
        self._recent: deque[CallId] = deque(state.recent)
        for call in state.calls.values():
            self._by_pbx.setdefault(call.pbx, {})[call.id] = None
            self._index(call, {})
        self._changed = False
        self._calls: set[CallId] = set()
        self._agents: set[AgentId] = set()
        self._queues: set[QueueName] = set()
        self._links: set[PbxName] = set()
        self._ended: dict[CallId, Call] = {}
        self._offers: list[Offer] = []
        self._offers_over: list[Offer] = []

    def begin_anew(self) -> None:
        """Forget all that is known."""
        for part in fields(self.state):
            getattr(self.state, part.name).clear()
        Work.__init__(self, self.state, self.rules)

    def done(self) -> Changes:
        """Return what changed, and begin anew; :data:`NOTHING` itself if nothing did."""
        if not self._changed:
            return NOTHING
        changes = Changes(
            frozenset(self._calls) if self._calls else _NONE,
            frozenset(self._agents) if self._agents else _NONE,
            frozenset(self._queues) if self._queues else _NONE,
            frozenset(self._links) if self._links else _NONE,
            tuple(self._ended.values()) if self._ended else (),
            tuple(self._offers) if self._offers else (),
            tuple(self._offers_over) if self._offers_over else (),
        )
        for noted in (
            self._calls,
            self._agents,
            self._queues,
            self._links,
            self._ended,
            self._offers,
            self._offers_over,
        ):
            if noted:
                noted.clear()
        self._changed = False
        return changes

    # -------------------------------------------------------------- looking up

    def call(self, call: CallId) -> Call | None:
        """Return a live call."""
        return self.state.calls.get(call)

    def any_call(self, call: CallId) -> Call | None:
        """Return a call that lives or ended not long ago."""
        return self.state.calls.get(call) or self.state.recent.get(call)

    def calls_of(self, pbx: PbxName) -> tuple[Call, ...]:
        """Return the live calls of one PBX."""
        return tuple(self.state.calls[call] for call in self._by_pbx.get(pbx, ()))

    def agent_with(self, extension: Extension) -> Agent | None:
        """Return the agent whose phone this is."""
        return self.state.agents.get(self._by_extension.get(extension, AgentId("")))

    def is_agents(self, extension: Extension) -> bool:
        """Tell whether a phone is an agent's."""
        return extension in self._by_extension

    def queue(self, queue: QueueName) -> Queue:
        """Return a queue, a new one if nobody told us of it."""
        return self.state.queues.get(queue) or Queue(queue)

    def waits(self, call: Call) -> bool:
        """Tell whether the caller waits in their queue now."""
        return call.queue is not None and call.id in self.state.lines.get(call.queue, ())

    def line(self, queue: QueueName) -> queues.Line:
        """Return who waits in a queue, to be changed in place: by then it counts as changed."""
        if queue not in self.state.queues:
            self.put_queue(Queue(queue))
        self._queues.add(queue)
        self._changed = True
        return self.state.lines.setdefault(queue, {})

    def leave_line(self, call: Call) -> None:
        """Let the caller wait no longer, if they do."""
        if call.queue is not None and self.waits(call):
            del self.line(call.queue)[call.id]

    # -------------------------------------------------------------- putting: what is the very value has not changed

    def put_call(self, call: Call) -> None:
        """Take the next value of a call, live or ended."""
        if call.ended_at is None:
            known = self.state.calls.get(call.id)
            if known is not call:
                self.state.calls[call.id] = call
                self._calls.add(call.id)
                self._changed = True
                if known is None:
                    self._by_pbx.setdefault(call.pbx, {})[call.id] = None
                    self._index(call, {})
                elif known.legs is not call.legs and known.legs.keys() != call.legs.keys():
                    self._index(call, known.legs)
        elif self.state.recent.get(call.id) is not call:
            if call.id not in self.state.recent:
                self._recent.append(call.id)
            self.state.recent[call.id] = call
            self._ended[call.id] = call
            self._changed = True

    def _index(self, call: Call, before: dict[ChannelId, Leg]) -> None:
        """Find the call by its legs as they are after ``before``."""
        for leg in call.legs.keys() - before.keys():
            self.by_leg[call.pbx, leg] = call.id
        for leg in before.keys() - call.legs.keys():
            self._unindex(call, leg)

    def _unindex(self, call: Call, leg: ChannelId) -> None:
        if self.by_leg.get((call.pbx, leg)) == call.id:
            del self.by_leg[call.pbx, leg]

    def put_agent(self, agent: Agent) -> None:
        """Take the next value of an agent."""
        known = self.state.agents.get(agent.id)
        if known is not agent:
            if known is not None and self._by_extension.get(known.extension) == agent.id:
                del self._by_extension[known.extension]
            self.state.agents[agent.id] = agent
            self._by_extension[agent.extension] = agent.id
            self._agents.add(agent.id)
            self._changed = True

    def put_queue(self, queue: Queue) -> None:
        """Take the next value of a queue."""
        if self.state.queues.get(queue.name) is not queue:
            self.state.queues[queue.name] = queue
            self._queues.add(queue.name)
            self._changed = True

    def put_link(self, link: Link) -> None:
        """Take the next value of a link."""
        self.state.links[link.pbx] = link
        self._links.add(link.pbx)
        self._changed = True

    # -------------------------------------------------------------- a visit to a queue

    def visiting(self, call: Call, queue: QueueName, at: datetime) -> Call:
        """Return the call as a visitor of this queue, counting the visit if it is a new one."""
        if call.queue == queue:
            return call
        self.leave_line(call)
        self.put_queue(queues.offered(self.queue(queue)))
        return calls.visiting(call, queue, at)

    def gave_up(self, call: Call, wait_s: int, at: datetime) -> Call:
        """Return the call of a caller who gave up waiting."""
        if call.queue is None or call.counted:
            return call
        self.leave_line(call)
        self.put_queue(queues.abandoned(self.queue(call.queue)))
        call = calls.left_queue(call, at, VisitEnd.ABANDONED, wait_s=wait_s)
        return changed(call, abandoned=True, counted=True)

    def count_answer(self, call: Call, wait_s: int, at: datetime) -> Call:
        """Return the call with its visit counted as answered after ``wait_s``."""
        if call.queue is None or call.counted:
            return call
        self.leave_line(call)
        self.put_queue(queues.answered(self.queue(call.queue), wait_s, target_s=self.rules.target_s))
        return changed(calls.left_queue(call, at, VisitEnd.ANSWERED, wait_s=wait_s), counted=True)

    # -------------------------------------------------------------- offers

    def offer(self, call: Call, extension: Extension, at: datetime) -> Call:
        """Return the call offered to the agent with this phone; every offer is raised once."""
        agent = self.agent_with(extension)
        if agent is None or call.queue is None or self._is_known_offer(call, agent, at):
            return call
        offer = Offer(call.id, agent.id, call.queue, at)
        self.put_agent(agents.offered(agent, offer))
        self._offers.append(offer)
        self._changed = True
        call = _with_offers(call, (*call.offers, offer))
        return call if calls.in_conversation(call) else calls.moved(call, calls.CallMove.OFFERED, at)

    @staticmethod
    def _is_known_offer(call: Call, agent: Agent, at: datetime) -> bool:
        return (
            any(offer.agent == agent.id for offer in call.offers)
            or (agent.offer_over_at is not None and at < agent.offer_over_at)
            or calls.open_talk(call, agent.extension) is not None
            or calls.is_old_news(call, agent.extension, at)
        )

    def end_offer(self, call: Call, extension: Extension, at: datetime, *, missed: bool) -> Call:
        """Return the call once this phone has stopped ringing without an answer."""
        agent = self.agent_with(extension)
        if agent is None:
            return call
        offer = next((offer for offer in call.offers if offer.agent == agent.id), None)
        if offer is None:
            if missed:
                self.put_agent(agents.missed_after_all(agent, call.id, at))
            return call
        self.put_agent(agents.offer_over(agent, offer, at, missed=missed))
        self._offers_over.append(offer)
        self._changed = True
        call = _with_offers(call, tuple(other for other in call.offers if other is not offer))
        return call if call.offers or calls.in_conversation(call) else self.back(call, at)

    def back(self, call: Call, at: datetime) -> Call:
        """Return a call that rings or talks no longer to where it is now."""
        if call.parked is not None:
            return call
        move = calls.CallMove.WAITS_AGAIN if self.waits(call) else calls.CallMove.SENT_ON
        call = calls.moved(call, move, at)
        return calls.moved(call, calls.CallMove.OFFERED, at) if call.offers else call

    # -------------------------------------------------------------- conversations

    def connect(
        self,
        call: Call,
        extension: Extension,
        at: datetime,
        kind: TalkKind = TalkKind.CALLER,
        *,
        since: datetime | None = None,
    ) -> Call:
        """Return the call once this phone's conversation has begun, at ``since`` at the earliest if that is given.

        A known conversation begins once. Who talked with a colleague and now talks with the caller has ended the one
        and begun the other.
        """
        talk = calls.open_talk(call, extension)
        if talk is not None and (talk.kind is kind or kind is TalkKind.COLLEAGUE):
            return call
        if calls.is_old_news(call, extension, at):
            return call
        if talk is not None:
            call = calls.talk_over(call, talk, at)
        begun = calls.earliest(call, extension, since) if since is not None else at
        agent = self.agent_with(extension)
        if agent is None:
            return calls.connected(call, extension, None, begun, kind)
        self.put_agent(agents.connected(agent, call.id, begun, kind))
        if call.offers:
            call = _with_offers(call, tuple([offer for offer in call.offers if offer.agent != agent.id]))
        return calls.connected(call, extension, agent.id, begun, kind)

    def told(self, call: Call) -> Call:
        """Let the agents who talk in the call know what their conversation is doing now."""
        for talk in call.talks:
            agent = self.agent_with(talk.extension) if talk.until is None else None
            if agent is not None and agent.call is not None:
                self._tell(agent, call if agent.call == call.id else self.call(agent.call))
        return call

    def _tell(self, agent: Agent, call: Call | None) -> None:
        talk = calls.open_talk(call, agent.extension) if call is not None else None
        if call is not None and talk is not None:
            self.put_agent(agents.doing(agent, call, talk, self.is_agents))

    def end_talk(self, call: Call, extension: Extension, at: datetime) -> Call:
        """Return the call once this phone's conversation is over; the agent goes into wrap-up."""
        talk = calls.open_talk(call, extension)
        if talk is None:
            return call
        if call.queued_at is not None and call.queued_at <= talk.since and talk.kind is TalkKind.CALLER:
            call = self.count_answer(call, calls.seconds(call.queued_at, talk.since), talk.since)
        call = calls.talk_over(call, talk, at)
        self._let_go(call, talk, at)
        return call if calls.in_conversation(call) else self.back(call, at)

    def _let_go(self, call: Call, talk: Talk, at: datetime) -> None:
        agent = self.agent_with(talk.extension)
        if agent is None or call.id not in agent.talks_in or agent.routing is not RoutingStatus.ON_CALL:
            return
        served = call.queue is not None and talk.kind is TalkKind.CALLER
        wrap_up_s = self.queue(call.queue).wrap_up_s if served and call.queue is not None else None
        agent = agents.hung_up(agent, call.id, at, wrap_up_s=wrap_up_s)
        self.put_agent(agent)
        if agent.talks_in:
            self._tell(agent, self.call(agent.talks_in[0]))

    def phone_died(self, call: Call, extension: Extension) -> None:
        """Let the agent whose phone died in this call be offered nothing more after wrap-up."""
        agent = self.agent_with(extension)
        if agent is not None and agent.call == call.id:
            self.put_agent(agents.phone_died(agent))

    # -------------------------------------------------------------- the end

    def end_call(self, call: Call, at: datetime, *, restart: bool = False) -> None:
        """End a call: whoever still rings, talks or waits in it does so no longer."""
        for offer in call.offers:
            call = self.end_offer(call, self.state.agents[offer.agent].extension, at, missed=False)
        for talk in call.talks:
            call = self.end_talk(call, talk.extension, at)
        call = self.caller_gone(call, at, restart=restart)
        known = self.state.calls.pop(call.id)
        del self._by_pbx[call.pbx][call.id]
        for leg in known.legs:
            self._unindex(known, leg)
        self._calls.add(call.id)
        self._changed = True
        while len(self._recent) >= self.rules.recent_calls:
            self.state.recent.pop(self._recent.popleft(), None)
        self.put_call(calls.ended(call, at, call.cause, restart=restart))

    def caller_gone(self, call: Call, at: datetime, *, restart: bool = False) -> Call:
        """Return the call once its caller is there no longer: who waited gave up, unless the PBX went away."""
        if call.queued_at is None or not self.waits(call):
            return call
        if not restart:
            call = self.gave_up(call, calls.seconds(call.queued_at, at), at)
        self.leave_line(call)
        return call


def _with_offers(call: Call, offers: tuple[Offer, ...]) -> Call:
    latest = offers[-1] if offers else None
    return replace(
        call,
        offers=offers,
        offered_to=latest.agent if latest else None,
        offered_at=latest.at if latest else None,
    )
