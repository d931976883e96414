"""A real PostgreSQL for tests: one embedded server per test session, a fresh migrated database per test.

A test folder that wants it imports the fixtures in its ``conftest.py``::

    from tests.postgres import database, database_dsn, postgres_server  # noqa: F401
"""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.migrate import upgrade

Result = TypeVar("Result")
TEMPLATE = "migrated"


class PostgresServer:
    """The server, with a loop and a thread of its own, because it outlives each test's loop."""

    def __init__(self, home: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgres-for-tests", daemon=True)
        self._names = itertools.count(1)
        self.embedded = EmbeddedPostgres(home, durable=False)

    def start(self) -> None:
        self._thread.start()
        self.run(self.embedded.start())
        self.run(self._admin(f'CREATE DATABASE "{TEMPLATE}"'))
        self.run(upgrade(self.embedded.dsn_of(TEMPLATE)))

    def stop(self) -> None:
        self.run(self.embedded.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def create(self, *, template: str = TEMPLATE) -> str:
        """Make a database like ``template``: the migrated one, ``template0`` (empty), or one of a test's; its name."""
        name = f"test_{next(self._names)}"
        self.run(self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return name

    def drop(self, name: str) -> None:
        self.run(self._admin(f'DROP DATABASE "{name}" WITH (FORCE)'))

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.embedded.plain_dsn_of("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """The DSN of a fresh, migrated database."""
    name = postgres_server.create()
    yield postgres_server.embedded.dsn_of(name)
    postgres_server.drop(name)


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A pool on a fresh, migrated database."""
    opened = Database(database_dsn, pool_size=5)
    yield opened
    await opened.close()
