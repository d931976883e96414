"""Callers who wanted a person and spoke with none are called back: that is a task on their ticket.

It waits until somebody closes the ticket, or until the caller reaches us by themselves: a later call of the same
number, or of the same account with its PIN, that was answered or that the menu served. Calls are written in any order,
so both sides look for the other. What a person set by hand on the ticket stays; then only the task is done.
"""

from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import uuid5

import sqlalchemy as sa
from asyncpg import Record

from cti.domain.model import Outcome
from storage.prepared import Driver, Prepared
from storage.records import EntryKind, TicketStatus
from storage.schema import calls, ticket_entries, tickets

WAITS: Final = sa.and_(tickets.c.task.is_not(None), tickets.c.task_done_at.is_(None))
_UNHEARD: Final = frozenset({Outcome.ABANDONED, Outcome.OVERFLOWED, Outcome.FAILED, Outcome.PBX_RESTART})
_NUMBER: Final = sa.bindparam("number", type_=calls.c.caller_number_e164.type)
_ACCOUNT: Final = sa.bindparam("account", type_=calls.c.account.type)
_CHANGE: Final = Prepared(sa.update(tickets).where(tickets.c.id == sa.bindparam("ticket", type_=sa.Uuid())))
_TELL: Final = Prepared(sa.insert(ticket_entries))
_CLOSABLE: Final = frozenset({TicketStatus.NEW, TicketStatus.OPEN})


def unheard(call: Record) -> bool:
    """Tell whether the caller of this ended call wanted a person, got none, and nothing else looks after them."""
    return bool(
        call["inbound"]
        and call["answered_at"] is None
        and not call["ivr_served"]
        and call["outcome"] in _UNHEARD
        and (call["queue"] is not None or call["outcome"] in (Outcome.FAILED, Outcome.PBX_RESTART))
    )


def reached_us(call: Record) -> bool:
    """Tell whether the caller of this call got what they called for."""
    return bool(call["inbound"] and (call["answered_at"] is not None or call["ivr_served"]))


def can_be_called(call: Record) -> bool:
    """Tell whether there is a number, or an account that has one, to call back."""
    return call["caller_number_e164"] is not None or call["account"] is not None


async def is_heard_since(connection: Driver, call: Record) -> bool:
    """Tell whether the caller has reached us in a later call already."""
    query = _heard_since(by_number=call["caller_number_e164"] is not None, by_account=call["account"] is not None)
    return query is not None and await query.row(connection, _of(call)) is not None


@cache
def _heard_since(*, by_number: bool, by_account: bool) -> Prepared | None:
    later: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        calls.c.started_at > sa.bindparam("started_at", type_=calls.c.started_at.type),
        calls.c.inbound,
        sa.or_(calls.c.answered_at.is_not(None), calls.c.ivr_served),
    )
    ways = []
    if by_number:
        ways.append(later.where(calls.c.caller_number_e164 == _NUMBER))
    if by_account:
        ways.append(later.where(calls.c.account == _ACCOUNT, calls.c.verified))
    return Prepared(sa.union_all(*ways).limit(1)) if ways else None


def _of(call: Record) -> dict[str, Any]:
    return {"started_at": call["started_at"], "number": call["caller_number_e164"], "account": call["account"]}


async def done_by(connection: Driver, call: Record, number: str, *, at: datetime) -> None:
    """Do the tasks of earlier calls of this caller, who has now reached us in the call with ticket ``number``."""
    by_account = call["account"] is not None and call["verified"]
    query = _waiting_before(by_number=call["caller_number_e164"] is not None, by_account=by_account)
    if query is not None:
        for ticket in await query.rows(connection, _of(call)):
            await _do(connection, ticket, number, at=max(at, ticket["updated_at"]))


@cache
def _waiting_before(*, by_number: bool, by_account: bool) -> Prepared | None:
    earlier = sa.select(tickets.c.id).where(
        WAITS, tickets.c.opened_at < sa.bindparam("started_at", type_=tickets.c.opened_at.type)
    )
    ways = []
    if by_number:
        ways.append(earlier.where(tickets.c.caller_number_e164 == _NUMBER))
    if by_account:
        ways.append(earlier.where(tickets.c.account == _ACCOUNT))
    if not ways:
        return None
    ids = sa.union(*ways).subquery()
    query = sa.select(tickets).where(tickets.c.id.in_(sa.select(ids.c.id)), WAITS).order_by(tickets.c.id)
    return Prepared(query.with_for_update())


async def _do(connection: Driver, ticket: Record, number: str, *, at: datetime) -> None:
    changed: dict[str, Any] = {"task_done_at": at, "updated_at": at}
    told: dict[str, list[str | None]] = {"task": [ticket["task"], None], "reached_in": [None, number]}
    closes = ticket["status"] in _CLOSABLE and "status" not in ticket["by_hand"]
    if closes:
        changed |= {"status": TicketStatus.CLOSED, "closed_at": at}
        told["status"] = [ticket["status"], TicketStatus.CLOSED]
    await _CHANGE.rows(connection, {**changed, "ticket": ticket["id"]})
    await _TELL.rows(
        connection,
        {
            "id": uuid5(ticket["id"], "reached"),
            "ticket_id": ticket["id"],
            "at": at,
            "by": "system",
            "kind": EntryKind.CLOSED if closes else EntryKind.CALL,
            "changes": told,
        },
    )
