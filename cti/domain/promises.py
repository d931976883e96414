"""What is promised to somebody who reports a fault: when a crew is on site, or when it is dealt with.

A burst main: on site within 60 minutes by day, 90 by night. Other faults by their urgency. Values only; a ticket's
deadline is made from these, and the caller hears the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What a caller reports, by the subcategory that its ticket gets."""

    BURST = "burst_main"
    LEAK = "leak"
    NO_WATER = "no_water"
    WATER_QUALITY = "water_quality"
    LOW_PRESSURE = "low_pressure"


@dataclass(frozen=True, slots=True)
class Promise:
    """Within what time somebody is there, by day and by night."""

    by_day: timedelta
    by_night: timedelta


DAY_BEGINS: Final = time(8)
DAY_ENDS: Final = time(20)

PROMISES: Final[Mapping[Fault, Promise]] = {
    Fault.BURST: Promise(timedelta(minutes=60), timedelta(minutes=90)),
    Fault.LEAK: Promise(timedelta(hours=4), timedelta(hours=12)),
    Fault.NO_WATER: Promise(timedelta(hours=2), timedelta(hours=4)),
    Fault.WATER_QUALITY: Promise(timedelta(hours=4), timedelta(hours=12)),
    Fault.LOW_PRESSURE: Promise(timedelta(hours=24), timedelta(hours=24)),
}


def promise(fault: Fault, at: datetime) -> timedelta:
    """Return within what time somebody is there for a fault reported ``at``, in the site's own time."""
    by = PROMISES[fault]
    return by.by_day if DAY_BEGINS <= at.time() < DAY_ENDS else by.by_night
