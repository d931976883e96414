"""The past, played: the live centre as consoles know it, except that what they see is a replay and obeys nobody."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from cti.domain.events import Presence
from cti.domain.ids import AgentId, ReasonCode
from cti.domain.model import CentreState, Changes
from cti.domain.values import replace
from cti.services.call_orders import CallOrders
from cti.services.errors import CentreError
from cti.services.journal.replay import Fold, Step


class Stage:
    """Owns the replayed state and its clock. :meth:`play` is the one task that moves both."""

    def __init__(
        self,
        fold: Fold,
        since: datetime,
        until: datetime,
        speed: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fold = fold
        self._since = since
        self._until = until
        self._speed = speed
        self._monotonic = monotonic
        self._sleep = sleep
        self._began_s = monotonic()
        self._calls = set(fold.state.calls)
        self._listeners: list[Callable[[Changes], None]] = []

    @property
    def state(self) -> CentreState:
        """The state at the time of the replay."""
        return self._fold.state

    def now(self) -> datetime:
        """Return the time of the replay; it stands still at the end."""
        passed = timedelta(seconds=(self._monotonic() - self._began_s) * self._speed)
        return min(self._until, self._since + passed)

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``listener`` after each change; returns the function that stops it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    async def pace(self, at: datetime) -> None:
        """Wait until it is that time in the replay."""
        due_s = self._began_s + (at - self._since).total_seconds() / self._speed
        await self._sleep(max(0.0, due_s - self._monotonic()))

    async def play(self, steps: AsyncIterator[Step]) -> None:
        """Tell the listeners of each step. ``steps`` are those that keep to :meth:`pace`."""
        async for step in steps:
            changes = self._anew() if step.changes is None else replace(step.changes, offers=(), offers_over=())
            self._note(changes)
            for listener in tuple(self._listeners):
                listener(changes)

    def _anew(self) -> Changes:
        """Return all that is so now and all that consoles show: the state as a whole has become another."""
        state = self.state
        return Changes(
            calls=frozenset(self._calls | state.calls.keys()),
            agents=frozenset(state.agents),
            queues=frozenset(state.queues),
            links=frozenset(state.links),
        )

    def _note(self, changes: Changes) -> None:
        for call in changes.calls:
            (self._calls.add if call in self.state.calls else self._calls.discard)(call)

    # -------------------------------------------------------------- orders, which are never obeyed

    @property
    def handling(self) -> CallOrders:
        """Refuse: what was done with a call is done."""
        raise CentreError

    async def choose_presence(
        self, agent: AgentId, presence: Presence, *, by: AgentId, reason: ReasonCode | None = None
    ) -> None:
        """Refuse."""
        raise CentreError

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        """Refuse."""
        raise CentreError

    async def finish_wrap_up(self, agent: AgentId) -> None:
        """Refuse."""
        raise CentreError

    def console_opened(self, agent: AgentId) -> None:
        """Look on: who has a console now is nobody of then."""

    def console_closed(self, agent: AgentId) -> None:
        """Look on."""
