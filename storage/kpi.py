"""What the figures are made from, kept: agents' time as it passes, and the tally of every quarter of an hour.

The tallies are derived and nothing else: any past period can be computed anew from the calls, their tickets and the
agents' times, as often as one likes, and comes to the same. A call belongs to the quarter in which it arrived, so one
that ends changes that quarter; who ends calls says so (``cti.services.figures``).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AgentId, CallId, QueueName
from cti.domain.kpi.cells import Cell, Step, fold
from cti.domain.kpi.facts import CallFacts, Matter, Rating, came_back, facts_of
from cti.domain.kpi.tally import SUMS, Tally
from cti.domain.kpi.times import INTERVAL, Doing, Slice, interval_of
from cti.domain.model import Outcome
from storage.engine import Database
from storage.schema import TALLY_SUMS, WAIT_COLUMNS, agent_times, calls, kpi_intervals, ratings, surveys, tickets
from storage.text import storable

LOCK: Final = 0x4879_6472_6F6B
"""The advisory lock under which tallies are replaced ("Hydrok")."""
AT_ONCE: Final = timedelta(days=1)
DEADLINE_S: Final = 30.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What to read: ``since`` ≤ an interval's start < ``until``, of one queue or agent where given, step by step."""

    since: datetime
    until: datetime
    step: Step = Step.TOTAL
    queue: QueueName | None = None
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One step's tally; ``computed_at`` is when the newest part of it was."""

    at: datetime
    tally: Tally
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """A call's row, as far as figures read it."""

    id: CallId
    started_at: datetime
    inbound: bool
    ivr_flow: str | None
    queue: QueueName | None
    agent: AgentId | None
    answered_at: datetime | None
    wait_s: int
    talk_s: int
    hold_s: int
    outcome: Outcome | None
    asked: bool
    mark: float | None

    @property
    def rating(self) -> Rating | None:
        """What the caller said of it, from the mean of their marks: 5 is the best."""
        return None if self.mark is None else _RATINGS[min(5, max(1, int(self.mark + 0.5)))]


_RATINGS = {
    5: Rating.VERY_SATISFIED,
    4: Rating.SATISFIED,
    3: Rating.FAIR,
    2: Rating.DISSATISFIED,
    1: Rating.DISSATISFIED,
}
_CALL_COLUMNS = tuple(calls.c[name] for name in _Kept.__dataclass_fields__ if name in calls.c)


