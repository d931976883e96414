"""What a water utility knows of its customers: accounts, bills, readings.

Values only. Money is in fen (1/100 yuan), volumes in whole cubic metres, a billing period is its first day.
Where they come from (our tables, a site's billing system) is the affair of ``storage``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cti.domain.ids import AccountNumber

ACCOUNT_DIGITS = 8


def check_digit(payload: str) -> str:
    """Return the ISO 7064 MOD 11,10 check digit of ``payload``, a string of digits.

    It finds every wrong digit, and all but one in 45 swaps of two neighbours, which are the commonest slips of a thumb
    on a keypad (ISO/IEC 7064:2003, hybrid systems; the 45 counted over all numbers of eight digits).
    """
    product = 10
    for character in payload:
        total = (int(character) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def is_account_number(digits: str) -> bool:
    """Tell whether ``digits`` could be an account number: its length and its check digit are right."""
    return (
        len(digits) == ACCOUNT_DIGITS
        and digits.isascii()
        and digits.isdigit()
        and check_digit(digits[:-1]) == digits[-1]
    )


class MeterState(StrEnum):
    """Whether the meter measures."""

    IN_SERVICE = "in_service"
    FAULTY = "faulty"
    REMOVED = "removed"


class ReadingKind(StrEnum):
    """Where a reading came from."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter showed, in whole cubic metres."""

    on: date
    value_m3: int
    kind: ReadingKind


@dataclass(frozen=True, slots=True)
class Bill:
    """One billing period of one account. ``open_fen`` is what of it is still to pay, late fee and all."""

    period: date
    usage_m3: int
    amount_fen: int
    due: date
    open_fen: int
    late_fee_fen: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Arrears:
    """欠费 by age of the bill's due date, in fen."""

    to_30_days: int = 0
    to_90_days: int = 0
    to_365_days: int = 0
    older: int = 0

    @property
    def total(self) -> int:
        """All of it, in fen."""
        return self.to_30_days + self.to_90_days + self.to_365_days + self.older


def arrears_of(owed: Iterable[tuple[date, int]], today: date) -> tuple[int, Arrears]:
    """Return all that is still to pay, due or not, and of it what is overdue; ``owed`` are due dates and fen."""
    balance_fen, ages = 0, {"to_30_days": 0, "to_90_days": 0, "to_365_days": 0, "older": 0}
    for due, open_fen in owed:
        balance_fen += open_fen
        late_days = (today - due).days
        if late_days > 0:
            ages[_age(late_days)] += open_fen
    return balance_fen, Arrears(**ages)


def _age(late_days: int) -> str:
    for most, name in ((30, "to_30_days"), (90, "to_90_days"), (365, "to_365_days")):
        if late_days <= most:
            return name
    return "older"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that arrived."""

    on: date
    amount_fen: int
    channel: str


@dataclass(frozen=True, slots=True)
class Account:
    """户号: a supply contract, its customer and its premise, without any secret."""

    number: AccountNumber
    name: str
    address: str
    zone: str
    tariff: str
    meter_number: str
    meter_state: MeterState
    vulnerable: bool
    cut_off: bool
    key_account: bool


@dataclass(frozen=True, slots=True)
class AccountSheet:
    """All that an agent's pop shows of one account; bills and readings newest first, 24 at most."""

    account: Account
    balance_fen: int
    arrears: Arrears
    last_payment: Payment | None
    next_bill_on: date | None
    bills: tuple[Bill, ...]
    readings: tuple[Reading, ...]


class PinVerdict(StrEnum):
    """What came of checking a PIN. A caller hears the same words for ``WRONG`` and ``NO_ACCOUNT``."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_ACCOUNT = "no_account"
    LOCKED = "locked"


class BillingUnavailableError(Exception):
    """The billing system is down, too slow, or answered with something that is not the account asked for."""
