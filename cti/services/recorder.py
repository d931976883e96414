"""Every call is kept: as it goes, and above all at its end.

One worker writes to the database what changed, the latest value of each call, a few callers at once and each caller's
calls one after the other; so the order within a call is kept, a later call finds what an earlier one left to do, a
database that is far away does not hold up the rest, and a call that changes faster than it writes costs no more. A
live call is kept when it arrives, at once when another agent has it or its account is known, because its ticket is
theirs from then on, and else once in ``live_every_s`` at most: it changes a dozen times, and what is shown comes from
the live state. Its end is kept at once. While the database is away, ended calls go to the spool on disk; of live calls
the latest value waits, because they will be told again. When more than ``bound`` calls wait, the live ones that wait
longest are let go: their end will be kept.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import Final, Protocol

from cti.domain.ids import CallId, TicketId
from cti.domain.model import Call, Changes
from cti.services.live import Live
from cti.services.spool import BOUND_BYTES, call_spool
from storage.errors import StorageError, StorageUnavailableError

_log = logging.getLogger(__name__)

BOUND: Final = 10_000
AT_ONCE: Final = 4
"""So many calls are kept at the same time: keeping one takes ten ways to the database and back."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
FLUSH_S: Final = 5.0
LIVE_EVERY_S: Final = 10.0


class Store(Protocol):
    """Where calls are kept."""

    async def save(self, call: Call) -> TicketId:
        """Keep the call as it stands. Raises ``StorageUnavailableError`` for now, anything else for good."""


