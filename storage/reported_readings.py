"""Meter readings that customers keyed: kept until somebody of the utility confirms or refuses them.

One that a call reported is written in one statement, so that a caller who hangs up in the middle has reported it or
not; reporting again in the same call replaces it, as long as nobody has decided.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber, AgentId, CallId
from cti.domain.meter_readings import Doubt, ReportedReading, ReportState
from cti.domain.utility import BillingUnavailableError, ReadingKind
from storage.engine import Database
from storage.errors import NotFoundError, StorageError
from storage.schema import accounts, meters, readings, reported_readings
from storage.text import storable

DEADLINE_S: Final = 5.0
"""Under the six seconds after which the menu gives up."""
MOST: Final = 50

R = reported_readings.c


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ReportedReadings:
    """The readings that customers reported. ``zone`` is in whose day a meter was read."""

    def __init__(
        self,
        database: Database,
        *,
        zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 - immutable
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._zone = zone
        self._now = now

    async def report(self, reading: ReportedReading) -> None:
        """Keep ``reading``, once for its id. Raises ``BillingUnavailableError`` when it can't be kept."""
        row = {
            "id": reading.id,
            "account": storable(reading.account),
            "call_id": reading.call,
            "reported_at": reading.at,
            "value_m3": reading.value_m3,
            "doubt": reading.doubt,
            "state": ReportState.TO_CONFIRM,
        }
        insert = pg.insert(reported_readings).values(row)
        again = insert.on_conflict_do_update(
            index_elements=[R.id],
            set_={name: insert.excluded[name] for name in ("value_m3", "doubt", "reported_at")},
            where=R.state == ReportState.TO_CONFIRM,
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(again)

        try:
            await self._database.run(work, deadline_s=DEADLINE_S)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error

    async def of_account(self, account: AccountNumber, *, limit: int = 5) -> Sequence[ReportedReading]:
        """Return what was reported for ``account``, newest first."""
        return await self._found(R.account == storable(account), R.reported_at.desc(), limit)

    async def to_confirm(self, *, limit: int = MOST) -> Sequence[ReportedReading]:
        """Return what waits for somebody to decide, oldest first."""
        return await self._found(R.state == ReportState.TO_CONFIRM, R.reported_at, limit)

    async def decide(self, reading: UUID, *, confirmed: bool, by: AgentId) -> ReportedReading:
        """Confirm a reading, so that it counts, or refuse it; what was decided stays. Raises ``NotFoundError``."""
        state = ReportState.CONFIRMED if confirmed else ReportState.REFUSED
        decision = (
            sa.update(reported_readings)
            .where(R.id == reading, R.state == ReportState.TO_CONFIRM)
            .values(state=state, decided_by=by, decided_at=self._now())
        )

        async def work(connection: AsyncConnection) -> ReportedReading:
            decided = await connection.execute(decision)
            kept = await connection.execute(sa.select(reported_readings).where(R.id == reading))
            if (row := kept.mappings().one_or_none()) is None:
                raise NotFoundError("reading")
            found = _reading(row)
            if decided.rowcount and confirmed:
                await self._count(connection, found)
            return found

        return await self._database.run(work)

    async def _count(self, connection: AsyncConnection, reported: ReportedReading) -> None:
        """Make it a reading of the meter, where the accounts are in our own tables."""
        meter = (
            sa.select(
                meters.c.id,
                sa.literal(reported.at.astimezone(self._zone).date()),
                sa.literal(reported.value_m3),
                sa.literal(str(ReadingKind.CUSTOMER)),
            )
            .join(accounts, accounts.c.id == meters.c.account_id)
            .where(accounts.c.number == reported.account)
            .order_by(meters.c.installed_on.desc())
            .limit(1)
        )
        columns = [readings.c.meter_id, readings.c.read_on, readings.c.value_m3, readings.c.kind]
        await connection.execute(pg.insert(readings).from_select(columns, meter).on_conflict_do_nothing())

    async def _found(
        self, which: sa.ColumnElement[bool], order: sa.ColumnElement[Any], limit: int
    ) -> Sequence[ReportedReading]:
        query = sa.select(reported_readings).where(which).order_by(order).limit(min(limit, MOST))

        async def work(connection: AsyncConnection) -> Sequence[ReportedReading]:
            return [_reading(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)


def _reading(row: sa.RowMapping) -> ReportedReading:
    return ReportedReading(
        id=row["id"],
        account=AccountNumber(row["account"]),
        call=None if row["call_id"] is None else CallId(row["call_id"]),
        at=row["reported_at"],
        value_m3=row["value_m3"],
        doubt=Doubt(row["doubt"]),
        state=ReportState(row["state"]),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )
