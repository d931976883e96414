"""The tallies kept: computed anew as often as one likes, and equal to what others compute from ``queue_log``."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AgentId
from cti.domain.kpi.cells import Step, by_step, fold
from cti.domain.kpi.facts import facts_of
from cti.domain.kpi.figures import PROFILES, figure
from cti.domain.kpi.formulas import FORMULAS, Rules
from cti.domain.kpi.tally import Tally, total
from cti.domain.kpi.times import Doing, Slice
from cti.domain.model import Call, Outcome
from storage.calls import CallStore
from storage.engine import Database
from storage.kpi import KpiStore, Period, aligned
from storage.records import Category, TicketChange
from storage.rows import call_row
from storage.schema import calls as calls_table
from storage.schema import kpi_intervals
from storage.tickets import TicketStore
from tests.domain.kpi.days import MIDNIGHT, WATER, generated_day
from tests.storage.calls import NOON, abandoned, answered, at, ended, served

pytestmark = pytest.mark.postgres

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEXT_MIDNIGHT = MIDNIGHT + timedelta(days=1)
WHOLE_DAY = Period(since=MIDNIGHT, until=NEXT_MIDNIGHT)
AGENT1 = AgentId("agent1")


@pytest.fixture
def store(database: Database) -> KpiStore:
    return KpiStore(database, now=lambda: NOON)


async def keep(database: Database, *calls: Call) -> None:
    """Put calls straight into their table: their tickets don't matter here."""

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(calls_table), [call_row(call, None) for call in calls])

    await database.run(work)


async def rows(database: Database) -> list[Any]:
    order = (kpi_intervals.c.at, kpi_intervals.c.queue, kpi_intervals.c.agent)
    async with database.engine.connect() as connection:
        return list(await connection.execute(sa.select(kpi_intervals).order_by(*order)))


async def the_day(store: KpiStore, **chosen: Any) -> Tally:
    points = await store.read(replace(WHOLE_DAY, **chosen))
    return total(point.tally for point in points)


# ------------------------------------------------------------------ an independent calculation

QUEUE_LOG = "CREATE TABLE queue_log (time text, callid text, queuename text, agent text, event text, data1 text)"

INDEPENDENT = """
WITH visit AS (
    SELECT callid, queuename,
           max(time::timestamptz) FILTER (WHERE event = 'ENTERQUEUE') AS came,
           max(time::timestamptz) FILTER (WHERE event = 'CONNECT') AS met,
           max(time::timestamptz) FILTER (WHERE event = 'ABANDON') AS left_angry
    FROM queue_log WHERE queuename LIKE :queue GROUP BY callid, queuename
), waits AS (
    SELECT extract(epoch FROM met - came) AS answered, extract(epoch FROM left_angry - came) AS abandoned FROM visit
)
SELECT count(*) AS offered,
       count(answered) AS answered,
       count(abandoned) AS abandoned,
       100.0 * count(abandoned) / count(*) AS abandonment,
       avg(answered) AS asa,
       100.0 * count(*) FILTER (WHERE answered <= :t) / count(*) AS pure,
       100.0 * count(*) FILTER (WHERE answered <= :t)
             / (count(answered) + count(*) FILTER (WHERE abandoned > :t)) AS genesys,
       100.0 * count(*) FILTER (WHERE answered <= :t) / count(answered) AS wazo
FROM waits
"""

LEFT = {Outcome.ANSWERED: "CONNECT", Outcome.ABANDONED: "ABANDON", Outcome.OVERFLOWED: "EXITWITHTIMEOUT"}


def queue_log_of(call: Call) -> list[dict[str, Any]]:
    """What ``app_queue`` writes about a call, in the order in which it happens."""
    if call.queued_at is None or call.outcome is None:
        return []
    agent = call.agent or "NONE"
    left = call.queued_at + timedelta(seconds=call.wait_s)
    story = [(call.queued_at, "NONE", "ENTERQUEUE"), (left, agent, LEFT[call.outcome])]
    if call.outcome is Outcome.ANSWERED and call.ended_at is not None:
        story.append((call.ended_at, agent, "COMPLETECALLER"))
    return [
        {"time": when.isoformat(), "callid": call.linkedid, "queue": call.queue, "agent": who, "event": event}
        for when, who, event in story
    ]


@pytest.mark.parametrize("target_s", [10, 20, 60])
@pytest.mark.parametrize("queue", [None, "water", "sales"])
async def test_a_generated_day_is_what_sql_makes_of_its_queue_log(
    store: KpiStore, database: Database, queue: str | None, target_s: int
) -> None:
    day = generated_day(seed=target_s, calls=600)
    await keep(database, *day)
    lines = [line for call in day for line in queue_log_of(call)]
    random.Random(1).shuffle(lines)
    async with database.engine.begin() as connection:
        await connection.execute(sa.text(QUEUE_LOG))
        insert = "INSERT INTO queue_log VALUES (:time, :callid, :queue, :agent, :event)"
        await connection.execute(sa.text(insert), lines)
        chosen = {"queue": queue or "%", "t": target_s}
        theirs = (await connection.execute(sa.text(INDEPENDENT), chosen)).mappings().one()

    await store.recompute(MIDNIGHT, NEXT_MIDNIGHT)
    ours = await the_day(store, queue=queue)

    rules = Rules(target_s=target_s)
    assert (ours.offered, ours.answered, ours.abandoned) == (theirs["offered"], theirs["answered"], theirs["abandoned"])
    for formula, column in {
        "abandonment_of_offered": "abandonment",
        "asa_of_answered": "asa",
        "service_level_of_offered": "pure",
        "service_level_without_early_abandons": "genesys",
        "service_level_of_answered": "wazo",
    }.items():
        assert figure(FORMULAS[formula], ours, rules).value == pytest.approx(float(theirs[column])), formula
    assert ours.abandoned > 5


