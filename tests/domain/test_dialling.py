"""Whom we may call: everything is denied that is not known to be an ordinary number of the site's country."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cti.domain.dialling import Denied, DiallingRules, Hourly, as_dialled, denial, is_night, number_denial

CHINA = DiallingRules(region="CN")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+8613800000001", None),
        ("+862161234567", None),
        ("13800000001", Denied.NO_NUMBER),
        ("", Denied.NO_NUMBER),
        ("anonymous", Denied.NO_NUMBER),
        ("+86138", Denied.NO_NUMBER),
        ("+8613800000001;ext=9", Denied.NO_NUMBER),
        ("+86 138 0000 0001", Denied.NO_NUMBER),
        ("+8613800000001@evil", Denied.NO_NUMBER),
        ("+12125550100", Denied.INTERNATIONAL),
        ("+85261234567", Denied.INTERNATIONAL),
        ("+88213000000", Denied.INTERNATIONAL),
        ("+8616888123", Denied.PREMIUM),
        ("+864001234567", Denied.PREMIUM),
        ("+8610086", Denied.NOT_ON_THE_LIST),
        ("+8615400000001", Denied.NOT_ON_THE_LIST),
    ],
)
def test_only_ordinary_numbers_of_the_country_are_called(number: str, why: Denied | None) -> None:
    assert number_denial(number, CHINA) == why


def test_a_sites_list_of_prefixes_is_all_that_is_called() -> None:
    rules = DiallingRules(region="CN", allowed=("+8621", "+86154"), denied=("+862160",))
    assert number_denial("+862161234567", rules) is None
    assert number_denial("+8615400000001", rules) is None
    assert number_denial("+8613800000001", rules) is Denied.NOT_ON_THE_LIST
    assert number_denial("+862160234567", rules) is Denied.PREMIUM


def test_nobody_is_called_at_night() -> None:
    assert denial("+8613800000001", CHINA, NOON) is None
    assert denial("+8613800000001", CHINA, NOON.replace(hour=23)) is Denied.NIGHT
    assert denial("+12125550100", CHINA, NOON.replace(hour=23)) is Denied.INTERNATIONAL


@pytest.mark.parametrize(("hour", "night"), [(20, False), (21, True), (0, True), (7, True), (8, False), (12, False)])
def test_a_night_goes_past_midnight(hour: int, night: bool) -> None:
    assert is_night((time(21), time(8)), time(hour)) is night
    assert not is_night(None, time(hour))
    assert is_night((time(1), time(5)), time(hour)) is False


def test_a_number_is_dialled_as_people_of_the_country_do() -> None:
    assert as_dialled("+8613800000001") == "13800000001"
    assert as_dialled("+862161234567") == "02161234567"


def test_so_many_calls_in_an_hour_and_no_more() -> None:
    placed = Hourly(2)
    for minute in (0, 10):
        assert not placed.full(NOON + timedelta(minutes=minute))
        placed.placed(NOON + timedelta(minutes=minute))
    assert placed.full(NOON + timedelta(minutes=59))
    assert not placed.full(NOON + timedelta(minutes=60))
