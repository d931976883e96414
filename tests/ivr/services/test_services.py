import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.settings import Settings
from cti.domain.ids import AccountNumber
from ivr.agi.session import LONGEST_FILE_S
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Caller
from ivr.flow.story import Clock
from ivr.ports import BillingUnavailableError, Money, Month
from ivr.services.bill import LatestBill, overdue_fen
from ivr.services.flow_files import shipped_bundle
from ivr.services.hotline import services
from ivr.services.identify import Identify
from ivr.services.phone_line import ClipLengths
from ivr.simulator.enquiries import pretend_sources
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


IN_TIME, PAST = date(2026, 11, 22), date(2026, 11, 21)
"""The due day itself is in time."""


@pytest.mark.parametrize(
    ("open_fen", "fee", "due", "way", "amount"),
    [
        (8640, 0, IN_TIME, "due", 8640),
        (3000, 0, IN_TIME, "part_paid", 3000),
        (1, 0, IN_TIME, "part_paid", 1),
        (8640, 0, PAST, "overdue", 8640),
        (3000, 0, PAST, "overdue", 3000),
        (8726, 86, PAST, "overdue", 8726),
        (8726, 86, IN_TIME, "due", 8726),
        (0, 0, IN_TIME, "paid", 8640),
        (0, 86, PAST, "paid", 8640),
    ],
)
async def test_a_bill_is_spoken_with_what_a_caller_would_have_to_pay(
    open_fen: int, fee: int, due: date, way: str, amount: int
) -> None:
    bills = [bill(10, 8640, open_fen=open_fen, late_fee_fen=fee, due=due)]
    answer = await LatestBill(TableBilling(bills), lambda: TODAY)(Caller({}, AccountNumber(ACCOUNT)))
    assert answer.way == way
    assert answer.values["amount"] == Money(amount)
    assert answer.words == {"arrears": "none"}, "what was just spoken is not spoken again as arrears"


async def test_the_latest_bill_and_the_arrears_add_up_to_all_that_is_overdue() -> None:
    late = [bill(10, 8640, open_fen=8640, due=PAST), bill(9, 5000, open_fen=5050, late_fee_fen=50, due=PAST)]
    answer = await LatestBill(TableBilling(late), lambda: TODAY)(Caller({}, AccountNumber(ACCOUNT)))
    amount, total = answer.values["amount"], answer.values["arrears_total"]
    assert isinstance(amount, Money)
    assert isinstance(total, Money)
    assert amount.fen + total.fen == overdue_fen(late, TODAY) == 8640 + 5050
    assert answer.words == {"arrears": "some"}


@pytest.mark.parametrize(
    ("due", "open_fen", "fee", "overdue"),
    [
        (PAST, 105, 5, 105),  # the late fee is in what is open
        (IN_TIME, 105, 5, 0),
        (PAST, 0, 5, 0),
        (date(2026, 12, 25), 100, 0, 0),
    ],
)
def test_arrears_are_what_is_open_past_its_due_day(due: date, open_fen: int, fee: int, overdue: int) -> None:
    assert overdue_fen([bill(10, 100, open_fen=open_fen, late_fee_fen=fee, due=due)], TODAY) == overdue


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "menu"
    path.with_suffix(".ulaw").write_bytes(b"\xff" * 12_000)
    return path


async def test_a_clips_length_is_known_once_it_was_looked_at(clip: Path, tmp_path: Path) -> None:
    lengths = ClipLengths()
    assert await lengths.of(clip) == 1.5
    await asyncio.to_thread(clip.with_suffix(".ulaw").unlink)
    assert await lengths.of(clip) == 1.5
    assert await lengths.of(tmp_path / "gone") == LONGEST_FILE_S


def test_the_shipped_flow_is_sound() -> None:
    flow = shipped_bundle(Settings()).flow
    assert flow.flow == "water"


def test_a_site_is_in_its_own_day() -> None:
    clock = Clock(now=lambda: datetime(2026, 11, 21, 16, 30, tzinfo=UTC))  # half past midnight in Shanghai
    found = services(pretend_sources(TableBilling()), Settings(), clock)["latest_bill"]
    assert isinstance(found, LatestBill)
    assert found.today() == date(2026, 11, 22)


async def test_a_billing_failure_leaves_no_task_behind() -> None:
    with pytest.raises(BillingUnavailableError):
        await Identify(TableBilling(down=True), floor_s=5)(caller())
    assert asyncio.all_tasks() == {asyncio.current_task()}
