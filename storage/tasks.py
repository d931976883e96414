"""Callers who wanted a person and spoke with none are called back: that is a task on their ticket.

It waits until somebody closes the ticket, or until the caller reaches us by themselves: a later call of the same
number, or of the same account with its PIN, that was answered or that the menu served. Calls are written in any order,
so both sides look for the other. What a person set by hand on the ticket stays; then only the task is done.
"""

from datetime import datetime
from typing import Any, Final
from uuid import uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.model import Outcome
from storage.records import EntryKind, TicketStatus
from storage.schema import calls, ticket_entries, tickets

WAITS: Final = sa.and_(tickets.c.task.is_not(None), tickets.c.task_done_at.is_(None))
_UNHEARD: Final = frozenset({Outcome.ABANDONED, Outcome.OVERFLOWED, Outcome.FAILED, Outcome.PBX_RESTART})
_CLOSABLE: Final = frozenset({TicketStatus.NEW, TicketStatus.OPEN})


def unheard(call: sa.RowMapping) -> bool:
    """Tell whether the caller of this ended call wanted a person, got none, and nothing else looks after them."""
    return bool(
        call["inbound"]
        and call["answered_at"] is None
        and not call["ivr_served"]
        and call["outcome"] in _UNHEARD
        and (call["queue"] is not None or call["outcome"] in (Outcome.FAILED, Outcome.PBX_RESTART))
    )


def reached_us(call: sa.RowMapping) -> bool:
    """Tell whether the caller of this call got what they called for."""
    return bool(call["inbound"] and (call["answered_at"] is not None or call["ivr_served"]))


def can_be_called(call: sa.RowMapping) -> bool:
    """Tell whether there is a number, or an account that has one, to call back."""
    return call["caller_number_e164"] is not None or call["account"] is not None


async def is_heard_since(connection: AsyncConnection, call: sa.RowMapping) -> bool:
    """Tell whether the caller has reached us in a later call already."""
    later = sa.select(sa.literal(1)).where(
        calls.c.started_at > call["started_at"],
        calls.c.inbound,
        sa.or_(calls.c.answered_at.is_not(None), calls.c.ivr_served),
    )
    ways = []
    if call["caller_number_e164"] is not None:
        ways.append(later.where(calls.c.caller_number_e164 == call["caller_number_e164"]))
    if call["account"] is not None:
        ways.append(later.where(calls.c.account == call["account"], calls.c.verified))
    return bool(ways) and await connection.scalar(sa.union_all(*ways).limit(1)) is not None


async def done_by(connection: AsyncConnection, call: sa.RowMapping, number: str, *, at: datetime) -> None:
    """Do the tasks of earlier calls of this caller, who has now reached us in the call with ticket ``number``."""
    earlier = sa.select(tickets.c.id).where(WAITS, tickets.c.opened_at < call["started_at"])
    ways = []
    if call["caller_number_e164"] is not None:
        ways.append(earlier.where(tickets.c.caller_number_e164 == call["caller_number_e164"]))
    if call["account"] is not None and call["verified"]:
        ways.append(earlier.where(tickets.c.account == call["account"]))
    if not ways:
        return
    ids = sa.union(*ways).subquery()
    query = sa.select(tickets).where(tickets.c.id.in_(sa.select(ids.c.id)), WAITS).order_by(tickets.c.id)
    for ticket in (await connection.execute(query.with_for_update())).mappings().all():
        await _do(connection, ticket, number, at=max(at, ticket["updated_at"]))


async def _do(connection: AsyncConnection, ticket: sa.RowMapping, number: str, *, at: datetime) -> None:
    changed: dict[str, Any] = {"task_done_at": at, "updated_at": at}
    told: dict[str, list[str | None]] = {"task": [ticket["task"], None], "reached_in": [None, number]}
    closes = ticket["status"] in _CLOSABLE and "status" not in ticket["by_hand"]
    if closes:
        changed |= {"status": TicketStatus.CLOSED, "closed_at": at}
        told["status"] = [ticket["status"], TicketStatus.CLOSED]
    await connection.execute(sa.update(tickets).where(tickets.c.id == ticket["id"]).values(**changed))
    await connection.execute(
        sa.insert(ticket_entries).values(
            id=uuid5(ticket["id"], "reached"),
            ticket_id=ticket["id"],
            at=at,
            by="system",
            kind=EntryKind.CLOSED if closes else EntryKind.CALL,
            changes=told,
        )
    )
