"""A few accounts of the demo town to show and to call with: number, PIN, and what the caller should hear."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cti.domain.events import Language
from cti.domain.ids import AccountNumber
from cti.domain.utility import Account, Bill
from storage.billing.own import OwnTables
from storage.demo.town import SHOWN, Town, owners
from storage.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One account to show. Its latest bill is open, so that a caller hears an amount."""

    number: AccountNumber
    pin: str = field(repr=False)
    name: str
    phone: str
    language: Language
    in_arrears: bool
    latest_bill: Bill
    account: Account


async def samples(billing: OwnTables, town: Town, n: int = 3) -> Sequence[Sample]:
    """Return ``n`` accounts, ten at most: a usual one, one in arrears, one whose customer speaks English, others.

    Read from the tables, not worked out again: this is what a caller hears. Raises ``NotFoundError`` when ``town`` is
    not what the database holds.
    """
    return [await _sample(billing, town, index) for index in range(min(n, SHOWN))]


async def _sample(billing: OwnTables, town: Town, index: int) -> Sample:
    number = town.number(index)
    sheet = await billing.sheet(number)
    if sheet is None or not sheet.bills:
        raise NotFoundError("demo account")
    return Sample(
        number=number,
        pin=town.pin(number),
        name=sheet.account.name,
        phone=town.phone(owners(town)[index]),
        language="en" if sheet.account.name.isascii() else "zh",
        in_arrears=sheet.arrears.total > 0,
        latest_bill=sheet.bills[0],
        account=sheet.account,
    )