class Recorder:
    """Owns what waits to be kept. :meth:`run` is its one worker; :meth:`flush` is the end."""

    def __init__(
        self,
        live: Live,
        store: Store,
        folder: Path,
        *,
        bound: int = BOUND,
        bound_bytes: int = BOUND_BYTES,
        live_every_s: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.saved = 0
        self.refused = 0
        self.let_go = 0
        self.away = False
        self._live = live
        self._store = store
        self._spool = call_spool(folder / "calls.jsonl", bound_bytes)
        self._lost = call_spool(folder / "refused.jsonl", bound_bytes)
        self._spooled = True
        self._bound = bound
        self._sleep = sleep
        self._live_every_s = live_every_s
        self._waiting: dict[CallId, Call] = {}
        self._later: dict[CallId, Call] = {}
        self._resting: dict[CallId, tuple[Call, asyncio.TimerHandle]] = {}
        self._wake = asyncio.Event()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many calls wait to be kept now; live ones that were kept a moment ago don't."""
        return len(self._waiting)

    def on_changes(self, changes: Changes) -> None:
        """Take the calls that changed."""
        for id_ in changes.calls:
            call = self._live.state.calls.get(id_)
            if call is None:
                continue
            resting = self._resting.get(id_)
            if resting is None or _ticket_differs(resting[0], call):
                self._put(call)
            else:
                self._later[id_] = call
        for call in changes.ended:
            self._put(call)

    def _put(self, call: Call) -> None:
        self._later.pop(call.id, None)
        self._waiting[call.id] = call
        if len(self._waiting) > self._bound:
            self._let_go_one()
        self._wake.set()

    def _rest(self, call: Call) -> None:
        """Let a call that was just kept be, for a while."""
        known = self._resting.pop(call.id, None)
        if known is not None:
            known[1].cancel()
        if call.ended_at is None and self._live_every_s > 0:
            loop = asyncio.get_running_loop()
            self._resting[call.id] = (call, loop.call_later(self._live_every_s, self._rested, call.id))

    def _rested(self, id_: CallId) -> None:
        self._resting.pop(id_, None)
        call = self._later.pop(id_, None)
        if call is not None:
            self._put(call)

    def _let_go_one(self) -> None:
        oldest = next((id_ for id_, call in self._waiting.items() if call.ended_at is None), None)
        if oldest is not None:
            del self._waiting[oldest]
            self.let_go += 1

    # -------------------------------------------------------------- the worker

    async def run(self) -> None:
        """Keep calls until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._wake.wait()
            self._wake.clear()
            if await self._try_to_work_off():
                pause_s = FIRST_PAUSE_S
                continue
            await self._spool_ended()
            await self._sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            self._wake.set()

    async def flush(self) -> None:
        """Keep what waits, in the database or on disk. Called once the worker has stopped."""
        self._live_every_s = 0.0
        for id_, (_, timer) in list(self._resting.items()):
            timer.cancel()
            self._rested(id_)
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._work_off()
        except TimeoutError:
            _log.warning("the database is too slow to keep %d calls before the end", len(self._waiting))
        await self._to_disk(tuple(self._waiting.values()))

    async def _try_to_work_off(self) -> bool:
        try:
            return await self._work_off()
        except Exception:  # noqa: BLE001 - a fault in the recorder must not end it for good
            _log.exception("calls could not be kept")
            return False

    async def _work_off(self) -> bool:
        """Keep all that waits; False when the database went away."""
        if self._spooled and not await self._drain():
            return False
        while self._waiting:
            calls = _of_different_callers(self._waiting.values())
            kept = await asyncio.gather(*map(self._save, calls))
            for call in compress(calls, kept):
                if self._waiting.get(call.id) is call:
                    del self._waiting[call.id]
            if not all(kept):
                return False
        return True

    async def _save(self, call: Call) -> bool:
        try:
            await self._store.save(call)
        except StorageUnavailableError as error:
            if not self.away:
                _log.warning("calls wait for the database: %s", error)
            self.away = True
            return False
        except Exception as error:  # noqa: BLE001 - one call that can't be kept must not stop all others
            self.refused += 1
            why = str(error) if isinstance(error, StorageError) else type(error).__name__
            _log.error("call %s can't be kept in the database: %s", call.id, why)
            return await self._set_aside(call)
        else:
            self.saved += 1
            self._rest(call)
        if self.away:
            _log.info("the database takes calls again")
        self.away = False
        return True

    async def _set_aside(self, call: Call) -> bool:
        try:
            await asyncio.to_thread(self._lost.add, (call,))
        except OSError as full:
            _log.critical("call %s can't be set aside either: %s", call.id, full.strerror)
        return True

    # -------------------------------------------------------------- the spool

    async def _drain(self) -> bool:
        waiting = await asyncio.to_thread(self._spool.read)
        left = list({call.id: call for call in waiting}.values())
        while left:
            calls = _of_different_callers(left)
            if not all(await asyncio.gather(*map(self._save, calls))):
                return False
            del left[: len(calls)]
        await asyncio.to_thread(self._spool.clear)
        self._spooled = False
        return True

    async def _spool_ended(self) -> None:
        await self._to_disk(tuple(call for call in self._waiting.values() if call.ended_at is not None))

    async def _to_disk(self, calls: Iterable[Call]) -> None:
        """Move calls from memory to the disk; if that is full, they stay where they are."""
        calls = tuple(calls)
        if not calls:
            return
        self._spooled = True
        try:
            await asyncio.to_thread(self._spool.add, calls)
        except OSError as error:
            _log.critical("calls can't be spooled, they are in memory only: %s", error.strerror)
            return
        for call in calls:
            if self._waiting.get(call.id) is call:
                del self._waiting[call.id]


def _of_different_callers(calls: Iterable[Call]) -> Sequence[Call]:
    """Return the first calls, up to the second one of a caller."""
    chosen: dict[str, Call] = {}
    for call in calls:
        caller = call.caller_number or call.id.hex
        if caller in chosen or len(chosen) == AT_ONCE:
            break
        chosen[caller] = call
    return tuple(chosen.values())


def _ticket_differs(kept: Call, now: Call) -> bool:
    return (kept.agent, kept.account) != (now.agent, now.account)
