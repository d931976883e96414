"""The journal's table: rows in, in batches and once each; rows out, in their order; snapshots; months as partitions.

What the rows mean is the affair of ``cti.services.journal``. A row that is there already is left as it is, so a batch
may be sent again whenever nobody knows what became of it.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.prepared import Driver, Prepared
from storage.schema import journal, journal_snapshots

PAGE: Final = 2_000
MONTHS_AHEAD: Final = 2
READ_DEADLINE_S: Final = 30.0
_PARTITION: Final = re.compile(r"journal_(\d{4})_(\d{2})")


class JournalRow(NamedTuple):
    """One event as it is kept; the first five are its key. ``body`` is JSON."""

    pbx: str
    boot: int
    linkedid: str
    position: int
    at: datetime
    kind: str
    version: int
    body: str


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """The state after ``position``, packed; ``hash`` is that of the state as it was recorded live."""

    position: int
    at: datetime
    hash: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Month:
    """One partition: its first day (None: rows of months without one), how many rows and bytes it holds, about."""

    name: str
    first: date | None
    rows: int
    size_bytes: int


_TYPES: Final = (
    ("pbx", pg.ARRAY(sa.Text)),
    ("boot", pg.ARRAY(sa.BigInteger)),
    ("linkedid", pg.ARRAY(sa.Text)),
    ("position", pg.ARRAY(sa.BigInteger)),
    ("at", pg.ARRAY(sa.TIMESTAMP(timezone=True))),
    ("kind", pg.ARRAY(sa.Text)),
    ("version", pg.ARRAY(sa.SmallInteger)),
    ("body", pg.ARRAY(sa.Text)),
)
_APPEND: Final = Prepared(
    sa.text(
        "INSERT INTO journal (pbx, boot, linkedid, position, at, kind, version, body)"
        " SELECT pbx, boot, linkedid, position, at, kind, version, body::json"
        " FROM unnest(:pbx, :boot, :linkedid, :position, :at, :kind, :version, :body)"
        " AS new (pbx, boot, linkedid, position, at, kind, version, body)"
        " ON CONFLICT DO NOTHING"
    ).bindparams(*(sa.bindparam(name, type_=kind) for name, kind in _TYPES))
)

_COLUMNS: Final = tuple(sa.cast(column, sa.Text) if column is journal.c.body else column for column in journal.c)


class JournalStore:
    """Reads and writes the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -------------------------------------------------------------- writing

    async def append(self, rows: Sequence[JournalRow], *, deadline_s: float | None = None) -> None:
        """Keep the rows, all or none; those that are there already stay. Raises ``StorageUnavailableError``."""
        columns = dict(zip((name for name, _ in _TYPES), map(list, zip(*rows, strict=True)), strict=True))

        async def work(connection: Driver) -> None:
            await _APPEND.rows(connection, columns)

        if rows:
            await self._database.run_bare(work, deadline_s=deadline_s, attempts=1)

    async def keep_snapshot(self, snapshot: KeptSnapshot) -> None:
        """Keep a snapshot. Only once every event up to its position is kept."""
        row = {name: getattr(snapshot, name) for name in ("position", "at", "hash", "state")}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(pg.insert(journal_snapshots).values(row).on_conflict_do_nothing())

        await self._database.run(work)

    # -------------------------------------------------------------- reading

    async def position_at(self, at: datetime) -> int | None:
        """Return the position of the last event applied at or before ``at``; None if the journal begins later."""
        query = (
            sa.select(journal.c.position)
            .where(journal.c.at <= at)
            .order_by(journal.c.at.desc(), journal.c.position.desc())
            .limit(1)
        )
        found: int | None = await self._scalar(query)
        return found

    async def last_row(self, upto: int) -> JournalRow | None:
        """Return the last event up to a position."""
        query = sa.select(*_COLUMNS).where(journal.c.position <= upto).order_by(journal.c.position.desc()).limit(1)
        rows = await self._rows(query)
        return JournalRow(*rows[0].values()) if rows else None

    async def begins_at(self) -> datetime | None:
        """Return when the oldest event was applied."""
        found: datetime | None = await self._scalar(sa.select(sa.func.min(journal.c.at)))
        return found

    async def last_start(self, upto: int) -> int | None:
        """Return the position of the last start of the centre up to ``upto``."""
        started = sa.select(sa.func.max(journal.c.position)).where(
            journal.c.kind == "CentreStarted", journal.c.position <= upto
        )
        found: int | None = await self._scalar(started)
        return found

    async def snapshots(self, after: int, upto: int, *, newest_first: bool = False) -> AsyncIterator[KeptSnapshot]:
        """Yield the snapshots with ``after`` < position ≤ ``upto``, one query each."""
        place = journal_snapshots.c.position
        while True:
            query = sa.select(journal_snapshots).where(place > after, place <= upto).limit(1)
            rows = await self._rows(query.order_by(place.desc() if newest_first else place.asc()))
            if not rows:
                return
            yield KeptSnapshot(**rows[0])
            after, upto = (after, rows[0]["position"] - 1) if newest_first else (rows[0]["position"], upto)

    async def rows(self, after: int, upto: int) -> AsyncIterator[list[JournalRow]]:
        """Yield the events with ``after`` < position ≤ ``upto``, page by page, in their order."""
        while True:
            query = (
                sa.select(*_COLUMNS)
                .where(journal.c.position > after, journal.c.position <= upto)
                .order_by(journal.c.position)
                .limit(PAGE)
            )
            page = [JournalRow(*row.values()) for row in await self._rows(query)]
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1].position

    async def _scalar(self, query: sa.Select[Any]) -> Any:
        async def work(connection: AsyncConnection) -> Any:
            return await connection.scalar(query)

        return await self._database.run(work, deadline_s=READ_DEADLINE_S)

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        async def work(connection: AsyncConnection) -> Sequence[sa.RowMapping]:
            return (await connection.execute(query)).mappings().all()

        return await self._database.run(work, deadline_s=READ_DEADLINE_S)

    # -------------------------------------------------------------- months

    async def make_months(self, now: datetime) -> None:
        """Make the partitions of this month and the next ones; rows that had to do without move into theirs."""
        first = month_of(now)
        for _ in range(MONTHS_AHEAD + 1):
            await self._make_month(first)
            first = next_month(first)

    async def _make_month(self, first: date) -> None:
        name, since, until = partition_of(first), _midnight(first), _midnight(next_month(first))
        bounds = f"FROM ('{since.isoformat()}') TO ('{until.isoformat()}')"

        async def work(connection: AsyncConnection) -> None:
            if await connection.scalar(sa.select(sa.func.to_regclass(name))) is not None:
                return
            await connection.execute(sa.text("LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE"))
            if await connection.scalar(sa.select(sa.func.to_regclass(name))) is not None:
                return
            await connection.execute(sa.text(f"CREATE TABLE {name} (LIKE journal INCLUDING ALL)"))
            move = (
                "WITH moved AS (DELETE FROM journal_rest WHERE at >= :since AND at < :until RETURNING *)"  # noqa: S608 - made from a date
                f" INSERT INTO {name} SELECT * FROM moved"
            )
            await connection.execute(sa.text(move), {"since": since, "until": until})
            await connection.execute(sa.text(f"ALTER TABLE journal ATTACH PARTITION {name} FOR VALUES {bounds}"))

        await self._database.run(work)

    async def months(self) -> list[Month]:
        """Return the partitions, oldest first, that of months without one last."""
        query = sa.text(
            "SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows,"
            " pg_total_relation_size(c.oid) AS size_bytes"
            " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'journal'::regclass ORDER BY c.relname"
        )

        async def work(connection: AsyncConnection) -> Sequence[sa.RowMapping]:
            return (await connection.execute(query)).mappings().all()

        found = await self._database.run(work)
        return [Month(row["name"], _first_day(row["name"]), row["rows"], row["size_bytes"]) for row in found]

    async def drop_before(self, first: date) -> list[str]:
        """Drop the months before that of ``first``, with their snapshots; returns what was dropped."""
        before = month_of(_midnight(first))
        names = [month.name for month in await self.months() if month.first is not None and month.first < before]

        async def work(connection: AsyncConnection) -> None:
            for name in names:
                await connection.execute(sa.text(f"DROP TABLE {name}"))
            since = _midnight(before)
            await connection.execute(sa.text("DELETE FROM journal_rest WHERE at < :since"), {"since": since})
            await connection.execute(sa.delete(journal_snapshots).where(journal_snapshots.c.at < since))

        await self._database.run(work)
        return names


def month_of(at: datetime) -> date:
    """Return the first day of the month, in UTC."""
    return at.astimezone(UTC).date().replace(day=1)


def next_month(first: date) -> date:
    """Return the first day of the month after."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def partition_of(first: date) -> str:
    """Return the name of a month's partition."""
    return f"journal_{first:%Y_%m}"


def _first_day(name: str) -> date | None:
    found = _PARTITION.fullmatch(name)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
