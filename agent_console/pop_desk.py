"""When each pop is made, and whose it is.

The stores are asked when a caller joins the queue, so that at the offer the pop only needs sending. If they have not
answered by then it waits 300 ms at most, goes out without them, and once more when they have.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from agent_console.pop import Answers, Question, build, gather, without_answers
from agent_console.ports import LiveCentre, Stores
from agent_console.views import WAITING
from agent_console.wire_live import Pop
from cti.domain.calls import in_conversation
from cti.domain.ids import AgentId, CallId, QueueName
from cti.domain.model import Agent, Call, Changes, Offer, RoutingStatus

log = logging.getLogger(__name__)

PATIENCE_S = 0.3
ASKING_AT_ONCE = 4
"""Callers whose data is fetched at the same time: below the pool's size, so that saving is never crowded out."""
BUSY = frozenset({RoutingStatus.RINGING, RoutingStatus.ON_CALL, RoutingStatus.WRAP_UP})


class PopScreen(Protocol):
    """Where pops go: the push channel."""

    def show(self, agent: AgentId, pop: Pop) -> None:
        """Show this pop, now or in place of the one of the same call."""

    def withdraw(self, agent: AgentId, call: CallId) -> None:
        """Take it away: the offer is over without an answer."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """The stores being asked, or asked, about one call."""

    question: Question
    task: asyncio.Task[Answers]

    @property
    def answers(self) -> Answers | None:
        """What they said, if they have said it."""
        if not self.task.done() or self.task.cancelled() or self.task.exception() is not None:
            return None
        return self.task.result()


@dataclass(frozen=True, slots=True)
class Showing:
    """An agent's current pop. ``call`` is the call as it was last seen, for after it has ended."""

    call: Call
    queue: QueueName
    offered_at: datetime
    pop: Pop | None = None


