"""Something wrong with the water of a zone: a burst main, a planned shut-off, turbid water. Values only.

Who calls from such a zone hears of it before the menu. What is said of it besides its kind and its end are the streets,
as somebody of the utility wrote them, in both languages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cti.domain.ids import AgentId, ZoneCode


class IncidentKind(StrEnum):
    """What is wrong, the gravest first."""

    DO_NOT_DRINK = "do_not_drink"
    BURST = "burst"
    NO_WATER = "no_water"
    TURBID = "turbid"
    LOW_PRESSURE = "low_pressure"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. ``zone`` None means everywhere; ``until`` is when it should be over, None if nobody knows."""

    id: UUID
    kind: IncidentKind
    zone: ZoneCode | None
    streets_zh: str
    streets_en: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    by: AgentId

    def is_active(self, at: datetime) -> bool:
        """Tell whether it goes on. One that should be over still does, until somebody says that it is."""
        return self.since <= at and (self.ended_at is None or at < self.ended_at)

    def concerns(self, zone: ZoneCode | None) -> bool:
        """Tell whether somebody in ``zone`` is concerned; one whose zone nobody knows, by what is everywhere."""
        return self.zone is None or self.zone == zone


_GRAVITY = {kind: place for place, kind in enumerate(IncidentKind)}


def notice_for(zone: ZoneCode | None, incidents: Iterable[Incident], at: datetime) -> Incident | None:
    """Return the incident that somebody in ``zone`` should hear of: the gravest, then the latest; None for none."""
    heard = (incident for incident in incidents if incident.is_active(at) and incident.concerns(zone))
    return min(heard, key=lambda one: (_GRAVITY[one.kind], -one.since.timestamp()), default=None)
