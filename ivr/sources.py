"""Where the services of the menu get what they say, besides billing (:class:`ivr.ports.Billing`).

Each port is as narrow as its service, so that a site's own system can stand behind one of them alone. Every method
raises ``BillingUnavailableError`` after six seconds at most.
"""

from dataclasses import dataclass
from typing import Protocol

from cti.domain.ids import AccountNumber, ZoneCode
from cti.domain.meter_readings import ReportedReading
from cti.domain.ticket_progress import TicketTold
from cti.domain.water_quality import WaterQuality
from ivr.ports import Billing


class Readings(Protocol):
    """Where readings go that customers key."""

    async def report(self, reading: ReportedReading) -> None:
        """Keep ``reading``, whole or not at all, once for its id."""


class Zones(Protocol):
    """Which zone a caller is in."""

    async def of_number(self, number: str) -> ZoneCode | None:
        """Return the zone in which every account of this telephone number is."""

    async def of_account(self, account: AccountNumber) -> ZoneCode | None:
        """Return the zone of the account's premise."""

    async def of_postcode(self, postcode: str) -> ZoneCode | None:
        """Return the zone that a postcode lies in."""

    async def quality(self, zone: ZoneCode) -> WaterQuality | None:
        """Return the figures that were published last for ``zone``."""


class Tickets(Protocol):
    """What callers may hear of tickets."""

    async def find(self, digits: str, *, number: str, account: AccountNumber | None) -> TicketTold | None:
        """Return the ticket that ``digits`` name, as told to a caller from ``number`` who has proved ``account``."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the services ask."""

    billing: Billing
    readings: Readings
    zones: Zones
    tickets: Tickets