class PopDesk:
    """Owns the fetches of waiting calls and each agent's current pop; every task it starts ends with it."""

    def __init__(
        self,
        live: LiveCentre,
        stores: Stores,
        now: Callable[[], datetime],
        *,
        region: str,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._live = live
        self._stores = stores
        self._now = now
        self._region = region
        self._patience_s = patience_s
        self._screen: PopScreen | None = None
        self._fetches: dict[CallId, Fetch] = {}
        self._showing: dict[AgentId, Showing] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._gate = asyncio.Semaphore(ASKING_AT_ONCE)

    def show_on(self, screen: PopScreen) -> None:
        """Send pops there from now on."""
        self._screen = screen

    def peek(self, agent: AgentId) -> Pop | None:
        """Return the agent's current pop as far as it is known."""
        showing = self._showing.get(agent)
        return showing.pop if showing is not None else None

    async def current(self, agent: AgentId) -> Pop | None:
        """Return the agent's current pop, waiting a moment if it is just being made."""
        showing = self._showing.get(agent)
        fetch = self._fetches.get(showing.call.id) if showing is not None else None
        if fetch is not None and self.peek(agent) is None:
            await asyncio.wait({fetch.task}, timeout=self._patience_s)
            self._show(agent, fetch)
        return self.peek(agent)

    def on_changes(self, changes: Changes) -> None:
        """Follow the live state: offers first, since a phone is about to ring."""
        for offer in changes.offers:
            self._offer(offer)
        for offer in changes.offers_over:
            self._offer_over(offer)
        for call in changes.ended:
            self._ended(call)
        for call_id in changes.calls:
            self._follow_call(call_id)
        for agent_id in changes.agents:
            self._follow_agent(agent_id)

    async def aclose(self) -> None:
        """Stop all that is still being fetched."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -------------------------------------------------------------- following the live state

    def _offer(self, offer: Offer) -> None:
        call = self._live.state.calls.get(offer.call)
        if call is None:
            return
        fetch = self._fetch(call)
        self._showing[offer.agent] = Showing(call, offer.queue, offer.at)
        if fetch.answers is not None:
            self._show(offer.agent, fetch)
        else:
            self._background(self._show_soon(offer.agent, fetch), f"pop of {call.id}")

    def _offer_over(self, offer: Offer) -> None:
        call = self._live.state.calls.get(offer.call)
        showing = self._showing.get(offer.agent)
        if showing is None or showing.call.id != offer.call:
            return
        if call is not None and (call.agent == offer.agent or call.offered_to == offer.agent):
            return
        del self._showing[offer.agent]
        if self._screen is not None:
            self._screen.withdraw(offer.agent, offer.call)

    def _ended(self, call: Call) -> None:
        self._keep_last_sight(call)
        if not any(showing.call.id == call.id for showing in self._showing.values()):
            self._forget(call.id)

    def _follow_call(self, call_id: CallId) -> None:
        call = self._live.state.calls.get(call_id)
        if call is None:
            return
        self._keep_last_sight(call)
        if call.stage in WAITING:
            self._fetch(call)

    def _follow_agent(self, agent_id: AgentId) -> None:
        agent = self._live.state.agents.get(agent_id)
        if agent is None:
            return
        showing = self._showing.get(agent_id)
        if showing is not None and self._is_over(agent, showing):
            del self._showing[agent_id]
            self._forget(showing.call.id)
        elif agent.call is not None and agent.routing in BUSY and (showing is None or showing.call.id != agent.call):
            self._catch_up(agent)

    def _catch_up(self, agent: Agent) -> None:
        """Make the pop of a call that is at the agent's phone although no offer was seen, as after a restart."""
        call = self._live.state.calls.get(agent.call) if agent.call is not None else None
        queue = (call.queue if call is not None else None) or next(iter(agent.queues), None)
        if call is not None and call.inbound and queue is not None:
            self._offer(Offer(call.id, agent.id, queue, call.offered_at or call.answered_at or self._now()))

    def _is_over(self, agent: Agent, showing: Showing) -> bool:
        call = self._live.state.calls.get(showing.call.id)
        at_their_phone = agent.call == showing.call.id or (
            call is not None and (call.offered_to == agent.id or (call.agent == agent.id and in_conversation(call)))
        )
        return not at_their_phone and agent.routing not in BUSY

    def _keep_last_sight(self, call: Call) -> None:
        for agent, showing in self._showing.items():
            if showing.call.id == call.id:
                self._showing[agent] = replace(showing, call=call)

    # -------------------------------------------------------------- asking and showing

    def _fetch(self, call: Call) -> Fetch:
        question = Question.about(call, self._region)
        known = self._fetches.get(call.id)
        if known is not None and known.question == question and not known.task.cancelled():
            return known
        if known is not None:
            known.task.cancel()
        fetch = self._ask(question)
        for agent, showing in self._showing.items():
            if showing.call.id == call.id:
                # an agent who sees nothing yet does not wait for the new answers longer than for the first
                show = self._show_soon if showing.pop is None else self._show_when_known
                self._background(show(agent, fetch), f"new data for the pop of {call.id}")
        return fetch

    def _ask(self, question: Question) -> Fetch:
        fetch = Fetch(question, self._spawn(self._gather(question), f"data for the pop of {question.call}"))
        self._fetches[question.call] = fetch
        return fetch

    async def _gather(self, question: Question) -> Answers:
        async with self._gate:
            return await gather(question, self._stores)

    def _forget(self, call: CallId) -> None:
        fetch = self._fetches.pop(call, None)
        if fetch is not None:
            fetch.task.cancel()

    async def _show_soon(self, agent: AgentId, fetch: Fetch) -> None:
        await asyncio.wait({fetch.task}, timeout=self._patience_s)
        if fetch.answers is None:
            self._show(agent, fetch)
        await self._show_when_known(agent, fetch)

    async def _show_when_known(self, agent: AgentId, fetch: Fetch) -> None:
        await asyncio.wait({fetch.task})
        if fetch.answers is not None:
            self._show(agent, fetch)

    def _show(self, agent: AgentId, fetch: Fetch) -> None:
        showing = self._showing.get(agent)
        if showing is None or self._fetches.get(showing.call.id) is not fetch:
            return
        answers = fetch.answers or without_answers(fetch.question)
        pop = build(showing.call, fetch.question, answers, queue=showing.queue, offered_at=showing.offered_at)
        if pop == showing.pop:
            return
        self._showing[agent] = replace(showing, pop=pop)
        if self._screen is not None:
            self._screen.show(agent, pop)

    def _background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        _ = self._spawn(work, name)

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s failed", task.get_name(), exc_info=task.exception())
