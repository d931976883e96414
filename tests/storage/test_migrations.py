"""The migrations build exactly the tables that the code knows."""

import asyncio
import re
import subprocess

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.embedded import programs_dir
from storage.engine import async_dsn
from storage.errors import StorageUnavailableError
from storage.migrate import configuration, upgrade
from storage.schema import metadata
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres


def dump(server: PostgresServer, name: str) -> str:
    """Every table, column, check, index, key, sequence and trigger, as PostgreSQL itself writes them down."""
    command = [str(programs_dir() / "pg_dump"), "--schema-only", "--exclude-table=alembic_version", "--no-owner"]
    dsn = server.embedded.plain_dsn_of(name)
    text = subprocess.run([*command, dsn], check=True, capture_output=True, text=True, timeout=60).stdout
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if not re.match(r"\\(un)?restrict ", line))


async def create_all(dsn: str) -> None:
    engine = create_async_engine(async_dsn(dsn), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


def test_the_migrations_make_the_schema_to_the_letter(postgres_server: PostgresServer) -> None:
    migrated, described = postgres_server.create(), postgres_server.create(template="template0")
    postgres_server.run(create_all(postgres_server.embedded.dsn_of(described)))
    by_migrations = dump(postgres_server, migrated)
    assert by_migrations == dump(postgres_server, described)
    assert by_migrations.count("CREATE TABLE") == len(metadata.tables) + len(["journal_rest"])
    assert "ticket_entries_append_only" in by_migrations


async def test_migrating_twice_or_at_once_is_migrating_once(postgres_server: PostgresServer) -> None:
    dsn = postgres_server.embedded.dsn_of(postgres_server.create(template="template0"))
    assert sorted(await asyncio.gather(*(upgrade(dsn) for _ in range(3)))) == [False, False, True]
    assert not await upgrade(dsn)


def test_going_back_leaves_nothing_behind(postgres_server: PostgresServer) -> None:
    from alembic import command

    async def down(dsn: str) -> None:
        engine = create_async_engine(async_dsn(dsn), poolclass=NullPool)
        async with engine.begin() as connection:

            def work(sync: object) -> None:
                config = configuration()
                config.attributes["connection"] = sync
                command.downgrade(config, "base")

            await connection.run_sync(work)
        await engine.dispose()

    name = postgres_server.create()
    postgres_server.run(down(postgres_server.embedded.dsn_of(name)))
    assert not re.search(r"CREATE (TABLE|SEQUENCE|FUNCTION)", dump(postgres_server, name))


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1


async def test_a_database_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(StorageUnavailableError):
        await upgrade("postgresql://nobody@127.0.0.1:9/none")
