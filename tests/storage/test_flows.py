"""Versions of flows: in order, once, for ever; and what callers did in them."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from cti.domain.model import IvrStep, Outcome
from storage.calls import CallStore
from storage.engine import Database, plain_dsn
from storage.errors import FlowChangedError, NotFoundError
from storage.flows import FlowStore
from storage.funnel import FunnelStore, StepRow, TotalRow
from tests.storage.calls import NOON, at, in_menu

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(database: Database) -> FlowStore:
    return FlowStore(database, now=lambda: NOON)


async def test_versions_are_kept_with_who_and_when(store: FlowStore) -> None:
    first = await store.add("water", "one", by="admin", based_on=0, comment="first")
    second = await store.add("water", "two", by="boss", based_on=1)
    other = await store.add("identify", "id", by="admin", based_on=0)
    assert [version.version for version in await store.versions("water")] == [2, 1]
    assert (first.made_by, first.made_at, first.comment) == ("admin", NOON, "first")
    assert await store.current() == {"water": second, "identify": other}
    assert await store.get("water", 1) == first
    with pytest.raises(NotFoundError):
        await store.get("water", 3)


async def test_whoever_saw_an_older_version_publishes_nothing(store: FlowStore) -> None:
    await store.add("water", "one", by="admin", based_on=0)
    with pytest.raises(FlowChangedError) as caught:
        await store.add("water", "other", by="boss", based_on=0)
    assert caught.value.current == 1


async def test_a_publication_whose_answer_was_lost_is_one_publication(store: FlowStore) -> None:
    first = await store.add("water", "one", by="admin", based_on=0)
    assert await store.add("water", "one", by="admin", based_on=0) == first
    assert len(await store.versions("water")) == 1


async def test_of_ten_at_once_one_wins(database: Database) -> None:
    stores = [FlowStore(database, now=lambda number=number: at(number)) for number in range(10)]  # type: ignore[misc]
    made = await asyncio.gather(
        *(store.add("water", f"text {number}", by="a", based_on=0) for number, store in enumerate(stores)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, FlowChangedError) for one in made) == 9
    assert len(await stores[0].versions("water")) == 1


@pytest.mark.parametrize("statement", ["UPDATE flow_versions SET text = 'x'", "DELETE FROM flow_versions"])
async def test_a_version_is_never_changed_whoever_tries(store: FlowStore, database_dsn: str, statement: str) -> None:
    await store.add("water", "one", by="admin", based_on=0)
    connection = await asyncpg.connect(plain_dsn(database_dsn))
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await connection.execute(statement)
    finally:
        await connection.close()


def path(*steps: tuple[str, str, int]) -> tuple[IvrStep, ...]:
    return tuple(
        IvrStep(step=step, way=way, at=at(number), took_ms=took, keyed="")
        for number, (step, way, took) in enumerate(steps)
    )


async def test_the_funnel_counts_steps_ways_times_and_what_became_of_calls(database: Database) -> None:
    calls = CallStore(database, now=lambda: at(9000))
    ends = {"ended_at": at(60), "cause": 16}
    await calls.save(
        in_menu(
            1,
            ivr_version=2,
            ivr_served=True,
            outcome=Outcome.SELF_SERVICE,
            **ends,
            ivr_path=path(("main", "1", 1000), ("bill", "ok", 3000), ("main", "9", 3000)),
        )
    )
    await calls.save(
        in_menu(
            2,
            ivr_version=2,
            outcome=Outcome.ABANDONED,
            **ends,
            ivr_path=path(("main", "1", 2000), ("bill", "hangup", 500)),
        )
    )
    await calls.save(
        in_menu(
            3,
            ivr_version=1,
            outcome=Outcome.ABANDONED,
            queue="water",
            queued_at=at(20),
            **ends,
            ivr_path=path(("main", "0", 2000), ("person", "person", 10)),
        )
    )
    await calls.save(in_menu(4, ivr_flow="other", ivr_path=path(("main", "1", 1))))
    await calls.save(in_menu(5, started_at=NOON + timedelta(days=1), ivr_path=path(("main", "1", 1))))
    store = FunnelStore(database)
    found = await store.read("water", NOON, NOON + timedelta(days=1))
    assert list(found.totals) == [TotalRow(1, 1, 0, 1, 0), TotalRow(2, 2, 1, 0, 1)]
    assert StepRow("bill", "hangup", 1) in found.ways
    main = next(row for row in found.times if row.step == "main")
    assert (main.calls, main.passes, main.mean_ms, main.median_ms) == (3, 4, 2000, 2000)
    second = await store.read("water", NOON, NOON + timedelta(days=1), version=2)
    assert [total.version for total in second.totals] == [2]
    assert {row.step for row in second.times} == {"main", "bill"}
