"""Every event of the centre is kept, in order and once.

The event loop only notes: an event gets its position and waits in memory. One worker does the rest. Several times a
second it makes rows of what waits, in a thread, and writes them to PostgreSQL as one statement with a deadline. When
PostgreSQL is away, or too slow for that deadline, rows go to a spool on disk from then on, each batch synced; once
PostgreSQL takes rows again the spool is drained from its beginning while new rows are added at its end, and when it is
empty they go straight to PostgreSQL again. So the order is that of the positions on either road, and a batch of which
nobody knows whether its COMMIT came through is sent again: rows that are there already stay as they are.

When the spool takes nothing more either, at most ``bound`` events wait in memory and :attr:`full` says so, by which
orders of agents are refused before anything is acknowledged. Facts go on: calls do not wait for a disk. What then does
not fit is counted, and a row in its place says how many; the next snapshot sets the fold right.

Now and then the whole state is kept too, with its hash: to begin a fold from, and to compare a fold with.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from cti.domain.events import Event
from cti.domain.model import CentreState
from cti.services.journal import canon
from cti.services.journal.codec import LOST, Codec
from cti.services.journal.positions import first_position
from cti.services.spool import BOUND_BYTES, Spool
from storage.errors import RefusedError, StorageError, StorageUnavailableError
from storage.journal import JournalRow, KeptSnapshot, month_of
from storage.text import storable

_log = logging.getLogger(__name__)

GATHER_S: Final = 0.2
BATCH: Final = 2_000
AT_ONCE: Final = 100
"""So many events are made rows in a fifth of a millisecond."""
BATCH_BYTES: Final = 1_000_000
BOUND: Final = 100_000
DEADLINE_S: Final = 2.0
DRAIN_DEADLINE_S: Final = 6.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
FLUSH_S: Final = 5.0
SNAPSHOT_EVENTS: Final = 5_000
SNAPSHOT_AFTER: Final = timedelta(minutes=15)
SNAPSHOT_SPACING: Final = timedelta(seconds=30)


class Store(Protocol):
    """Where the journal is kept. Raises ``StorageUnavailableError`` for now."""

    async def append(self, rows: Sequence[JournalRow], *, deadline_s: float | None = None) -> None:
        """Keep rows, all or none, each once."""

    async def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot."""

    async def make_months(self, now: datetime) -> None:
        """Make the partitions that will be needed."""


@dataclass(slots=True)
class _Lost:
    """Stands in the place of events that did not fit."""

    events: int = 0


_Noted = tuple[int, datetime, str, int, str, Event | _Lost]
"""Position, time, PBX, its start, Linkedid, event. No class of its own: one is made for every event there is."""


@dataclass(slots=True)
class Counts:
    """What became of events."""

    written: int = 0
    spooled: int = 0
    refused: int = 0
    lost: int = 0
    snapshots: int = 0


@dataclass(slots=True)
class _Snapshot:
    """When the last one was made, and what waits for its events to be kept."""

    position: int
    at: datetime
    due: bool = False
    waiting: tuple[int, datetime, CentreState] | None = None


@dataclass(slots=True)
class _Spooled:
    """How far the spool is drained, and when to try again."""

    since: datetime | None = None
    offset: int = 0
    size_bytes: int = 0
    retry_at_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S


