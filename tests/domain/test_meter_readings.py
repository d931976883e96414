"""A keyed meter reading against the record: slips, leaks, and what is simply a reading."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cti.domain.meter_readings import Doubt, check
from cti.domain.utility import Reading, ReadingKind

TODAY = date(2026, 11, 22)
LAST = date(2026, 11, 1)


def history(
    last_m3: int = 1_000, monthly_m3: int = 30, months: int = 14, estimated: tuple[int, ...] = ()
) -> list[Reading]:
    """Return readings newest first, a month of 30 days apart; ``estimated`` are their places."""
    return [
        Reading(
            LAST - timedelta(days=30 * place),
            last_m3 - monthly_m3 * place,
            ReadingKind.ESTIMATED if place in estimated else ReadingKind.ACTUAL,
        )
        for place in range(months)
    ]


@pytest.mark.parametrize(
    ("value_m3", "doubt", "usage_m3", "meant_m3"),
    [
        # 21 days after 1000 at a cubic metre a day: 1021 is usual, 1042 twice that
        (1000, Doubt.NONE, 0, None),
        (1021, Doubt.NONE, 21, None),
        (1042, Doubt.NONE, 42, None),
        (1043, Doubt.SWAPPED, 43, 1034),
        (1055, Doubt.LEAK, 55, None),
        (1201, Doubt.SWAPPED, 201, 1021),
        (2101, Doubt.LEAK, 1101, None),  # two swaps away is no slip of one thumb
        (1210, Doubt.LEAK, 210, None),
        (999, Doubt.BELOW_LAST, -1, None),
        (102, Doubt.BELOW_LAST, -898, None),
        (210, Doubt.BELOW_LAST, -790, None),
        (10210, Doubt.LEAK, 9210, None),
        (0, Doubt.BELOW_LAST, -1000, None),
        (999999, Doubt.LEAK, 998999, None),
    ],
)
def test_a_reading_is_held_against_the_last_one_and_the_daily_average(
    value_m3: int, doubt: Doubt, usage_m3: int, meant_m3: int | None
) -> None:
    found = check(value_m3, history(), TODAY)
    assert found is not None
    assert (found.doubt, found.usage_m3, found.meant_m3) == (doubt, usage_m3, meant_m3)
    assert (found.days, found.usual_m3) == (21, 21)


def test_swapped_digits_below_the_last_reading_are_caught_too() -> None:
    found = check(1204, history(last_m3=1_400), TODAY)
    assert found is not None
    assert found.doubt is Doubt.BELOW_LAST
    found = check(4121, history(last_m3=4_200), TODAY)
    assert found is not None
    assert (found.doubt, found.meant_m3) == (Doubt.SWAPPED, 4_211)


@pytest.mark.parametrize(("used_m3", "doubt"), [(6, Doubt.NONE), (7, Doubt.LEAK)])
def test_who_uses_little_is_not_suspected_for_five_cubic_metres_more(used_m3: int, doubt: Doubt) -> None:
    found = check(1_000 + used_m3, history(monthly_m3=1), TODAY)
    assert found is not None
    assert found.doubt is doubt


def test_an_estimate_is_no_reading_to_be_below_of_but_the_bill_rests_on_it() -> None:
    readings = history(last_m3=1_030, estimated=(0,))  # estimated at 1030; looked at 30 days before: 1000
    found = check(1_010, readings, TODAY)
    assert found is not None
    assert (found.doubt, found.usage_m3, found.days, found.to_bill_m3) == (Doubt.NONE, 10, 51, 0)
    found = check(1_050, readings, TODAY)
    assert found is not None
    assert (found.doubt, found.to_bill_m3) == (Doubt.NONE, 20)


def test_with_one_reading_on_record_only_less_than_it_is_doubtful() -> None:
    one = history(months=1)
    for value_m3, doubt in ((1_000, Doubt.NONE), (9_000, Doubt.NONE), (990, Doubt.BELOW_LAST)):
        found = check(value_m3, one, TODAY)
        assert found is not None
        assert (found.doubt, found.usual_m3) == (doubt, None)


def test_a_meter_that_nobody_ever_read_gives_nothing_to_check() -> None:
    assert check(1_000, [], TODAY) is None
    assert check(1_000, history(months=3, estimated=(0, 1, 2)), TODAY) is None


def test_a_reading_on_the_day_of_the_last_one_counts_as_a_day() -> None:
    found = check(1_003, history(), LAST)
    assert found is not None
    assert (found.days, found.usual_m3, found.doubt) == (1, 1, Doubt.NONE)


@given(st.integers(100, 99_999), st.integers(0, 60), st.data())
def test_a_swap_is_offered_only_where_it_is_likelier_than_what_was_keyed(
    last_m3: int, monthly_m3: int, data: st.DataObject
) -> None:
    assume(last_m3 >= monthly_m3 * 14)
    value_m3 = data.draw(st.integers(0, last_m3 * 10))
    found = check(value_m3, history(last_m3, monthly_m3), TODAY)
    assert found is not None
    assert (found.meant_m3 is not None) == (found.doubt is Doubt.SWAPPED)
    assert (found.doubt is Doubt.BELOW_LAST) <= (value_m3 < last_m3)
    if found.meant_m3 is not None:
        assert sorted(str(found.meant_m3).zfill(len(str(value_m3)))) == sorted(str(value_m3))
        again = check(found.meant_m3, history(last_m3, monthly_m3), TODAY)
        assert again is not None
        assert again.doubt is Doubt.NONE
