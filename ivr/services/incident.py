"""The service ``incident``: what a caller should hear before the menu, because it is probably what they call about.

A notice is about a zone, never about a customer: the zone comes from the account that a PIN has proved, else from the
number that the network says, whose every account must be in it. A zone that can't be found in time is no reason to keep
anybody waiting: then only what concerns everybody is told.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol

from cti.domain.ids import ZoneCode
from cti.domain.incidents import Incident, IncidentKind, notice_for
from cti.domain.utility import BillingUnavailableError
from ivr.flow.service import Answer, Caller
from ivr.ports import Day, Time, Words
from ivr.sources import Zones

ZONE_S: Final = 1.0
"""How long a caller's zone may take to find."""


class Notices(Protocol):
    """The incidents that go on, in memory: never waits, also without a database."""

    def __call__(self) -> Sequence[Incident]:
        """Return them."""

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether its streets have been rendered, so that they can be said at once."""


class NoNotices:
    """Nothing is wrong anywhere."""

    def __call__(self) -> Sequence[Incident]:
        """Return none."""
        return ()

    def is_spoken(self, incident: Incident) -> bool:
        """Tell that nothing is."""
        return False


class IncidentNotice:
    """The service ``incident``."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"none", "notice"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"streets": "words", "until_day": "day", "until_time": "time"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {
            "incident": frozenset(IncidentKind),
            "streets_known": frozenset({"yes", "no"}),
            "over": frozenset({"today", "later", "unknown"}),
        }
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, notices: Notices, zones: Zones | None, now: Callable[[], datetime], zone: tzinfo) -> None:
        self._notices = notices
        self._zones = zones
        self._now = now
        self._time_zone = zone

    async def __call__(self, caller: Caller) -> Answer:
        """Return the notice for this caller, if there is one."""
        going_on, now = self._notices(), self._now()
        if not going_on:
            return Answer("none")
        local = any(incident.zone is not None for incident in going_on)
        found = notice_for(await self._zone_of(caller) if local else None, going_on, now)
        return Answer("none") if found is None else self._told(found, now)

    def _told(self, incident: Incident, now: datetime) -> Answer:
        spoken = self._notices.is_spoken(incident)
        until = None if incident.until is None else incident.until.astimezone(self._time_zone)
        here = now.astimezone(self._time_zone)
        over = "unknown"
        if until is not None and until > here:
            over = "today" if until.date() == here.date() else "later"
        values: dict[str, Words | Day | Time] = {"streets": streets(incident)} if spoken else {}
        if until is not None:
            values |= {"until_day": Day(until.month, until.day), "until_time": Time(until.hour, until.minute)}
        known = "yes" if spoken else "no"
        return Answer("notice", values, {"incident": incident.kind, "streets_known": known, "over": over})

    async def _zone_of(self, caller: Caller) -> ZoneCode | None:
        if self._zones is None:
            return None
        try:
            async with asyncio.timeout(ZONE_S):
                if caller.verified is not None:
                    return await self._zones.of_account(caller.verified)
                return await self._zones.of_number(caller.number) if caller.number else None
        except (TimeoutError, BillingUnavailableError):
            return None


def streets(incident: Incident) -> Words:
    """Return the streets of an incident as they are said."""
    return Words(incident.streets_zh, incident.streets_en)
