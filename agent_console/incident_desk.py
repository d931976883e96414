"""Incidents as the console's port asks for them, on what ``storage`` keeps and what is known in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agent_console.storage_errors import as_ours
from agent_console.wire_incidents import IncidentChange, NewIncident
from cti.domain.events import Language
from cti.domain.ids import AccountNumber, AgentId, ZoneCode
from cti.domain.incidents import Incident, notice_for
from storage.incidents import IncidentStore, Zone


class Known(Protocol):
    """What is known in memory of incidents."""

    def __call__(self) -> Sequence[Incident]:
        """Return those that go on."""

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether callers hear its streets."""

    def changed(self) -> None:
        """Look again: one was written."""


class ZoneOf(Protocol):
    """Where an account's premise is."""

    async def of_account(self, account: AccountNumber) -> ZoneCode | None:
        """Return the zone."""


class IncidentDesk:
    """The incidents of one hotline. ``spell`` writes the numbers in streets as words of a language."""

    def __init__(
        self,
        store: IncidentStore,
        known: Known,
        zones: ZoneOf,
        spell: Callable[[str, Language], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._known = known
        self._zones = zones
        self._spell = spell
        self._now = now

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether callers hear its streets, too."""
        return self._known.is_spoken(incident)

    async def of_late(self) -> Sequence[Incident]:
        """Return the latest, over or not."""
        with as_ours():
            return await self._store.of_late()

    async def zones(self) -> Sequence[Zone]:
        """Return the supply areas."""
        with as_ours():
            return await self._store.zones()

    async def open(self, new: NewIncident, *, by: AgentId, at: datetime) -> Incident:
        """Keep a new one, once for its id. Raises ``NotFoundError`` for an unknown zone."""
        incident = Incident(
            id=new.id,
            kind=new.kind,
            zone=None if new.zone is None else ZoneCode(new.zone),
            streets_zh=self._spell(new.streets_zh, "zh"),
            streets_en=self._spell(new.streets_en, "en"),
            since=at,
            until=new.until,
            ended_at=None,
            by=by,
        )
        with as_ours():
            opened = await self._store.open(incident)
        self._known.changed()
        return opened

    async def change(self, incident: UUID, change: IncidentChange, *, by: AgentId) -> Incident:
        """Say when it should be over, or that it is. Raises ``NotFoundError``."""
        with as_ours():
            if change.ended:
                changed = await self._store.end(incident, by=by)
            else:
                changed = await self._store.change(incident, until=change.until, by=by)
        self._known.changed()
        return changed

    async def at_account(self, account: str) -> Incident | None:
        """Return what goes on at the account's premise, None for nothing. Raises ``BillingUnavailableError``."""
        going_on = self._known()
        if not going_on:
            return None
        local = any(incident.zone is not None for incident in going_on)
        zone = await self._zones.of_account(AccountNumber(account)) if local else None
        return notice_for(zone, going_on, self._now())
