"""The way to PostgreSQL: one pool, deadlines on everything, and one error for "not now".

Repositories hand their work to :meth:`Database.run`, which opens a transaction, maps what the driver raises to our
errors and tries again when the connection was lost; so work given to it must be safe to repeat.
Waiting out a longer failure (a spool) is the affair of who calls.

A fail-over leaves connections behind that lead nowhere: to a server that is gone without a word, or to one that may
only be read from now. Both are found at the first try, and then every connection of the pool is given up, so that the
next try reaches whoever answers to the address by then. With ``host=a,b`` and ``target_session_attrs=read-write`` in
the DSN that is the new primary.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, TypeVar
from weakref import WeakSet

import asyncpg
import sqlalchemy as sa
import stamina
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.connections import Connections
from storage.errors import RefusedError, StorageBusyError, StorageUnavailableError
from storage.prepared import Driver, Prepared

log = logging.getLogger(__name__)

Result = TypeVar("Result")
C = TypeVar("C")
Work = Callable[[AsyncConnection], Awaitable[Result]]

ATTEMPTS: Final = 3
AWAY_CLASSES: Final = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that pass by themselves: connection, rollback, resources, locks, operator, system."""
_FROM_DRIVER: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_ONLY_READ: Final = "the database may only be read: is another one the primary?"
READ_ONLY: Final = "25006"
"""What a server says that was the primary until now, and still holds our connection."""


def async_dsn(dsn: str) -> URL:
    """Return ``dsn`` (``postgresql://…``, ``postgres://…``) for SQLAlchemy with asyncpg."""
    url = make_url(dsn.replace("postgres://", "postgresql://", 1))
    return url.set(drivername="postgresql+asyncpg")


