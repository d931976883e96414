"""What callers thought of it: who was asked, who was not, and the marks they gave."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid5

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.events import Language
from cti.domain.ids import CallId
from storage.engine import Database
from storage.prepared import Prepared
from storage.records import EntryKind, TicketStatus
from storage.schema import calls, ratings, surveys, ticket_entries, tickets
from storage.text import storable

LOW: Final = 2
"""A mark this bad, or worse, is followed up."""


_DECIDED: Final = Prepared(pg.insert(surveys).on_conflict_do_nothing())


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RatingStore:
    """The marks of callers, one for each call and question."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._now = now

    async def decided(self, call: CallId, *, asked: bool) -> None:
        """Note whether this caller is asked; what was noted first stays."""
        await self._database.rows(_DECIDED, {"call_id": call, "at": self._now(), "asked": asked})

    async def mark(self, call: CallId, survey: str, question: str, mark: int, language: Language) -> None:
        """Keep one mark, 1 the worst and 5 the best; a low one has the ticket followed up. May be repeated."""
        row: dict[str, Any] = {
            "call_id": call,
            "survey": storable(survey, 64),
            "question": storable(question, 32),
            "mark": mark,
            "language": language,
            "at": self._now(),
        }
        insert = pg.insert(ratings).values(row)
        keep = insert.on_conflict_do_update(
            index_elements=["call_id", "survey", "question"], set_={"mark": mark, "at": row["at"]}
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(keep)
            if mark <= LOW:
                await _follow_up(connection, call, mark, row["at"])

        await self._database.run(work)


async def _follow_up(connection: AsyncConnection, call: CallId, mark: int, at: datetime) -> None:
    """Have the call's ticket followed up, unless other hands have it already."""
    first = sa.select(sa.func.coalesce(calls.c.callback_of, calls.c.id)).where(calls.c.id == call).scalar_subquery()
    query = sa.select(tickets).where(tickets.c.call_id == first).with_for_update()
    ticket = (await connection.execute(query)).mappings().one_or_none()
    if ticket is None:
        return
    told: dict[str, list[str | None]] = {"mark": [None, str(mark)]}
    changed: dict[str, Any] = {}
    if ticket["status"] in (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.CLOSED):
        changed = {"status": TicketStatus.FOLLOW_UP, "closed_at": None}
        told["status"] = [ticket["status"], TicketStatus.FOLLOW_UP]
    at = max(at, ticket["updated_at"])
    await connection.execute(sa.update(tickets).where(tickets.c.id == ticket["id"]).values(**changed, updated_at=at))
    await connection.execute(
        pg.insert(ticket_entries)
        .values(
            id=uuid5(ticket["id"], f"mark {call}"),
            ticket_id=ticket["id"],
            at=at,
            by="system",
            kind=EntryKind.CHANGED,
            changes=told,
        )
        .on_conflict_do_nothing()
    )
