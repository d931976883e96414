"""The journal's table: once each, in order, by month."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.journal import JournalRow, JournalStore, KeptSnapshot
from storage.schema import journal

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def row(position: int, *, at: datetime = NOON, kind: str = "LegEnded", linkedid: str = "1.1") -> JournalRow:
    return JournalRow("main", 7, linkedid, position, at, kind, 1, json.dumps({"n": position, "name": "a\0b 王"}))


async def read(store: JournalStore, after: int = 0, upto: int = 10**18) -> list[JournalRow]:
    return [one async for page in store.rows(after, upto) for one in page]


async def where(database: Database, position: int) -> str:
    async def work(connection: AsyncConnection) -> str:
        query = sa.select(sa.cast(sa.literal_column("tableoid::regclass"), sa.Text)).select_from(journal)
        return str(await connection.scalar(query.where(journal.c.position == position)))

    return await database.run(work)


@pytest.fixture
def store(database: Database) -> JournalStore:
    return JournalStore(database)


async def test_rows_come_back_in_their_order_and_to_the_letter(store: JournalStore) -> None:
    rows = [row(position, linkedid=f"1.{position % 3}") for position in range(1, 5_001)]
    await store.append(rows[3_000:])
    await store.append(rows[:3_000])
    assert await read(store) == rows
    assert await read(store, 10, 12) == rows[10:12]


async def test_a_batch_sent_again_is_kept_once(store: JournalStore) -> None:
    rows = [row(1), row(2)]
    await store.append(rows)
    await store.append([*rows, row(3)])
    assert [one.position for one in await read(store)] == [1, 2, 3]


async def test_a_row_of_a_month_without_partition_is_kept_and_moves_into_its_own(
    store: JournalStore, database: Database
) -> None:
    long_ago = NOON - timedelta(days=900)
    await store.append([row(1), row(2, at=long_ago)])
    assert await where(database, 1) == "journal_rest"
    await store.make_months(NOON)
    await store.make_months(NOON)
    await store.append([row(3), row(4, at=NOON + timedelta(days=60)), row(5, at=NOON + timedelta(days=900))])
    places = [await where(database, position) for position in (1, 2, 3, 4, 5)]
    assert places == ["journal_2026_11", "journal_rest", "journal_2026_11", "journal_2027_01", "journal_rest"]
    assert [one.position for one in await read(store)] == [1, 2, 3, 4, 5]


async def test_old_months_go_with_their_snapshots(store: JournalStore) -> None:
    await store.make_months(NOON)
    await store.make_months(NOON - timedelta(days=62))
    old = NOON - timedelta(days=60)
    await store.append([row(1, at=old), row(2)])
    for position, at in ((1, old), (2, NOON)):
        await store.keep_snapshot(KeptSnapshot(position, at, "h" * 64, b"state"))
    months = {month.name: month for month in await store.months()}
    assert months["journal_2026_09"].first == date(2026, 9, 1)
    assert months["journal_rest"].first is None
    assert await store.drop_before(date(2026, 11, 30)) == ["journal_2026_09", "journal_2026_10"]
    assert [one.position for one in await read(store)] == [2]
    assert [one.position async for one in store.snapshots(0, 9)] == [2]


async def test_a_moment_is_the_last_event_at_or_before_it(store: JournalStore) -> None:
    await store.append([row(1), row(2), row(3, at=NOON + timedelta(seconds=1))])
    assert await store.position_at(NOON - timedelta(seconds=1)) is None
    assert await store.position_at(NOON) == 2
    assert await store.position_at(NOON + timedelta(days=1)) == 3
    assert await store.begins_at() == NOON


async def test_snapshots_are_found_from_either_side(store: JournalStore) -> None:
    for position in (5, 10, 15):
        await store.keep_snapshot(KeptSnapshot(position, NOON, "h" * 64, b"state"))
    assert [one.position async for one in store.snapshots(0, 12, newest_first=True)] == [10, 5]
    assert [one.position async for one in store.snapshots(5, 20)] == [10, 15]


async def test_the_last_start_before_a_moment_is_found(store: JournalStore) -> None:
    await store.append([row(1, kind="CentreStarted"), row(2), row(3, kind="CentreStarted")])
    assert [await store.last_start(upto) for upto in (0, 1, 2, 3)] == [None, 1, 1, 3]
