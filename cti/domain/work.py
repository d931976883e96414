"""The state while one event is applied to it: where the handlers look things up and put the next values.

What several groups of handlers do alike is here: offers, conversations, and the end of a call.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from cti.domain import agents, calls, queues
from cti.domain.ids import AgentId, CallId, Extension, PbxName, QueueName
from cti.domain.model import Agent, Call, CentreState, Changes, Link, Offer, Queue, RoutingStatus
from cti.domain.values import replace

NOTHING: Final = Changes()
"""What most events change: the PBX tells a thing several times."""


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
        self._changed = False
        self._calls: set[CallId] = set()
        self._agents: set[AgentId] = set()
        self._queues: set[QueueName] = set()
        self._links: set[PbxName] = set()
        self._ended: dict[CallId, Call] = {}
        self._offers: list[Offer] = []
        self._offers_over: list[Offer] = []
        self._noted = (
            *(self._calls, self._agents, self._queues, self._links),
            *(self._ended, self._offers, self._offers_over),
        )

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
            calls=frozenset(self._calls),
            agents=frozenset(self._agents),
            queues=frozenset(self._queues),
            links=frozenset(self._links),
            ended=tuple(self._ended.values()),
            offers=tuple(self._offers),
            offers_over=tuple(self._offers_over),
        )
        for noted in self._noted:
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

    def calls_of(self, pbx: PbxName) -> Iterator[Call]:
        """Yield the live calls of one PBX; calls may end meanwhile."""
        return (call for call in list(self.state.calls.values()) if call.pbx == pbx)

    def agent_with(self, extension: Extension) -> Agent | None:
        """Return the agent whose phone this is."""
        return self.state.agents.get(self._by_extension.get(extension, AgentId("")))

    def queue(self, queue: QueueName) -> Queue:
        """Return a queue, a new one if nobody told us of it."""
        return self.state.queues.get(queue) or Queue(queue)

    def waits(self, call: Call) -> bool:
        """Tell whether the caller waits in their queue now."""
        return call.queue is not None and call.id in self.queue(call.queue).waiting

    # -------------------------------------------------------------- putting: what is the very value has not changed

    def put_call(self, call: Call) -> None:
        """Take the next value of a call, live or ended."""
        if call.ended_at is None:
            if self.state.calls.get(call.id) is not call:
                self.state.calls[call.id] = call
                self._calls.add(call.id)
                self._changed = True
        elif self.state.recent.get(call.id) is not call:
            self.state.recent[call.id] = call
            self._ended[call.id] = call
            self._changed = True

    def put_agent(self, agent: Agent) -> None:
        """Take the next value of an agent."""
        if self.state.agents.get(agent.id) is not agent:
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
        self.put_queue(queues.offered(self.queue(queue)))
        return replace(call, queue=queue, queued_at=at, counted=False)

    def gave_up(self, call: Call, wait_s: int) -> Call:
        """Return the call of a caller who gave up waiting."""
        if call.queue is None or call.counted:
            return call
        self.put_queue(queues.abandoned(queues.left(self.queue(call.queue), call.id)))
        return replace(call, abandoned=True, counted=True, wait_s=wait_s)

    def count_answer(self, call: Call, wait_s: int) -> Call:
        """Return the call with its visit counted as answered after ``wait_s``."""
        if call.queue is None or call.counted:
            return call
        queue = queues.left(self.queue(call.queue), call.id)
        self.put_queue(queues.answered(queue, wait_s, target_s=self.rules.target_s))
        return replace(call, counted=True, wait_s=wait_s)

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
        return calls.moved(_with_offers(call, (*call.offers, offer)), calls.CallMove.OFFERED, at)

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
        offer = next((offer for offer in call.offers if agent is not None and offer.agent == agent.id), None)
        if agent is None:
            return call
        if offer is None:
            if missed:
                self.put_agent(agents.missed_after_all(agent, call.id, at))
            return call
        self.put_agent(agents.offer_over(agent, offer, at, missed=missed))
        self._offers_over.append(offer)
        self._changed = True
        call = _with_offers(call, tuple(other for other in call.offers if other is not offer))
        return call if call.offers or calls.in_conversation(call) else self._back(call, at)

    def _back(self, call: Call, at: datetime) -> Call:
        """Return a call that rings or talks no longer to where it is now."""
        move = calls.CallMove.WAITS_AGAIN if self.waits(call) else calls.CallMove.SENT_ON
        return calls.moved(call, move, at)

    # -------------------------------------------------------------- conversations

    def connect(self, call: Call, extension: Extension, at: datetime) -> Call:
        """Return the call once this phone's conversation has begun; a known one begins once."""
        if calls.open_talk(call, extension) is not None or calls.is_old_news(call, extension, at):
            return call
        agent = self.agent_with(extension)
        if agent is None:
            return calls.connected(call, extension, None, at)
        self.put_agent(agents.connected(agent, call.id, at))
        call = _with_offers(call, tuple(offer for offer in call.offers if offer.agent != agent.id))
        return calls.connected(call, extension, agent.id, at)

    def end_talk(self, call: Call, extension: Extension, at: datetime) -> Call:
        """Return the call once this phone's conversation is over; the agent goes into wrap-up."""
        talk = calls.open_talk(call, extension)
        if talk is None:
            return call
        if call.queued_at is not None and call.queued_at <= talk.since:
            call = self.count_answer(call, calls.seconds(call.queued_at, talk.since))
        call = calls.talk_over(call, talk, at)
        self._let_go(call, extension, at)
        return call if calls.in_conversation(call) else self._back(call, at)

    def _let_go(self, call: Call, extension: Extension, at: datetime) -> None:
        agent = self.agent_with(extension)
        if agent is None or agent.call != call.id or agent.routing is not RoutingStatus.ON_CALL:
            return
        wrap_up_s = None if call.queue is None else self.queue(call.queue).wrap_up_s
        self.put_agent(agents.hung_up(agent, at, wrap_up_s=wrap_up_s))

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
        self.state.calls.pop(call.id, None)
        self._calls.add(call.id)
        self._changed = True
        while len(self.state.recent) >= self.rules.recent_calls:
            self.state.recent.pop(next(iter(self.state.recent)))
        self.put_call(calls.ended(call, at, call.cause, restart=restart))

    def caller_gone(self, call: Call, at: datetime, *, restart: bool = False) -> Call:
        """Return the call once its caller is there no longer: who waited gave up, unless the PBX went away."""
        queue = call.queue
        if queue is None or call.queued_at is None or not self.waits(call):
            return call
        if not restart:
            call = self.gave_up(call, calls.seconds(call.queued_at, at))
        self.put_queue(queues.left(self.queue(queue), call.id))
        return call


def _with_offers(call: Call, offers: tuple[Offer, ...]) -> Call:
    latest = offers[-1] if offers else None
    return replace(
        call,
        offers=offers,
        offered_to=latest.agent if latest else None,
        offered_at=latest.at if latest else None,
    )
