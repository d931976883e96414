"""The ticket that every call has: opened when the call arrives, filled as it goes, and what its end makes of it.

People's words come first: a field that somebody set by hand (``by_hand``) is never touched from here. What a call
changes does not count in ``version``, or an agent's form would be refused because the caller hung up.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from asyncpg import Record
from sqlalchemy.dialects import postgresql as pg

from cti.domain.ids import CallId, TicketId
from cti.domain.model import Outcome
from storage import tasks
from storage.prepared import Driver, Prepared
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
_BY_CALL: Final = Prepared(
    sa.select(tickets).where(tickets.c.call_id == sa.bindparam("call", type_=sa.Uuid())).with_for_update()
)
_NEXT_NUMBER: Final = Prepared(sa.select(ticket_numbers.next_value()))
_OPEN: Final = Prepared(sa.insert(tickets).returning(tickets))
_CHANGE: Final = Prepared(sa.update(tickets).where(tickets.c.id == sa.bindparam("ticket", type_=sa.Uuid())))
_TELL: Final = Prepared(sa.insert(ticket_entries))
_TELL_ONCE: Final = Prepared(pg.insert(ticket_entries).on_conflict_do_nothing())
_TICKETS = UUID("0f0e6d0c-5f3b-5b0e-8f7e-6c1f3a1d2b77")


def ticket_id(call: CallId) -> TicketId:
    """Return the id of the call's ticket: known before it is written, the same whoever writes it."""
    return TicketId(uuid5(_TICKETS, call.hex))


async def keep_ticket(connection: Driver, call: Record, *, zone: ZoneInfo, now: datetime) -> TicketId:
    """Open or fill the ticket of ``call``, a row that the transaction has locked by writing it."""
    ticket = await _of(connection, call)
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
        await _CHANGE.rows(connection, {**changed, "updated_at": updated_at, "ticket": ticket["id"]})
    if (ends or "status" in changed) and tasks.reached_us(call):
        await tasks.done_by(connection, call, ticket["number"], at=now)
    return TicketId(ticket["id"])


async def _of(connection: Driver, call: Record) -> Record | None:
    """Return the ticket of a call, locked. The ticket of a callback is that of the call in which it was asked for."""
    for id_ in filter(None, (call["callback_of"], call["id"])):
        found = await _BY_CALL.row(connection, {"call": id_})
        if found is not None:
            return found
    return None


async def _open(connection: Driver, call: Record, zone: ZoneInfo) -> Record:
    ((counter,),) = await _NEXT_NUMBER.rows(connection, {})
    opened_at: datetime = call["started_at"]
    (ticket,) = await _OPEN.rows(
        connection,
        {
            "id": ticket_id(call["id"]),
            "number": f"{opened_at.astimezone(zone):%Y%m%d}-{counter:06d}",
            "call_id": call["id"],
            "version": 1,
            "status": TicketStatus.NEW,
            "opened_at": opened_at,
            "updated_at": opened_at,
        },
    )
    await _TELL.rows(connection, _entry(ticket, "opened", EntryKind.OPENED, opened_at, {}))
    return ticket


def _entry(
    ticket: Record, name: str, kind: EntryKind, at: datetime, changes: dict[str, list[str | None]]
) -> dict[str, Any]:
    id_ = uuid5(ticket["id"], name)
    return {"id": id_, "ticket_id": ticket["id"], "at": at, "by": SYSTEM, "kind": kind, "changes": changes}


async def _task(connection: Driver, call: Record, changed: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller whom nobody spoke with makes of the ticket: a task, or nothing anybody can do."""
    if not tasks.unheard(call) or changed.get("status") != TicketStatus.OPEN:
        return {}
    if not tasks.can_be_called(call) or await tasks.is_heard_since(connection, call):
        return {"status": TicketStatus.CLOSED, "closed_at": call["ended_at"]}
    return {"task": Task.CALL_BACK}


def _status(call: Record, ticket: Record) -> dict[str, Any]:
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


async def _tell_end(connection: Driver, call: Record, ticket: Record, changed: dict[str, Any]) -> None:
    seen: dict[str, list[str | None]] = {
        name: [_word(ticket[name]), _word(changed[name])] for name in _TOLD if name in changed
    }
    entries: list[tuple[EntryKind, str, dict[str, list[str | None]]]] = [
        (EntryKind.CALL, "call", {"outcome": [None, call["outcome"]]} | seen)
    ]
    if changed.get("status") == TicketStatus.CLOSED:
        entries.append((EntryKind.CLOSED, "closed", seen))
    for kind, name, changes in entries:
        await _TELL.rows(connection, _entry(ticket, name, kind, call["ended_at"], changes))


async def _tell_end_of_callback(connection: Driver, call: Record, ticket: Record) -> None:
    changes = {"outcome": [None, call["outcome"]]}
    await _TELL_ONCE.rows(connection, _entry(ticket, f"call {call['id']}", EntryKind.CALL, call["ended_at"], changes))


def _word(value: str | None) -> str | None:
    return None if value is None else str(value)
