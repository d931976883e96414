"""Versions of the phone menus: each change as it was published, by whom and when. The newest is the one in use.

Going back is a version of its own, with the text of an older one; nothing is ever overwritten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.errors import FlowChangedError, NotFoundError
from storage.schema import flow_versions
from storage.text import storable

MOST: Final = 200
"""So many versions of one flow are listed, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """One version of a flow. ``back_to`` is the version whose text it took up again, if it did."""

    flow: str
    version: int
    text: str = field(repr=False)
    made_at: datetime
    made_by: str
    comment: str = ""
    back_to: int | None = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FlowStore:
    """The versions of all flows."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._now = now

    async def current(self) -> Mapping[str, FlowVersion]:
        """Return the newest version of each flow that was ever published."""
        table = flow_versions
        query = sa.select(table).distinct(table.c.flow).order_by(table.c.flow, table.c.version.desc())

        async def work(connection: AsyncConnection) -> Mapping[str, FlowVersion]:
            found = [FlowVersion(**row) for row in (await connection.execute(query)).mappings()]
            return {version.flow: version for version in found}

        return await self._database.run(work)

    async def versions(self, flow: str) -> Sequence[FlowVersion]:
        """Return the versions of ``flow``, newest first."""
        query = (
            sa.select(flow_versions)
            .where(flow_versions.c.flow == flow)
            .order_by(flow_versions.c.version.desc())
            .limit(MOST)
        )

        async def work(connection: AsyncConnection) -> Sequence[FlowVersion]:
            return [FlowVersion(**row) for row in (await connection.execute(query)).mappings()]

        return await self._database.run(work)

    async def get(self, flow: str, version: int) -> FlowVersion:
        """Return one version. Raises ``NotFoundError``."""
        query = sa.select(flow_versions).where(flow_versions.c.flow == flow, flow_versions.c.version == version)

        async def work(connection: AsyncConnection) -> sa.RowMapping | None:
            return (await connection.execute(query)).mappings().one_or_none()

        row = await self._database.run(work)
        if row is None:
            raise NotFoundError("flow version")
        return FlowVersion(**row)

    async def add(
        self, flow: str, text: str, *, by: str, based_on: int, comment: str = "", back_to: int | None = None
    ) -> FlowVersion:
        """Publish ``text`` as the version after ``based_on`` (0 where there is none), and return it.

        May be repeated. Raises ``FlowChangedError`` when somebody else published one meanwhile.
        """
        row: dict[str, Any] = {
            "flow": flow,
            "version": based_on + 1,
            "text": text,
            "made_at": self._now(),
            "made_by": storable(by, 64),
            "comment": storable(comment, 200),
            "back_to": back_to,
        }
        newest = sa.func.coalesce(sa.func.max(flow_versions.c.version), 0)
        latest = sa.select(newest).where(flow_versions.c.flow == flow)

        async def work(connection: AsyncConnection) -> FlowVersion:
            # one at a time for a flow; the lock ends with the transaction
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"flow {flow}"))))
            found = (await connection.execute(latest)).scalar_one()
            if found == based_on:
                await connection.execute(sa.insert(flow_versions).values(row))
                return FlowVersion(**row)
            query = sa.select(flow_versions).where(flow_versions.c.flow == flow, flow_versions.c.version == found)
            last = FlowVersion(**(await connection.execute(query)).mappings().one())
            if (last.version, last.text, last.made_by, last.made_at) == (
                row["version"],
                text,
                row["made_by"],
                row["made_at"],
            ):
                return last  # ours: the answer to it was lost
            raise FlowChangedError(flow, found)

        return await self._database.run(work)
