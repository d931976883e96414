"""Zones, water quality, tickets and reported readings by table, as good or as bad as billing is in this call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cti.domain.ids import AccountNumber, ZoneCode
from cti.domain.meter_readings import ReportedReading
from cti.domain.ticket_progress import Progress, TicketTold
from cti.domain.water_quality import WaterQuality
from ivr.ports import Billing
from ivr.simulator.billing import Behaviour, PretendBilling, Turning, behave
from ivr.sources import Sources


class PretendReadings:
    """Keeps what is reported (``ivr.sources.Readings``), the last one of each id."""

    def __init__(self, behaviour: Behaviour | Turning = 0.0) -> None:
        self._behaviour = behaviour
        self.reported: dict[object, ReportedReading] = {}

    async def report(self, reading: ReportedReading) -> None:
        """Keep it."""
        await behave(self._behaviour)
        self.reported[reading.id] = reading


class PretendZones:
    """Answers from tables (``ivr.sources.Zones``)."""

    def __init__(
        self,
        behaviour: Behaviour | Turning = 0.0,
        *,
        numbers: Mapping[str, str] | None = None,
        accounts: Mapping[str, str] | None = None,
        postcodes: Mapping[str, str] | None = None,
        quality: Mapping[str, WaterQuality] | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._numbers = numbers or {}
        self._accounts = accounts or {}
        self._postcodes = postcodes or {}
        self._quality = quality or {}

    async def of_number(self, number: str) -> ZoneCode | None:
        """Return the zone of a number."""
        return await self._found(self._numbers, number)

    async def of_account(self, account: AccountNumber) -> ZoneCode | None:
        """Return the zone of an account."""
        return await self._found(self._accounts, account)

    async def of_postcode(self, postcode: str) -> ZoneCode | None:
        """Return the zone of a postcode."""
        return await self._found(self._postcodes, postcode)

    async def quality(self, zone: ZoneCode) -> WaterQuality | None:
        """Return the figures of a zone."""
        await behave(self._behaviour)
        return self._quality.get(zone)

    async def _found(self, table: Mapping[str, str], key: str) -> ZoneCode | None:
        await behave(self._behaviour)
        zone = table.get(key)
        return None if zone is None else ZoneCode(zone)


@dataclass(frozen=True, slots=True)
class PretendTicket:
    """A ticket of the caller with ``phone``; what is told of it to them, and its state to others."""

    phone: str = field(repr=False)
    told: TicketTold


class PretendTickets:
    """Answers from a table by digits (``ivr.sources.Tickets``)."""

    def __init__(
        self, tickets: Mapping[str, PretendTicket] | None = None, behaviour: Behaviour | Turning = 0.0
    ) -> None:
        self._tickets = tickets or {}
        self._behaviour = behaviour

    async def find(self, digits: str, *, number: str, account: AccountNumber | None) -> TicketTold | None:
        """Return the ticket with this number, or the caller's own that ends with it."""
        await behave(self._behaviour)
        for key, ticket in self._tickets.items():
            theirs = ticket.phone == number
            if key == digits or (theirs and key.endswith(digits)):
                return ticket.told if theirs else TicketTold(Progress(ticket.told.progress), theirs=False)
        return None


def pretend_sources(billing: Billing | None = None) -> Sources:
    """Return sources that know nobody, or those of ``billing`` alone."""
    return Sources(billing or PretendBilling({}), PretendReadings(), PretendZones(), PretendTickets())
