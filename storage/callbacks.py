"""Promises to call back, kept: what survives every restart, and is changed by whoever saw its latest state only."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid5

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.callbacks import OPEN, Callback, CallbackId, CallbackState, Place, linked_id
from cti.domain.ids import QueueName
from storage.engine import Database
from storage.records import EntryKind, Task, TicketStatus
from storage.schema import callbacks, calls, ticket_entries, tickets
from storage.text import storable

_IS_OPEN: Final = callbacks.c.state.in_(sorted(OPEN))


class CallbackStore:
    """The table of callbacks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, callback: Callback) -> Callback:
        """Keep a new callback and return it, or the one that is there for this call or, still open, this number."""
        insert = pg.insert(callbacks).values(_row(callback)).on_conflict_do_nothing()
        same = sa.or_(
            callbacks.c.call_id == callback.call, sa.and_(callbacks.c.number_e164 == callback.number, _IS_OPEN)
        )
        query = sa.select(callbacks).where(same).order_by(callbacks.c.call_id == callback.call).limit(1)

        async def work(connection: AsyncConnection) -> Callback:
            await connection.execute(insert)
            return _callback((await connection.execute(query)).mappings().one())

        return await self._database.run(work)

    async def open(self) -> Sequence[Callback]:
        """Return those with anything still to do, the oldest place first."""
        query = sa.select(callbacks).where(_IS_OPEN).order_by(callbacks.c.since, callbacks.c.id)

        async def work(connection: AsyncConnection) -> Sequence[Callback]:
            return [_callback(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)

    async def change(self, before: Callback, after: Callback, *, by: str = "system") -> bool:
        """Put ``after`` in place of ``before``; False, and nothing is done, if it is no longer as it was before.

        May be repeated: what is already as it should be is changed once. The ticket is told how it ended.
        """
        changed = {name: value for name, value in _row(after).items() if name in _CHANGES}
        update = sa.update(callbacks).where(
            callbacks.c.id == before.id, callbacks.c.state == before.state, callbacks.c.attempts == before.attempts
        )

        async def work(connection: AsyncConnection) -> bool:
            done = await connection.execute(update.values(**changed))
            if done.rowcount == 0:
                return await _is(connection, after)
            if after.state not in OPEN:
                await _tell(connection, after, by)
            return True

        return await self._database.run(work)

    async def was_reached(self, callback: Callback) -> bool:
        """Tell whether the attempt under way is known to have reached its customer: it came as far as the queue."""
        query = sa.select(sa.literal(1)).where(
            calls.c.callback_of == callback.call,
            calls.c.linkedid == linked_id(callback),
            sa.or_(calls.c.queued_at.is_not(None), calls.c.answered_at.is_not(None)),
        )

        async def work(connection: AsyncConnection) -> bool:
            return await connection.scalar(query.limit(1)) is not None

        return await self._database.run(work)


_CHANGES: Final = frozenset({"next_at", "state", "state_since", "attempts"})


def _row(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.id,
        "call_id": callback.call,
        "queue": callback.queue,
        "since": callback.place.since,
        "priority": callback.place.priority,
        "number_e164": storable(callback.number, 16),
        "language": callback.language,
        "account": None if callback.account is None else storable(callback.account, 32),
        "asked_at": callback.asked_at,
        "next_at": callback.next_at,
        "state": callback.state,
        "state_since": callback.state_since or callback.asked_at,
        "attempts": callback.attempts,
    }


def _callback(row: sa.RowMapping) -> Callback:
    return Callback(
        id=CallbackId(row["id"]),
        call=row["call_id"],
        queue=QueueName(row["queue"]),
        place=Place(row["since"], row["priority"]),
        number=row["number_e164"],
        asked_at=row["asked_at"],
        next_at=row["next_at"],
        state=CallbackState(row["state"]),
        state_since=row["state_since"],
        attempts=row["attempts"],
        language=row["language"],
        account=row["account"],
    )


async def _is(connection: AsyncConnection, callback: Callback) -> bool:
    found = await connection.execute(sa.select(callbacks).where(callbacks.c.id == callback.id))
    row = found.mappings().one_or_none()
    return row is not None and (row["state"], row["attempts"]) == (callback.state, callback.attempts)


async def _tell(connection: AsyncConnection, callback: Callback, by: str) -> None:
    """Write on the ticket how it ended; whom nobody reached is a task for a person."""
    query = sa.select(tickets).where(tickets.c.call_id == callback.call).with_for_update()
    ticket = (await connection.execute(query)).mappings().one_or_none()
    if ticket is None:
        return
    told: dict[str, list[str | None]] = {"callback": [None, callback.state]}
    changed: dict[str, Any] = {}
    if callback.state is CallbackState.UNREACHED and ticket["status"] in (TicketStatus.NEW, TicketStatus.OPEN):
        changed = {"task": Task.CALL_BACK, "task_done_at": None, "status": TicketStatus.OPEN}
        told["task"] = [ticket["task"], Task.CALL_BACK]
    at = max(callback.state_since or callback.asked_at, ticket["updated_at"])
    await connection.execute(sa.update(tickets).where(tickets.c.id == ticket["id"]).values(**changed, updated_at=at))
    await connection.execute(
        pg.insert(ticket_entries)
        .values(
            id=uuid5(ticket["id"], "callback"),
            ticket_id=ticket["id"],
            at=at,
            by=storable(by, 64),
            kind=EntryKind.CALL,
            changes=told,
        )
        .on_conflict_do_nothing()
    )
