"""When anybody is there: weekdays, holidays, made-up working days, a site's own days."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from config.opening import Hours, Opening, OwnDay
from cti.domain.opening import OpeningHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Hours(days=(1, 2, 3, 4, 5), since=time(8, 30), until=time(17, 30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def hours(**fields: object) -> OpeningHours:
    return Opening.model_validate({"hours": (OFFICE,), **fields}).in_zone(SHANGHAI)


@pytest.mark.parametrize(
    ("when", "is_open", "why"),
    [
        ("2026-11-25 08:30", True, "a Wednesday, on the minute"),
        ("2026-11-25 08:29", False, "before"),
        ("2026-11-25 17:30", False, "the end is not in it"),
        ("2026-11-28 10:00", False, "a Saturday"),
        ("2026-10-01 10:00", False, "National Day, a Thursday"),
        ("2026-10-10 10:00", True, "a Saturday that makes up for a holiday"),
        ("2026-02-14 10:00", True, "another, before the Spring Festival"),
        ("2026-02-16 10:00", False, "a Monday of the Spring Festival"),
    ],
)
def test_of_china(when: str, is_open: bool, why: str) -> None:
    assert hours().is_open(at(when)) is is_open, why


def test_without_hours_it_is_always_open() -> None:
    always = Opening().in_zone(SHANGHAI)
    assert always.is_open(at("2026-10-01 03:00"))
    assert always.is_open(at("2026-10-03 23:59"))


def test_a_sites_own_day_beats_every_calendar() -> None:
    own = (OwnDay(on=date(2026, 10, 1), since=time(9), until=time(12)), OwnDay(on=date(2026, 11, 25)))
    site = hours(days=own)
    assert site.is_open(at("2026-10-01 10:00"))
    assert not site.is_open(at("2026-10-01 13:00"))
    assert not site.is_open(at("2026-11-25 10:00"))


def test_another_country_has_other_holidays_and_none_has_none() -> None:
    assert hours(holidays="DE").is_open(at("2026-10-01 10:00"))
    assert not hours(holidays="DE").is_open(at("2026-12-25 10:00"))
    assert hours(holidays="").is_open(at("2026-12-25 10:00"))


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2026-11-25 06:00", "2026-11-25 08:30"),
        ("2026-11-25 18:00", "2026-11-26 08:30"),
        ("2026-11-27 18:00", "2026-11-30 08:30"),
        ("2026-09-30 18:00", "2026-10-08 08:30"),
        ("2026-10-09 18:00", "2026-10-10 08:30"),
    ],
)
def test_when_it_opens_next(when: str, opens: str) -> None:
    assert hours().opens_after(at(when)) == at(opens)


def test_a_lunch_break_is_two_spans_and_a_night_ends_at_midnight() -> None:
    day = Hours(days=(3,), since=time(8), until=time(12))
    night = Hours(days=(3,), since=time(22), until=time(0))
    site = Opening(hours=(night, day), holidays="").in_zone(SHANGHAI)
    assert site.opens_after(at("2026-11-25 12:00")) == at("2026-11-25 22:00")
    assert site.is_open(at("2026-11-25 23:59"))
    assert not site.is_open(at("2026-11-26 00:00"))


def test_a_site_that_never_opens_says_so() -> None:
    closed = [{"on": date(2026, 11, day)} for day in range(1, 31)] + [
        {"on": date(2026, 12, day)} for day in range(1, 32)
    ]
    assert hours(days=closed).opens_after(at("2026-11-25 12:00")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": [{"days": [1], "since": "17:00", "until": "08:00"}]},
        {"hours": [{"days": [8], "since": "08:00", "until": "17:00"}]},
        {"hours": [{"days": [], "since": "08:00", "until": "17:00"}]},
        {"holidays": "XX"},
        {"days": [{"on": "2026-10-01", "since": "08:00"}]},
    ],
)
def test_hours_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Opening.model_validate(wrong)
