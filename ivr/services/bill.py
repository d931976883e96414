"""The latest water bill, and what is overdue. Only for the account that a PIN has proved."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from cti.domain.utility import Bill
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Answer, Caller
from ivr.ports import Billing, Day, Money, Month, Value

LOOK_BACK: Final = 24
"""How many bills are looked at for arrears: two years."""


class LatestBill:
    """The service ``latest_bill``: ``due`` if something is still to pay of it, ``paid``, or ``none``.

    The word ``arrears`` is ``some`` when bills are past their due date; ``arrears_total`` is what is open of those,
    with late fees.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"due", "paid", "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {"month": "month", "amount": "money", "due": "day", "arrears_total": "money"}
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"arrears": frozenset({"some", "none"})})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing, today: Callable[[], date]) -> None:
        self._billing = billing
        self.today = today

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the proved account's bills."""
        if caller.verified is None:
            raise NotVerifiedError
        bills = await self._billing.bills(caller.verified, limit=LOOK_BACK)
        overdue = overdue_fen(bills, self.today())
        words = {"arrears": "some" if overdue else "none"}
        if not bills:
            return Answer("none", words=words)
        latest = bills[0]
        values: dict[str, Value] = {
            "month": Month(latest.period.year, latest.period.month),
            "amount": Money(latest.amount_fen),
            "due": Day(latest.due.month, latest.due.day),
            "arrears_total": Money(overdue),
        }
        return Answer("due" if latest.open_fen > 0 else "paid", values, words)


def overdue_fen(bills: Sequence[Bill], today: date) -> int:
    """Return what is open of ``bills`` past their due date, with late fees, in fen."""
    return sum(bill.open_fen + bill.late_fee_fen for bill in bills if bill.open_fen > 0 and bill.due < today)
