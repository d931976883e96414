"""What is asked of somebody else's billing system, and the columns that each answer must have.

A source (SQL, HTTP) answers a question with rows; this module turns rows into the domain's values, or refuses them.
Every row must say of which account it is: an answer about another account is a mismatch and is never read out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from config.billing import Question
from cti.domain.ids import AccountNumber
from cti.domain.tariffs import Tariff, TariffStep
from cti.domain.utility import Account, Bill, MeterState, Payment, Reading, ReadingKind, is_account_number
from storage.billing.guard import MismatchError

Row = Mapping[str, Any]
MoneyUnit = Literal["yuan", "fen"]
MOST_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How many may ask at the same time: callers, and consoles beside them."""

    callers: int
    consoles: int

    @property
    def all(self) -> int:
        """How many connections that takes."""
        return self.callers + self.consoles


class Source(Protocol):
    """A billing system that answers questions. Raises whatever it likes: a guard stands before it."""

    at_once: AtOnce

    @property
    def questions(self) -> frozenset[Question]:
        """What it can be asked."""

    async def rows(self, question: Question, values: Mapping[str, str | int]) -> Sequence[Row]:
        """Return the answer's rows."""

    async def close(self) -> None:
        """Let go of connections."""


# ------------------------------------------------------------------ rows


def _month(raw: Any) -> Any:
    """Take ``2026-10`` and ``202610`` for the first of that month, too."""
    text = str(raw)
    if len(text) == 6 and text.isdigit():
        text = f"{text[:4]}-{text[4:]}"
    return f"{text}-01" if len(text) == 7 else raw


Text = Annotated[str, Field(max_length=500)]
Number = Annotated[str, Field(max_length=64), BeforeValidator(str)]
Volume = Annotated[int, Field(ge=0, le=100_000_000)]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class AccountRow(_Row):
    """An account, its customer and its premise."""

    account: Number
    name: Text = ""
    address: Text = ""
    zone: Text = ""
    tariff: Text = ""
    meter_number: Text = ""
    meter_state: MeterState = MeterState.IN_SERVICE
    vulnerable: bool = False
    cut_off: bool = False
    key_account: bool = False
    next_bill_on: date | None = None


class PinRow(_Row):
    """Whether the PIN is the account's. No row at all means that there is no such account."""

    account: Number
    right: bool


class BillRow(_Row):
    """One billing period. ``open`` is what of it is still to pay, late fee and all."""

    account: Number
    period: Annotated[date, BeforeValidator(_month)]
    usage_m3: Volume
    amount: Amount
    due: date
    open: Amount
    late_fee: Amount = Decimal(0)
    estimated: bool = False


class PaymentRow(_Row):
    """Money that arrived."""

    account: Number
    on: date
    amount: Amount
    channel: Text = ""


class ReadingRow(_Row):
    """What the meter showed."""

    account: Number
    on: date
    value_m3: Volume
    kind: ReadingKind = ReadingKind.ACTUAL


class StepRow(_Row):
    """What a cubic metre costs above a bound."""

    account: Number
    above_m3: Volume
    price: Amount


ROWS: Final[Mapping[Question, type[_Row]]] = {
    Question.ACCOUNT: AccountRow,
    Question.ACCOUNTS_OF_NUMBER: AccountRow,
    Question.PIN: PinRow,
    Question.BILLS: BillRow,
    Question.LAST_PAYMENT: PaymentRow,
    Question.READINGS: ReadingRow,
    Question.TARIFF: StepRow,
}
R = TypeVar("R", bound=_Row)


def read(kind: type[R], rows: Iterable[Row], of: AccountNumber | None) -> list[R]:
    """Return the rows as they should be, all of account ``of`` if that is given. Raises :class:`MismatchError`."""
    found: list[R] = []
    for row in rows:
        try:
            made = kind.model_validate(row)
        except ValidationError as error:
            columns = sorted({str(part["loc"][0]) if part["loc"] else "?" for part in error.errors()})
            raise MismatchError(f"{kind.__name__}: {', '.join(columns)} is missing or makes no sense") from None
        if of is not None and made.account != of:  # type: ignore[attr-defined]  # every row has one
            raise MismatchError(f"{kind.__name__} of another account")
        found.append(made)
        if len(found) > MOST_ROWS:
            raise MismatchError("too many rows")
    return found


def fen(amount: Decimal, unit: MoneyUnit) -> int:
    """Return an amount in fen. Raises :class:`MismatchError` for a part of a fen."""
    value = amount * 100 if unit == "yuan" else amount
    if value != value.to_integral_value():
        raise MismatchError("an amount with a part of a fen")
    return int(value)


def account(row: AccountRow) -> Account:
    """Return the account. Raises :class:`MismatchError` for a number that can't be one."""
    if not is_account_number(row.account):
        raise MismatchError("an account number that can't be one")
    values = row.model_dump(exclude={"account", "next_bill_on"})
    return Account(number=AccountNumber(row.account), **values)


def bills(rows: Iterable[BillRow], unit: MoneyUnit) -> tuple[Bill, ...]:
    """Return the bills, newest first. Raises :class:`MismatchError` for two of one period, or more open than billed."""
    newest = sorted(rows, key=lambda row: row.period, reverse=True)
    if len({row.period for row in newest}) < len(newest):
        raise MismatchError("two bills of one period")
    if any(row.open > row.amount + row.late_fee for row in newest):
        raise MismatchError("more open than was billed")
    return tuple(
        Bill(
            period=row.period.replace(day=1),
            usage_m3=row.usage_m3,
            amount_fen=fen(row.amount, unit),
            due=row.due,
            open_fen=fen(row.open, unit),
            late_fee_fen=fen(row.late_fee, unit),
            estimated=row.estimated,
        )
        for row in newest
    )


def payment(row: PaymentRow, unit: MoneyUnit) -> Payment:
    """Return the payment."""
    return Payment(row.on, fen(row.amount, unit), row.channel)


def readings(rows: Iterable[ReadingRow]) -> tuple[Reading, ...]:
    """Return the readings, newest first."""
    return tuple(Reading(row.on, row.value_m3, row.kind) for row in sorted(rows, key=lambda row: row.on, reverse=True))


def tariff(rows: Iterable[StepRow], unit: MoneyUnit) -> Tariff | None:
    """Return the tariff, None without steps. Raises :class:`MismatchError` for steps that are none."""
    steps = tuple(TariffStep(row.above_m3, fen(row.price, unit)) for row in sorted(rows, key=lambda row: row.above_m3))
    try:
        return Tariff(steps) if steps else None
    except ValueError as error:
        raise MismatchError("a tariff's steps begin at 0 and rise") from error