# ------------------------------------------------------------------ kept and read


async def test_what_is_kept_is_what_the_fold_of_the_live_calls_gives(store: KpiStore, database: Database) -> None:
    day = generated_day(seed=4, calls=300)
    await keep(database, *day)
    await store.recompute(MIDNIGHT, NEXT_MIDNIGHT)
    cells = fold([facts for facts in map(facts_of, day) if facts is not None])
    for step in (Step.INTERVAL, Step.HOUR, Step.DAY):
        kept = {point.at: point.tally for point in await store.read(replace(WHOLE_DAY, step=step))}
        assert kept == by_step(cells, step, SHANGHAI), step
    assert await the_day(store) == total(cells.values())
    assert (
        sum([(await the_day(store, agent=f"agent{n}")).answered for n in (1, 2, 3)]) == (await the_day(store)).answered
    )


async def test_computing_anew_changes_nothing(store: KpiStore, database: Database) -> None:
    await keep(database, *generated_day(seed=5, calls=100))
    cells = await store.recompute(MIDNIGHT, NEXT_MIDNIGHT)
    first = await rows(database)
    assert await store.recompute(MIDNIGHT, NEXT_MIDNIGHT) == cells == len(first)
    assert await store.recompute(MIDNIGHT + timedelta(minutes=7), MIDNIGHT + timedelta(hours=3)) < cells
    assert await rows(database) == first


async def test_a_call_that_ends_later_is_in_the_interval_of_its_arrival(store: KpiStore, database: Database) -> None:
    calls = CallStore(database)
    await calls.save(answered())
    await store.recompute(NOON, at(1))
    assert await store.read(WHOLE_DAY) == []
    await calls.save(ended())
    await store.recompute(NOON, at(1))
    assert (await the_day(store)).answered == 1


async def test_what_was_counted_and_is_so_no_longer_is_gone(store: KpiStore, database: Database) -> None:
    await keep(database, abandoned())
    await store.recompute(NOON, at(1))
    async with database.engine.begin() as connection:
        await connection.execute(sa.delete(calls_table))
    assert await store.recompute(NOON, at(1)) == 0
    assert await rows(database) == []


async def test_several_days_are_computed_day_by_day(store: KpiStore, database: Database) -> None:
    later = at(3 * 24 * 3600)
    await keep(database, ended(1), ended(2, started_at=later, ended_at=later, stage_since=later))
    assert await store.recompute(NOON, later + timedelta(seconds=1)) == 2


async def test_live_and_outbound_calls_count_nothing(store: KpiStore, database: Database) -> None:
    await keep(database, answered(1), ended(2, inbound=False))
    assert await store.recompute(NOON, at(1)) == 0


async def test_who_calls_again_about_the_same_was_not_helped_the_first_time(
    store: KpiStore, database: Database
) -> None:
    calls, desk = CallStore(database), TicketStore(database)
    later = at(2 * 24 * 3600)
    for call in (ended(1), ended(2, started_at=later, ended_at=later, stage_since=later), ended(3, account=None)):
        ticket = await desk.get(await calls.save(call))
        change = TicketChange(category=Category.REPAIR)
        await desk.change(ticket.id, change, by=AGENT1, version=ticket.version)
    await calls.save(served(4))
    await store.recompute(NOON, later + timedelta(seconds=1))
    points = await store.read(Period(since=NOON, until=later + timedelta(days=1), step=Step.DAY))
    assert [(point.tally.followed, point.tally.resolved) for point in points] == [(1, 0), (1, 1)]


async def test_agents_time_is_kept_once_and_grows(store: KpiStore) -> None:
    busy = Slice(AGENT1, Doing.ON_CALL, at(0), at(60), WATER)
    idle = Slice(AGENT1, Doing.AVAILABLE, NOON - timedelta(seconds=90), NOON)
    await store.keep_times([busy, idle, Slice(AGENT1, Doing.WRAP_UP, at(60), at(60))])
    await store.keep_times([replace(busy, until=at(120))])
    await store.keep_times([replace(busy, until=at(30)), Slice(AGENT1, Doing.WRAP_UP, at(120), at(150), WATER)])
    await store.keep_times([])
    await store.recompute(NOON - timedelta(hours=1), at(3600))
    day = await the_day(store)
    assert (day.on_call_s, day.wrap_up_s, day.available_s) == (120, 30, 90)
    assert (await the_day(store, queue=WATER)).available_s == 0
    assert figure(FORMULAS["occupancy"], day, PROFILES["house"].rules).value == pytest.approx(62.5)


async def test_an_interval_has_only_its_own_part_of_an_agents_time(store: KpiStore) -> None:
    await store.keep_times([Slice(AGENT1, Doing.AVAILABLE, NOON - timedelta(hours=3), at(3 * 3600))])
    await store.recompute(NOON, at(1))
    assert (await the_day(store)).available_s == 900


def test_a_period_is_made_of_whole_quarters() -> None:
    assert aligned(at(1), at(2)) == (NOON, at(900))
    assert aligned(at(900), at(1800)) == (at(900), at(1800))


async def test_when_it_was_computed_is_told(store: KpiStore, database: Database) -> None:
    await keep(database, ended())
    await store.recompute(NOON, at(1))
    assert [point.computed_at for point in await store.read(WHOLE_DAY)] == [NOON]
