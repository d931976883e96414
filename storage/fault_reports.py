"""Faults that callers report by keypad: the call's ticket becomes a repair with its deadline, once.

The ticket is there since the call came in. What an agent has set by hand on it stays; repeating the report, or a caller
who goes through the questions twice, changes nothing but what was said last.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import CallId
from cti.domain.promises import Fault
from cti.domain.utility import BillingUnavailableError
from storage.call_tickets import SYSTEM
from storage.engine import Database
from storage.errors import NotFoundError, StorageError
from storage.records import Category, EntryKind, TicketStatus
from storage.schema import ticket_entries, tickets


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FaultReports:
    """Writes reports onto tickets."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._now = now

    async def report(self, call: CallId, fault: Fault, *, due_at: datetime) -> str:
        """Make the call's ticket a repair; return its number. Raises ``BillingUnavailableError``."""

        async def work(connection: AsyncConnection) -> str:
            found = await connection.execute(sa.select(tickets).where(tickets.c.call_id == call).with_for_update())
            ticket = found.mappings().one_or_none()
            if ticket is None:
                raise NotFoundError("ticket")
            await self._write(connection, ticket, fault, due_at)
            return str(ticket["number"])

        try:
            return await self._database.run(work)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error

    async def _write(self, connection: AsyncConnection, ticket: sa.RowMapping, fault: Fault, due_at: datetime) -> None:
        wanted: dict[str, Any] = {
            "category": Category.REPAIR,
            "subcategory": fault,
            "status": TicketStatus.OPEN,
            "due_at": due_at,
        }
        changed = {
            name: value
            for name, value in wanted.items()
            if name not in ticket["by_hand"] and ticket[name] != value and (name != "due_at" or ticket[name] is None)
        }
        if ticket["status"] != TicketStatus.NEW:
            changed.pop("status", None)
        if not changed:
            return
        now = max(self._now(), ticket["updated_at"])
        await connection.execute(
            sa.update(tickets).where(tickets.c.id == ticket["id"]).values(**changed, updated_at=now)
        )
        told = {name: [_word(ticket[name]), _word(value)] for name, value in changed.items()}
        row = {"id": uuid5(ticket["id"], f"fault {fault}"), "ticket_id": ticket["id"], "at": now, "by": SYSTEM}
        insert = sa.dialects.postgresql.insert(ticket_entries).values(**row, kind=EntryKind.CHANGED, changes=told)
        await connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))


def _word(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)
