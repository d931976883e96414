"""A backup is worth what can be got back from it: the commands of docs/site.md, on a hotline that goes on meanwhile."""

import asyncio
import shutil
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cti.domain.ids import TicketId
from cti.domain.model import Outcome
from cti.sandbox.pbx import SandboxPbx
from storage.embedded import programs_dir
from storage.engine import Database
from storage.migrate import upgrade
from storage.records import TicketChange
from storage.tickets import TicketStore
from tests.app.test_gaps import behind_a_gap, by_number, caller
from tests.app.test_whole_calls import AGENT, agent_in_database, records
from tests.asterisk.pbx import MakePbx
from tests.fakes.gap import gap_before
from tests.postgres import PostgresServer

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(180)]

NOTE = "asked for a plumber; O'Brien said =1+1"


async def run(program: str, *arguments: str) -> None:
    await asyncio.to_thread(
        subprocess.run,
        [str(programs_dir() / program), *arguments],
        check=True,
        capture_output=True,
        timeout=60,
    )


async def one_calls(pbx: SandboxPbx, folder: Path, number: str) -> None:
    async with AsyncExitStack() as stack:
        await (await caller(stack, pbx, folder, number, 1)).finish()


@pytest.mark.usefixtures("agent_in_database")
async def test_after_a_restore_all_is_there_once_also_the_call_that_came_after_the_backup(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str, postgres_server: PostgresServer
) -> None:
    pbx = await make_pbx()
    plain = database_dsn.replace("postgresql+asyncpg", "postgresql")
    dump, kept = tmp_path / "hydrophone.dump", tmp_path / "kept home"
    async with gap_before(pbx.settings.pbx.ami_port) as gap:
        async with behind_a_gap(pbx, gap, tmp_path / "home", database_dsn) as app:
            await one_calls(pbx, tmp_path, "13800000001")
            (before,) = await records(app)
            assert before.ticket_id is not None
            await noted(database_dsn, before.ticket_id)
            shutil.copytree(tmp_path / "home", kept)
            await run("pg_dump", "-Fc", plain, "-f", str(dump))
            await one_calls(pbx, tmp_path, "13800000002")
            assert len(await records(app)) == 2
        empty = postgres_server.create(template="template0")
        await run("pg_restore", "--no-owner", "-d", postgres_server.embedded.plain_dsn_of(empty), str(dump))
        restored = postgres_server.embedded.dsn_of(empty)
        await upgrade(restored)
        async with behind_a_gap(pbx, gap, kept, restored) as app:
            found = by_number(await records(app))
            assert await notes(restored, before.ticket_id) == [NOTE]
    postgres_server.drop(empty)
    assert sorted(found) == ["13800000001", "13800000002"]
    assert found["13800000001"] == before
    assert found["13800000002"].outcome is Outcome.ABANDONED
    assert found["13800000002"].ticket_id not in {None, before.ticket_id}


async def noted(dsn: str, ticket: TicketId) -> None:
    database = Database(dsn, pool_size=1)
    try:
        store = TicketStore(database)
        await store.change(ticket, TicketChange(note=NOTE), by=AGENT, version=(await store.get(ticket)).version)
    finally:
        await database.close()


async def notes(dsn: str, ticket: TicketId) -> list[str]:
    database = Database(dsn, pool_size=1)
    try:
        return [entry.text for entry in (await TicketStore(database).get(ticket)).entries if entry.text == NOTE]
    finally:
        await database.close()
