"""The figures follow the calls: what changed is computed anew within seconds, and what may have changed every hour.

Calls that end and agents' time that passes make quarters of an hour *due*. They are computed from what is kept, by the
same code that computes any past period, once the recorder has nothing left to keep. At the start everything since
the last computation is due; every hour all of the time in which a second call about the same matter still tells
against the first one. While the database is away, what is due waits; of finished slices of agents' time at most
``BOUND`` are remembered, and the oldest are let go and counted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from cti.domain.ids import QueueName
from cti.domain.kpi.times import INTERVAL, Slice, Timesheet, interval_of
from cti.domain.model import Agent, Changes
from cti.services.live import Live
from storage.errors import StorageUnavailableError

_log = logging.getLogger(__name__)

EVERY_S: Final = 10.0
RECHECK: Final = timedelta(hours=1)
BOUND: Final = 50_000
FLUSH_S: Final = 3.0


class Store(Protocol):
    """Where agents' times and tallies are kept. Raises ``StorageUnavailableError`` for now."""

    @property
    def follow_up(self) -> timedelta:
        """How long a second call tells against the first."""

    async def keep_times(self, slices: Iterable[Slice]) -> None:
        """Keep what agents spent their time on."""

    async def recompute(self, since: datetime, until: datetime) -> int:
        """Compute all intervals of a period anew."""

    async def behind_since(self) -> datetime | None:
        """Say since when nothing was computed; None when there is nothing to compute."""


class Figures:
    """Owns what is due. :meth:`run` is its one worker. ``settled`` says whether all ended calls are kept."""

    def __init__(
        self,
        live: Live,
        store: Store,
        now: Callable[[], datetime],
        *,
        settled: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.let_go = 0
        self.failures = 0
        self._live = live
        self._store = store
        self._now = now
        self._settled = settled
        self._sleep = sleep
        self._sheet = Timesheet()
        self._over: deque[Slice] = deque(maxlen=BOUND)
        self._due: set[datetime] = set()
        self._kept_until: datetime | None = None
        self._recheck_at: datetime | None = None

    @property
    def due(self) -> int:
        """How many quarters of an hour are to be computed anew."""
        return len(self._due)

    def on_changes(self, changes: Changes) -> None:
        """Note what became due."""
        for call in changes.ended:
            self._due.add(interval_of(call.started_at))
        for id_ in changes.agents:
            agent = self._live.state.agents.get(id_)
            over = self._sheet.note(agent, self._queue_of(agent)) if agent is not None else None
            if over is not None:
                self.let_go += len(self._over) == BOUND
                self._over.append(over)

    def _queue_of(self, agent: Agent) -> QueueName | None:
        state = self._live.state
        call = None if agent.call is None else state.calls.get(agent.call) or state.recent.get(agent.call)
        return None if call is None else call.queue

    # -------------------------------------------------------------- the worker

    async def run(self) -> None:
        """Keep the figures up to date until cancelled."""
        while True:
            await self._sleep(EVERY_S)
            try:
                await self.work_off()
            except StorageUnavailableError as error:
                self.failures += 1
                _log.info("the figures wait for the database: %s", error)
            except Exception:  # noqa: BLE001 - a fault in the figures must not end them for good
                self.failures += 1
                _log.exception("the figures could not be brought up to date")

    async def flush(self) -> None:
        """Keep agents' time up to now. Called once the worker has stopped."""
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._keep_times(self._now())
        except (TimeoutError, StorageUnavailableError) as error:
            _log.warning("agents' time since the last seconds could not be kept: %s", type(error).__name__)

    async def work_off(self) -> None:
        """Keep agents' time and compute what is due. What could not be done stays due."""
        now = self._now()
        await self._keep_times(now)
        if not self._settled():
            return
        if self._recheck_at is None:
            behind = await self._store.behind_since()
            await self._store.recompute(min(behind or now, now - self._store.follow_up), now)
            self._recheck_at = now + RECHECK
        elif now >= self._recheck_at:
            await self._store.recompute(now - self._store.follow_up, now)
            self._recheck_at = now + RECHECK
        due, self._due = self._due, set()
        try:
            for since, until in runs(due):
                await self._store.recompute(since, until)
        except BaseException:
            self._due |= due
            raise

    async def _keep_times(self, now: datetime) -> None:
        over = list(self._over)
        slices = [*over, *self._sheet.so_far(now)]
        await self._store.keep_times(slices)
        for slice_ in over:
            if self._over and self._over[0] is slice_:
                self._over.popleft()
        for slice_ in slices:
            since = max(slice_.since, self._kept_until) if self._kept_until is not None else slice_.since
            self._due.update(_intervals(since, slice_.until))
        self._kept_until = now


def _intervals(since: datetime, until: datetime) -> Iterator[datetime]:
    at = interval_of(since)
    while at < until:
        yield at
        at += INTERVAL


def runs(intervals: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the periods that the intervals make, oldest first, those side by side as one."""
    since = until = None
    for at in sorted(intervals):
        if since is None or until is None or at != until:
            if since is not None and until is not None:
                yield since, until
            since = at
        until = at + INTERVAL
    if since is not None and until is not None:
        yield since, until
