"""When the hotline's people are there, as a site writes it down; and the public holidays of its country."""

from collections.abc import Sequence
from datetime import date, time, tzinfo
from functools import cache
from typing import Annotated, Final, Self

import holidays
from pydantic import Field, model_validator

from config.section import Section
from cti.domain.opening import DayKind, OpeningHours, Span

Weekday = Annotated[int, Field(ge=1, le=7)]
_END_OF_DAY: Final = time(0)


class Hours(Section):
    """One span on some weekdays: Monday is 1, Sunday 7. ``until`` 00:00 is the end of the day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    since: time
    until: time

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until not in (_END_OF_DAY,) and self.until <= self.since:
            raise ValueError("until is not after since; a night is two spans, up to 00:00 and from it")
        return self

    @property
    def span(self) -> Span:
        """The hours."""
        return Span(self.since, self.until)


class OwnDay(Section):
    """A day of the site's own: closed, or open at these hours, whatever the weekday and the calendar say."""

    on: date
    since: time | None = None
    until: time | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.since is None) != (self.until is None):
            raise ValueError("give both since and until, or neither for a closed day")
        return self

    @property
    def spans(self) -> Sequence[Span]:
        """The hours; none if it is closed."""
        return () if self.since is None or self.until is None else (Span(self.since, self.until),)


class Opening(Section):
    """When people are there. Without ``hours`` always. ``holidays`` is the country whose public holidays are kept."""

    hours: tuple[Hours, ...] = ()
    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = "CN"
    days: tuple[OwnDay, ...] = ()

    @model_validator(mode="after")
    def _known_country(self) -> Self:
        if self.holidays and self.holidays not in holidays.list_supported_countries():
            raise ValueError(
                f"no calendar of holidays is known for {self.holidays}; leave it empty and list [opening] days"
            )
        return self

    def in_zone(self, zone: tzinfo) -> OpeningHours:
        """Return the hours in the site's time zone."""
        weekdays: dict[int, list[Span]] = {}
        for hours in self.hours:
            for day in hours.days:
                weekdays.setdefault(day - 1, []).append(hours.span)
        return OpeningHours(
            zone,
            {day: sorted(spans, key=lambda span: span.since) for day, spans in weekdays.items()},
            {own.on: own.spans for own in self.days},
            lambda day: kind_of(self.holidays, day),
        )


def kind_of(country: str, day: date) -> DayKind:
    """Say what the public calendar of ``country`` has of ``day``: the library knows the days that China makes up."""
    if not country:
        return DayKind.USUAL
    calendar = _calendar(country, day.year)
    if day in calendar:
        return DayKind.HOLIDAY
    return DayKind.MADE_UP if day in calendar.weekend_workdays else DayKind.USUAL


@cache
def _calendar(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year)
