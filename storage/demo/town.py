"""The demo town: who lives there, what they used, were billed and paid. Figures only, no database.

Everything follows from the seed, the number of accounts and the day. The first accounts are made to be shown
(:data:`SHOWN`): their latest bill is open, and the awkward cases that a hotline meets are among them
(:class:`Shown`).
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from cti.domain.ids import AccountNumber
from cti.domain.utility import MeterState, ReadingKind, check_digit
from storage.demo import words
from storage.demo.tariffs import BUSINESS, RESIDENTIAL, TARIFFS

MONTHS: Final = 26
"""Readings per account; there is one bill fewer, each between two readings."""
SHOWN: Final = 10
LEAST_ACCOUNTS: Final = 20
MOST_ACCOUNTS: Final = 1_000_000
DUE_DAY: Final = 25


class Shown:
    """The places of accounts made to be shown."""

    IN_ARREARS: Final = 1
    ENGLISH: Final = 2
    HIGHER_STEP: Final = 3
    """Its customer has the next one, too: two accounts on one telephone number."""
    LONGER_PERIOD: Final = 4
    PART_PAID: Final = 6
    ESTIMATED: Final = 7
    CAUGHT_UP: Final = 8
    """The bill before the latest was estimated, too low."""
    TWO_YEARS_IN_ARREARS: Final = 9


LONGER_BY_DAYS: Final = 6

_ONE_IN_ARREARS: Final = 8
_PAYLOADS: Final = 9_000_000
_STRIDE: Final = 6_700_417  # coprime to the payloads: numbers look random and never meet
_MOST_M3: Final = 400

Row = tuple[Any, ...]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Town:
    """What the demo data follows from."""

    seed: int
    accounts: int
    as_of: date

    def __post_init__(self) -> None:
        if not LEAST_ACCOUNTS <= self.accounts <= MOST_ACCOUNTS:
            raise ValueError(f"between {LEAST_ACCOUNTS} and {MOST_ACCOUNTS} accounts")

    def number(self, index: int) -> AccountNumber:
        """Return the number of the account at ``index``."""
        start = int.from_bytes(self._derived("numbers")[:6], "big")
        payload = str(1_000_000 + (start + index * _STRIDE) % _PAYLOADS)
        return AccountNumber(payload + check_digit(payload))

    def pin(self, number: AccountNumber) -> str:
        """Return the PIN of the account with ``number``, six digits."""
        return f"{int.from_bytes(self._derived(f'pin {number}')[:8], 'big') % 1_000_000:06d}"

    def phone(self, customer: int, which: int = 0) -> str:
        """Return a telephone number that nobody has been given, as E.164."""
        start = int.from_bytes(self._derived("phones")[:6], "big")
        return f"+86154{(start + (2 * customer + which) * 61_234_567) % 100_000_000:08d}"

    def uuid(self, kind: str, index: int) -> UUID:
        """Return the id of a thing; in the order of ``index``, which keeps the indexes of the database small."""
        prefix = int.from_bytes(self._derived(f"uuid {kind}")[:6], "big")
        return UUID(int=prefix << 80 | 8 << 76 | 2 << 62 | index)

    def months(self) -> list[date]:
        """Return the first day of each month that has a reading, oldest first; the last is the month of the day."""
        last = self.as_of.year * 12 + self.as_of.month - 1
        return [date(month // 12, month % 12 + 1, 1) for month in range(last - MONTHS + 1, last + 1)]

    def next_bill_on(self) -> date:
        """Return the day of the next reading."""
        return (self.as_of.replace(day=28) + timedelta(days=4)).replace(day=1)

    def random(self, what: str) -> np.random.Generator:
        """Return the dice for ``what``: their own, so that one more throw here changes nothing there."""
        return np.random.Generator(np.random.PCG64(int.from_bytes(self._derived(f"dice {what}"), "big")))

    def _derived(self, what: str) -> bytes:
        return hmac.digest(f"clearspring {self.seed}".encode(), what.encode(), hashlib.sha256)


def business(town: Town) -> Flags:
    """Tell which accounts are businesses: one in 25, and all of a company's, never a shown one."""
    index = np.arange(town.accounts)
    commercial: Flags = (index % 25 == 24) | (index % 200 >= 192)
    return commercial


def in_arrears(town: Town) -> Flags:
    """Tell which accounts owe for bills that are overdue: one in eight."""
    owing: Flags = np.arange(town.accounts) % _ONE_IN_ARREARS == 1
    return owing


def owners(town: Town) -> list[int]:
    """Return for each account the customer's index: most have one account, some two, a few companies eight."""
    owner = []
    for index in range(town.accounts):
        place = index % 200
        if index == Shown.LONGER_PERIOD:
            owner.append(Shown.HIGHER_STEP)
        elif place >= 192:
            owner.append(index - place + 192)
        else:
            owner.append(index - 1 if index % 20 == 19 else index)
    return owner


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every account's figures: a row per account, a column per month (readings) or per bill."""

    values_m3: Ints
    usage_m3: Ints
    amount_fen: Ints
    estimated: Flags
    paid_after_days: Ints
    late_fee_fen: Ints
    open_fen: Ints


