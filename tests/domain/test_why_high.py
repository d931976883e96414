"""Why a bill is high: each reason alone, together, and none where the record shows none."""

from datetime import date, timedelta

import pytest

from cti.domain.tariffs import Tariff, TariffStep
from cti.domain.utility import Bill, Reading, ReadingKind
from cti.domain.why_high import Explanation, LongerPeriod, StepReached, UsedMore, explain, period_days

HOME = Tariff((TariffStep(0, 345), TariffStep(18, 483), TariffStep(30, 765)))


def bill(period: str, usage_m3: int, *, estimated: bool = False) -> Bill:
    day = date.fromisoformat(f"{period}-01")
    return Bill(day, usage_m3, HOME.amount_fen(usage_m3), day + timedelta(days=54), 0, 0, estimated)


def reading(day: str, value_m3: int = 0) -> Reading:
    return Reading(date.fromisoformat(day), value_m3, ReadingKind.ACTUAL)


def why(*bills: Bill, readings: tuple[Reading, ...] = (), tariff: Tariff | None = HOME) -> Explanation:
    found = explain(bills, readings, tariff)
    assert found is not None
    return found


YEAR_AGO = bill("2025-10", 10)
MONTHS_BETWEEN = [bill(f"2026-{month:02d}", 11) for month in range(9, 0, -1)] + [bill("2025-11", 11)]


@pytest.mark.parametrize(
    ("latest", "before", "against", "reasons"),
    [
        # the latest bill, the one before, the same month last year → higher, estimated, catches up, used more, step
        (bill("2026-10", 10), bill("2026-09", 9), YEAR_AGO, (False, False, False, None, None)),
        (bill("2026-10", 9), bill("2026-09", 9), YEAR_AGO, (False, False, False, None, None)),
        (bill("2026-10", 17), bill("2026-09", 9), YEAR_AGO, (True, False, False, UsedMore(17, 10), None)),
        (bill("2026-10", 18), bill("2026-09", 9), YEAR_AGO, (True, False, False, UsedMore(18, 10), None)),
        (
            bill("2026-10", 19),
            bill("2026-09", 9),
            YEAR_AGO,
            (True, False, False, UsedMore(19, 10), StepReached(2, 1, 483)),
        ),
        (
            bill("2026-10", 45),
            bill("2026-09", 9),
            YEAR_AGO,
            (True, False, False, UsedMore(45, 10), StepReached(3, 15, 765)),
        ),
        (
            bill("2026-10", 25),
            bill("2026-09", 9),
            bill("2025-10", 20),
            (True, False, False, UsedMore(25, 20), StepReached(2, 7, 483)),
        ),
        (bill("2026-10", 20), bill("2026-09", 9), bill("2025-10", 25), (False, False, False, None, None)),
        (
            bill("2026-10", 12, estimated=True),
            bill("2026-09", 9),
            YEAR_AGO,
            (True, True, False, UsedMore(12, 10), None),
        ),
        (
            bill("2026-10", 12),
            bill("2026-09", 9, estimated=True),
            YEAR_AGO,
            (True, False, True, UsedMore(12, 10), None),
        ),
        (
            bill("2026-10", 12, estimated=True),
            bill("2026-09", 9, estimated=True),
            YEAR_AGO,
            (True, True, False, UsedMore(12, 10), None),
        ),
    ],
)
def test_each_reason_is_told_where_the_record_shows_it(
    latest: Bill, before: Bill, against: Bill, reasons: tuple[object, ...]
) -> None:
    found = why(latest, before, *MONTHS_BETWEEN[1:], against)
    assert (found.is_higher, found.estimated, found.catches_up, found.used_more, found.step) == reasons
    assert found.a_year_before
    assert found.against is against
    assert found.is_explained == any(reasons[1:])


def test_without_a_year_of_bills_it_is_held_against_the_one_before() -> None:
    found = why(bill("2026-10", 12), bill("2026-09", 10), bill("2026-08", 30))
    assert not found.a_year_before
    assert found.used_more == UsedMore(12, 10)


def test_the_first_bill_has_nothing_to_be_held_against() -> None:
    assert explain([bill("2026-10", 12)], [], HOME) is None
    assert explain([], [], HOME) is None


def test_without_a_tariff_no_step_is_told() -> None:
    assert why(bill("2026-10", 40), YEAR_AGO, tariff=None).step is None


def test_a_dearer_bill_without_a_reason_on_record_is_unexplained() -> None:
    dearer = Bill(date(2026, 10, 1), 10, 9_999, date(2026, 11, 25), 0, 0, False)
    found = why(dearer, bill("2026-09", 10), YEAR_AGO)
    assert found.is_higher
    assert not found.is_explained


@pytest.mark.parametrize(
    ("closed_on", "longer"),
    [
        ("2026-11-01", None),
        ("2026-11-04", None),
        ("2026-11-05", LongerPeriod(35, 31)),
        ("2026-11-20", LongerPeriod(50, 31)),
    ],
)
def test_a_longer_period_is_told_from_four_days_on(closed_on: str, longer: LongerPeriod | None) -> None:
    readings = (reading(closed_on), reading("2026-10-01"), reading("2025-11-01"), reading("2025-10-01"))
    assert why(bill("2026-10", 12), bill("2026-09", 9), YEAR_AGO, readings=readings).longer == longer


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-11-01", "2026-10-01"], 31),
        (["2026-11-01", "2026-09-01"], 61),  # nobody read it in October
        (["2026-12-01", "2026-11-05", "2026-10-01"], 35),
        (["2026-10-01"], None),
        (["2026-11-01"], None),
        (["2026-12-01", "2026-10-01"], None),  # not closed by a reading of its own
        ([], None),
    ],
)
def test_a_period_lasts_from_reading_to_reading(days: list[str], expected: int | None) -> None:
    assert period_days(bill("2026-10", 1), [reading(day) for day in days]) == expected


def test_december_is_followed_by_january() -> None:
    assert period_days(bill("2025-12", 1), [reading("2026-01-01"), reading("2025-12-01")]) == 31
