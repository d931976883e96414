"""A billing system by table, as good or as bad as one likes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cti.domain.ids import AccountNumber
from cti.domain.tariffs import Tariff
from cti.domain.utility import Account, Bill, BillingUnavailableError, MeterState, Payment, PinVerdict, Reading

Behaviour = float | Literal["down", "silent", "broken"]
"""Answers after so many seconds; or refuses at once, never answers, or fails as no billing should."""

NEVER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Customer:
    """One account; ``locked`` after too many guesses. ``phones`` are its customer's numbers."""

    pin: str = field(repr=False)
    locked: bool = False
    bills: tuple[Bill, ...] = ()
    phones: tuple[str, ...] = field(default=(), repr=False)
    last_payment: Payment | None = None
    readings: tuple[Reading, ...] = ()
    tariff: Tariff | None = None


class PretendBilling:
    """Answers for ``customers`` (``ivr.ports.Billing``)."""

    def __init__(
        self, customers: Mapping[str, Customer], *, pins: Behaviour = 0.0, bills: "Behaviour | Turning" = 0.0
    ) -> None:
        self._customers = customers
        self._pins = pins
        self._bills = bills

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin`` against the table."""
        await behave(self._pins)
        customer = self._customers.get(account)
        if customer is None:
            return PinVerdict.NO_ACCOUNT
        if customer.locked:
            return PinVerdict.LOCKED
        return PinVerdict.RIGHT if pin == customer.pin else PinVerdict.WRONG

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account with nothing but its number."""
        await behave(self._bills)
        return _bare(account) if account in self._customers else None

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the account's bills, newest first."""
        await behave(self._bills)
        customer = self._customers.get(account)
        bills = () if customer is None else customer.bills
        return sorted(bills, key=lambda bill: bill.period, reverse=True)[:limit]

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        """Return the accounts with this number among their customer's."""
        await behave(self._bills)
        return [_bare(AccountNumber(found)) for found, customer in self._customers.items() if number in customer.phones]

    async def last_payment(self, account: AccountNumber) -> Payment | None:
        """Return the account's last payment."""
        await behave(self._bills)
        return None if (customer := self._customers.get(account)) is None else customer.last_payment

    async def readings(self, account: AccountNumber, *, limit: int) -> Sequence[Reading]:
        """Return the account's readings, newest first."""
        await behave(self._bills)
        customer = self._customers.get(account)
        readings = () if customer is None else customer.readings
        return sorted(readings, key=lambda reading: reading.on, reverse=True)[:limit]

    async def tariff(self, account: AccountNumber) -> Tariff | None:
        """Return the account's tariff."""
        await behave(self._bills)
        return None if (customer := self._customers.get(account)) is None else customer.tariff


def _bare(account: AccountNumber) -> Account:
    """Return an account with nothing but its number: nothing else of it is ever spoken."""
    return Account(account, "", "", "", "", "", MeterState.IN_SERVICE, False, False, False)


@dataclass(slots=True)
class Turning:
    """Good for so many answers, and then as ``afterwards`` says."""

    good: int
    afterwards: Behaviour


async def behave(behaviour: Behaviour | Turning) -> None:
    """Answer, wait or fail as told."""
    if isinstance(behaviour, Turning):
        behaviour.good -= 1
        behaviour = 0.0 if behaviour.good >= 0 else behaviour.afterwards
    match behaviour:
        case "down":
            raise BillingUnavailableError
        case "broken":
            raise RuntimeError("the billing of this call is broken")
        case "silent":
            await asyncio.sleep(NEVER_S)
            raise BillingUnavailableError
        case seconds:
            await asyncio.sleep(seconds)
