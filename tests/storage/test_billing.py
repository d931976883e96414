"""Accounts, bills and PINs from our own tables, asked as the menu and the agents' pop ask."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from cti.domain.ids import AccountNumber
from cti.domain.utility import Arrears, BillingUnavailableError, MeterState, PinVerdict
from storage.billing.own import OwnTables
from storage.demo.load import load
from storage.demo.town import Town
from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.schema import account_pins, bills, meters, tries
from tests.postgres import PostgresServer

if TYPE_CHECKING:
    from ivr.ports import Billing

pytestmark = pytest.mark.postgres

TOWN = Town(seed=1, accounts=400, as_of=date(2026, 11, 22))
KEY = "a key of this test"
NOBODY = AccountNumber("99999990")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def town_template(postgres_server: PostgresServer) -> str:
    name = postgres_server.create()
    postgres_server.run(load(postgres_server.embedded.dsn_of(name), TOWN, pin_key=KEY))
    return name


@pytest.fixture
async def database(postgres_server: PostgresServer, town_template: str) -> AsyncIterator[Database]:
    name = postgres_server.create(template=town_template)
    opened = Database(postgres_server.embedded.dsn_of(name), pool_size=5)
    yield opened
    await opened.close()
    postgres_server.drop(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def billing(database: Database, clock: Clock) -> OwnTables:
    return OwnTables(database, pin_key=KEY, now=clock)


def wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 1_000_000:06d}"


ONE = TOWN.number(0)
PIN = TOWN.pin(ONE)


async def test_the_menus_port_is_fulfilled(billing: OwnTables) -> None:
    port: Billing = billing
    assert await port.account(ONE) is not None


async def test_the_right_pin_is_right_and_another_accounts_pin_is_not(billing: OwnTables) -> None:
    assert await billing.check_pin(ONE, PIN) is PinVerdict.RIGHT
    assert await billing.check_pin(ONE, TOWN.pin(TOWN.number(1))) is PinVerdict.WRONG
    assert await billing.check_pin(NOBODY, PIN) is PinVerdict.NO_ACCOUNT


async def test_three_wrong_pins_lock_and_each_further_one_locks_for_twice_as_long(
    billing: OwnTables, clock: Clock
) -> None:
    for _ in range(3):
        assert await billing.check_pin(ONE, wrong(PIN)) is PinVerdict.WRONG
    for minutes in (1, 2, 4, 8):
        assert await billing.check_pin(ONE, PIN) is PinVerdict.LOCKED
        clock.now += timedelta(minutes=minutes, seconds=-1)
        assert await billing.check_pin(ONE, PIN) is PinVerdict.LOCKED
        clock.now += timedelta(seconds=2)
        assert await billing.check_pin(ONE, wrong(PIN)) is PinVerdict.WRONG


async def test_the_lock_never_grows_beyond_a_day(billing: OwnTables, clock: Clock, database: Database) -> None:
    await billing.check_pin(ONE, wrong(PIN))
    async with database.engine.begin() as connection:
        await connection.execute(sa.update(tries).values(failures=1_000_000))
    await billing.check_pin(ONE, wrong(PIN))
    clock.now += timedelta(hours=24, seconds=1)
    assert await billing.check_pin(ONE, PIN) is PinVerdict.RIGHT


async def test_the_right_pin_after_the_lock_opens_and_forgets(billing: OwnTables, clock: Clock) -> None:
    for _ in range(3):
        await billing.check_pin(ONE, wrong(PIN))
    clock.now += timedelta(minutes=2)
    assert await billing.check_pin(ONE, PIN) is PinVerdict.RIGHT
    for _ in range(2):
        assert await billing.check_pin(ONE, wrong(PIN)) is PinVerdict.WRONG
    assert await billing.check_pin(ONE, PIN) is PinVerdict.RIGHT


async def test_an_account_that_is_not_there_locks_just_the_same(billing: OwnTables) -> None:
    for _ in range(3):
        assert await billing.check_pin(NOBODY, "000000") is PinVerdict.NO_ACCOUNT
    assert await billing.check_pin(NOBODY, "000000") is PinVerdict.LOCKED


async def test_fifty_guesses_at_once_are_three(billing: OwnTables) -> None:
    verdicts = await asyncio.gather(*(billing.check_pin(ONE, f"{n:06d}") for n in range(50)))
    assert verdicts.count(PinVerdict.WRONG) == 3
    assert verdicts.count(PinVerdict.LOCKED) == 47


async def test_locking_one_account_leaves_the_others_alone(billing: OwnTables) -> None:
    for _ in range(4):
        await billing.check_pin(ONE, wrong(PIN))
    other = TOWN.number(1)
    assert await billing.check_pin(other, TOWN.pin(other)) is PinVerdict.RIGHT


async def test_the_time_does_not_tell_whether_an_account_exists(billing: OwnTables) -> None:
    async def took(account: AccountNumber) -> float:
        start = time.perf_counter()
        await billing.check_pin(account, "000000")
        return time.perf_counter() - start

    there = [TOWN.number(index) for index in range(100, 180)]
    times = [(await took(account), await took(AccountNumber(f"{index:08d}"))) for index, account in enumerate(there)]
    known, unknown = (statistics.median(column) for column in zip(*times, strict=True))
    assert abs(known - unknown) < 0.5 * max(known, unknown)


async def test_no_pin_can_be_read_from_the_tables(database: Database) -> None:
    async with database.engine.connect() as connection:
        kept = (await connection.execute(sa.select(account_pins.c.pin_hmac))).scalars().all()
    assert len(set(kept)) == len(kept) == TOWN.accounts
    assert not any(PIN.encode() in value for value in kept)


async def test_pins_made_with_another_key_are_wrong(database: Database) -> None:
    assert await OwnTables(database, pin_key="another").check_pin(ONE, PIN) is PinVerdict.WRONG


async def test_bills_come_newest_first_and_no_more_than_asked_for(billing: OwnTables) -> None:
    latest = await billing.bills(ONE, limit=3)
    assert [bill.period for bill in latest] == [date(2026, 10, 1), date(2026, 9, 1), date(2026, 8, 1)]
    assert latest[0].due == date(2026, 11, 25)
    assert latest[0].open_fen == latest[0].amount_fen > 0
    assert await billing.bills(NOBODY, limit=3) == ()


async def test_the_sheet_has_all_that_a_pop_shows(billing: OwnTables) -> None:
    number = TOWN.number(1)
    sheet = await billing.sheet(number)
    assert sheet is not None
    assert sheet.account == await billing.account(number)
    assert (len(sheet.bills), len(sheet.readings)) == (24, 24)
    assert sheet.readings[0].on == date(2026, 11, 1)
    assert [bill.usage_m3 for bill in sheet.bills[:-1]] == [
        later.value_m3 - earlier.value_m3 for later, earlier in zip(sheet.readings, sheet.readings[1:], strict=False)
    ]
    assert sheet.next_bill_on == date(2026, 12, 1)
    assert sheet.last_payment is not None
    assert sheet.balance_fen == sheet.arrears.total + sheet.bills[0].open_fen
    assert await billing.sheet(NOBODY) is None


async def test_arrears_are_sorted_by_the_age_of_the_due_date(billing: OwnTables, database: Database) -> None:
    dues = {
        date(2026, 11, 22): 1,  # due today: not in arrears
        date(2026, 11, 21): 10,
        date(2026, 10, 23): 100,  # 30 days
        date(2026, 10, 22): 1_000,
        date(2026, 8, 24): 10_000,  # 90 days
        date(2026, 8, 23): 100_000,
        date(2025, 11, 22): 1_000_000,  # 365 days
        date(2025, 11, 21): 10_000_000,
    }
    account_id = TOWN.uuid("account", 0)
    async with database.engine.begin() as connection:
        await connection.execute(sa.delete(bills).where(bills.c.account_id == account_id))
        for month, (due, open_fen) in enumerate(dues.items(), start=1):
            row = {"account_id": account_id, "period": date(2024, month, 1), "usage_m3": 1, "due": due}
            await connection.execute(sa.insert(bills).values(row | {"amount_fen": open_fen, "open_fen": open_fen}))
    sheet = await billing.sheet(ONE)
    assert sheet is not None
    assert sheet.arrears == Arrears(to_30_days=110, to_90_days=11_000, to_365_days=1_100_000, older=10_000_000)
    assert sheet.balance_fen == 11_111_111


async def test_an_account_without_a_meter_is_still_an_account(billing: OwnTables, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(sa.text("TRUNCATE meters CASCADE"))
        assert await connection.scalar(sa.select(sa.func.count()).select_from(meters)) == 0
    sheet = await billing.sheet(ONE)
    assert sheet is not None
    assert (sheet.account.meter_number, sheet.account.meter_state) == ("", MeterState.REMOVED)
    assert sheet.readings == ()


async def test_a_number_leads_to_all_accounts_of_its_customers(billing: OwnTables) -> None:
    assert [account.number for account in await billing.accounts_of_number(TOWN.phone(0))] == [ONE]
    two = sorted([TOWN.number(18), TOWN.number(19)])
    assert [account.number for account in await billing.accounts_of_number(TOWN.phone(18))] == two
    assert await billing.accounts_of_number("+8613900000000") == []


async def test_without_the_database_billing_is_unavailable_and_not_slow(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    gone = Database(EmbeddedPostgres(tmp_path_factory.mktemp("gone")).dsn)
    billing = OwnTables(gone, pin_key=KEY)
    start = time.monotonic()
    with pytest.raises(BillingUnavailableError):
        await billing.account(ONE)
    assert time.monotonic() - start < 6
    assert not gone.available
    await gone.close()


async def test_a_database_that_does_not_answer_in_time_is_unavailable(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(sa.text("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"))
        start = time.monotonic()
        with pytest.raises(BillingUnavailableError):
            await OwnTables(database, pin_key=KEY, deadline_s=0.3).account(ONE)
        assert time.monotonic() - start < 2
