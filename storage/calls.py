"""Call records, each with its one ticket: written as the call goes, read by lists and pops."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import CallId, PbxName, TicketId
from cti.domain.model import Call
from storage.call_tickets import keep_ticket
from storage.cursors import after, from_cursor, to_cursor
from storage.engine import Database
from storage.errors import NotFoundError
from storage.merge import UPSERT
from storage.phones import e164
from storage.prepared import Driver, Prepared
from storage.records import CallFilter, CallRecord, Page
from storage.rows import CALL_WITH_TICKET, call_record, call_row
from storage.schema import calls, tickets
from storage.text import storable

LARGEST_PAGE: Final = 200
_ORDER: Final = "calls"
_PLACE = (calls.c.started_at, calls.c.id)


_RECENT: Final = Prepared(
    sa.select(sa.func.count()).where(
        calls.c.caller_number_e164 == sa.bindparam("number", type_=calls.c.caller_number_e164.type),
        calls.c.started_at >= sa.bindparam("since", type_=calls.c.started_at.type),
        calls.c.inbound,
    )
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CallStore:
    """The records of calls. ``region`` is where numbers without a country code belong, ``zone`` whose day counts."""

    def __init__(
        self,
        database: Database,
        *,
        region: str = "CN",
        zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 - immutable
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._region = region
        self._zone = zone
        self._now = now

    async def save(self, call: Call) -> TicketId:
        """Keep the call as it stands, and open or fill its ticket, both or neither; returns the ticket's id.

        May be repeated and may come late: what is kept never goes back, and what an agent wrote stays.
        """
        row = call_row(call, e164(call.caller_number, self._region))

        async def work(connection: Driver) -> TicketId:
            (kept,) = await UPSERT.rows(connection, row)
            return await keep_ticket(connection, kept, zone=self._zone, now=self._now())

        return await self._database.run_bare(work)

    async def get(self, call: CallId) -> CallRecord:
        """Return the record of ``call``. Raises ``NotFoundError``."""
        records = await self._records(_select().where(calls.c.id == call))
        if not records:
            raise NotFoundError("call")
        return records[0]

    async def page(self, chosen: CallFilter, *, cursor: str | None = None, limit: int = 50) -> Page[CallRecord]:
        """Return the calls that match, newest first, up to ``limit`` of them, from ``cursor`` on."""
        limit = min(max(limit, 1), LARGEST_PAGE)
        query = _select().where(*_conditions(chosen)).order_by(*(column.desc() for column in _PLACE)).limit(limit + 1)
        if cursor is not None:
            query = query.where(after(_PLACE, from_cursor(_ORDER, cursor), newest_first=True))
        records = await self._records(query)
        shown = records[:limit]
        more = len(records) > limit
        return Page(tuple(shown), to_cursor(_ORDER, shown[-1].started_at, shown[-1].id) if more else None)

    async def count_recent(self, number: str, *, days: int = 7) -> int:
        """Return how many calls came from ``number`` in the last ``days`` days; 0 for a withheld number."""
        number_e164 = e164(number, self._region)
        if number_e164 is None:
            return 0
        since = self._now() - timedelta(days=days)
        asked = {"number": number_e164, "since": since}
        ((count,),) = await self._database.rows(_RECENT, asked)
        return int(count)

    async def unfinished(self, pbx: PbxName) -> Sequence[CallRecord]:
        """Return the calls of ``pbx`` that have no end yet, oldest first, for the resync after a restart."""
        query = _select().where(calls.c.pbx == pbx, calls.c.ended_at.is_(None)).order_by(calls.c.started_at, calls.c.id)
        return await self._records(query)

    async def ended_among(self, ids: Collection[CallId]) -> frozenset[CallId]:
        """Return those of these calls whose record has an end."""
        query = sa.select(calls.c.id).where(calls.c.id.in_(ids), calls.c.ended_at.is_not(None))

        async def work(connection: AsyncConnection) -> frozenset[CallId]:
            return frozenset(CallId(id_) for id_ in await connection.scalars(query))

        return await self._database.run(work)

    async def _records(self, query: sa.Select[Any]) -> list[CallRecord]:
        async def work(connection: AsyncConnection) -> list[CallRecord]:
            return [call_record(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)


def _select() -> sa.Select[Any]:
    of_call = tickets.c.call_id == sa.func.coalesce(calls.c.callback_of, calls.c.id)
    return sa.select(*CALL_WITH_TICKET).select_from(calls.outerjoin(tickets, of_call))


def _conditions(chosen: CallFilter) -> list[sa.ColumnElement[bool]]:
    equal = {
        calls.c.outcome: chosen.outcome,
        calls.c.account: chosen.account,
        calls.c.agent: chosen.agent,
        calls.c.queue: chosen.queue,
        calls.c.caller_number_e164: chosen.number_e164,
    }
    conditions: list[sa.ColumnElement[bool]] = [
        column == storable(value) for column, value in equal.items() if value is not None
    ]
    if chosen.since is not None:
        conditions.append(calls.c.started_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(calls.c.started_at < chosen.until)
    return conditions
