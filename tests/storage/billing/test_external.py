"""A site's own billing system: what it says is taken only if it is about the account that was asked for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from config.billing import Question
from cti.domain.ids import AccountNumber
from cti.domain.utility import Arrears, BillingUnavailableError, PinVerdict, ReadingKind
from storage.billing.external import ExternalBilling
from storage.billing.guard import Trouble
from storage.billing.http import HttpSource
from storage.billing.source import MoneyUnit, Source
from storage.billing.sql import SqlSource
from storage.engine import Database, plain_dsn
from tests.storage.billing.systems import MINE, OTHER, PIN, http_billing
from tests.storage.payloads import PAYLOADS

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


@asynccontextmanager
async def asking(
    source: Source, database: Database, *, unit: MoneyUnit = "yuan", deadline_s: float = 2.0
) -> AsyncIterator[ExternalBilling]:
    billing = ExternalBilling(
        source,
        database,
        unit=unit,
        zone=ZoneInfo("Asia/Shanghai"),
        region="CN",
        now=lambda: NOW,
        deadline_s=deadline_s,
    )
    try:
        yield billing
    finally:
        await billing.close()


@asynccontextmanager
async def over_http(database: Database, *, deadline_s: float = 2.0, **behaves: str) -> AsyncIterator[ExternalBilling]:
    async with http_billing(**behaves) as system:
        told = system.settings
        source = HttpSource(told.base_url, told.requests, {})
        async with asking(source, database, deadline_s=deadline_s) as billing:
            yield billing


async def test_everything_a_caller_and_an_agent_ask_is_there(database: Database) -> None:
    async with over_http(database) as billing:
        account = await billing.account(MINE)
        sheet = await billing.sheet(MINE)
        bills = await billing.bills(MINE, limit=1)
        tariff = await billing.tariff(MINE)
        of_number = await billing.accounts_of_number("13800138000")
        withheld = await billing.accounts_of_number("")

    assert account is not None
    assert (account.number, account.name, account.key_account) == (MINE, "王小明", True)
    assert [(bill.period, bill.amount_fen, bill.open_fen) for bill in bills] == [(date(2026, 10, 1), 8640, 8640)]
    assert sheet is not None
    assert (sheet.balance_fen, sheet.arrears) == (8640, Arrears(to_30_days=8640))
    assert sheet.last_payment is not None
    assert sheet.last_payment.amount_fen == 4105
    assert [(reading.value_m3, reading.kind) for reading in sheet.readings] == [(512, ReadingKind.ESTIMATED)]
    assert tariff is not None
    assert tariff.amount_fen(30) == 22 * 345 + 8 * 483
    assert [found.number for found in of_number] == [MINE, OTHER]
    assert withheld == ()


async def test_a_pin_is_judged_there_and_its_tries_are_counted_here(database: Database) -> None:
    async with over_http(database) as billing:
        verdicts = [await billing.check_pin(MINE, "000000") for _ in range(4)]
        right = await billing.check_pin(MINE, PIN)
        other = await billing.check_pin(OTHER, PIN)
    assert verdicts == [PinVerdict.WRONG] * 3 + [PinVerdict.LOCKED]
    assert (right, other) == (PinVerdict.LOCKED, PinVerdict.RIGHT)


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        ("slow", Trouble.SLOW),
        ("broken", Trouble.FAILED),
        ("dead", Trouble.FAILED),
        ("elsewhere", Trouble.FAILED),
        ("garbage", Trouble.MISMATCH),
        ("endless", Trouble.MISMATCH),
        ("lying", Trouble.MISMATCH),
    ],
)
async def test_a_billing_system_that_fails_is_unavailable_and_never_believed(
    database: Database, behaviour: str, trouble: Trouble
) -> None:
    asks: list[Callable[[ExternalBilling], Awaitable[object]]] = [
        lambda billing: billing.bills(MINE, limit=1),
        lambda billing: billing.account(MINE),
        lambda billing: billing.check_pin(MINE, PIN),
        lambda billing: billing.sheet(MINE),
    ]
    async with over_http(database, deadline_s=0.3, a10000004=behaviour) as billing:
        for ask in asks:
            with pytest.raises(BillingUnavailableError) as refused:
                await ask(billing)
            assert MINE not in str(refused.value)
        assert billing.troubles[trouble] == len(asks) if behaviour != "lying" else billing.troubles[trouble] >= 3
        assert await billing.bills(OTHER, limit=1)


async def test_after_failures_in_a_row_it_is_left_alone_and_then_asked_once(database: Database) -> None:
    clock = [0.0]
    async with http_billing(a10000004="broken") as system:
        told = system.settings
        billing = ExternalBilling(
            HttpSource(told.base_url, told.requests, {}),
            database,
            unit="yuan",
            zone=ZoneInfo("UTC"),
            region="CN",
            now=lambda: NOW,
            monotonic=lambda: clock[0],
        )
        for _ in range(5):
            with pytest.raises(BillingUnavailableError):
                await billing.account(MINE)
        asked = len(system.asked)
        with pytest.raises(BillingUnavailableError):
            await billing.account(OTHER)
        left_alone = len(system.asked) == asked
        clock[0] += 10
        again = await billing.account(OTHER)
        await billing.close()
    assert left_alone
    assert again is not None
    assert billing.breaker.closed
    assert billing.troubles[Trouble.RESTING] == 1


async def test_waiting_consoles_do_not_keep_a_caller_waiting(database: Database) -> None:
    async with over_http(database, a10000004="slow") as billing:
        pops = [asyncio.create_task(billing.sheet(MINE)) for _ in range(40)]
        await asyncio.sleep(0.1)
        assert await billing.bills(OTHER, limit=1)
        refused = [pop for pop in pops if pop.done()]
        for pop in pops:
            pop.cancel()
        await asyncio.gather(*pops, return_exceptions=True)
    assert len(refused) == 20
    assert billing.troubles[Trouble.BUSY] == 20


# ------------------------------------------------------------------ SQL

TABLES = f"""
CREATE TABLE v_account (no text, holder text, pin text);
CREATE TABLE v_bill (no text, month text, m3 integer, total numeric, due date, unpaid numeric);
INSERT INTO v_account VALUES ('10000004', '王小明', '271828'), ('{OTHER}', 'B', '111111');
INSERT INTO v_bill VALUES ('10000004', '2026-10', 20, 86.40, '2026-11-25', 0);
INSERT INTO v_bill VALUES ('{OTHER}', '202610', 1, 1, '2026-11-25', 1);
"""
QUERIES = {
    Question.ACCOUNT: "SELECT no AS account, holder AS name FROM v_account WHERE no = :account",
    Question.PIN: "SELECT no AS account, pin = :pin AS right FROM v_account WHERE no = :account",
    Question.BILLS: "SELECT no AS account, month AS period, m3 AS usage_m3, total AS amount, due, unpaid AS open "
    "FROM v_bill WHERE no = :account ORDER BY month DESC LIMIT :limit",
}


def a_file(folder: Path) -> str:
    connection = sqlite3.connect(folder / "billing.db")
    connection.executescript(TABLES)
    connection.close()
    return f"sqlite:///{folder / 'billing.db'}"


async def tables_in(database: Database) -> str:
    dsn = plain_dsn(database.engine.url.render_as_string(hide_password=False))
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLES)
    await connection.close()
    return dsn


@pytest.mark.parametrize("kind", ["a driver in threads", "a driver on the loop"])
async def test_any_sql_database_answers_by_named_queries(database: Database, tmp_path: Path, kind: str) -> None:
    dsn = a_file(tmp_path) if "threads" in kind else await tables_in(database)
    async with asking(SqlSource(dsn, QUERIES), database) as billing:
        account = await billing.account(MINE)
        bills = [bill for number in (MINE, OTHER) for bill in await billing.bills(number, limit=5)]
        verdicts = [await billing.check_pin(MINE, pin) for pin in ("000000", PIN)]
        nobody = await billing.check_pin(AccountNumber("99999990"), PIN)
        sheet = await billing.sheet(MINE)
        of_number = await billing.accounts_of_number("13800138000")
        untold = await billing.last_payment(MINE), await billing.tariff(MINE), of_number
    assert account is not None
    assert account.name == "王小明"
    assert [(bill.period, bill.amount_fen) for bill in bills] == [(date(2026, 10, 1), 8640), (date(2026, 10, 1), 100)]
    assert verdicts == [PinVerdict.WRONG, PinVerdict.RIGHT]
    assert nobody is PinVerdict.NO_ACCOUNT
    assert sheet is not None
    assert untold == (None, None, ())


async def test_no_payload_keyed_as_an_account_finds_anything(database: Database, tmp_path: Path) -> None:
    async with asking(SqlSource(a_file(tmp_path), QUERIES), database) as billing:
        found = [await billing.bills(AccountNumber(text), limit=5) for text in PAYLOADS]
        still_there = await billing.account(MINE)
    assert not any(found)
    assert still_there is not None


async def test_a_query_that_gives_anothers_bill_is_not_believed(database: Database, tmp_path: Path) -> None:
    careless = QUERIES | {Question.BILLS: QUERIES[Question.BILLS].replace("no = :account", ":account = :account")}
    async with asking(SqlSource(a_file(tmp_path), careless), database) as billing:
        with pytest.raises(BillingUnavailableError):
            await billing.bills(MINE, limit=5)
        assert billing.troubles[Trouble.MISMATCH] == 1


async def test_without_our_own_database_nobody_is_identified(database: Database, tmp_path: Path) -> None:
    async with asking(
        SqlSource(a_file(tmp_path), QUERIES), Database("postgresql://127.0.0.1:9/x", pool_size=1)
    ) as billing:
        with pytest.raises(BillingUnavailableError):
            await billing.check_pin(MINE, PIN)
