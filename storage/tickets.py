"""Tickets: lists, one whole, and the changes that people make. What calls write on them is in ``call_tickets``."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber, AgentId, TicketId
from storage.cursors import after, from_cursor, to_cursor
from storage.engine import Database
from storage.errors import IllegalStatusError, NotFoundError, VersionConflictError
from storage.phones import e164
from storage.prepared import Prepared
from storage.records import (
    EntryKind,
    Page,
    Ticket,
    TicketBrief,
    TicketChange,
    TicketFilter,
    TicketSort,
    TicketStatus,
)
from storage.rows import (
    BRIEF_COLUMNS,
    CALL_COLUMNS,
    TICKET_COLUMNS,
    call_record,
    ticket_brief,
    ticket_entry,
    ticket_record,
)
from storage.schema import calls, ticket_entries, tickets
from storage.text import storable

LARGEST_PAGE: Final = 200

S = TicketStatus
TRANSITIONS: Final[dict[TicketStatus, frozenset[TicketStatus]]] = {
    S.NEW: frozenset({S.OPEN, S.DISPATCHED, S.FOLLOW_UP, S.CLOSED, S.CANCELLED}),
    S.OPEN: frozenset({S.DISPATCHED, S.FOLLOW_UP, S.CLOSED, S.CANCELLED}),
    S.DISPATCHED: frozenset({S.ACCEPTED, S.OPEN, S.CANCELLED}),
    S.ACCEPTED: frozenset({S.IN_PROGRESS, S.OPEN, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.DONE, S.OPEN, S.CANCELLED}),
    S.DONE: frozenset({S.FOLLOW_UP, S.CLOSED, S.IN_PROGRESS}),
    S.FOLLOW_UP: frozenset({S.CLOSED, S.OPEN}),
    S.CLOSED: frozenset({S.OPEN}),
    S.CANCELLED: frozenset({S.OPEN}),
}
"""Where a ticket may go from where it is. Back to open is a refusal (退单) or a reopening."""

OVER: Final = frozenset({S.CLOSED, S.CANCELLED})
BY_HAND: Final = ("category", "subcategory", "disposition", "subject", "account", "status")
_UNTOLD: Final = ("closed_at", "task_done_at")
_TEXTS: Final = ("subcategory", "subject", "account")

_SORTS: Final[dict[TicketSort, tuple[sa.Column[Any], bool]]] = {
    TicketSort.NEWEST: (tickets.c.opened_at, True),
    TicketSort.OLDEST: (tickets.c.opened_at, False),
    TicketSort.LAST_CHANGED: (tickets.c.updated_at, True),
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TicketStore:
    """The tickets. ``region`` is where numbers without a country code belong."""

    def __init__(self, database: Database, *, region: str = "CN", now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._region = region
        self._now = now

    async def get(self, ticket: TicketId) -> Ticket:
        """Return the whole ticket, with its call and entries. Raises ``NotFoundError``."""

        async def work(connection: AsyncConnection) -> Ticket:
            return await _whole(connection, ticket)

        return await self._database.run(work)

    async def page(
        self,
        chosen: TicketFilter,
        *,
        sort: TicketSort = TicketSort.NEWEST,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Ticket]:
        """Return the tickets that match, without entries, up to ``limit`` of them, from ``cursor`` on."""
        limit = min(max(limit, 1), LARGEST_PAGE)
        column, newest_first = _SORTS[sort]
        place = (column, tickets.c.id)
        query = _select().where(*_conditions(chosen)).limit(limit + 1)
        query = query.order_by(*(part.desc() if newest_first else part.asc() for part in place))
        if cursor is not None:
            query = query.where(after(place, from_cursor(sort, cursor), newest_first=newest_first))

        async def work(connection: AsyncConnection) -> list[Ticket]:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

        found = await self._database.run(work)
        shown = found[:limit]
        if len(found) <= limit:
            return Page(tuple(shown), None)
        return Page(tuple(shown), to_cursor(sort, getattr(shown[-1], column.name), shown[-1].id))

    async def change(
        self, ticket: TicketId, change: TicketChange, *, by: AgentId, version: int, key: UUID | None = None
    ) -> Ticket:
        """Make ``change`` and tell who, when and what in an entry; returns the ticket as it then is.

        ``version`` is the one that ``by`` saw. ``key`` makes repeating it harmless: the same key changes once.
        Raises ``NotFoundError``, ``VersionConflictError``, ``IllegalStatusError``.
        """
        entry_id = key or uuid4()

        async def work(connection: AsyncConnection) -> Ticket:
            found = await connection.execute(sa.select(tickets).where(tickets.c.id == ticket).with_for_update())
            kept = found.mappings().one_or_none()
            if kept is None:
                raise NotFoundError("ticket")
            done = sa.select(ticket_entries.c.id).where(
                ticket_entries.c.id == entry_id, ticket_entries.c.ticket_id == ticket
            )
            if await connection.scalar(done) is None:
                await self._write(connection, kept, change, by=by, version=version, entry_id=entry_id)
            return await _whole(connection, ticket)

        return await self._database.run(work)

    async def _write(
        self,
        connection: AsyncConnection,
        kept: sa.RowMapping,
        change: TicketChange,
        *,
        by: AgentId,
        version: int,
        entry_id: UUID,
    ) -> None:
        if kept["version"] != version:
            raise VersionConflictError(kept["id"], version, kept["version"])
        given = _given(change)
        changed = {name: value for name, value in given.items() if value != kept[name]}
        if not changed and not change.note:
            return
        now = max(self._now(), kept["updated_at"])
        if "status" in changed:
            changed["closed_at"] = _closed_at(kept, TicketStatus(changed["status"]), now)
            if changed["closed_at"] is not None and kept["task"] is not None and kept["task_done_at"] is None:
                changed["task_done_at"] = now
        if kept["agent"] is None:
            changed["agent"] = by
        by_hand = sorted({*kept["by_hand"], *given})
        await connection.execute(
            sa.update(tickets)
            .where(tickets.c.id == kept["id"])
            .values(**changed, by_hand=by_hand, version=version + 1, updated_at=now)
        )
        told = {name: [_word(kept[name]), _word(value)] for name, value in changed.items() if name not in _UNTOLD}
        row = {"id": entry_id, "ticket_id": kept["id"], "at": now, "by": by, "kind": _kind(given, changed)}
        row |= {"text": storable(change.note or ""), "changes": told}
        await connection.execute(sa.insert(ticket_entries).values(row))

    async def open_for_account(self, account: AccountNumber, *, limit: int = 20) -> Sequence[TicketBrief]:
        """Return the account's tickets that are not over, newest first."""
        query = _briefs(tickets.c.account == storable(account), tickets.c.status.not_in(OVER)).limit(limit)
        return await self._briefs(query)

    async def last_contacts(
        self,
        *,
        account: AccountNumber | None = None,
        number: str | None = None,
        besides: TicketId | None = None,
        limit: int = 5,
    ) -> Sequence[TicketBrief]:
        """Return the latest tickets of the account, of the caller's number, or of either, without ``besides``."""
        number_e164 = None if number is None else e164(number, self._region)
        asked: dict[str, Any] = {"account": account, "number": number_e164, "besides": besides, "most": limit}
        asked = {
            name: storable(value) if name == "account" else value for name, value in asked.items() if value is not None
        }
        query = _contacts(frozenset(asked))
        if query is None:
            return ()
        return [ticket_brief(row) for row in await self._database.rows(query, asked)]

    async def _briefs(self, query: sa.Select[Any]) -> list[TicketBrief]:
        async def work(connection: AsyncConnection) -> list[TicketBrief]:
            return [ticket_brief(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)


def _given(change: TicketChange) -> dict[str, Any]:
    given = {name: getattr(change, name) for name in BY_HAND}
    return {name: storable(value) if name in _TEXTS else value for name, value in given.items() if value is not None}


def _closed_at(kept: sa.RowMapping, status: TicketStatus, now: datetime) -> datetime | None:
    before = TicketStatus(kept["status"])
    if status not in TRANSITIONS[before]:
        raise IllegalStatusError(kept["id"], before, status)
    return now if status in OVER else None


def _kind(given: dict[str, Any], changed: dict[str, Any]) -> EntryKind:
    if changed.get("status") == TicketStatus.CLOSED:
        return EntryKind.CLOSED
    return EntryKind.CHANGED if any(name in given for name in changed) else EntryKind.NOTE


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _briefs(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(*BRIEF_COLUMNS).where(*conditions).order_by(tickets.c.opened_at.desc(), tickets.c.id.desc())


@cache
def _contacts(known: frozenset[str]) -> Prepared | None:
    """Return the question for the latest tickets by what is known; None if nothing is that tells a customer."""
    most = sa.bindparam("most", type_=sa.Integer())
    ways = [
        column == sa.bindparam(name, type_=column.type)
        for name, column in (("account", tickets.c.account), ("number", tickets.c.caller_number_e164))
        if name in known
    ]
    if not ways:
        return None
    other = tickets.c.id != sa.bindparam("besides", type_=sa.Uuid()) if "besides" in known else sa.true()
    each = [_briefs(way, other).limit(most).subquery().select() for way in ways]  # an index serves each
    both = sa.union(*each).subquery()
    return Prepared(sa.select(both).order_by(both.c.opened_at.desc(), both.c.id.desc()).limit(most))


def _select() -> sa.Select[Any]:
    of_call = [column.label(f"call_{column.name}") for column in CALL_COLUMNS]
    return sa.select(*TICKET_COLUMNS, *of_call).select_from(tickets.outerjoin(calls, calls.c.id == tickets.c.call_id))


def _record(row: sa.RowMapping) -> Ticket:
    if row["call_id"] is None:
        return ticket_record(row, None)
    of_call = {column.name: row[f"call_{column.name}"] for column in CALL_COLUMNS}
    return ticket_record(row, call_record(of_call | {"ticket_id": row["id"]}))


async def _whole(connection: AsyncConnection, ticket: TicketId) -> Ticket:
    row = (await connection.execute(_select().where(tickets.c.id == ticket))).mappings().one_or_none()
    if row is None:
        raise NotFoundError("ticket")
    query = sa.select(ticket_entries).where(ticket_entries.c.ticket_id == ticket).order_by(ticket_entries.c.seq)
    entries = tuple(ticket_entry(entry) for entry in (await connection.execute(query)).mappings())
    found = _record(row)
    return ticket_record(row, found.call, entries)


def _conditions(chosen: TicketFilter) -> list[sa.ColumnElement[bool]]:
    equal = {
        tickets.c.status: chosen.status,
        tickets.c.category: chosen.category,
        tickets.c.account: chosen.account,
        tickets.c.agent: chosen.agent,
        tickets.c.queue: chosen.queue,
    }
    conditions: list[sa.ColumnElement[bool]] = [
        column == storable(value) for column, value in equal.items() if value is not None
    ]
    if chosen.task is not None:
        conditions += [tickets.c.task == chosen.task, tickets.c.task_done_at.is_(None)]
    if chosen.text:
        text = storable(chosen.text)
        conditions.append(sa.or_(tickets.c.subject.icontains(text, autoescape=True), tickets.c.number == text))
    if chosen.since is not None:
        conditions.append(tickets.c.opened_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(tickets.c.opened_at < chosen.until)
    return conditions
