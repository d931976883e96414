"""Incidents and reports in memory, and services as good or as bad as one likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.ids import AgentId, CallId
from cti.domain.incidents import Incident, IncidentKind
from cti.domain.promises import Fault
from ivr.flow.service import Answer, Caller, Service
from ivr.flow.story import Clock
from ivr.services.opening import Opening
from ivr.services.public import Public, public_services
from ivr.simulator.billing import Behaviour, behave

TICKET: Final = "20261122-000042"


@dataclass(frozen=True, slots=True)
class PretendNotices:
    """One incident everywhere, or none."""

    incident: Incident | None = None
    spoken: bool = True

    def __call__(self) -> Sequence[Incident]:
        """Return it."""
        return () if self.incident is None else (self.incident,)

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether its streets are spoken."""
        return self.spoken


def incident(kind: IncidentKind, since: datetime, until: datetime | None) -> Incident:
    """Return an incident everywhere."""
    return Incident(
        UUID(int=1), kind, None, "人民路二十八号", "Renmin Road", since, until, None, AgentId("supervisor1")
    )


@dataclass(slots=True)
class PretendReports:
    """Takes reports."""

    taken: list[Fault] = field(default_factory=list)

    async def report(self, call: CallId, fault: Fault, *, due_at: datetime) -> str:
        """Take one; return its ticket's number."""
        self.taken.append(fault)
        return TICKET


class AtOnce(Opening):
    """The opening hours without a thread, which the simulator's clock wouldn't wait for."""

    async def __call__(self, caller: Caller) -> Answer:
        """Tell them."""
        return self.told()


@dataclass(frozen=True, slots=True)
class Behaving:
    """A service that answers late, not at all, or with an error."""

    inner: Service
    behaviour: Behaviour

    @property
    def needs(self) -> frozenset[str]:
        """Names of digits."""
        return self.inner.needs

    @property
    def ways(self) -> frozenset[str]:
        """Ways on."""
        return self.inner.ways

    @property
    def gives(self) -> Mapping[str, str]:
        """Kinds of values by name."""
        return self.inner.gives

    @property
    def words(self) -> Mapping[str, frozenset[str]]:
        """Words by name."""
        return self.inner.words

    @property
    def proves(self) -> frozenset[str]:
        """Ways on with a proved caller."""
        return self.inner.proves

    @property
    def personal(self) -> bool:
        """Whether its answers are about one customer."""
        return self.inner.personal

    async def __call__(self, caller: Caller) -> Answer:
        """Look it up, or not."""
        await behave(self.behaviour)
        return await self.inner(caller)


def pretend_public(public: Public, behaviour: Behaviour, settings: Settings, clock: Clock) -> Mapping[str, Service]:
    """Return the public services, behaving as told."""
    hours = settings.opening.in_zone(ZoneInfo(settings.site.timezone))
    found = {**public_services(public, settings, clock), "opening": AtOnce(hours, clock.now)}
    return {name: Behaving(service, behaviour) for name, service in found.items()}
