"""What callers did at each step of a flow in a period, counted from the records of their calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.schema import calls

LIMIT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class StepRow:
    """One way out of one step: how many passes, and by how many calls."""

    step: str
    way: str
    passes: int


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One step: calls, and how long they stayed there."""

    step: str
    calls: int
    passes: int
    mean_ms: float
    median_ms: float
    p90_ms: float


@dataclass(frozen=True, slots=True)
class TotalRow:
    """The calls of one version, and what became of them."""

    version: int
    calls: int
    served: int
    to_person: int
    gave_up: int


@dataclass(frozen=True, slots=True)
class Counted:
    """All of a period."""

    totals: Sequence[TotalRow]
    ways: Sequence[StepRow]
    times: Sequence[TimeRow]


class FunnelStore:
    """Counts; keeps nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, flow: str, since: datetime, until: datetime, version: int | None = None) -> Counted:
        """Count the calls that began at or after ``since`` and before ``until``, of one version or of all."""
        known = sa.func.coalesce(calls.c.ivr_version, 0)
        chosen = [calls.c.ivr_flow == flow, calls.c.started_at >= since, calls.c.started_at < until]
        if version is not None:
            chosen.append(known == version)
        queries = _totals(known, chosen), _steps(chosen)

        async def work(connection: AsyncConnection) -> list[Sequence[sa.RowMapping]]:
            return [(await connection.execute(query)).mappings().all() for query in queries]

        totals, steps = await self._database.run(work, deadline_s=LIMIT_S)
        return Counted(
            [TotalRow(**row) for row in totals],
            [StepRow(row["step"], row["way"], row["passes"]) for row in steps if not row["whole"]],
            [_time_row(row) for row in steps if row["whole"]],
        )


def _time_row(row: sa.RowMapping) -> TimeRow:
    mean, median, late = (float(row[name]) for name in ("mean_ms", "median_ms", "p90_ms"))
    return TimeRow(row["step"], row["calls"], row["passes"], mean, median, late)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count().filter(condition)


def _totals(known: sa.ColumnElement[int], chosen: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    person = sa.or_(calls.c.queue.is_not(None), calls.c.answered_at.is_not(None))
    return (
        sa.select(
            known.label("version"),
            sa.func.count().label("calls"),
            _count(sa.and_(calls.c.ivr_served, sa.not_(person))).label("served"),
            _count(person).label("to_person"),
            _count(sa.and_(sa.not_(calls.c.ivr_served), sa.not_(person), _hung_up())).label("gave_up"),
        )
        .where(*chosen)
        .group_by(known)
        .order_by(known)
    )


def _hung_up() -> sa.ColumnElement[bool]:
    last = calls.c.ivr_path.op("->", return_type=pg.JSONB())(-1)
    return last.op("->>", return_type=sa.Text())("way") == "hangup"


def _steps(chosen: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Return each way out of each step, and each step as a ``whole``, in one go over the paths."""
    passed = sa.func.jsonb_array_elements(calls.c.ivr_path).table_valued(sa.column("value", pg.JSONB()), name="passed")
    value = passed.c.value
    step, way, took_ms = value["step"].astext, value["way"].astext, value["took_ms"].astext.cast(sa.Integer)
    steps = (
        sa.select(calls.c.id.label("call"), step.label("step"), way.label("way"), took_ms.label("took_ms"))
        .select_from(calls.join(passed, sa.true()))
        .where(*chosen)
        .subquery()
    )
    by_step, by_way = sa.tuple_(steps.c.step), sa.tuple_(steps.c.step, steps.c.way)
    whole = sa.func.grouping(steps.c.way) == 1

    def share(part: float) -> sa.ColumnElement[float]:
        return sa.func.percentile_cont(part).within_group(steps.c.took_ms)

    return (
        sa.select(
            steps.c.step,
            steps.c.way,
            whole.label("whole"),
            sa.func.count(sa.distinct(steps.c.call)).label("calls"),
            sa.func.count().label("passes"),
            sa.func.avg(steps.c.took_ms).label("mean_ms"),
            share(0.5).label("median_ms"),
            share(0.9).label("p90_ms"),
        )
        .group_by(sa.func.grouping_sets(by_step, by_way))
        .order_by(steps.c.step, steps.c.way)
    )