def plain_dsn(dsn: str) -> str:
    """Return ``dsn`` as ``psql`` and asyncpg take it."""
    return async_dsn(dsn).set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """A pool of connections, open until :meth:`close`. ``available`` is what the last work found.

    More work than connections waits for its turn, first come first served, until its own deadline: callers bound it.
    """

    def __init__(
        self, dsn: str, *, pool_size: int = 10, statement_timeout_s: float = 5.0, connect_timeout_s: float = 3.0
    ) -> None:
        self._deadline_s = statement_timeout_s + connect_timeout_s
        self._silence_s = statement_timeout_s + 1.0
        self._open: WeakSet[asyncpg.Connection[Any]] = WeakSet()
        self._available = True
        self._turns = asyncio.Semaphore(pool_size)
        milliseconds = str(int(statement_timeout_s * 1000))
        self._engine: AsyncEngine = create_async_engine(
            async_dsn(dsn),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=connect_timeout_s,
            hide_parameters=True,
            connect_args={
                "timeout": connect_timeout_s,
                "server_settings": {
                    "application_name": "hydrophone",
                    "timezone": "UTC",
                    "jit": "off",
                    "statement_timeout": milliseconds,
                    "lock_timeout": milliseconds,
                    "idle_in_transaction_session_timeout": milliseconds,
                },
            },
        )

        self._connections = Connections(self._engine)
        sa.event.listen(self._engine.sync_engine, "connect", self._on_connect)

    def _on_connect(self, connection: Any, _record: object) -> None:
        self._open.add(connection.driver_connection)

    def _give_up_connections(self) -> None:
        """Close all connections without waiting for anybody; whose work is on one of them tries again."""
        log.warning("giving up all connections to the database")
        for connection in tuple(self._open):
            if not connection.is_closed():
                connection.terminate()

    @property
    def available(self) -> bool:
        """Whether the database answered when it was last asked."""
        return self._available

    @property
    def engine(self) -> AsyncEngine:
        """The engine itself, for what needs more than :meth:`run`."""
        return self._engine

    async def check(self) -> bool:
        """Ask the database for a sign of life, once; returns and remembers the answer."""
        try:
            await self.run(_sign_of_life, attempts=1)
        except StorageUnavailableError:
            return False
        return True

    async def run(self, work: Work[Result], *, deadline_s: float | None = None, attempts: int = ATTEMPTS) -> Result:
        """Do ``work`` in one transaction and return what it returns.

        A lost connection repeats it, ``attempts`` times within ``deadline_s`` (which counts the wait for a turn too),
        so it must be idempotent. Raises ``StorageUnavailableError``, ``RefusedError``, or what ``work`` raises.
        """
        return await self._run(self._begin, work, deadline_s, attempts)

    async def run_bare(
        self,
        work: Callable[[Driver], Awaitable[Result]],
        *,
        deadline_s: float | None = None,
        attempts: int = ATTEMPTS,
    ) -> Result:
        """Do work that executes :class:`storage.prepared.Prepared` statements; all else is as with :meth:`run`."""
        return await self._run(self._begin_bare, work, deadline_s, attempts)

    async def rows(
        self,
        statement: Prepared,
        values: Mapping[str, Any],
        *,
        deadline_s: float | None = None,
        attempts: int = ATTEMPTS,
    ) -> list[asyncpg.Record]:
        """Execute one statement, a transaction of its own, and return its rows; all else is as with :meth:`run`."""
        return await self._run(self._bare, lambda driver: statement.rows(driver, values), deadline_s, attempts)

    async def _run(
        self,
        begin: Callable[[], AbstractAsyncContextManager[C]],
        work: Callable[[C], Awaitable[Result]],
        deadline_s: float | None,
        attempts: int,
    ) -> Result:
        limit = self._deadline_s if deadline_s is None else deadline_s
        has_turn = False
        try:
            async with asyncio.timeout(limit), self._turns:
                has_turn = True
                result = await self._attempts(begin, work, attempts)
        except TimeoutError:
            if not has_turn:
                raise StorageBusyError(f"no turn within {limit:g} s") from None
            self._note(False)
            raise StorageUnavailableError(f"no answer within {limit:g} s") from None
        except StorageUnavailableError:
            self._note(False)
            raise
        self._note(True)
        return result

    async def _attempts(
        self,
        begin: Callable[[], AbstractAsyncContextManager[C]],
        work: Callable[[C], Awaitable[Result]],
        attempts: int,
    ) -> Result:
        try:  # nearly always all there is; apart, because counting attempts costs as much as a query
            return await self._once(begin, work)
        except StorageUnavailableError as error:
            first = error
        retries = stamina.retry_context(
            on=StorageUnavailableError,
            attempts=attempts,
            timeout=None,
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.1,
        )
        async for attempt in retries:
            with attempt:
                if attempt.num == 1:
                    raise first
                return await self._once(begin, work)
        raise AssertionError("stamina ends by returning or raising")

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        async with self._connections.one() as held, held.connection.begin():
            yield held.connection

    @asynccontextmanager
    async def _begin_bare(self) -> AsyncIterator[Driver]:
        """Have a transaction on a connection of the pool, of which SQLAlchemy knows nothing."""
        async with self._bare() as driver:
            await driver.execute("BEGIN;")
            try:
                yield driver
            except BaseException as error:
                if not _is_lost(error, driver):
                    with suppress(OSError, *_FROM_DRIVER):
                        await driver.execute("ROLLBACK;")
                raise
            await driver.execute("COMMIT;")

    @asynccontextmanager
    async def _bare(self) -> AsyncIterator[Driver]:
        """Have the driver's own connection of the pool's, and its errors as ours; one that was lost is given up."""
        async with self._connections.one() as held:
            driver: Driver = held.driver
            try:
                yield driver
            except BaseException as error:
                if _is_lost(error, driver):
                    driver.terminate()
                    await held.connection.invalidate()
                state = getattr(error, "sqlstate", None)
                if state == READ_ONLY:
                    self._give_up_connections()
                    raise StorageUnavailableError(_ONLY_READ) from None
                if isinstance(error, asyncpg.PostgresError) and (state or "")[:2] not in AWAY_CLASSES:
                    raise RefusedError(state, getattr(error, "constraint_name", None)) from None
                if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
                    raise RefusedError(None, type(error).__name__) from None  # it can't be made a parameter
                raise

    async def _once(
        self, begin: Callable[[], AbstractAsyncContextManager[C]], work: Callable[[C], Awaitable[Result]]
    ) -> Result:
        begun = time.monotonic()
        try:
            async with begin() as connection:
                return await work(connection)
        except asyncio.CancelledError:
            if time.monotonic() - begun > self._silence_s:  # a server that lives ends a statement before that
                self._give_up_connections()
            raise
        except IntegrityError as error:
            raise _refused(error) from None  # the driver's text quotes the row
        except DBAPIError as error:
            state = _sqlstate(error)
            if state == READ_ONLY:
                self._give_up_connections()
                raise StorageUnavailableError(_ONLY_READ) from None
            if error.connection_invalidated or _is_away(error, state):
                raise StorageUnavailableError(
                    f"the database went away ({state or type(error.orig).__name__})"
                ) from None
            raise _refused(error) from None
        except StatementError as error:  # a value that can't be made a parameter
            raise RefusedError(None, type(error.orig).__name__) from None
        except (PoolTimeoutError, OSError, *_FROM_DRIVER) as error:
            # the driver's own errors come bare when the connection is lost while SQLAlchemy prepares it
            raise StorageUnavailableError(f"the database can't be reached ({type(error).__name__})") from error

    def _note(self, available: bool) -> None:
        if available != self._available:
            log.log(logging.INFO if available else logging.WARNING, "database available: %s", available)
        self._available = available

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()
        await self._engine.dispose()


async def _sign_of_life(connection: AsyncConnection) -> None:
    await connection.execute(sa.text("SELECT 1"))


def _is_lost(error: BaseException, driver: Driver) -> bool:
    """Tell whether nobody knows any more where this connection stands."""
    return isinstance(error, asyncio.CancelledError | asyncpg.InternalClientError) or driver.is_closed()


def _sqlstate(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_away(error: DBAPIError, state: str | None) -> bool:
    if state is not None:
        return state[:2] in AWAY_CLASSES
    cause = error.orig.__cause__ if error.orig is not None else None
    return not isinstance(cause, ValueError)  # asyncpg's DataError: an argument that can't be encoded


def _refused(error: DBAPIError) -> RefusedError:
    cause: Any = error.orig.__cause__ if error.orig is not None else None
    return RefusedError(_sqlstate(error), getattr(cause, "constraint_name", None))
