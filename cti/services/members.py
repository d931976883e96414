"""The queues have the agents as the centre has them: in or out, paused or not.

Not a reaction to this or that, but a comparison: what should be (``membership_due``) with what the PBX says it is.
So it may be done at any time and any number of times; after a PBX restart, a lost answer or a missed event the next
comparison sets it right.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, Protocol

from cti.ami.actions import AmiAction
from cti.ami.errors import AmiError, LinkError
from cti.ami.messages import Response
from cti.domain.agents import membership_due
from cti.domain.ids import AgentId, PbxName, pbx_of
from cti.domain.model import Agent, Changes
from cti.domain.orders import AddMember, Order, PauseMember, RemoveMember, UnpauseMember
from cti.services.live import Live
from cti.translator import action

_log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0


class Link(Protocol):
    """The part of the AMI link that orders need."""

    async def send(self, action: AmiAction) -> Response:
        """Ask one thing."""


def orders_due(agent: Agent) -> Iterator[Order]:
    """Yield what it takes to have the agent in the queues as they should be."""
    due = membership_due(agent)
    for queue in agent.queues:
        known = agent.memberships.get(queue)
        if due is None:
            continue
        if known is None:
            yield AddMember(
                queue=queue, extension=agent.extension, agent=agent.id, paused=due.paused, reason=due.reason
            )
        elif due.paused and known != due:
            yield PauseMember(queue=queue, extension=agent.extension, reason=due.reason)
        elif known.paused and not due.paused:
            yield UnpauseMember(queue=queue, extension=agent.extension)
    for queue in agent.memberships:
        if due is None or queue not in agent.queues:
            yield RemoveMember(queue=queue, extension=agent.extension)


class Members:
    """Owns the one task that gives orders about members, while :meth:`run` runs."""

    def __init__(
        self,
        live: Live,
        pbx: PbxName,
        link: Link,
        *,
        further: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Care for the agents whose phones are on this PBX, which is the site's first or a ``further`` one."""
        self.refused = 0
        self._live = live
        self._pbx = pbx
        self._home = pbx if further else None
        self._link = link
        self._sleep = sleep
        self._due: dict[AgentId, None] = {}
        self._wake = asyncio.Event()

    def on_changes(self, changes: Changes) -> None:
        """Compare the agents that changed; all of them when the truth was taken anew."""
        if self._pbx in changes.links:
            self._due.update(dict.fromkeys(self._live.state.agents))
        self._due.update(dict.fromkeys(changes.agents))
        if self._due:
            self._wake.set()

    async def run(self) -> None:
        """Give orders until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._wake.wait()
            self._wake.clear()
            if await self._round():
                pause_s = FIRST_PAUSE_S
                continue
            await self._sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            self._wake.set()

    async def _round(self) -> bool:
        """Give the orders that are due; tell whether all of them were carried out, or have to wait for the link."""
        failed: dict[AgentId, None] = {}
        while self._due and self._is_sure():
            agent = next(iter(self._due))
            del self._due[agent]
            known = self._live.state.agents[agent]
            if pbx_of(known.extension) == self._home and not await self._settle(known):
                failed[agent] = None
        self._due.update(failed)
        return not failed

    def _is_sure(self) -> bool:
        """Tell whether the PBX has been asked since the link came up: before that, nobody is removed or added."""
        link = self._live.state.links.get(self._pbx)
        return link is not None and link.up and link.synced_at is not None and link.synced_at >= link.since

    async def _settle(self, agent: Agent) -> bool:
        for order in orders_due(agent):
            try:
                response = await self._link.send(action(order))
            except LinkError as error:
                _log.info("no order for agent %s: %s", agent.id, error)
                return False
            except AmiError as error:
                _log.warning("%s for agent %s failed: %s", type(order).__name__, agent.id, error)
                return False
            if not response.success:
                self.refused += 1
                _log.warning("the PBX refused %s for agent %s", type(order).__name__, agent.id)
                return False
        return True
