"""A billing system by table, as good or as bad as one likes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cti.domain.ids import AccountNumber
from cti.domain.utility import Account, Bill, BillingUnavailableError, MeterState, PinVerdict

Behaviour = float | Literal["down", "silent", "broken"]
"""Answers after so many seconds; or refuses at once, never answers, or fails as no billing should."""

NEVER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Customer:
    """One account; ``locked`` after too many guesses."""

    pin: str = field(repr=False)
    locked: bool = False
    bills: tuple[Bill, ...] = ()


class PretendBilling:
    """Answers for ``customers`` (``ivr.ports.Billing``)."""

    def __init__(self, customers: Mapping[str, Customer], *, pins: Behaviour = 0.0, bills: Behaviour = 0.0) -> None:
        self._customers = customers
        self._pins = pins
        self._bills = bills

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin`` against the table."""
        await _behave(self._pins)
        customer = self._customers.get(account)
        if customer is None:
            return PinVerdict.NO_ACCOUNT
        if customer.locked:
            return PinVerdict.LOCKED
        return PinVerdict.RIGHT if pin == customer.pin else PinVerdict.WRONG

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account with nothing but its number."""
        await _behave(self._bills)
        if account not in self._customers:
            return None
        return Account(account, "", "", "", "", "", MeterState.IN_SERVICE, False, False, False)

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the account's bills, newest first."""
        await _behave(self._bills)
        customer = self._customers.get(account)
        bills = () if customer is None else customer.bills
        return sorted(bills, key=lambda bill: bill.period, reverse=True)[:limit]


async def _behave(behaviour: Behaviour) -> None:
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
