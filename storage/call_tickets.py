"""The ticket that every call has: opened when the call arrives, filled as it goes, and what its end makes of it.

People's words come first: a field that somebody set by hand (``by_hand``) is never touched from here. What a call
changes does not count in ``version``, or an agent's form would be refused because the caller hung up.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import CallId, TicketId
from cti.domain.model import Outcome
from storage import tasks
from storage.records import Disposition, EntryKind, Task, TicketStatus
from storage.schema import ticket_entries, ticket_numbers, tickets

SYSTEM = "system"
"""Who wrote an entry that no person wrote."""

FROM_CALL = ("account", "caller_number", "caller_number_e164", "language", "queue", "agent")

ENDS_AS: dict[Outcome, tuple[TicketStatus, Disposition | None]] = {
    Outcome.SELF_SERVICE: (TicketStatus.CLOSED, Disposition.INFORMED),
    Outcome.ANNOUNCEMENT: (TicketStatus.CLOSED, Disposition.INFORMED),
}
"""Calls that need nobody any more complete by themselves; all others stay open as a task."""

_TOLD = ("status", "disposition", "task")
_TICKETS = UUID("0f0e6d0c-5f3b-5b0e-8f7e-6c1f3a1d2b77")


def ticket_id(call: CallId) -> TicketId:
    """Return the id of the call's ticket: known before it is written, the same whoever writes it."""
    return TicketId(uuid5(_TICKETS, call.hex))


async def keep_ticket(connection: AsyncConnection, call: sa.RowMapping, *, zone: ZoneInfo, now: datetime) -> TicketId:
    """Open or fill the ticket of ``call``, a row that the transaction has locked by writing it."""
    ticket = await _of(connection, call["callback_of"]) or await _of(connection, call["id"])
    if ticket is None:
        ticket = await _open(connection, call, zone)
    changed: dict[str, Any] = {
        name: call[name]
        for name in FROM_CALL
        if name not in ticket["by_hand"] and call[name] is not None and call[name] != ticket[name]
    }
    changed |= _status(call, ticket)
    if ticket["call_id"] != call["id"] and call["ended_at"] is not None:
        await _tell_end_of_callback(connection, call, ticket)
    ends = call["ended_at"] is not None and ticket["call_ended_at"] is None
    if ends:
        changed["call_ended_at"] = call["ended_at"]
        changed |= await _task(connection, call, changed)
        await _tell_end(connection, call, ticket, changed)
    if changed:
        updated_at = max(now, ticket["updated_at"])
        await connection.execute(
            sa.update(tickets).where(tickets.c.id == ticket["id"]).values(**changed, updated_at=updated_at)
        )
    if (ends or "status" in changed) and tasks.reached_us(call):
        await tasks.done_by(connection, call, ticket["number"], at=now)
    return TicketId(ticket["id"])


async def _of(connection: AsyncConnection, call: UUID | None) -> sa.RowMapping | None:
    """Return the ticket of a call, locked. The ticket of a callback is that of the call in which it was asked for."""
    if call is None:
        return None
    found = await connection.execute(sa.select(tickets).where(tickets.c.call_id == call).with_for_update())
    return found.mappings().one_or_none()


async def _open(connection: AsyncConnection, call: sa.RowMapping, zone: ZoneInfo) -> sa.RowMapping:
    counter = await connection.scalar(sa.select(ticket_numbers.next_value()))
    opened_at: datetime = call["started_at"]
    made = await connection.execute(
        sa.insert(tickets)
        .values(
            id=ticket_id(call["id"]),
            number=f"{opened_at.astimezone(zone):%Y%m%d}-{counter:06d}",
            call_id=call["id"],
            version=1,
            status=TicketStatus.NEW,
            opened_at=opened_at,
            updated_at=opened_at,
        )
        .returning(tickets)
    )
    ticket = made.mappings().one()
    await connection.execute(
        sa.insert(ticket_entries).values(
            id=uuid5(ticket["id"], "opened"), ticket_id=ticket["id"], at=opened_at, by=SYSTEM, kind=EntryKind.OPENED
        )
    )
    return ticket


async def _task(connection: AsyncConnection, call: sa.RowMapping, changed: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller whom nobody spoke with makes of the ticket: a task, or nothing anybody can do."""
    if not tasks.unheard(call) or changed.get("status") != TicketStatus.OPEN:
        return {}
    if not tasks.can_be_called(call) or await tasks.is_heard_since(connection, call):
        return {"status": TicketStatus.CLOSED, "closed_at": call["ended_at"]}
    return {"task": Task.CALL_BACK}


def _status(call: sa.RowMapping, ticket: sa.RowMapping) -> dict[str, Any]:
    """Return what the call's progress makes of the ticket's status; nothing once a person has set it."""
    if "status" in ticket["by_hand"] or ticket["status"] != TicketStatus.NEW:
        return {}
    if call["ended_at"] is None:
        return {"status": TicketStatus.OPEN} if call["answered_at"] is not None else {}
    status, disposition = ENDS_AS.get(Outcome(call["outcome"]), (TicketStatus.OPEN, None))
    changed: dict[str, Any] = {"status": status}
    if status is TicketStatus.CLOSED:
        changed["closed_at"] = call["ended_at"]
        if "disposition" not in ticket["by_hand"]:
            changed["disposition"] = disposition
    return changed


async def _tell_end(
    connection: AsyncConnection, call: sa.RowMapping, ticket: sa.RowMapping, changed: dict[str, Any]
) -> None:
    seen: dict[str, list[str | None]] = {
        name: [_word(ticket[name]), _word(changed[name])] for name in _TOLD if name in changed
    }
    entries: list[tuple[EntryKind, str, dict[str, list[str | None]]]] = [
        (EntryKind.CALL, "call", {"outcome": [None, call["outcome"]]} | seen)
    ]
    if changed.get("status") == TicketStatus.CLOSED:
        entries.append((EntryKind.CLOSED, "closed", seen))
    for kind, name, changes in entries:
        await connection.execute(
            sa.insert(ticket_entries).values(
                id=uuid5(ticket["id"], name),
                ticket_id=ticket["id"],
                at=call["ended_at"],
                by=SYSTEM,
                kind=kind,
                changes=changes,
            )
        )


async def _tell_end_of_callback(connection: AsyncConnection, call: sa.RowMapping, ticket: sa.RowMapping) -> None:
    entry = pg.insert(ticket_entries).values(
        id=uuid5(ticket["id"], f"call {call['id']}"),
        ticket_id=ticket["id"],
        at=call["ended_at"],
        by=SYSTEM,
        kind=EntryKind.CALL,
        changes={"outcome": [None, call["outcome"]]},
    )
    await connection.execute(entry.on_conflict_do_nothing())


def _word(value: str | None) -> str | None:
    return None if value is None else str(value)
