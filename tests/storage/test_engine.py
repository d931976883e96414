"""The way to the database when it is well, slow, gone and back."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.calls import CallStore
from storage.embedded import EmbeddedPostgres
from storage.engine import Database, async_dsn, plain_dsn
from storage.errors import RefusedError, StorageBusyError, StorageUnavailableError
from storage.schema import calls, ticket_entries, tickets
from tests.storage.calls import a_call, answered, ended, in_menu

pytestmark = pytest.mark.postgres

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hydrophone' AND datname = $1"


async def one(connection: AsyncConnection) -> int:
    return int(await connection.scalar(sa.text("SELECT 1")) or 0)


async def kill_all(dsn: str) -> None:
    admin = await asyncpg.connect(plain_dsn(dsn))
    try:
        await admin.execute(KILL, async_dsn(dsn).database)
    finally:
        await admin.close()


async def count(database: Database, table: sa.Table) -> int:
    async def work(connection: AsyncConnection) -> int:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)

    return await database.run(work)


@pytest.mark.parametrize("dsn", ["postgres://u:p@h:5/d", "postgresql://u:p@h:5/d", "postgresql+asyncpg://u:p@h:5/d"])
def test_every_spelling_of_a_dsn_is_understood(dsn: str) -> None:
    assert async_dsn(dsn).render_as_string(hide_password=False) == "postgresql+asyncpg://u:p@h:5/d"
    assert plain_dsn(dsn) == "postgresql://u:p@h:5/d"
    assert "p@" not in str(async_dsn(dsn))


async def test_a_cut_connection_is_not_noticed_by_the_next_work(database: Database, database_dsn: str) -> None:
    assert await database.run(one) == 1
    await kill_all(database_dsn)
    assert await database.run(one) == 1
    assert database.available


async def test_a_connection_cut_in_the_middle_of_the_work_repeats_it_whole(
    database: Database, database_dsn: str
) -> None:
    begun = 0

    async def work(connection: AsyncConnection) -> int:
        nonlocal begun
        begun += 1
        await connection.execute(sa.text("INSERT INTO zones VALUES (gen_random_uuid(), 'Z', 'z', 'z')"))
        if begun == 1:
            await kill_all(database_dsn)
        return await one(connection)

    assert await database.run(work) == 1
    assert begun == 2
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM zones")) == 1


async def test_a_commit_whose_answer_was_lost_is_there_once(database: Database, database_dsn: str) -> None:
    store = CallStore(database)
    made = []
    for step in (a_call(), in_menu(), answered(), ended()):
        made.append(await store.save(step))
        await kill_all(database_dsn)  # after the commit, before its answer was read, as far as the caller knows
        made.append(await store.save(step))
    assert len(set(made)) == 1
    assert (await count(database, calls), await count(database, tickets), await count(database, ticket_entries)) == (
        1,
        1,
        2,
    )


async def test_saves_while_connections_are_being_cut_are_there_exactly_once(
    database: Database, database_dsn: str
) -> None:
    store = CallStore(database)

    async def save_until_kept(number: int) -> None:
        for step in (a_call(number), answered(number), ended(number)):
            while True:
                try:
                    await store.save(step)
                    break
                except StorageUnavailableError:
                    await asyncio.sleep(0.01)

    async def cut() -> None:
        for _ in range(5):
            await asyncio.sleep(0.05)
            await kill_all(database_dsn)

    async with asyncio.timeout(30):
        await asyncio.gather(cut(), *(save_until_kept(number) for number in range(1, 21)))
    assert await count(database, calls) == await count(database, tickets) == 20
    assert await count(database, ticket_entries) == 40


async def test_a_slow_statement_is_given_up_in_time(database_dsn: str) -> None:
    quick = Database(database_dsn, statement_timeout_s=0.2, connect_timeout_s=1.0)

    async def slow(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT pg_sleep(9)"))

    start = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        await quick.run(slow)
    assert time.monotonic() - start < 3
    await quick.close()


async def test_a_deadline_holds_for_all_attempts_together(database: Database) -> None:
    async def slow(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT pg_sleep(9)"))

    start = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        await database.run(slow, deadline_s=0.3)
    assert time.monotonic() - start < 2
    assert await database.run(one) == 1


async def test_a_burst_waits_for_its_turn_and_is_not_taken_for_a_database_that_is_down(database: Database) -> None:
    assert sum(await asyncio.gather(*(database.run(one) for _ in range(300)))) == 300
    assert database.available


async def test_who_gets_no_turn_in_time_is_told_that_it_is_busy_not_down(database_dsn: str) -> None:
    narrow = Database(database_dsn, pool_size=1)
    held, free = asyncio.Event(), asyncio.Event()

    async def hold(connection: AsyncConnection) -> None:
        await one(connection)
        held.set()
        await free.wait()

    holder = asyncio.create_task(narrow.run(hold))
    await held.wait()
    with pytest.raises(StorageBusyError):
        await narrow.run(one, deadline_s=0.1)
    assert narrow.available
    free.set()
    await holder
    assert await narrow.run(one) == 1
    await narrow.close()


async def test_a_refused_row_is_refused_at_once_and_leaves_nothing(database: Database) -> None:
    tried = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal tried
        tried += 1
        await connection.execute(sa.text("INSERT INTO zones VALUES (gen_random_uuid(), 'Z', 'z', 'z')"))
        await connection.execute(sa.text("INSERT INTO zones VALUES (gen_random_uuid(), 'Z', 'z', 'z')"))

    with pytest.raises(RefusedError) as caught:
        await database.run(work)
    assert (tried, caught.value.sqlstate, caught.value.constraint) == (1, "23505", "uq_zones_code")
    assert database.available
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM zones")) == 0


async def test_an_argument_that_can_not_be_sent_is_refused_not_waited_for(database: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT cast(:n AS integer)"), {"n": 1 << 80})

    with pytest.raises(RefusedError):
        await database.run(work)
    assert database.available


async def test_cancelling_the_work_gives_its_connection_back(database: Database) -> None:
    async def slow(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT pg_sleep(9)"))

    for _ in range(8):  # more often than there are connections
        task = asyncio.create_task(database.run(slow))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await database.run(one) == 1


async def test_the_database_goes_away_and_comes_back(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    await server.start()
    database = Database(server.dsn, connect_timeout_s=1.0)
    assert await database.check()
    await server.stop()
    assert not await database.check()
    assert not database.available
    await server.start()
    assert await database.check()
    assert database.available
    await database.close()
    await server.stop()
