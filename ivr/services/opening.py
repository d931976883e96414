"""The service ``opening``: whether anybody is there now, and when they will be."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from cti.domain.opening import OpeningHours
from ivr.flow.service import Answer, Caller
from ivr.ports import Day, Time, Value


class Opening:
    """The service ``opening``. It asks nobody, so it never fails."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"open", "closed"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"opens_day": "day", "opens_time": "time"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"opens": frozenset({"today", "tomorrow", "later", "unknown"})}
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = False

    def __init__(self, hours: OpeningHours, now: Callable[[], datetime]) -> None:
        self._hours = hours
        self._now = now

    async def __call__(self, caller: Caller) -> Answer:
        """Tell whether it is open, and if not, when it opens. A year's calendar reads files when it is first asked."""
        return await asyncio.to_thread(self.told)

    def told(self) -> Answer:
        """Return it at once, reading files on the way where a year's calendar is new."""
        here = self._now().astimezone(self._hours.zone)
        if self._hours.is_open(here):
            return Answer("open", words={"opens": "unknown"})
        opens = self._hours.opens_after(here)
        if opens is None:
            return Answer("closed", words={"opens": "unknown"})
        days = (opens.date() - here.date()) // timedelta(days=1)
        when = {0: "today", 1: "tomorrow"}.get(days, "later")
        values: dict[str, Value] = {
            "opens_day": Day(opens.month, opens.day),
            "opens_time": Time(opens.hour, opens.minute),
        }
        return Answer("closed", values, {"opens": when})
