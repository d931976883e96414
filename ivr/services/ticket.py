"""How far a ticket has come. Its state is no secret to who has its number; its times are told to its own caller."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from cti.domain.ticket_progress import Progress
from ivr.flow.service import Answer, Caller
from ivr.ports import Day, Time, Value
from ivr.sources import Tickets


class TicketProgress:
    """The service ``ticket``: its state, or ``none``.

    The word ``promise`` tells which time goes with it: a crew's ``arrival``, a ``deadline``, or ``none``.
    """

    needs: Final = frozenset({"ticket"})
    ways: Final = frozenset({*(progress.value for progress in Progress), "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"by_day": "day", "by_time": "time"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"promise": frozenset({"arrival", "deadline", "none"})}
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, tickets: Tickets, zone: ZoneInfo) -> None:
        self._tickets = tickets
        self._zone = zone

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the ticket whose number was keyed."""
        found = await self._tickets.find(caller.keyed["ticket"], number=caller.number, account=caller.verified)
        if found is None:
            return Answer("none", words={"promise": "none"})
        if found.arrival_by is not None:
            return Answer(found.progress, self._when(found.arrival_by), {"promise": "arrival"})
        if found.due_at is not None:
            return Answer(found.progress, self._when(found.due_at), {"promise": "deadline"})
        return Answer(found.progress, words={"promise": "none"})

    def _when(self, at: datetime) -> Mapping[str, Value]:
        local = at.astimezone(self._zone)
        return {"by_day": Day(local.month, local.day), "by_time": Time(local.hour, local.minute)}
