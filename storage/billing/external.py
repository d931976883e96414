"""A site's own billing system as the menu and the console ask for it: guarded, checked, and with our locks on PINs.

Fulfils ``ivr.ports.Billing`` and gives agents an account's sheet. Tries of PINs are counted in our own database before
the billing system is asked, so that guessing is slowed down whatever that system does; without our database nobody is
identified, and a caller goes to a person.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from config.billing import Question
from cti.domain.ids import AccountNumber
from cti.domain.tariffs import Tariff
from cti.domain.utility import (
    Account,
    AccountSheet,
    Bill,
    BillingUnavailableError,
    Payment,
    PinVerdict,
    Reading,
    arrears_of,
    is_account_number,
)
from storage.billing import source as rows
from storage.billing.breaker import Breaker
from storage.billing.guard import DEADLINE_S, Guard, Trouble
from storage.billing.source import MoneyUnit, Row, Source
from storage.engine import Database
from storage.errors import StorageError
from storage.phones import e164
from storage.tries import PIN_TRIES, forgive, take_try

SHEET_ROWS: Final = 24
ARREARS_ROWS: Final = 240
"""Twenty years of bills: what is owed may be older than what is shown."""


class ExternalBilling:
    """A billing system that is not ours, through one :class:`Source`."""

    def __init__(
        self,
        source: Source,
        database: Database,
        *,
        unit: MoneyUnit,
        zone: ZoneInfo,
        region: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.breaker = Breaker()
        self._source = source
        self._database = database
        self._unit = unit
        self._zone = zone
        self._region = region
        self._now = now
        self._callers = Guard(self.breaker, at_once=source.at_once.callers, deadline_s=deadline_s, monotonic=monotonic)
        self._consoles = Guard(
            self.breaker, at_once=source.at_once.consoles, deadline_s=deadline_s, monotonic=monotonic
        )

    @property
    def troubles(self) -> Counter[Trouble]:
        """What went wrong so far."""
        return self._callers.troubles + self._consoles.troubles

    async def close(self) -> None:
        """Let go of the billing system."""
        await self._source.close()

    # -------------------------------------------------------------- callers

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin``. Each try counts against the account, there or not, and locks it for longer each time."""

        async def take(connection: AsyncConnection) -> int:
            return await take_try(connection, PIN_TRIES, account, self._now())

        async def forget(connection: AsyncConnection) -> None:
            await forgive(connection, PIN_TRIES, account)

        locked_s = await self._kept(take)
        found = await self._callers(lambda: self._pin(account, pin))
        if locked_s:
            return PinVerdict.LOCKED
        if found is PinVerdict.RIGHT:
            await self._kept(forget)
        return found

    async def _pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        answer = await self._asked(Question.PIN, account=account, pin=pin)
        found = rows.read(rows.PinRow, answer, account)
        if not found:
            return PinVerdict.NO_ACCOUNT
        return PinVerdict.RIGHT if len(found) == 1 and found[0].right else PinVerdict.WRONG

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account, or None when there is none."""
        return await self._callers(lambda: self._account(account))

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the latest bills, newest first."""
        return await self._callers(lambda: self._bills(account, limit))

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        """Return the accounts whose customer has this number, none where that can't be asked."""
        known = e164(number, self._region)
        if known is None or Question.ACCOUNTS_OF_NUMBER not in self._source.questions:
            return ()

        async def work() -> Sequence[Account]:
            answer = await self._source.rows(Question.ACCOUNTS_OF_NUMBER, {"number": known})
            return tuple(rows.account(row) for row in rows.read(rows.AccountRow, answer, None))

        return await self._callers(work)

    async def last_payment(self, account: AccountNumber) -> Payment | None:
        """Return the latest payment, None if there never was one or it can't be asked."""
        return await self._callers(lambda: self._last_payment(account))

    async def readings(self, account: AccountNumber, *, limit: int) -> Sequence[Reading]:
        """Return the meter's latest readings, newest first; none where that can't be asked."""
        return await self._callers(lambda: self._readings(account, limit))

    async def tariff(self, account: AccountNumber) -> Tariff | None:
        """Return what the account's water costs, None if that isn't known."""

        async def work() -> Tariff | None:
            answer = await self._asked(Question.TARIFF, account=account)
            return rows.tariff(rows.read(rows.StepRow, answer, account), self._unit)

        return await self._callers(work)

    # -------------------------------------------------------------- consoles

    async def sheet(self, account: AccountNumber) -> AccountSheet | None:
        """Return all that an agent should see of the account, or None when there is none."""
        return await self._consoles(lambda: self._sheet(account))

    async def _sheet(self, account: AccountNumber) -> AccountSheet | None:
        answer = await self._asked(Question.ACCOUNT, account=account)
        found = rows.read(rows.AccountRow, answer, account)
        if not found:
            return None
        bills = await self._bills(account, ARREARS_ROWS)
        owed = ((bill.due, bill.open_fen) for bill in bills)
        balance_fen, arrears = arrears_of(owed, self._today())
        return AccountSheet(
            account=rows.account(found[0]),
            balance_fen=balance_fen,
            arrears=arrears,
            last_payment=await self._last_payment(account),
            next_bill_on=found[0].next_bill_on,
            bills=bills[:SHEET_ROWS],
            readings=await self._readings(account, SHEET_ROWS),
        )

    # -------------------------------------------------------------- questions

    async def _asked(self, question: Question, **values: Any) -> Sequence[Row]:
        if question not in self._source.questions or not is_account_number(values["account"]):
            return ()
        return await self._source.rows(question, values)

    async def _account(self, account: AccountNumber) -> Account | None:
        found = rows.read(rows.AccountRow, await self._asked(Question.ACCOUNT, account=account), account)
        return rows.account(found[0]) if found else None

    async def _bills(self, account: AccountNumber, limit: int) -> tuple[Bill, ...]:
        answer = await self._asked(Question.BILLS, account=account, limit=limit)
        return rows.bills(rows.read(rows.BillRow, answer, account), self._unit)[:limit]

    async def _last_payment(self, account: AccountNumber) -> Payment | None:
        answer = await self._asked(Question.LAST_PAYMENT, account=account)
        found = rows.read(rows.PaymentRow, answer, account)
        return rows.payment(max(found, key=lambda row: row.on), self._unit) if found else None

    async def _readings(self, account: AccountNumber, limit: int) -> tuple[Reading, ...]:
        answer = await self._asked(Question.READINGS, account=account, limit=limit)
        return rows.readings(rows.read(rows.ReadingRow, answer, account))[:limit]

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()

    async def _kept(self, work: Any) -> Any:
        try:
            return await self._database.run(work)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error
