"""Incidents: written by supervisors, read before each call's menu and for each pop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AgentId, ZoneCode
from cti.domain.incidents import Incident, IncidentKind
from storage.engine import Database
from storage.errors import NotFoundError
from storage.schema import incidents, zones
from storage.text import storable

MOST: Final = 200
LONGEST_STREETS: Final = 100


@dataclass(frozen=True, slots=True)
class Zone:
    """A supply area by its code, with its names."""

    code: ZoneCode
    name_zh: str
    name_en: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


class IncidentStore:
    """The incidents. Every method raises ``StorageUnavailableError`` while there is no database."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._now = now

    async def open(self, incident: Incident) -> Incident:
        """Keep a new incident, once for its id. Raises ``NotFoundError`` for a zone that isn't there."""
        row = {
            "id": incident.id,
            "kind": incident.kind,
            "zone": incident.zone,
            "streets_zh": storable(incident.streets_zh, LONGEST_STREETS),
            "streets_en": storable(incident.streets_en, LONGEST_STREETS),
            "since": incident.since,
            "until": incident.until,
            "by": storable(incident.by, 64),
        }

        async def work(connection: AsyncConnection) -> Incident:
            if incident.zone is not None and not await connection.scalar(_zone_is_there(incident.zone)):
                raise NotFoundError("zone")
            insert = sa.dialects.postgresql.insert(incidents).values(row)
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))
            return await _one(connection, incident.id)

        return await self._database.run(work)

    async def change(self, incident: UUID, *, until: datetime | None, by: AgentId) -> Incident:
        """Set when it should be over. Raises ``NotFoundError`` for one that is not there, or over."""
        return await self._write(incident, {"until": until, "by": storable(by, 64)})

    async def end(self, incident: UUID, *, by: AgentId) -> Incident:
        """Say that it is over. Raises ``NotFoundError`` for one that is not there, or over already."""
        return await self._write(incident, {"ended_at": self._now(), "ended_by": storable(by, 64)})

    async def _write(self, incident: UUID, values: dict[str, Any]) -> Incident:
        update = sa.update(incidents).where(incidents.c.id == incident, incidents.c.ended_at.is_(None)).values(values)

        async def work(connection: AsyncConnection) -> Incident:
            written = await connection.execute(update.returning(incidents.c.id))
            if written.first() is None:
                raise NotFoundError("incident")
            return await _one(connection, incident)

        return await self._database.run(work)

    async def going_on(self) -> Sequence[Incident]:
        """Return those that are not over, the latest first."""
        return await self._found(incidents.c.ended_at.is_(None))

    async def of_late(self) -> Sequence[Incident]:
        """Return the latest, over or not."""
        return await self._found(sa.true())

    async def zones(self) -> Sequence[Zone]:
        """Return the supply areas by their codes."""
        query = sa.select(zones.c.code, zones.c.name_zh, zones.c.name_en).order_by(zones.c.code)

        async def work(connection: AsyncConnection) -> Sequence[Zone]:
            return [Zone(ZoneCode(row.code), row.name_zh, row.name_en) for row in await connection.execute(query)]

        return await self._database.run(work)

    async def _found(self, which: sa.ColumnElement[bool]) -> Sequence[Incident]:
        query = sa.select(*_COLUMNS).where(which).order_by(incidents.c.since.desc(), incidents.c.id).limit(MOST)

        async def work(connection: AsyncConnection) -> Sequence[Incident]:
            return [_incident(row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)


_COLUMNS: Final = tuple(incidents.c[name] for name in Incident.__dataclass_fields__)


def _zone_is_there(code: ZoneCode) -> sa.Select[Any]:
    return sa.select(sa.literal(1)).where(zones.c.code == storable(code))


async def _one(connection: AsyncConnection, incident: UUID) -> Incident:
    row = (await connection.execute(sa.select(*_COLUMNS).where(incidents.c.id == incident))).mappings().one()
    return _incident(row)


def _incident(row: sa.RowMapping) -> Incident:
    return Incident(**{**row, "kind": IncidentKind(row["kind"])})
