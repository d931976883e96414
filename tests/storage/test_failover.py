"""PostgreSQL cut off at the worst moment, frozen, or replaced by another: nothing lost, nothing twice, soon back.

The server is real; only the wire to it is ours.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AgentId
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import StorageUnavailableError
from storage.journal import JournalRow, JournalStore
from storage.records import TicketChange
from storage.tickets import TicketStore
from tests.fakes.postgres_proxy import PostgresProxy, proxied
from tests.storage.calls import ended

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ANNA = AgentId("anna")


@pytest.fixture
async def wire(database_dsn: str) -> AsyncIterator[PostgresProxy]:
    async with proxied(database_dsn) as proxy:
        yield proxy


@pytest.fixture
async def cut(wire: PostgresProxy) -> AsyncIterator[Database]:
    """The database at the end of the wire."""
    made = Database(wire.dsn, pool_size=3, statement_timeout_s=1.0, connect_timeout_s=1.0)
    assert await made.check()
    yield made
    await made.close()


async def count(database: Database, table: str) -> int:
    async def work(connection: AsyncConnection) -> int:
        return int(await connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)

    return await database.run(work)


async def soon(work: Callable[[], Awaitable[object]]) -> float:
    """Try until it works; returns how long that took."""
    begun = time.monotonic()
    async with asyncio.timeout(20):
        while True:
            try:
                await work()
            except StorageUnavailableError:
                await asyncio.sleep(0.1)
            else:
                return time.monotonic() - begun


def row(position: int) -> JournalRow:
    return JournalRow("main", 7, "1.1", position, NOON, "LegEnded", 1, json.dumps({"n": position}))


async def test_a_batch_of_the_journal_whose_commit_was_not_answered_is_there_once(
    wire: PostgresProxy, cut: Database, database: Database
) -> None:
    rows = [row(position) for position in range(100)]
    wire.cut_next = 1
    with pytest.raises(StorageUnavailableError):
        await JournalStore(cut).append(rows)
    assert await count(database, "journal") == 100
    await JournalStore(cut).append(rows)
    assert (wire.cuts, await count(database, "journal")) == (1, 100)


async def test_a_call_whose_commit_was_not_answered_has_one_record_and_one_ticket(
    wire: PostgresProxy, cut: Database, database: Database
) -> None:
    wire.cut_next = 2
    await CallStore(cut).save(ended())
    counts = [await count(database, table) for table in ("calls", "tickets", "ticket_entries")]
    await CallStore(cut).save(ended())
    assert wire.cuts == 2
    assert counts[:2] == [1, 1]
    assert [await count(database, table) for table in ("calls", "tickets", "ticket_entries")] == counts


async def test_a_note_whose_commit_was_not_answered_stands_once_and_its_version_counts_once(
    wire: PostgresProxy, cut: Database, database: Database
) -> None:
    ticket = await CallStore(cut).save(ended())
    before = await TicketStore(cut).get(ticket)
    change, key = TicketChange(note="水表漏水"), uuid4()
    wire.cut_next = 1
    changed = await TicketStore(cut).change(ticket, change, by=ANNA, version=before.version, key=key)
    wire.cut_next = 9
    with pytest.raises(StorageUnavailableError):
        await TicketStore(cut).change(ticket, change, by=ANNA, version=before.version, key=key)
    wire.cut_next = 0
    again = await TicketStore(cut).change(ticket, change, by=ANNA, version=before.version, key=key)
    assert changed.version == again.version == before.version + 1
    assert [entry.text for entry in again.entries].count("水表漏水") == 1


async def test_a_change_is_never_acknowledged_while_the_database_is_away(
    wire: PostgresProxy, cut: Database, database: Database
) -> None:
    ticket = await CallStore(cut).save(ended())
    await wire.stop()
    with pytest.raises(StorageUnavailableError):
        await TicketStore(cut).change(ticket, TicketChange(note="lost?"), by=ANNA, version=1)
    kept = await TicketStore(database).get(ticket)
    assert "lost?" not in [entry.text for entry in kept.entries]


async def test_after_a_restart_of_the_server_the_pool_is_well_again_within_seconds(
    wire: PostgresProxy, cut: Database
) -> None:
    await asyncio.gather(*(cut.check() for _ in range(3)))
    await wire.stop()
    assert not await cut.check()
    await wire.start()
    assert await soon(lambda: cut.run(_nothing)) < 10


async def test_connections_that_lead_nowhere_are_all_given_up_at_once(wire: PostgresProxy, cut: Database) -> None:
    await asyncio.gather(*(cut.run(_slowly) for _ in range(3)))
    wire.freeze()
    with pytest.raises(StorageUnavailableError):
        await cut.run(_nothing, deadline_s=2.5)
    wire.thaw()
    assert await soon(lambda: cut.run(_nothing)) < 10


async def test_a_server_that_may_only_be_read_any_more_is_left_for_the_new_one(
    wire: PostgresProxy, cut: Database, database: Database
) -> None:
    async def read_only(value: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            statement = f'ALTER DATABASE "{wire.database}" SET default_transaction_read_only = {value}'
            await connection.execute(sa.text(statement))

        await database.run(work)

    assert await database.check()
    await read_only("on")
    await wire.cut_all()
    await asyncio.gather(*(soon(lambda: cut.run(_slowly)) for _ in range(3)))
    with pytest.raises(StorageUnavailableError, match="only be read"):
        await JournalStore(cut).append([row(1)])
    await read_only("off")  # who connects from now on finds the new primary
    assert await soon(lambda: JournalStore(cut).append([row(1)])) < 10
    assert await count(cut, "journal") == 1


async def test_of_two_servers_in_the_dsn_the_one_that_lives_is_found(database_dsn: str) -> None:
    async with proxied(database_dsn) as one, proxied(database_dsn) as other:
        hosts = "&".join(f"host=127.0.0.1:{wire.port}" for wire in (one, other))
        dsn = f"postgresql://hydrophone@/{one.database}?{hosts}&target_session_attrs=read-write"
        database = Database(dsn, pool_size=2, connect_timeout_s=1.0)
        try:
            assert await database.check()
            for gone, left in ((one, other), (other, one)):
                await left.stop()
                await left.start()
                before = left.connections
                await gone.stop()
                assert await soon(lambda: database.run(_nothing)) < 10
                assert left.connections > before
                await gone.start()
        finally:
            await database.close()


async def _nothing(connection: AsyncConnection) -> None:
    await connection.execute(sa.text("SELECT 1"))


async def _slowly(connection: AsyncConnection) -> None:
    await connection.execute(sa.text("SELECT pg_sleep(0.1)"))
