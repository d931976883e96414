"""The services ``report_burst`` … ``report_low_pressure``: the call's ticket becomes a repair, with what is promised.

The caller hears the promise and the ticket's number only when both are kept; else a person takes the report.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol

from cti.domain.ids import CallId
from cti.domain.promises import Fault, promise
from cti.domain.utility import BillingUnavailableError
from ivr.flow.service import Answer, Caller
from ivr.ports import Digits, Duration


class Reports(Protocol):
    """Where reported faults go. Raises ``BillingUnavailableError`` when they can't be kept."""

    async def report(self, call: CallId, fault: Fault, *, due_at: datetime) -> str:
        """Make the call's ticket a repair that is due; return the ticket's number."""


class NoReports:
    """Takes no report."""

    async def report(self, call: CallId, fault: Fault, *, due_at: datetime) -> str:
        """Refuse it."""
        raise BillingUnavailableError("nothing takes reports here")


class ReportFault:
    """One kind of fault."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"reported"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"ticket": "digits", "promised": "duration"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, fault: Fault, reports: Reports, now: Callable[[], datetime], zone: tzinfo) -> None:
        self._fault = fault
        self._reports = reports
        self._now = now
        self._zone = zone

    async def __call__(self, caller: Caller) -> Answer:
        """Report it for this call."""
        if caller.call is None:
            raise BillingUnavailableError("a report needs a call")
        now = self._now()
        within = promise(self._fault, now.astimezone(self._zone))
        number = await self._reports.report(caller.call, self._fault, due_at=now + within)
        spoken = number.replace("-", "")
        return Answer("reported", {"ticket": Digits(spoken), "promised": Duration(int(within.total_seconds() // 60))})
