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
    """The service ``latest_bill``: ``due``, ``part_paid``, ``overdue``, ``paid``, or ``none`` at all.

    ``amount`` is what a caller would have to pay today for this one bill: what is still open of it. Of a bill that
    nobody has paid anything of that is the billed amount, with the late fee once there is one; of a bill paid in
    part it is the rest, since a caller who is told the whole would pay it again. Only of a ``paid`` bill, where
    nothing is open, is it the billed amount. ``due`` is for ``due`` and ``part_paid``: a day that has passed is not
    asked for, hence ``overdue``.

    The word ``arrears`` is ``some`` when bills before this one are past their due date; ``arrears_total`` is what is
    open of those. This bill is not in it, it was just spoken: the two add up to all that is overdue.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"due", "part_paid", "overdue", "paid", "none"})
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
        latest, *earlier = await self._billing.bills(caller.verified, limit=LOOK_BACK) or (None,)
        if latest is None:
            return Answer("none", words={"arrears": "none"})
        overdue = overdue_fen(earlier, self.today())
        values: dict[str, Value] = {
            "month": Month(latest.period.year, latest.period.month),
            "amount": Money(latest.open_fen or latest.amount_fen),
            "due": Day(latest.due.month, latest.due.day),
            "arrears_total": Money(overdue),
        }
        return Answer(self._way(latest), values, {"arrears": "some" if overdue else "none"})

    def _way(self, bill: Bill) -> str:
        if not bill.open_fen:
            return "paid"
        if bill.due < self.today():
            return "overdue"
        return "part_paid" if bill.open_fen < bill.amount_fen else "due"


def overdue_fen(bills: Sequence[Bill], today: date) -> int:
    """Return what is open of ``bills`` past their due date, in fen. Late fees are open like the rest, and in it."""
    return sum(bill.open_fen for bill in bills if bill.due < today)
