"""Account numbers with their check digit, and what is owed by its age."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.utility import Arrears, arrears_of, check_digit, is_account_number

PAYLOADS = st.text("0123456789", min_size=7, max_size=7)
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(("payload", "digit"), [("0794", "5"), ("00200667308", "5")])
def test_the_check_digit_is_the_standards(payload: str, digit: str) -> None:
    """The first from ISO/IEC 7064:2003, 12.2; the second from Wikipedia's article on ISO/IEC 7064."""
    assert check_digit(payload) == digit


@given(PAYLOADS)
def test_every_wrong_digit_is_found(payload: str) -> None:
    number = payload + check_digit(payload)
    assert is_account_number(number)
    for at, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            assert not is_account_number(number[:at] + other + number[at + 1 :])


def test_nearly_every_swap_of_neighbours_is_found() -> None:
    payloads = [f"{number:07d}" for number in range(0, 10_000_000, 9973)]
    numbers = [payload + check_digit(payload) for payload in payloads]
    swapped = [
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for number in numbers
        for at in range(7)
        if number[at] != number[at + 1]
    ]
    assert 0 < sum(map(is_account_number, swapped)) / len(swapped) < 0.03


@pytest.mark.parametrize("text", ["", "1234567", "123456789", "1234567x", "１２３４５６７８", "1234567 "])
def test_what_is_not_eight_plain_digits_is_no_account_number(text: str) -> None:
    assert not is_account_number(text)


@pytest.mark.parametrize(
    ("late_days", "expected"),
    [
        (-1, Arrears()),
        (0, Arrears()),
        (1, Arrears(to_30_days=100)),
        (30, Arrears(to_30_days=100)),
        (31, Arrears(to_90_days=100)),
        (90, Arrears(to_90_days=100)),
        (91, Arrears(to_365_days=100)),
        (365, Arrears(to_365_days=100)),
        (366, Arrears(older=100)),
    ],
)
def test_what_is_owed_ages_from_the_day_after_it_was_due(late_days: int, expected: Arrears) -> None:
    assert arrears_of([(TODAY - timedelta(days=late_days), 100)], TODAY) == (100, expected)


def test_the_balance_is_all_that_is_open_and_the_arrears_what_of_it_is_late() -> None:
    owed = [(TODAY + timedelta(days=3), 5), (TODAY - timedelta(days=3), 7), (TODAY - timedelta(days=400), 11)]
    balance_fen, arrears = arrears_of(owed, TODAY)
    assert (balance_fen, arrears.total) == (23, 18)
    assert arrears == Arrears(to_30_days=7, older=11)
