"""What we keep and ask: the database, a store for each subject, and the utility's billing.

Made at once, touched by nothing yet: that the database may be away is for those who ask it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.secrets import Secrets
from config.settings import Settings
from ivr.sources import Sources
from storage.billing.choose import billing_of
from storage.billing.external import ExternalBilling
from storage.billing.own import OwnTables
from storage.calls import CallStore
from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.fault_reports import FaultReports
from storage.flows import FlowStore
from storage.funnel import FunnelStore
from storage.incidents import IncidentStore
from storage.journal import JournalStore
from storage.kpi import KpiStore
from storage.reported_readings import ReportedReadings
from storage.ticket_enquiries import TicketEnquiries
from storage.tickets import TicketStore
from storage.users import UserStore
from storage.zones import Zones


@dataclass(frozen=True, slots=True)
class Kept:
    """The stores of one daemon. ``embedded`` is the PostgreSQL that we run ourselves, if no other is named."""

    embedded: EmbeddedPostgres | None
    database: Database
    calls: CallStore
    users: UserStore
    tickets: TicketStore
    kpis: KpiStore
    journal: JournalStore
    billing: OwnTables | ExternalBilling
    zones: Zones
    incidents: IncidentStore
    flows: FlowStore
    funnel: FunnelStore
    fault_reports: FaultReports
    readings: ReportedReadings
    ticket_enquiries: TicketEnquiries

    @property
    def sources(self) -> Sources:
        """What the phone menu asks about a caller's account."""
        return Sources(self.billing, self.readings, self.zones, self.ticket_enquiries)


def kept_of(settings: Settings, secrets: Secrets, now: Callable[[], datetime]) -> Kept:
    """Return the stores of a site; nothing is connected yet."""
    zone, region = ZoneInfo(settings.site.timezone), settings.site.region
    if settings.database.dsn:
        embedded, dsn = None, settings.database.dsn.get_secret_value()
    else:
        embedded = EmbeddedPostgres(settings.home / "postgres")
        dsn = embedded.dsn
    database = Database(dsn, pool_size=settings.database.pool_size)
    return Kept(
        embedded=embedded,
        database=database,
        calls=CallStore(database, region=region, zone=zone, now=now),
        users=UserStore(database),
        tickets=TicketStore(database, region=region, now=now),
        kpis=KpiStore(database, zone=zone, now=now),
        journal=JournalStore(database),
        billing=billing_of(settings, database, pin_key=secrets.pin_key, now=now),
        zones=Zones(database, region=region),
        incidents=IncidentStore(database, now=now),
        flows=FlowStore(database, now=now),
        funnel=FunnelStore(database),
        fault_reports=FaultReports(database, now=now),
        readings=ReportedReadings(database, zone=zone, now=now),
        ticket_enquiries=TicketEnquiries(database, region=region),
    )
