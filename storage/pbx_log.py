"""What a PBX elsewhere writes of its calls itself, read from one place on. Asterisk is the only one that writes here.

Rows of one PBX come in the order of their ids, because its backend writes over one connection. They are needed until
they were read, and kept a month for whoever looks into a complaint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import PbxName
from storage.engine import Database
from storage.schema import pbx_cel, pbx_queue_log

KEPT_DAYS: Final = 30
AT_MOST: Final = 500_000
DEADLINE_S: Final = 20.0

_CEL = tuple(column for column in pbx_cel.c if column.name not in ("id", "pbx", "received_at"))
_QUEUE = tuple(column for column in pbx_queue_log.c if column.name not in ("id", "pbx", "received_at"))


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of each table that was read."""

    cel: int
    queue: int


@dataclass(frozen=True, slots=True)
class Written:
    """Rows by column name, as text and in order, and the place of the last ones."""

    cel: Sequence[dict[str, str]]
    queue: Sequence[dict[str, str]]
    place: Place


class PbxLogStore:
    """The tables of one PBX, which writes to them as the role ``pbx_NAME``."""

    def __init__(self, database: Database, pbx: PbxName) -> None:
        self._database = database
        self._role = f"pbx_{pbx}"

    async def end(self) -> Place:
        """Return where the tables end now. Raises ``StorageUnavailableError``."""

        async def work(connection: AsyncConnection) -> Place:
            return Place(await self._last(connection, pbx_cel), await self._last(connection, pbx_queue_log))

        return await self._database.run(work)

    async def since(self, place: Place) -> Written:
        """Return what was written behind ``place``, of far too much the newest. Raises ``StorageUnavailableError``."""

        async def work(connection: AsyncConnection) -> Written:
            cel = await self._rows(connection, pbx_cel, _CEL, place.cel)
            queue = await self._rows(connection, pbx_queue_log, _QUEUE, place.queue)
            last = Place(cel[-1].id if cel else place.cel, queue[-1].id if queue else place.queue)
            return Written([_texts(row, _CEL) for row in cel], [_texts(row, _QUEUE) for row in queue], last)

        return await self._database.run(work, deadline_s=DEADLINE_S)

    async def prune(self) -> int:
        """Let go of what is older than a month; returns how many rows that was."""

        async def work(connection: AsyncConnection) -> int:
            gone = 0
            for table in (pbx_cel, pbx_queue_log):
                old = table.c.received_at < sa.func.now() - sa.text(f"interval '{KEPT_DAYS} days'")
                gone += (await connection.execute(sa.delete(table).where(table.c.pbx == self._role, old))).rowcount
            return gone

        return await self._database.run(work, deadline_s=DEADLINE_S)

    async def _last(self, connection: AsyncConnection, table: sa.Table) -> int:
        query = sa.select(table.c.id).where(table.c.pbx == self._role).order_by(table.c.id.desc()).limit(1)
        return int(await connection.scalar(query) or 0)

    async def _rows(
        self, connection: AsyncConnection, table: sa.Table, columns: Sequence[sa.Column[Any]], after: int
    ) -> list[Any]:
        query = sa.select(table.c.id, *columns).where(table.c.pbx == self._role, table.c.id > after)
        newest_first = await connection.execute(query.order_by(table.c.id.desc()).limit(AT_MOST))
        return list(newest_first)[::-1]


def _texts(row: Any, columns: Sequence[sa.Column[Any]]) -> dict[str, str]:
    """Return a row as Asterisk wrote it; seconds since the epoch with all their microseconds."""
    values = ((column.name, getattr(row, column.name)) for column in columns)
    return {name: f"{value:.6f}" if isinstance(value, float) else value for name, value in values}
