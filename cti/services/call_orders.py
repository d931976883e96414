"""What agents do with the calls they have: transfer, consult, take back, hand over, join. Each order is one of ours.

Channels are Asterisk's, and go only to the contexts of ``hydrophone-extensions.conf`` that are made for this; the
names in them come from the centre, never from a request. What became of an order is seen in the call afterwards, as
everything is. A caller whose agent is gone while they wait for a colleague's answer goes to the head of the queue.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import AmiError
from cti.ami.messages import Response
from cti.domain import handling
from cti.domain.events import AgentMuted
from cti.domain.handling import Handling, Parties
from cti.domain.ids import AgentId, CallId, PbxName, QueueName, number_of, pbx_of
from cti.domain.model import Agent, Changes
from cti.services.errors import (
    CallMovedOnError,
    ColleagueBusyError,
    NoSuchAgentError,
    NoSuchTargetError,
    NotWithCallerError,
)
from cti.services.live import Live

_log = logging.getLogger(__name__)

TRANSFER: Final = "hydrophone-handling"
HOLD: Final = "hydrophone-hold"
CONSULT: Final = "hydrophone-consult"
CONFERENCE: Final = "hydrophone-conference"
TO_QUEUE: Final = "queue"
HELD: Final = "HYDROPHONE_HELD"
QUEUE: Final = "HYDROPHONE_QUEUE"


class Link(Protocol):
    """The part of the AMI link that orders need."""

    async def send(self, action: AmiAction) -> Response:
        """Ask one thing."""


class CallOrders:
    """Owns which callers wait for an agent who consults, and, while :meth:`run` runs, the task that rescues them."""

    def __init__(self, live: Live, links: Mapping[PbxName, Link], now: Callable[[], datetime]) -> None:
        self.rescued = 0
        self._live = live
        self._links = links
        self._now = now
        self._waiting: dict[CallId, bool] = {}  # whether the agent has been seen apart from them
        self._lost: dict[CallId, None] = {}
        self._wake = asyncio.Event()

    # -------------------------------------------------------------- orders

    async def transfer_to_queue(self, agent: AgentId, queue: QueueName) -> None:
        """Send the caller into a queue of this site, before all others there; the agent is free of them."""
        now = self._parties(agent, Handling.TRANSFER)
        if queue not in self._live.state.queues:
            raise NoSuchTargetError
        await self._do(now.call.pbx, actions.set_var(QUEUE, queue, now.caller.channel))
        await self._do(now.call.pbx, actions.blind_transfer(now.agent.channel, context=TRANSFER, extension=TO_QUEUE))

    async def transfer_to_agent(self, agent: AgentId, colleague: AgentId) -> None:
        """Send the caller to a colleague's phone; if that is not answered, back into the queue."""
        now = self._parties(agent, Handling.TRANSFER)
        target = self._colleague(agent, colleague)
        await self._queue_after(now)
        await self._do(
            now.call.pbx, actions.blind_transfer(now.agent.channel, context=TRANSFER, extension=target.extension)
        )

    async def consult(self, agent: AgentId, colleague: AgentId) -> None:
        """Let the caller wait, and ring a colleague."""
        now = self._parties(agent, Handling.CONSULT)
        target = self._colleague(agent, colleague)
        await self._queue_after(now)
        await self._do(now.call.pbx, actions.set_var(HELD, now.caller.channel, now.agent.channel))
        self._waiting[now.call.id] = False
        await self._do(
            now.call.pbx,
            actions.redirect(
                now.caller.channel,
                context=HOLD,
                extension="s",
                other=(now.agent.channel, CONSULT, number_of(target.extension)),
            ),
        )

    async def take_back(self, agent: AgentId) -> None:
        """Let the colleague go, ringing or not; the agent is back with the caller."""
        now = self._parties(agent, Handling.TAKE_BACK)
        if now.colleague is not None:
            await self._do(now.call.pbx, actions.hangup(now.colleague.channel))

    async def hand_over(self, agent: AgentId) -> None:
        """Let the colleague have the caller; the agent is free of them."""
        now = self._parties(agent, Handling.HAND_OVER)
        if now.colleague is not None:
            await self._do(now.call.pbx, actions.set_var(HELD, "", now.agent.channel))
            await self._do(now.call.pbx, actions.bridge(now.caller.channel, now.colleague.channel))

    async def join(self, agent: AgentId) -> None:
        """Have caller, agent and colleague in one conversation."""
        now = self._parties(agent, Handling.JOIN)
        if now.colleague is not None:
            other = (now.colleague.channel, CONFERENCE, "agent")
            await self._do(
                now.call.pbx, actions.redirect(now.agent.channel, context=CONFERENCE, extension="agent", other=other)
            )
            await self._do(now.call.pbx, actions.redirect(now.caller.channel, context=CONFERENCE, extension="caller"))

    async def mute(self, agent: AgentId, *, muted: bool) -> None:
        """Note what the agent's console says of its microphone."""
        if not self._agent(agent).talks_in:
            raise NotWithCallerError
        self._live.apply(AgentMuted(at=self._now(), agent=agent, muted=muted))

    # -------------------------------------------------------------- checks

    def _agent(self, agent: AgentId) -> Agent:
        known = self._live.state.agents.get(agent)
        if known is None:
            raise NoSuchAgentError
        return known

    def _parties(self, agent: AgentId, what: Handling) -> Parties:
        found = handling.parties(self._live.state, self._agent(agent), what)
        if found is None:
            raise NotWithCallerError
        return found

    def _colleague(self, agent: AgentId, colleague: AgentId) -> Agent:
        known = self._live.state.agents.get(colleague)
        if known is None or colleague == agent or pbx_of(known.extension) != pbx_of(self._agent(agent).extension):
            raise NoSuchTargetError
        if not handling.is_free(known):
            raise ColleagueBusyError
        return known

    async def _queue_after(self, now: Parties) -> None:
        """Have the dialplan know into which queue the caller goes if nobody answers."""
        if now.call.queue is not None:
            await self._do(now.call.pbx, actions.set_var(QUEUE, now.call.queue, now.caller.channel))

    async def _do(self, pbx: PbxName, action: AmiAction) -> None:
        try:
            response = await self._links[pbx].send(action)
        except AmiError as error:
            _log.warning("%s failed: %s", action.name, error)
            raise CallMovedOnError from error
        if not response.success:
            _log.warning("the PBX refused %s", action.name)
            raise CallMovedOnError

    # -------------------------------------------------------------- callers nobody comes back to

    def on_changes(self, changes: Changes) -> None:
        """Look after the callers who wait for an agent to come back."""
        for id_ in self._waiting.keys() & changes.calls:
            call = self._live.state.calls.get(id_)
            if call is not None and any(talk.apart for talk in call.talks):
                self._waiting[id_] = True
            elif call is None or self._waiting[id_]:
                self._no_longer_apart(id_)

    def _no_longer_apart(self, call: CallId) -> None:
        """Somebody talks with the caller again, or nobody will."""
        del self._waiting[call]
        if handling.lost(self._live.state, call) is not None:
            self._lost[call] = None
            self._wake.set()

    async def run(self) -> None:
        """Send callers whose agent is gone to the head of the queue, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._lost:
                call = next(iter(self._lost))
                del self._lost[call]
                await self._rescue(call)

    async def _rescue(self, call: CallId) -> None:
        known = handling.lost(self._live.state, call)
        caller = known.legs.get(known.first_leg) if known is not None else None
        if known is None or caller is None:
            return
        try:
            await self._do(known.pbx, actions.redirect(caller.channel, context=TRANSFER, extension=TO_QUEUE))
        except CallMovedOnError:
            _log.info("call %s stays on hold until the dialplan sends it on", call)
        else:
            self.rescued += 1
