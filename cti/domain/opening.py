"""When a hotline's people are there: hours of the week, public holidays, and the site's own days.

A day is looked up in this order: a day of the site's own (open or closed), a holiday (closed), a working day made up
for one (China moves weekends: open as on a Monday), else its weekday. Which days are holidays is a calendar's affair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, Protocol

FARTHEST_DAYS: Final = 30
MONDAY: Final = 0


class DayKind(StrEnum):
    """What the calendar says of a day."""

    USUAL = "usual"
    HOLIDAY = "holiday"
    MADE_UP = "made_up"


class Calendar(Protocol):
    """Which days are holidays."""

    def __call__(self, day: date, /) -> DayKind:
        """Say what kind of day it is."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` to before ``until`` of one day; ``until`` 00:00 is its end."""

    since: time
    until: time

    def holds(self, at: time) -> bool:
        """Tell whether ``at`` is in it."""
        return self.since <= at and (self.until == time(0) or at < self.until)


ALWAYS: Final = (Span(time(0), time(0)),)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The hours of each weekday (Monday is 0); without any it is always open. ``days`` are the site's own."""

    zone: tzinfo
    weekdays: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    days: Mapping[date, Sequence[Span]] = field(default_factory=dict)
    calendar: Calendar = field(default=lambda _day: DayKind.USUAL)

    def of_day(self, day: date) -> Sequence[Span]:
        """Return the hours of one day, in order."""
        if day in self.days:
            return self.days[day]
        if not self.weekdays:
            return ALWAYS
        match self.calendar(day):
            case DayKind.HOLIDAY:
                return ()
            case DayKind.MADE_UP:
                return self.weekdays.get(MONDAY, ())
            case _:
                return self.weekdays.get(day.weekday(), ())

    def is_open(self, at: datetime) -> bool:
        """Tell whether anybody is there at ``at``."""
        here = at.astimezone(self.zone)
        return any(span.holds(here.time()) for span in self.of_day(here.date()))

    def opens_after(self, at: datetime) -> datetime | None:
        """Return when it opens next, None if not within a month."""
        here = at.astimezone(self.zone)
        for ahead in range(FARTHEST_DAYS):
            day = here.date() + timedelta(days=ahead)
            for span in self.of_day(day):
                opens = datetime.combine(day, span.since, self.zone)
                if opens > here:
                    return opens
        return None
