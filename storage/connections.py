"""Connections that are kept at hand between one piece of work and the next.

Taking a connection from SQLAlchemy's pool and giving it back costs three times what PostgreSQL and the driver take for
a short statement. So one that did its work well is not given back but kept as it is, the latest first; whatever went
wrong on one gives it back to the pool, which knows how to mend or end it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@dataclass(frozen=True, slots=True)
class Held:
    """A connection out of the pool, outside any transaction. ``driver`` is the asyncpg connection beneath."""

    connection: AsyncConnection
    driver: Any


class Connections:
    """Owns the connections at hand until :meth:`close`. Who uses it sees to it that no more are used than there are."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._at_hand: list[Held] = []
        self._closed = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Held]:
        """Have a connection that was open a moment ago. Raises what SQLAlchemy does if none can be made."""
        held = await self._take()
        async with AsyncExitStack() as giving_back:
            _ = giving_back.push_async_exit(held.connection)
            yield held
            if not self._closed and not held.driver.is_closed():
                giving_back.pop_all()
                self._at_hand.append(held)

    async def _take(self) -> Held:
        while self._at_hand:
            held = self._at_hand.pop()
            if not held.driver.is_closed():
                return held
            await asyncio.shield(_give_up(held))
        connection = await self._engine.connect()
        try:
            return Held(connection, (await connection.get_raw_connection()).driver_connection)
        except BaseException:
            await asyncio.shield(connection.close())
            raise

    async def close(self) -> None:
        """Give all back to the pool, and what is in use as soon as it is not."""
        self._closed = True
        while self._at_hand:
            await self._at_hand.pop().connection.close()


async def _give_up(held: Held) -> None:
    await held.connection.invalidate()
    await held.connection.close()
