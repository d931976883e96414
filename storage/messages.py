"""What callers said after a tone: the rows. The sound itself is a file whose name is the row's id."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.events import Language
from cti.domain.ids import AccountNumber, AgentId, CallId, TicketId
from storage.engine import Database
from storage.errors import NotFoundError
from storage.schema import calls, messages, tickets
from storage.text import storable

MOST: Final = 50
"""So many messages of one ticket are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """One message; ``seconds`` is how long it plays."""

    id: UUID
    call_id: CallId
    purpose: str
    language: Language
    seconds: float
    account: AccountNumber | None
    at: datetime


class MessageStore:
    """The rows of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, message: KeptMessage) -> None:
        """Keep a message. May be repeated."""
        row: dict[str, Any] = {name: getattr(message, name) for name in KeptMessage.__dataclass_fields__}
        row |= {"purpose": storable(message.purpose, 64)}
        insert = pg.insert(messages).values(row).on_conflict_do_nothing()

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert)

        await self._database.run(work)

    async def of_ticket(self, ticket: TicketId) -> Sequence[KeptMessage]:
        """Return the messages of a ticket's calls, oldest first."""
        of_call = tickets.c.call_id == sa.func.coalesce(calls.c.callback_of, calls.c.id)
        query = (
            sa.select(messages)
            .join(calls, calls.c.id == messages.c.call_id)
            .join(tickets, of_call)
            .where(tickets.c.id == ticket)
            .order_by(messages.c.at, messages.c.id)
            .limit(MOST)
        )

        async def work(connection: AsyncConnection) -> Sequence[KeptMessage]:
            return [KeptMessage(**row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)

    async def known(self, ids: Set[UUID]) -> Set[UUID]:
        """Return which of these are kept."""
        query = sa.select(messages.c.id).where(messages.c.id.in_(ids))

        async def work(connection: AsyncConnection) -> Set[UUID]:
            return set(await connection.scalars(query))

        return await self._database.run(work)

    async def get(self, message: UUID) -> tuple[KeptMessage, AgentId | None]:
        """Return a message, and the agent of its ticket. Raises ``NotFoundError``."""
        of_call = tickets.c.call_id == sa.func.coalesce(calls.c.callback_of, calls.c.id)
        query = (
            sa.select(messages, tickets.c.agent)
            .outerjoin(calls, calls.c.id == messages.c.call_id)
            .outerjoin(tickets, of_call)
            .where(messages.c.id == message)
        )

        async def work(connection: AsyncConnection) -> sa.RowMapping | None:
            return (await connection.execute(query)).mappings().one_or_none()

        row = await self._database.run(work)
        if row is None:
            raise NotFoundError("message")
        return KeptMessage(**{name: row[name] for name in KeptMessage.__dataclass_fields__}), row["agent"]
