"""Incidents for the console's tests: in memory, and as they are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from agent_console.errors import NotFoundError
from agent_console.incident_desk import IncidentDesk
from agent_console.wire_incidents import IncidentChange, NewIncident
from cti.domain.ids import AgentId, ZoneCode
from cti.domain.incidents import Incident, IncidentKind
from ivr.prompts.wording import spelt_out
from storage.engine import Database
from storage.incidents import IncidentStore, Zone
from storage.zones import Zones

SINCE = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@dataclass
class FakeIncidents:
    kept: list[Incident] = field(
        default_factory=lambda: [
            Incident(UUID(int=1), IncidentKind.BURST, None, "人民路", "Renmin Road", SINCE, None, None, AgentId("s"))
        ]
    )
    at: dict[str, Incident] = field(default_factory=dict)

    def is_spoken(self, incident: Incident) -> bool:
        return True

    async def of_late(self) -> Sequence[Incident]:
        return self.kept

    async def zones(self) -> Sequence[Zone]:
        return [Zone(ZoneCode("Z01"), "城东", "East")]

    async def open(self, new: NewIncident, *, by: AgentId, at: datetime) -> Incident:
        zone = None if new.zone is None else ZoneCode(new.zone)
        made = Incident(new.id, new.kind, zone, new.streets_zh, new.streets_en, at, new.until, None, by)
        self.kept.append(made)
        return made

    async def change(self, incident: UUID, change: IncidentChange, *, by: AgentId) -> Incident:
        for place, kept in enumerate(self.kept):
            if kept.id == incident:
                self.kept[place] = replace(kept, until=change.until)
                return self.kept[place]
        raise NotFoundError

    async def at_account(self, account: str) -> Incident | None:
        return self.at.get(account)


class Board:
    """What a daemon knows in memory, without one."""

    def __init__(self) -> None:
        self.going_on: Sequence[Incident] = ()
        self.told = 0

    def __call__(self) -> Sequence[Incident]:
        return self.going_on

    def is_spoken(self, incident: Incident) -> bool:
        return False

    def changed(self) -> None:
        self.told += 1


def real_incidents(database: Database, now: Callable[[], datetime], board: Board | None = None) -> IncidentDesk:
    return IncidentDesk(IncidentStore(database, now=now), board or Board(), Zones(database), spelt_out, now)
