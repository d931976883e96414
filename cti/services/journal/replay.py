"""Any moment of the past again: the journal folded, from the snapshot nearest before it.

A fold passes the snapshots that were recorded live, and is compared with each by its hash. Where they differ (events
could not be kept, or this version of ours judges a fact in another way than the one that recorded it) the snapshot is
believed, the fold goes on from it, and whoever asked is told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from cti.domain.centre import Centre
from cti.domain.events import CentreStarted
from cti.domain.model import CentreState, Changes
from cti.services.journal import canon
from cti.services.journal.codec import LOST, Codec, UnreadableEventError
from storage.journal import JournalRow, KeptSnapshot

TRIES: Final = 5
"""How many snapshots of another version are passed over before the fold begins at a start of ours."""


class NothingKnownError(Exception):
    """The journal begins later than the moment that was asked for."""


class Store(Protocol):
    """What a fold reads. Raises ``StorageUnavailableError``."""

    async def position_at(self, at: datetime) -> int | None:
        """Return the last position at a moment."""

    async def last_start(self, upto: int) -> int | None:
        """Return the position of the last start of the centre."""

    def snapshots(self, after: int, upto: int, *, newest_first: bool = False) -> AsyncIterator[KeptSnapshot]:
        """Yield snapshots."""

    def rows(self, after: int, upto: int) -> AsyncIterator[list[JournalRow]]:
        """Yield events, page by page."""


@dataclass(slots=True)
class Findings:
    """What a fold met. ``differs`` are the positions of snapshots that the fold did not come to."""

    events: int = 0
    compared: int = 0
    differs: list[int] = field(default_factory=list)
    unreadable: int = 0
    lost: int = 0
    failed: int = 0

    @property
    def exact(self) -> bool:
        """Whether the state is known to be what it was."""
        return not (self.differs or self.unreadable or self.lost)


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a replay, and what it changed; None when the state as a whole is another now."""

    at: datetime
    changes: Changes | None


Pace = Callable[[datetime], Awaitable[None]]
Steps = Callable[..., AsyncIterator[Step]]


class Fold:
    """The centre as it was, going forward. Blocking work of some microseconds per event: long ones in a thread."""

    def __init__(self, codec: Codec, state: CentreState | None = None) -> None:
        self.centre = Centre(state)
        self.findings = Findings()
        self._codec = codec

    @property
    def state(self) -> CentreState:
        """The state reached."""
        return self.centre.state

    def step(self, row: JournalRow) -> Step:
        """Apply one event as it was applied then; one that failed then fails again, and leaves the same behind."""
        found = self.findings
        if row.kind == LOST:
            found.lost += 1
            return Step(row.at, Changes())
        try:
            event = self._codec.decode(row.kind, row.version, row.body)
        except UnreadableEventError:
            found.unreadable += 1
            return Step(row.at, Changes())
        found.events += 1
        try:
            changes = self.centre.apply(event)
        except Exception:  # noqa: BLE001 - it was a fault when it happened, and was logged then
            found.failed += 1
            return Step(row.at, None)
        return Step(row.at, None if isinstance(event, CentreStarted) else changes)

    def compare(self, snapshot: KeptSnapshot) -> bool:
        """Compare with what was recorded live at this position; where that differs, go on from it."""
        self.findings.compared += 1
        if canon.digest(self.state) == snapshot.hash:
            return True
        self.findings.differs.append(snapshot.position)
        recorded = canon.unpack(snapshot.state)
        if recorded is not None:
            self.centre = Centre(recorded)
        return False

    def through(self, rows: Sequence[JournalRow], snapshots: Sequence[KeptSnapshot]) -> None:
        """Apply all rows, comparing on the way."""
        for row, passed in _with_snapshots(rows, snapshots):
            self.step(row)
            if passed is not None:
                self.compare(passed)


def _with_snapshots(
    rows: Sequence[JournalRow], snapshots: Sequence[KeptSnapshot]
) -> Iterator[tuple[JournalRow, KeptSnapshot | None]]:
    at = {snapshot.position: snapshot for snapshot in snapshots}
    for row in rows:
        yield row, at.get(row.position)


class Replay:
    """Reads the journal. Each call is a fold of its own; they take turns, so that no more than one works at a time."""

    def __init__(self, store: Store, codec: Codec) -> None:
        self._store = store
        self._codec = codec
        self._turn = asyncio.Lock()

    async def at(self, at: datetime) -> Fold:
        """Return the fold up to a moment. Raises :class:`NothingKnownError`."""
        position = await self._store.position_at(at)
        if position is None:
            raise NothingKnownError
        return await self.upto(position)

    async def upto(self, position: int) -> Fold:
        """Return the fold up to a position. Raises :class:`NothingKnownError`."""
        async with self._turn:
            after, fold = await self._begin(position)
            async for rows, snapshots in self._pages(after, position):
                await asyncio.to_thread(fold.through, rows, snapshots)
        return fold

    async def between(self, since: datetime, until: datetime) -> tuple[Fold, Steps]:
        """Return the fold up to ``since``, and what makes the steps on from there up to ``until``, in their order.

        With a pace, which is given each event's time, the event is applied once that has returned.
        """
        first = await self._store.position_at(since)
        last = await self._store.position_at(until)
        if last is None:
            raise NothingKnownError
        fold = await self.upto(first) if first is not None else Fold(self._codec)
        return fold, partial(self._steps, fold, first or 0, last)

    async def _steps(self, fold: Fold, after: int, upto: int, pace: Pace | None = None) -> AsyncIterator[Step]:
        async for rows, snapshots in self._pages(after, upto):
            for row, passed in _with_snapshots(rows, snapshots):
                if pace is not None:
                    await pace(row.at)
                yield fold.step(row)
                if passed is not None and not fold.compare(passed):
                    yield Step(row.at, None)

    async def _begin(self, position: int) -> tuple[int, Fold]:
        tries = 0
        async for snapshot in self._store.snapshots(0, position, newest_first=True):
            state = await asyncio.to_thread(canon.unpack, snapshot.state)
            if state is not None:
                return snapshot.position, Fold(self._codec, state)
            tries += 1
            if tries == TRIES:
                break
        start = await self._store.last_start(position)
        if start is None:
            raise NothingKnownError
        return start - 1, Fold(self._codec)

    async def _pages(self, after: int, upto: int) -> AsyncIterator[tuple[list[JournalRow], list[KeptSnapshot]]]:
        async for rows in self._store.rows(after, upto):
            first, last = rows[0].position, rows[-1].position
            yield rows, [snapshot async for snapshot in self._store.snapshots(first - 1, last)]
