"""What a console may order: presence and wrap-up. Fulfils ``agent_console.ports.LiveCentre``."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from cti.domain.events import Presence, PresenceChosen, WrapUpEnded, WrapUpExtended
from cti.domain.ids import AgentId, ReasonCode
from cti.domain.model import Agent, CentreState, Changes
from cti.services.call_orders import CallOrders
from cti.services.consoles import Consoles
from cti.services.errors import (
    NoSuchAgentError,
    NoSuchReasonError,
    NotInWrapUpError,
    NotRecordedError,
    WrapUpTooLongError,
)
from cti.services.live import Live

LONGEST_WRAP_UP_S: Final = 3600


class ConsoleOrders:
    """The live centre as consoles see it."""

    def __init__(
        self,
        live: Live,
        consoles: Consoles,
        handling: CallOrders,
        now: Callable[[], datetime],
        *,
        reasons: Collection[ReasonCode] = (),
        full: Callable[[], bool] = lambda: False,
    ) -> None:
        self.handling = handling
        self._live = live
        self._consoles = consoles
        self._now = now
        self._reasons = frozenset(reasons)
        self._full = full

    @property
    def state(self) -> CentreState:
        """The state now; read it at once, in the same turn of the loop."""
        return self._live.state

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``listener`` after each change, in order; returns the function that stops it."""
        return self._live.listen(listener)

    async def choose_presence(
        self, agent: AgentId, presence: Presence, *, by: AgentId, reason: ReasonCode | None = None
    ) -> None:
        """Set the agent's presence, now or after the call they are in. Only *away* may have a reason of the site's."""
        self._agent(agent)
        if reason is not None and (presence is not Presence.AWAY or reason not in self._reasons):
            raise NoSuchReasonError
        self._consoles.chose(agent)
        self._live.apply(PresenceChosen(at=self._now(), agent=agent, presence=presence, by=by, reason=reason))

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        """Give the agent more time after the call."""
        until = self._wrap_up_until(self._agent(agent))
        if until + timedelta(seconds=by_s) > self._now() + timedelta(seconds=LONGEST_WRAP_UP_S):
            raise WrapUpTooLongError
        self._live.apply(WrapUpExtended(at=self._now(), agent=agent, by_s=by_s))

    async def finish_wrap_up(self, agent: AgentId) -> None:
        """End the agent's wrap-up now."""
        self._wrap_up_until(self._agent(agent))
        self._live.apply(WrapUpEnded(at=self._now(), agent=agent, timed_out=False))

    def console_opened(self, agent: AgentId) -> None:
        """Note that the agent has a console connected."""
        self._consoles.opened(agent)

    def console_closed(self, agent: AgentId) -> None:
        """Note that the agent's console is gone; after the grace time that is a ``ConsoleLost``."""
        self._consoles.closed(agent)

    def _agent(self, agent: AgentId) -> Agent:
        """Return the agent whose order this is, if it can be kept: nothing is acknowledged that is not."""
        if self._full():
            raise NotRecordedError
        known = self._live.state.agents.get(agent)
        if known is None:
            raise NoSuchAgentError
        return known

    @staticmethod
    def _wrap_up_until(agent: Agent) -> datetime:
        if agent.wrap_up_until is None:
            raise NotInWrapUpError
        return agent.wrap_up_until