def ledger(town: Town) -> Ledger:
    """Work out what everybody used, was billed and still owes."""
    usage_m3 = _usage(town)
    commercial = business(town)
    amounts = [tariff.table(_MOST_M3) for tariff in TARIFFS]
    amount_fen = np.where(commercial[:, None], amounts[1][usage_m3], amounts[0][usage_m3])
    first = town.random("meters").integers(20, 3_000, size=(town.accounts, 1))
    values_m3 = np.concatenate([first, first + np.cumsum(usage_m3, axis=1)], axis=1)
    estimated = town.random("estimates").random((town.accounts, MONTHS)) < 0.06
    estimated[:, 0] = False
    estimated[:SHOWN, -2:] = False
    estimated[Shown.ESTIMATED, -1] = True
    estimated[Shown.CAUGHT_UP, -2] = True
    overdue, after = _overdue(town), _paid_after(town)
    unpaid = _unpaid(town, overdue, after)
    late_fee_fen = _late_fees(amount_fen, unpaid)
    open_fen = np.where(unpaid, amount_fen + late_fee_fen, 0)
    open_fen[Shown.PART_PAID, -1] //= 2
    return Ledger(values_m3, usage_m3, amount_fen, estimated, after, late_fee_fen, open_fen)


def _usage(town: Town) -> Ints:
    dice = town.random("usage")
    bills = MONTHS - 1
    household = dice.lognormal(2.5, 0.45, size=(town.accounts, 1))
    firm = dice.lognormal(4.3, 0.5, size=(town.accounts, 1))
    level = np.where(business(town)[:, None], firm, household)
    season = 1 + 0.18 * np.sin((np.array([month.month for month in town.months()[:-1]]) - 4) / 12 * 2 * np.pi)
    usage = np.rint(level * season * dice.normal(1.0, 0.15, size=(town.accounts, bills)))
    most = np.where(business(town)[:, None], 240, 45)
    used: Ints = np.clip(usage, 1, most).astype(np.int64)
    used[Shown.HIGHER_STEP, -13], used[Shown.HIGHER_STEP, -1] = 16, 34
    for place, more_m3 in ((Shown.LONGER_PERIOD, 4), (Shown.ESTIMATED, 3), (Shown.CAUGHT_UP, 5)):
        used[place, -1] = np.minimum(used[place, -13], 40) + more_m3
    return used


def _overdue(town: Town) -> Ints:
    """How many of the latest bills that are past their day each account left unpaid."""
    count = np.minimum(town.random("arrears").geometric(0.35, size=town.accounts), MONTHS - 3)
    count[Shown.TWO_YEARS_IN_ARREARS] = MONTHS - 2
    return np.where(in_arrears(town), count, 0)


def _paid_after(town: Town) -> Ints:
    return town.random("payments").integers(1, DUE_DAY, size=(town.accounts, MONTHS - 1))


def _unpaid(town: Town, overdue: Ints, after: Ints) -> Flags:
    bills = MONTHS - 1
    last_is_due = town.as_of.day > DUE_DAY
    from_last = np.arange(bills - 1, -1, -1)[None, :]
    owing = np.where(overdue > 0, overdue + (0 if last_is_due else 1), 0)[:, None]
    unpaid = from_last < owing
    unpaid[:, -1] |= after[:, -1] >= town.as_of.day
    unpaid[:SHOWN, -1] = True
    return unpaid


