"""A journal on a store that can be away, for tests: its events come from a live story."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from cti.services.journal.codec import Codec
from cti.services.journal.journal import Journal
from cti.services.journal.replay import Replay
from storage.errors import RefusedError
from storage.journal import JournalRow, KeptSnapshot
from tests.domain.story import ANNA
from tests.services.parts import HandClock, LiveStory, no_sleep


class MemoryStore:
    """What ``storage.journal`` does, in memory. ``away`` is raised instead, ``cut`` once after the work is done."""

    def __init__(self) -> None:
        self.kept: dict[int, JournalRow] = {}
        self.order: list[int] = []
        self.pictures: list[KeptSnapshot] = []
        self.away: Exception | None = None
        self.cut: Exception | None = None
        self.refuse: frozenset[int] = frozenset()
        self.months = 0

    async def append(self, rows: Sequence[JournalRow], *, deadline_s: float | None = None) -> None:
        await asyncio.sleep(0)
        if self.away is not None:
            raise self.away
        if any(row.position in self.refuse for row in rows):
            raise RefusedError("22P05", None)
        for row in rows:
            if row.position not in self.kept:
                self.kept[row.position] = row
                self.order.append(row.position)
        if self.cut is not None:
            error, self.cut = self.cut, None
            raise error

    async def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        if self.away is not None:
            raise self.away
        self.pictures.append(snapshot)

    async def make_months(self, now: datetime) -> None:
        if self.away is not None:
            raise self.away
        self.months += 1

    async def position_at(self, at: datetime) -> int | None:
        return max((row.position for row in self.kept.values() if row.at <= at), default=None)

    async def last_start(self, upto: int) -> int | None:
        starts = (row.position for row in self.kept.values() if row.kind == "CentreStarted" and row.position <= upto)
        return max(starts, default=None)

    async def last_row(self, upto: int) -> JournalRow | None:
        position = max((position for position in self.kept if position <= upto), default=None)
        return None if position is None else self.kept[position]

    async def snapshots(self, after: int, upto: int, *, newest_first: bool = False) -> AsyncIterator[KeptSnapshot]:
        for snapshot in sorted(self.pictures, key=lambda one: one.position, reverse=newest_first):
            if after < snapshot.position <= upto:
                yield snapshot

    async def rows(self, after: int, upto: int) -> AsyncIterator[list[JournalRow]]:
        found = [self.kept[position] for position in sorted(self.kept) if after < position <= upto]
        if found:
            yield found


class House:
    """A live story, its journal and what reads it."""

    def __init__(
        self, folder: Path, store: MemoryStore | None = None, *, bound: int = 1000, bound_bytes: int = 10**6
    ) -> None:
        self.clock = HandClock()
        self.story = LiveStory(ready=False)
        self.store = store or MemoryStore()
        self.codec = Codec()
        self.journal = Journal(
            self.store,
            self.codec,
            folder,
            self.clock,
            lambda: self.story.live.state,
            sleep=no_sleep,
            monotonic=self.clock.monotonic,
            bound=bound,
            bound_bytes=bound_bytes,
        )
        self.replay = Replay(self.store, self.codec)

    async def begin(self) -> None:
        await self.journal.begin()
        self.story.live.note = self.journal.note
        self.journal.database_ready()
        await self.rounds()

    async def rounds(self) -> None:
        """Work until nothing can be done any more."""
        while await self.journal.round():
            pass

    def one_call(self, number: int = 1, *, since: float = 20) -> None:
        self.story.talking(number, since=since)
        self.story.hung_up(since + 30, number, agent=ANNA)
        self.story.hung_up(since + 30, number)
