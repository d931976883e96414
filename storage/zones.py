"""Which zone a caller is in, and how good its water was when it was last published."""

from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber, ZoneCode
from cti.domain.utility import BillingUnavailableError
from cti.domain.water_quality import WaterQuality
from storage.engine import Database, Work
from storage.errors import StorageError
from storage.phones import e164
from storage.schema import accounts, customer_phones, premises, water_quality, zone_postcodes, zones
from storage.text import storable

Result = TypeVar("Result")

DEADLINE_S: Final = 5.0
"""Under the six seconds after which the menu gives up."""


class Zones:
    """The zones of our own tables. Every method raises ``BillingUnavailableError`` when there is no answer."""

    def __init__(self, database: Database, *, region: str = "CN") -> None:
        self._database = database
        self._region = region

    async def of_number(self, number: str) -> ZoneCode | None:
        """Return the zone in which every account of this telephone number is; None if there is no such one."""
        if (known := e164(number, self._region)) is None:
            return None
        query = (
            sa.select(zones.c.code)
            .join(premises, premises.c.zone_id == zones.c.id)
            .join(accounts, accounts.c.premise_id == premises.c.id)
            .join(customer_phones, customer_phones.c.customer_id == accounts.c.customer_id)
            .where(customer_phones.c.e164 == known)
            .distinct()
            .limit(2)
        )
        return await self._only(query)

    async def of_account(self, account: AccountNumber) -> ZoneCode | None:
        """Return the zone of the account's premise."""
        query = (
            sa.select(zones.c.code)
            .join(premises, premises.c.zone_id == zones.c.id)
            .join(accounts, accounts.c.premise_id == premises.c.id)
            .where(accounts.c.number == storable(account))
        )
        return await self._only(query)

    async def of_postcode(self, postcode: str) -> ZoneCode | None:
        """Return the zone that a postcode lies in."""
        query = (
            sa.select(zones.c.code)
            .join(zone_postcodes, zone_postcodes.c.zone_id == zones.c.id)
            .where(zone_postcodes.c.postcode == storable(postcode))
        )
        return await self._only(query)

    async def quality(self, zone: ZoneCode) -> WaterQuality | None:
        """Return the figures that were published last for ``zone``."""
        columns = [water_quality.c[name] for name in WaterQuality.__dataclass_fields__ if name != "zone"]
        query = (
            sa.select(zones.c.code.label("zone"), *columns)
            .join(zones, zones.c.id == water_quality.c.zone_id)
            .where(zones.c.code == storable(zone))
            .order_by(water_quality.c.sampled_on.desc())
            .limit(1)
        )

        async def work(connection: AsyncConnection) -> WaterQuality | None:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else WaterQuality(**row)

        return await self._ask(work)

    async def _only(self, query: sa.Select[tuple[str]]) -> ZoneCode | None:
        async def work(connection: AsyncConnection) -> ZoneCode | None:
            found = (await connection.scalars(query)).all()
            return ZoneCode(found[0]) if len(found) == 1 else None

        return await self._ask(work)

    async def _ask(self, work: Work[Result]) -> Result:
        try:
            return await self._database.run(work, deadline_s=DEADLINE_S)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error