def _late_fees(amount_fen: Ints, unpaid: Flags) -> Ints:
    """One per cent for each full month after the month in which an unpaid bill was due."""
    bills = amount_fen.shape[1]
    months = np.maximum(np.arange(bills - 1, -1, -1)[None, :] - 1, 0)
    return np.where(unpaid, amount_fen * months // 100, 0)


def account_rows(town: Town) -> Iterator[Row]:
    """Yield the accounts, as the table's columns are."""
    months_owed = _overdue(town)
    commercial = business(town)
    for index, owner in enumerate(owners(town)):
        yield (
            town.uuid("account", index),
            town.number(index),
            town.uuid("customer", owner),
            town.uuid("premise", index),
            town.uuid("tariff", 1 if commercial[index] else 0),
            bool(months_owed[index] >= 6 and index >= SHOWN),
            town.next_bill_on(),
        )


def customer_rows(town: Town) -> Iterator[Row]:
    """Yield the customers: people with Chinese names, one in ten with an English one, and companies."""
    dice = town.random("names")
    throws = dice.integers(0, 1 << 30, size=(town.accounts, 3)).tolist()
    commercial = business(town)
    for index in sorted(set(owners(town))):
        a, b, c = throws[index]
        english = index % 10 == 2
        if index % 200 == 192 or commercial[index]:
            name = f"{_of(words.FIRMS, a)}{_of(words.TRADES, b)}有限公司"
            english = False
        elif english:
            name = f"{_of(words.FIRST_NAMES, a)} {_of(words.LAST_NAMES, b)}"
        else:
            name = f"{_of(words.SURNAMES, a)}{_of(words.GIVEN, b)}"
        shown = index < SHOWN
        key = index % 200 == 192
        yield town.uuid("customer", index), name, "en" if english else "zh", c % 50 == 0 and not shown, key


def phone_rows(town: Town) -> Iterator[Row]:
    """Yield the customers' numbers: most have one, some two or none, some share a number with a neighbour."""
    throws = town.random("phones").integers(0, 100, size=town.accounts).tolist()
    for index in sorted(set(owners(town))):
        throw = throws[index] if index >= SHOWN else 50
        if throw < 3:
            continue
        shared = throw < 5 and (index - 1) % 20 < 18 and index > SHOWN
        yield town.uuid("customer", index), town.phone(index - 1 if shared else index)
        if throw >= 90:
            yield town.uuid("customer", index), town.phone(index, 1)


def premise_rows(town: Town) -> Iterator[Row]:
    """Yield the premises."""
    throws = town.random("addresses").integers(0, 1 << 30, size=(town.accounts, 4)).tolist()
    for index, (a, b, c, d) in enumerate(throws):
        zone = index % len(words.ZONES)
        place = f"清源市{words.ZONES[zone][1]}{_of(words.STREETS, a)}{b % 300 + 1}号"
        address = f"{place}{c % 12 + 1}栋{c // 12 % 4 + 1}单元{d % 18 + 1:d}{d // 18 % 4 + 1:02d}室"
        yield town.uuid("premise", index), town.uuid("zone", zone), address


def meter_rows(town: Town) -> Iterator[Row]:
    """Yield the meters, one an account, few of them faulty."""
    throws = town.random("meter states").integers(0, 1000, size=town.accounts).tolist()
    first = town.months()[0]
    for index, throw in enumerate(throws):
        state = MeterState.FAULTY if throw < 8 and index >= SHOWN else MeterState.IN_SERVICE
        installed_on = first - timedelta(days=30 + throw * 3)
        yield town.uuid("meter", index), town.uuid("account", index), f"QY{index + 1:08d}", str(state), installed_on


def reading_rows(town: Town, figures: Ledger) -> Iterator[Row]:
    """Yield the readings, an account at a time, oldest first."""
    months = town.months()
    longer = [*months[:-1], min(months[-1] + timedelta(days=LONGER_BY_DAYS), town.as_of)]
    kinds = (str(ReadingKind.ACTUAL), str(ReadingKind.ESTIMATED))
    for index, values in enumerate(figures.values_m3.tolist()):
        meter = town.uuid("meter", index)
        days = longer if index == Shown.LONGER_PERIOD else months
        for month, value, estimated in zip(days, values, figures.estimated[index].tolist(), strict=True):
            yield meter, month, value, kinds[estimated]


def bill_rows(town: Town, figures: Ledger) -> Iterator[Row]:
    """Yield the bills, an account at a time, oldest first; each is due on the 25th of the following month."""
    months = town.months()
    dues = [month.replace(day=DUE_DAY) for month in months[1:]]
    for index in range(town.accounts):
        account = town.uuid("account", index)
        columns = (figures.usage_m3, figures.amount_fen, figures.open_fen, figures.late_fee_fen)
        usage, amount, still_open, late = (column[index].tolist() for column in columns)
        estimated = figures.estimated[index, 1:].tolist()
        for n, due in enumerate(dues):
            yield account, months[n], usage[n], amount[n], due, still_open[n], late[n], estimated[n]


def payment_rows(town: Town, figures: Ledger) -> Iterator[Row]:
    """Yield a payment for each bill that is paid, and for what of one is paid."""
    issued = town.months()[1:]
    channels = town.random("channels").integers(0, len(words.CHANNELS), size=town.accounts).tolist()
    bills = MONTHS - 1
    for index in range(town.accounts):
        account, channel = town.uuid("account", index), words.CHANNELS[channels[index]]
        paid_fen = (figures.amount_fen[index] + figures.late_fee_fen[index] - figures.open_fen[index]).tolist()
        after = figures.paid_after_days[index].tolist()
        for n in range(bills):
            if paid_fen[n]:
                paid_on = min(issued[n] + timedelta(days=after[n]), town.as_of)
                yield town.uuid("payment", index * bills + n), account, paid_on, paid_fen[n], channel


def tariff_rows(town: Town) -> Iterator[Row]:
    """Yield the tariffs."""
    for index, tariff in enumerate((RESIDENTIAL, BUSINESS)):
        yield town.uuid("tariff", index), tariff.code, tariff.name_zh, tariff.name_en


def tariff_step_rows(town: Town) -> Iterator[Row]:
    """Yield the steps of the tariffs."""
    for index, tariff in enumerate((RESIDENTIAL, BUSINESS)):
        for number, step in enumerate(tariff.steps, start=1):
            yield town.uuid("tariff", index), number, step.above_m3, step.fen_per_m3


def zone_rows(town: Town) -> Iterator[Row]:
    """Yield the zones."""
    for index, zone in enumerate(words.ZONES):
        yield town.uuid("zone", index), *zone


def _of(choices: tuple[str, ...], throw: int) -> str:
    return choices[throw % len(choices)]