@dataclass(slots=True)
class Journal:
    """Owns what waits to be kept, from :meth:`begin` on. :meth:`run` is its one worker, :meth:`flush` the end."""

    store: Store
    codec: Codec
    folder: Path
    now: Callable[[], datetime]
    state: Callable[[], CentreState]
    bound_bytes: int = BOUND_BYTES
    bound: int = BOUND
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    counts: Counts = field(init=False, default_factory=Counts)
    full: bool = field(init=False, default=False)
    spooling: bool = field(init=False, default=True)
    first: int = field(init=False, default=1)
    _next: int = field(init=False, default=1)
    _fresh: list[_Noted] = field(init=False, default_factory=list)
    _wake: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _ready: bool = field(init=False, default=False)
    _drained: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _month: date | None = field(init=False, default=None)
    _last: _Snapshot = field(init=False)
    _spool: Spool[JournalRow] = field(init=False)
    _aside: Spool[JournalRow] = field(init=False)
    _spooled: _Spooled = field(init=False, default_factory=_Spooled)

    def __post_init__(self) -> None:
        self._last = _Snapshot(self.first - 1, self.now())
        self._spool = row_spool(self.folder / "journal.jsonl", self.bound_bytes)
        self._aside = row_spool(self.folder / "refused-journal.jsonl", self.bound_bytes)

    async def begin(self) -> None:
        """Take positions for this run of ours, after those of all runs before."""
        self.first = self._next = await asyncio.to_thread(first_position, self.folder / "positions")
        self._last = _Snapshot(self.first - 1, self.now())
        self._spooled.size_bytes = await asyncio.to_thread(lambda: self._spool.size_bytes)

    # -------------------------------------------------------------- on the event loop

    def note(self, event: Event) -> None:
        """Take an event that was applied just now."""
        fresh = self._fresh
        if len(fresh) >= self.bound:
            self._lose()
            return
        if not fresh:  # else the worker does not sleep
            self._wake.set()
        pbx, boot, linkedid = _key(event, self.state())
        fresh.append((self._next, self.now(), pbx, boot, linkedid, event))
        self._next += 1

    def _lose(self) -> None:
        """Count an event that nobody can keep any more, in a row in its place."""
        self.counts.lost += 1
        last = self._fresh[-1][-1]
        if not isinstance(last, _Lost):
            _log.critical("the journal is full and the database away: events are lost")
            last = _Lost()
            self._fresh.append((self._next, self.now(), "", 0, "", last))
            self._next += 1
        last.events += 1
        self._last.due = True

    def database_ready(self) -> None:
        """Note that the tables are there; before that, all goes to the spool."""
        self._ready = True
        self._spooled.retry_at_s = 0.0
        self._wake.set()

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing is on disk any more; False if it takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._drained.wait()
        except TimeoutError:
            return False
        return True

    @property
    def noted(self) -> int:
        """How many events were given a position."""
        return self._next - self.first

    @property
    def waiting(self) -> int:
        """How many events wait in memory."""
        return len(self._fresh)

    @property
    def queued_bytes(self) -> int:
        """How much waits on disk for the database."""
        return max(0, self._spooled.size_bytes - self._spooled.offset)

    @property
    def delay_s(self) -> float:
        """How old the oldest event is that the database does not have."""
        oldest = self._spooled.since or (self._fresh[0][1] if self._fresh else None)
        return 0.0 if oldest is None else max(0.0, (self.now() - oldest).total_seconds())

    # -------------------------------------------------------------- the worker

    async def run(self) -> None:
        """Keep events until cancelled."""
        while True:
            if not self._busy():
                await self._wake.wait()
            await self.sleep(GATHER_S)
            try:
                while await self.round():
                    pass
            except Exception:  # noqa: BLE001 - a fault in the journal must not end it for good
                _log.exception("the journal could not be written")

    def _busy(self) -> bool:
        return bool(self._fresh) or self.spooling or self._snapshot_due()

    async def round(self) -> bool:
        """Keep one batch of what waits; tells whether more can be done at once."""
        self._wake.clear()
        self._begin_snapshot()
        batch = self._fresh[:BATCH]
        rows = await self._rows_of(batch)
        if not self.spooling:
            if rows and not await self._write(rows, DEADLINE_S):
                self._begin_spooling(batch[0][1])
            elif rows:
                self._done(len(rows))
        if self.spooling:
            on_disk = bool(rows) and await self._to_disk(rows)
            if on_disk:
                self._done(len(rows))
            return await self._drain() or (on_disk and len(self._fresh) >= BATCH)
        await self._settle()
        return len(self._fresh) >= BATCH

    async def flush(self) -> None:
        """Keep what waits, in the database or on disk. Called once the worker has stopped."""
        try:
            async with asyncio.timeout(FLUSH_S):
                while self._fresh and not self.spooling:
                    await self.round()
                if not self.spooling:
                    self._last.due = True
                    self._begin_snapshot()
                    await self._settle()
        except TimeoutError:
            _log.warning("the database is too slow to keep the journal's last events before the end")
        while rows := await asyncio.to_thread(self._rows, self._fresh[:BATCH]):
            if not await self._to_disk(rows):
                return
            self._done(len(rows))

    def _done(self, rows: int) -> None:
        del self._fresh[:rows]
        self.full = False

    async def _rows_of(self, batch: Sequence[_Noted]) -> list[JournalRow]:
        """Make rows; few of them at once, because the way to a thread and back costs more."""
        return self._rows(batch) if len(batch) <= AT_ONCE else await asyncio.to_thread(self._rows, batch)

    def _rows(self, batch: Sequence[_Noted]) -> list[JournalRow]:
        rows = []
        for position, at, pbx, boot, linkedid, event in batch:
            if isinstance(event, _Lost):
                kind, version, body = LOST, 1, f'{{"events":{event.events}}}'
            else:
                kind, version, body = self.codec.encode(event)
            rows.append(JournalRow(storable(pbx, 32), boot, storable(linkedid, 160), position, at, kind, version, body))
        return rows

    # -------------------------------------------------------------- the database

    async def _write(self, rows: Sequence[JournalRow], deadline_s: float) -> bool:
        """Write rows; False when the database does not take them now."""
        try:
            await self.store.append(rows, deadline_s=deadline_s)
        except RefusedError as error:
            if (error.sqlstate or "").startswith("42"):  # no table, or none of ours to write to
                _log.error("the journal's table can't be written to: %s", error)
                return False
            return await self._write_apart(rows, error, deadline_s)
        except StorageUnavailableError as error:
            if not self.spooling:
                _log.warning("the journal waits on disk for the database: %s", error)
            return False
        self.counts.written += len(rows)
        return True

    async def _write_apart(self, rows: Sequence[JournalRow], error: StorageError, deadline_s: float) -> bool:
        """Find the row that is refused, set it aside, and keep the others."""
        if len(rows) == 1:
            self.counts.refused += 1
            _log.error("an event %s can't be kept in the journal: %s", rows[0].kind, error)
            await asyncio.to_thread(self._aside.add, rows)
            return True
        half = len(rows) // 2
        return await self._write(rows[:half], deadline_s) and await self._write(rows[half:], deadline_s)

    async def _settle(self) -> None:
        """Do what is due while all is well: months ahead, and a snapshot whose events are all kept."""
        try:
            if self._month != month_of(self.now()):
                await self.store.make_months(self.now())
                self._month = month_of(self.now())
            await self._keep_snapshot()
        except StorageError as error:
            _log.warning("the journal's months or snapshot have to wait: %s", error)
            self._last.waiting = None

    # -------------------------------------------------------------- the disk

    def _begin_spooling(self, since: datetime) -> None:
        self.spooling = True
        self._drained.clear()
        self._spooled = _Spooled(since=since, retry_at_s=self.monotonic() + FIRST_PAUSE_S)

    async def _to_disk(self, rows: Sequence[JournalRow]) -> bool:
        try:
            await asyncio.to_thread(self._spool.add, rows)
        except OSError as error:
            if not self.full:
                _log.critical("the journal can't be spooled, it is in memory only: %s", error.strerror)
            self.full = True
            return False
        self.counts.spooled += len(rows)
        self._spooled.since = self._spooled.since or rows[0].at
        self._spooled.size_bytes = await asyncio.to_thread(lambda: self._spool.size_bytes)
        return True

    async def _drain(self) -> bool:
        """Move one batch from the disk to the database; tells whether to go on at once."""
        spooled = self._spooled
        if not self._ready or self.monotonic() < spooled.retry_at_s:
            return False
        rows, offset = await asyncio.to_thread(self._spool.read_from, spooled.offset, BATCH_BYTES)
        if rows and not await self._write(rows, DRAIN_DEADLINE_S):
            spooled.retry_at_s = self.monotonic() + spooled.pause_s
            spooled.pause_s = min(LONGEST_PAUSE_S, spooled.pause_s * 2)
            return False
        if rows:
            spooled.offset, spooled.pause_s, spooled.since = offset, FIRST_PAUSE_S, rows[-1].at
            return True
        if spooled.offset:
            _log.info("the database has all of the journal again")
        await asyncio.to_thread(self._spool.clear)
        self._spooled, self.spooling, self.full = _Spooled(), False, False
        self._drained.set()
        return bool(self._fresh)

    # -------------------------------------------------------------- snapshots

    def _snapshot_due(self) -> bool:
        last, now = self._last, self.now()
        events = self._next - 1 - last.position
        if not events or self.spooling or last.waiting is not None:
            return False
        if last.due:
            return True
        return now >= last.at + (SNAPSHOT_SPACING if events >= SNAPSHOT_EVENTS else SNAPSHOT_AFTER)

    def _begin_snapshot(self) -> None:
        """Copy the state as it is after the last event noted."""
        if self._snapshot_due():
            self._last.waiting = (self._next - 1, self.now(), canon.copy(self.state()))

    async def _keep_snapshot(self) -> None:
        waiting = self._last.waiting
        if waiting is None or (self._fresh and self._fresh[0][0] <= waiting[0]):
            return
        position, at, state = waiting
        packed, digest = await asyncio.to_thread(lambda: (canon.pack(state), canon.digest(state)))
        await self.store.keep_snapshot(KeptSnapshot(position, at, digest, packed))
        self._last = _Snapshot(position, at)
        self.counts.snapshots += 1


