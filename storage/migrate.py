"""Bring a database to today's tables: Alembic, run by us, so that a site needs no command line for it.

The work is done in a thread with a loop of its own, because Alembic reads files and is not made for ours. Two
processes that start together take turns by an advisory lock.
"""

import asyncio
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.engine import async_dsn
from storage.errors import StorageUnavailableError

LOCK: Final = 0x4879_6472_6F70
"""The advisory lock that the one who migrates holds ("Hydrop")."""
DEADLINE_S: Final = 300.0


async def upgrade(dsn: str) -> bool:
    """Bring the database at ``dsn`` to the newest tables; tells whether anything was to do."""
    return await asyncio.to_thread(lambda: asyncio.run(_upgrade(dsn)))


async def _upgrade(dsn: str) -> bool:
    engine = create_async_engine(async_dsn(dsn), poolclass=NullPool, hide_parameters=True, connect_args={"timeout": 5})
    try:
        async with asyncio.timeout(DEADLINE_S), engine.begin() as connection:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            return await connection.run_sync(_run)
    except (DBAPIError, OSError) as error:
        raise StorageUnavailableError(f"can't migrate: {type(error).__name__}") from error
    finally:
        await engine.dispose()


def _run(connection: Connection) -> bool:
    config = configuration()
    at = MigrationContext.configure(connection).get_current_revision()
    if at == ScriptDirectory.from_config(config).get_current_head():
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def configuration() -> Config:
    """Return Alembic's configuration for the packaged migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
