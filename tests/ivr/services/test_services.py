import asyncio
from datetime import date

import pytest

from cti.domain.ids import AccountNumber
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Caller
from ivr.ports import Money, Month
from ivr.services.bill import LatestBill, overdue_fen
from ivr.services.identify import Identify
from tests.ivr.flow.scripted import ACCOUNT, PIN, TableBilling, bill

TODAY = date(2026, 11, 22)


def caller(account: str = ACCOUNT, pin: str = PIN) -> Caller:
    return Caller({"account": account, "pin": pin})


@pytest.mark.parametrize(
    ("account", "pin", "way", "proved"),
    [(ACCOUNT, PIN, "verified", ACCOUNT), (ACCOUNT, "000000", "refused", None), ("20000008", PIN, "refused", None)],
)
async def test_a_pin_proves_an_account(account: str, pin: str, way: str, proved: str | None) -> None:
    answer = await Identify(TableBilling(), floor_s=0)(caller(account, pin))
    assert (answer.way, answer.verified) == (way, proved)


@pytest.mark.parametrize(("account", "pin"), [(ACCOUNT, PIN), (ACCOUNT, "000000"), ("20000008", PIN)])
async def test_no_verdict_comes_sooner_than_another(account: str, pin: str) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await Identify(TableBilling(), floor_s=0.05)(caller(account, pin))
    assert loop.time() - started >= 0.049


def test_what_was_keyed_does_not_show() -> None:
    assert PIN not in repr(caller())
    assert ACCOUNT not in repr(caller())


async def test_no_bill_without_proof() -> None:
    with pytest.raises(NotVerifiedError):
        await LatestBill(TableBilling([bill(10, 1)]), lambda: TODAY)(caller())


async def test_the_newest_bill_is_the_latest() -> None:
    bills = [bill(10, 8640, open_fen=8640), bill(9, 5000)]
    answer = await LatestBill(TableBilling(bills), lambda: TODAY)(Caller({}, AccountNumber(ACCOUNT)))
    assert answer.way == "due"
    assert answer.values["month"] == Month(2026, 10)
    assert answer.values["amount"] == Money(8640)
    assert answer.words == {"arrears": "none"}


@pytest.mark.parametrize(
    ("due", "open_fen", "fee", "overdue"),
    [
        (date(2026, 11, 21), 100, 5, 105),
        (date(2026, 11, 22), 100, 5, 0),  # the due day itself is in time
        (date(2026, 11, 21), 0, 5, 0),
        (date(2026, 12, 25), 100, 0, 0),
    ],
)
def test_arrears_are_what_is_open_past_its_due_day(due: date, open_fen: int, fee: int, overdue: int) -> None:
    assert overdue_fen([bill(10, 100, open_fen=open_fen, late_fee_fen=fee, due=due)], TODAY) == overdue