_FIELDS: dict[type[Event], tuple[bool, bool, bool]] = {}


def _key(event: Event, state: CentreState) -> tuple[str, int, str]:
    """Return PBX, its start and the Linkedid of what an event is about; empty and 0 for what it does not concern."""
    about: Any = event
    kind = type(event)
    has = _FIELDS.get(kind)
    if has is None:
        has = _FIELDS[kind] = (hasattr(event, "call"), hasattr(event, "record"), hasattr(event, "pbx"))
    if has[0] or has[1]:
        id_ = about.call if has[0] else about.record.id
        call = state.calls.get(id_) or state.recent.get(id_)
        if call is not None:
            return call.pbx, _boot(call.pbx, state) if call.boot is None else call.boot, call.linkedid
    if has[2]:
        return about.pbx, _boot(about.pbx, state), ""
    return "", 0, ""


def _boot(pbx: Any, state: CentreState) -> int:
    link = state.links.get(pbx)
    return 0 if link is None or link.boot is None else link.boot


def row_spool(file: Path, bound_bytes: int) -> Spool[JournalRow]:
    """Return the spool of rows in ``file``."""
    return Spool(file, _dump_row, _load_row, bound_bytes)


def _dump_row(row: JournalRow) -> bytes:
    *key, body = row
    return orjson.dumps([*key, orjson.Fragment(body.encode())])


def _load_row(line: bytes) -> JournalRow:
    pbx, boot, linkedid, position, at, kind, version, body = orjson.loads(line)
    return JournalRow(
        pbx, boot, linkedid, position, datetime.fromisoformat(at), kind, version, orjson.dumps(body).decode()
    )