def aligned(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return the whole quarters of an hour that the period touches."""
    end = interval_of(until)
    return interval_of(since), end if end == until else end + INTERVAL


class KpiStore:
    """The tallies. ``zone`` is whose hours and days count; who calls again within ``follow_up`` was not helped."""

    def __init__(
        self,
        database: Database,
        *,
        zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 - immutable
        follow_up: timedelta = timedelta(days=7),
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.follow_up = follow_up
        self._database = database
        self._zone = zone
        self._now = now

    async def keep_times(self, slices: Iterable[Slice]) -> None:
        """Keep what agents spent their time on. A slice that is kept already only ever grows."""
        rows = [
            {
                "agent": storable(slice_.agent, 64),
                "since": slice_.since,
                "until": slice_.until,
                "doing": slice_.doing,
                "queue": None if slice_.queue is None else storable(slice_.queue, 32),
            }
            for slice_ in slices
            if slice_.until > slice_.since
        ]
        if not rows:
            return
        insert = pg.insert(agent_times)
        until = sa.func.greatest(agent_times.c.until, insert.excluded.until)
        statement = insert.on_conflict_do_update(index_elements=["agent", "since"], set_={"until": until})

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement, rows)

        await self._database.run(work)

    async def recompute(self, since: datetime, until: datetime) -> int:
        """Compute the tallies of all intervals from ``since`` to ``until`` anew; returns how many cells there are.

        Goes day by day, each in a transaction of its own: readers see a day as it was or as it is.
        """
        since, until = aligned(since, until)
        cells = 0
        while since < until:
            end = min(until, since + AT_ONCE)
            cells += await self._replace(since, end)
            since = end
        return cells

    async def _replace(self, since: datetime, until: datetime) -> int:
        async def work(connection: AsyncConnection) -> int:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            kept = await _calls(connection, since, until)
            contacts = await _contacts(connection, since, until + self.follow_up)
            times = await _times(connection, since, until)
            rows = await asyncio.to_thread(_rows, kept, contacts, times, self.follow_up, self._now())
            within = sa.and_(kpi_intervals.c.at >= since, kpi_intervals.c.at < until)
            await connection.execute(sa.delete(kpi_intervals).where(within))
            if rows:
                await connection.execute(sa.insert(kpi_intervals), rows)
            return len(rows)

        return await self._database.run(work, deadline_s=DEADLINE_S)

    async def behind_since(self) -> datetime | None:
        """Return since when nothing was computed: the newest interval, or the first call; None without calls."""

        async def work(connection: AsyncConnection) -> datetime | None:
            newest: datetime | None = await connection.scalar(sa.select(sa.func.max(kpi_intervals.c.at)))
            first = sa.select(sa.func.min(calls.c.started_at))
            return newest or await connection.scalar(first)

        return await self._database.run(work)

    async def read(self, period: Period) -> list[Point]:
        """Return the tally of each step in which anything was counted, oldest first."""
        query = self._query(period)

        async def work(connection: AsyncConnection) -> list[Point]:
            return [_point(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)

    def _query(self, period: Period) -> sa.Select[Any]:
        columns = kpi_intervals.c
        step = self._step(period)
        query = (
            sa.select(
                step.label("at_step"),
                sa.func.max(columns.computed_at).label("computed_at"),
                sa.func.max(columns.longest_wait_s).label("longest_wait_s"),
                *(sa.func.sum(columns[name]).label(name) for name in TALLY_SUMS),
            )
            .where(columns.at >= period.since, columns.at < period.until)
            .group_by(sa.text("1"))
            .order_by(sa.text("1"))
        )
        if period.queue is not None:
            query = query.where(columns.queue == storable(period.queue))
        if period.agent is not None:
            query = query.where(columns.agent == storable(period.agent))
        return query

    def _step(self, period: Period) -> sa.ColumnElement[Any]:
        match period.step:
            case Step.INTERVAL:
                return kpi_intervals.c.at
            case Step.TOTAL:
                return sa.literal(period.since, kpi_intervals.c.at.type)
            case _:
                return sa.func.date_trunc(period.step.value, kpi_intervals.c.at, self._zone.key)


# ------------------------------------------------------------------ what tallies are computed from

Contact = tuple[CallId, datetime, Matter]


async def _calls(connection: AsyncConnection, since: datetime, until: datetime) -> Sequence[_Kept]:
    told = calls.alias("told")
    mine = sa.or_(told.c.id == calls.c.id, told.c.callback_of == calls.c.id)
    asked = sa.select(surveys.c.asked).join(told, told.c.id == surveys.c.call_id).where(mine, surveys.c.asked)
    mark = sa.select(sa.cast(sa.func.avg(ratings.c.mark), sa.Float)).join(told, told.c.id == ratings.c.call_id)
    query = sa.select(
        *_CALL_COLUMNS, sa.exists(asked).label("asked"), mark.where(mine).scalar_subquery().label("mark")
    ).where(calls.c.started_at >= since, calls.c.started_at < until, calls.c.ended_at.is_not(None))
    rows = (await connection.execute(query)).mappings()
    return [_Kept(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]


async def _contacts(connection: AsyncConnection, since: datetime, until: datetime) -> Sequence[Contact]:
    query = (
        sa.select(calls.c.id, calls.c.started_at, tickets.c.account, tickets.c.category)
        .join(tickets, tickets.c.call_id == calls.c.id)
        .where(
            calls.c.started_at >= since,
            calls.c.started_at < until,
            calls.c.inbound,
            tickets.c.account.is_not(None),
            tickets.c.category.is_not(None),
        )
    )
    return [(row.id, row.started_at, (row.account, row.category)) for row in await connection.execute(query)]


async def _times(connection: AsyncConnection, since: datetime, until: datetime) -> list[Slice]:
    query = sa.select(agent_times).where(agent_times.c.until > since, agent_times.c.since < until)
    return [
        replace(slice_, since=max(slice_.since, since), until=min(slice_.until, until))
        for row in (await connection.execute(query)).mappings()
        for slice_ in [Slice(**{**row, "doing": Doing(row["doing"])})]
    ]


def _rows(
    kept: Sequence[_Kept], contacts: Sequence[Contact], times: Iterable[Slice], follow_up: timedelta, now: datetime
) -> list[dict[str, Any]]:
    """Fold it all. Takes its time for a big day, so it runs in a thread."""
    known = {call for call, _, _ in contacts}
    again = came_back(contacts, within=follow_up)
    told = (
        facts_of(call, came_back=call.id in again if call.id in known else None, asked=call.asked, rating=call.rating)
        for call in kept
    )
    facts: list[CallFacts] = [one for one in told if one is not None]
    return [_row(cell, tally, now) for cell, tally in fold(facts, times).items()]


def _row(cell: Cell, tally: Tally, now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {"at": cell.at, "queue": cell.queue, "agent": cell.agent, "computed_at": now}
    row |= {name: int(getattr(tally, name)) for name in (*SUMS, "longest_wait_s")}
    for field, names in WAIT_COLUMNS.items():
        row |= dict(zip(names, getattr(tally, field), strict=True))
    return row


def _point(row: sa.RowMapping) -> Point:
    values: dict[str, Any] = {name: int(row[name]) for name in (*SUMS, "longest_wait_s")}
    values |= {field: tuple(int(row[name]) for name in names) for field, names in WAIT_COLUMNS.items()}
    return Point(row["at_step"].astimezone(UTC), Tally(**values), row["computed_at"])
