"""What a row must be before it is taken for somebody's bill."""

from decimal import Decimal
from typing import Any

import pytest

from storage.billing import source
from storage.billing.guard import MismatchError
from tests.storage.billing.systems import MINE, OTHER, bill


@pytest.mark.parametrize(
    "row",
    [
        bill(OTHER),
        {key: value for key, value in bill(MINE).items() if key != "account"},
        {key: value for key, value in bill(MINE).items() if key != "open"},
        bill(MINE, amount="eighty"),
        bill(MINE, amount=-1),
        bill(MINE, amount="NaN"),
        bill(MINE, usage_m3=-3),
        bill(MINE, usage_m3=2.5),
        bill(MINE, due="25.11.2026"),
        bill(MINE, period="2026-13"),
        bill(MINE, amount=None),
    ],
)
def test_a_bill_that_is_none_is_refused_without_quoting_it(row: dict[str, Any]) -> None:
    with pytest.raises(MismatchError) as refused:
        source.read(source.BillRow, [row], MINE)
    assert not any(str(value) in str(refused.value) for value in (MINE, OTHER, "eighty", "86.4"))


@pytest.mark.parametrize(
    "rows",
    [
        [bill(MINE), bill(MINE, amount=1, open=0)],
        [bill(MINE, open=90)],
        [bill(MINE, amount="86.405", open=0)],
    ],
    ids=["two of one period", "more open than billed", "a part of a fen"],
)
def test_bills_that_contradict_themselves_are_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(MismatchError):
        source.bills(source.read(source.BillRow, rows, MINE), "yuan")


def test_money_is_exact_whatever_it_is_written_as() -> None:
    for amount in (86.40, "86.40", Decimal("86.4"), "86.4"):
        (made,) = source.bills(source.read(source.BillRow, [bill(MINE, amount=amount, open=0)], MINE), "yuan")
        assert made.amount_fen == 8640
    (made,) = source.bills(source.read(source.BillRow, [bill(MINE, amount=8640, open=0)], MINE), "fen")
    assert made.amount_fen == 8640


def test_an_account_number_that_can_be_none_is_refused() -> None:
    with pytest.raises(MismatchError):
        source.account(source.AccountRow(account="10000005"))


def test_a_tariff_that_does_not_rise_is_refused() -> None:
    rows = [source.StepRow(account=MINE, above_m3=5, price=Decimal(1))]
    with pytest.raises(MismatchError):
        source.tariff(rows, "yuan")
