"""Any SQL database as a billing system: a DSN and one named query for each question.

SQLAlchemy speaks to whatever has a driver installed. An asynchronous driver is used on the loop, any other in threads
of its own, as many as may be asked at once: a thread that hangs can't be ended, only outnumbered. Values go as bound
parameters, whatever they hold; ``config.billing`` refuses a query that names others than its question has.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from config.billing import Question
from storage.billing.source import MOST_ROWS, AtOnce, Row
from storage.engine import async_dsn

AT_ONCE: Final = AtOnce(callers=11, consoles=4)
"""Together what a pool of SQLAlchemy's has by default."""
POOL_WAIT_S: Final = 4.0


class _Engine(Protocol):
    async def rows(self, statement: sa.TextClause, values: Mapping[str, Any]) -> Sequence[Row]: ...

    async def close(self) -> None: ...


class SqlSource:
    """Answers by queries. ``queries`` are SQL with ``:account``, ``:pin``, ``:number``, ``:limit``."""

    at_once = AT_ONCE

    def __init__(self, dsn: str, queries: Mapping[Question, str]) -> None:
        url = _url(dsn)
        self._statements = {question: sa.text(sql) for question, sql in queries.items()}
        self._engine: _Engine = _OnLoop(url) if url.get_dialect().is_async else _InThreads(url)

    @property
    def questions(self) -> frozenset[Question]:
        """What there is a query for."""
        return frozenset(self._statements)

    async def rows(self, question: Question, values: Mapping[str, str | int]) -> Sequence[Row]:
        """Return what the question's query finds."""
        statement = self._statements[question]
        return await self._engine.rows(statement, {name: values[name] for name in statement.compile().params})

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.close()


def _url(dsn: str) -> URL:
    url = make_url(dsn)
    return make_url(async_dsn(dsn)) if url.drivername in ("postgresql", "postgres") else url


class _OnLoop:
    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=AT_ONCE.all,
            max_overflow=0,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    async def rows(self, statement: sa.TextClause, values: Mapping[str, Any]) -> Sequence[Row]:
        async with self._engine.connect() as connection:
            found = await connection.execute(statement, dict(values))
            return [dict(row) for row in found.mappings().fetchmany(MOST_ROWS + 1)]

    async def close(self) -> None:
        await self._engine.dispose()


class _InThreads:
    def __init__(self, url: URL) -> None:
        self._engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
        self._threads = ThreadPoolExecutor(AT_ONCE.all, thread_name_prefix="billing")

    async def rows(self, statement: sa.TextClause, values: Mapping[str, Any]) -> Sequence[Row]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._rows, statement, dict(values))

    def _rows(self, statement: sa.TextClause, values: dict[str, Any]) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(statement, values).mappings().fetchmany(MOST_ROWS + 1)]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()
