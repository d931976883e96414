"""The billing of a site that keeps it in our own tables; the demo utility's too.

Fulfils the menu's port ``ivr.ports.Billing`` and gives agents an account's whole sheet. Whatever goes wrong is
``BillingUnavailableError``: a caller then goes to a person, and nothing doubtful is read out.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber
from cti.domain.tariffs import Tariff, TariffStep
from cti.domain.utility import (
    Account,
    AccountSheet,
    Arrears,
    Bill,
    BillingUnavailableError,
    MeterState,
    Payment,
    PinVerdict,
    Reading,
    ReadingKind,
    arrears_of,
)
from storage.engine import Database, Work
from storage.errors import StorageError
from storage.phones import e164
from storage.prepared import Prepared
from storage.rows import Row
from storage.schema import (
    account_pins,
    accounts,
    bills,
    customer_phones,
    customers,
    meters,
    payments,
    premises,
    readings,
    tariff_steps,
    tariffs,
    zones,
)
from storage.text import storable
from storage.tries import PIN_TRIES, forgive, take_try

Result = TypeVar("Result")

SHEET_ROWS: Final = 24
MOST_ACCOUNTS: Final = 20
DEADLINE_S: Final = 5.0
"""Under the six seconds after which the menu gives up."""


def pin_hmac(key: str, account: str, pin: str) -> bytes:
    """Return what is kept of a PIN. The key is not in the database: a stolen copy of it can't be searched."""
    return hmac.digest(key.encode(), f"{account}:{pin}".encode(errors="surrogatepass"), hashlib.sha256)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class OwnTables:
    """Accounts, bills and PINs from the tables of ``storage.schema``.

    ``zone`` is where a bill becomes due, ``region`` where numbers without a country code are at home.
    """

    def __init__(
        self,
        database: Database,
        *,
        pin_key: str,
        zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 - immutable
        region: str = "CN",
        deadline_s: float = DEADLINE_S,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._pin_key = pin_key
        self._zone = zone
        self._region = region
        self._deadline_s = deadline_s
        self._now = now

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin``. Each wrong one counts against the account, there or not, and locks it for longer each time.

        The same statements run whatever comes of it, so that the time tells nothing.
        """
        tried = pin_hmac(self._pin_key, account, pin)
        query = (
            sa.select(account_pins.c.pin_hmac)
            .join(accounts, accounts.c.id == account_pins.c.account_id)
            .where(accounts.c.number == storable(account))
        )

        async def work(connection: AsyncConnection) -> PinVerdict:
            locked_s = await take_try(connection, PIN_TRIES, account, self._now())
            kept: bytes | None = await connection.scalar(query)
            right = hmac.compare_digest(kept or bytes(len(tried)), tried)
            if locked_s:
                return PinVerdict.LOCKED
            if kept is None:
                return PinVerdict.NO_ACCOUNT
            if not right:
                return PinVerdict.WRONG
            await forgive(connection, PIN_TRIES, account)
            return PinVerdict.RIGHT

        return await self._ask(work)

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account, or None when there is none."""

        async def work(connection: AsyncConnection) -> Account | None:
            found = await _accounts(connection, accounts.c.number == storable(account))
            return _same(account, found[0]) if found else None

        return await self._ask(work)

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the account's latest bills, newest first."""

        async def work(connection: AsyncConnection) -> Sequence[Bill]:
            return await _bills(connection, account, limit)

        return await self._ask(work)

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        """Return the accounts whose customer has this telephone number, in the order of their numbers."""
        if (known := e164(number, self._region)) is None:
            return []
        try:
            rows = await self._database.rows(_OF_NUMBER, {"number": known}, deadline_s=self._deadline_s)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error
        return [_account(row) for row in rows]

    async def last_payment(self, account: AccountNumber) -> Payment | None:
        """Return the account's latest payment, None if there never was one."""

        async def work(connection: AsyncConnection) -> Payment | None:
            return await _last_payment(connection, account)

        return await self._ask(work)

    async def readings(self, account: AccountNumber, *, limit: int) -> Sequence[Reading]:
        """Return the latest readings of the meter that the account has now, newest first."""

        async def work(connection: AsyncConnection) -> Sequence[Reading]:
            return await _readings(connection, account, limit, of_the_meter_in_use=True)

        return await self._ask(work)

    async def tariff(self, account: AccountNumber) -> Tariff | None:
        """Return the account's tariff, None when there is no such account, or its tariff has no steps."""
        query = (
            sa.select(tariff_steps.c.above_m3, tariff_steps.c.fen_per_m3)
            .join(accounts, accounts.c.tariff_id == tariff_steps.c.tariff_id)
            .where(accounts.c.number == storable(account))
            .order_by(tariff_steps.c.step)
        )

        async def work(connection: AsyncConnection) -> Tariff | None:
            steps = tuple(TariffStep(*row) for row in await connection.execute(query))
            return Tariff(steps) if steps else None

        return await self._ask(work)

    async def sheet(self, account: AccountNumber) -> AccountSheet | None:
        """Return all that an agent should see of the account, or None when there is none."""
        today = self._now().astimezone(self._zone).date()

        async def work(connection: AsyncConnection) -> AccountSheet | None:
            found = await _accounts(connection, accounts.c.number == storable(account))
            if not found:
                return None
            balance_fen, arrears = await _owed(connection, account, today)
            return AccountSheet(
                account=_same(account, found[0]),
                balance_fen=balance_fen,
                arrears=arrears,
                last_payment=await _last_payment(connection, account),
                next_bill_on=await connection.scalar(
                    sa.select(accounts.c.next_bill_on).where(accounts.c.number == account)
                ),
                bills=await _bills(connection, account, SHEET_ROWS),
                readings=await _readings(connection, account, SHEET_ROWS),
            )

        return await self._ask(work)

    async def _ask(self, work: Work[Result]) -> Result:
        try:
            return await self._database.run(work, deadline_s=self._deadline_s)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error


def _same(asked: AccountNumber, found: Account) -> Account:
    if found.number != asked:
        raise BillingUnavailableError("billing answered with another account")
    return found


async def _accounts(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Account]:
    return [_account(row) for row in (await connection.execute(_select_accounts(which))).mappings()]


def _select_accounts(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    meter = (
        sa.select(meters.c.number, meters.c.state)
        .where(meters.c.account_id == accounts.c.id)
        .order_by(meters.c.installed_on.desc())
        .limit(1)
        .lateral("meter")
    )
    return (
        sa.select(
            accounts.c.number,
            accounts.c.cut_off,
            customers.c.name,
            customers.c.vulnerable,
            customers.c.key_account,
            premises.c.address,
            zones.c.name_zh.label("zone"),
            tariffs.c.name_zh.label("tariff"),
            meter.c.number.label("meter_number"),
            meter.c.state.label("meter_state"),
        )
        .join(customers, customers.c.id == accounts.c.customer_id)
        .join(premises, premises.c.id == accounts.c.premise_id)
        .join(zones, zones.c.id == premises.c.zone_id)
        .join(tariffs, tariffs.c.id == accounts.c.tariff_id)
        .outerjoin(meter, sa.true())
        .where(which)
        .order_by(accounts.c.number)
        .limit(MOST_ACCOUNTS)
    )


_OF_NUMBER: Final = Prepared(
    _select_accounts(
        accounts.c.customer_id.in_(
            sa.select(customer_phones.c.customer_id).where(
                customer_phones.c.e164 == sa.bindparam("number", type_=customer_phones.c.e164.type)
            )
        )
    )
)


def _account(row: Row) -> Account:
    values: dict[str, Any] = dict(row)
    metered = row["meter_state"] is not None
    values["meter_state"] = MeterState(row["meter_state"]) if metered else MeterState.REMOVED
    values["meter_number"] = row["meter_number"] or ""
    return Account(**values)


def _id_of(account: AccountNumber) -> sa.ScalarSelect[Any]:
    return sa.select(accounts.c.id).where(accounts.c.number == storable(account)).scalar_subquery()


async def _bills(connection: AsyncConnection, account: AccountNumber, limit: int) -> tuple[Bill, ...]:
    columns = [bills.c[name] for name in Bill.__dataclass_fields__]
    query = (
        sa.select(*columns).where(bills.c.account_id == _id_of(account)).order_by(bills.c.period.desc()).limit(limit)
    )
    return tuple(Bill(**row) for row in (await connection.execute(query)).mappings())


async def _readings(
    connection: AsyncConnection, account: AccountNumber, limit: int, *, of_the_meter_in_use: bool = False
) -> tuple[Reading, ...]:
    query = (
        sa.select(readings.c.read_on, readings.c.value_m3, readings.c.kind)
        .join(meters, meters.c.id == readings.c.meter_id)
        .where(meters.c.account_id == _id_of(account))
        .order_by(readings.c.read_on.desc())
        .limit(limit)
    )
    if of_the_meter_in_use:
        newest = sa.select(meters.c.id).where(meters.c.account_id == _id_of(account))
        in_use = newest.order_by(meters.c.installed_on.desc()).limit(1).scalar_subquery()
        query = query.where(readings.c.meter_id == in_use)
    rows = (await connection.execute(query)).mappings()
    return tuple(Reading(row["read_on"], row["value_m3"], ReadingKind(row["kind"])) for row in rows)


async def _last_payment(connection: AsyncConnection, account: AccountNumber) -> Payment | None:
    query = (
        sa.select(payments.c.paid_on, payments.c.amount_fen, payments.c.channel)
        .where(payments.c.account_id == _id_of(account))
        .order_by(payments.c.paid_on.desc(), payments.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Payment(row["paid_on"], row["amount_fen"], row["channel"])


async def _owed(connection: AsyncConnection, account: AccountNumber, today: date) -> tuple[int, Arrears]:
    query = sa.select(bills.c.due, bills.c.open_fen).where(bills.c.account_id == _id_of(account), bills.c.open_fen > 0)
    return arrears_of(((due, open_fen) for due, open_fen in await connection.execute(query)), today)
