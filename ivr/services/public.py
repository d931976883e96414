"""The services that are about nobody in particular: incidents, opening hours, faults that anybody may report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.promises import Fault
from ivr.flow.service import Service
from ivr.flow.story import Clock
from ivr.services.fault_report import NoReports, ReportFault, Reports
from ivr.services.incident import IncidentNotice, NoNotices, Notices
from ivr.services.opening import Opening
from ivr.sources import Zones

FAULTS: Mapping[str, Fault] = {
    "report_burst": Fault.BURST,
    "report_leak": Fault.LEAK,
    "report_no_water": Fault.NO_WATER,
    "report_water_quality": Fault.WATER_QUALITY,
    "report_low_pressure": Fault.LOW_PRESSURE,
}
"""Service → what it reports."""


@dataclass(frozen=True, slots=True)
class Public:
    """Where they get what they say, and where reports go. What isn't plugged in has nothing to tell."""

    notices: Notices = field(default_factory=NoNotices)
    zones: Zones | None = None
    reports: Reports = field(default_factory=NoReports)


def public_services(public: Public, settings: Settings, clock: Clock) -> Mapping[str, Service]:
    """Return the services by name."""
    zone = ZoneInfo(settings.site.timezone)
    return {
        "incident": IncidentNotice(public.notices, public.zones, clock.now, zone),
        "opening": Opening(settings.opening.in_zone(zone), clock.now),
        **{name: ReportFault(fault, public.reports, clock.now, zone) for name, fault in FAULTS.items()},
    }
