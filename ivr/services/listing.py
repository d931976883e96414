"""Bills and arrears month by month: three to a page, newest first, for a caller who may go on or skip by key.

Each list is walked by three services of one class: the first page, the next one, and the one after three months that
are skipped. Where the caller is stands in the call's notes, so the services remember nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cti.domain.utility import Bill
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Answer, Caller, Service
from ivr.ports import Billing, Count, Money, Month, Value

PAGE: Final = 3
PLACES: Final = range(1, PAGE + 1)
MONTHS_OF_BILLS: Final = 12
MONTHS_OF_ARREARS: Final = 24


class Move(StrEnum):
    """How to go on in a list."""

    FIRST = "first"
    NEXT = "next"
    SKIP = "skip"


Told = tuple[str, Mapping[str, Value]]
"""What kind of month it is, and its values."""


class BillPages:
    """The services ``bills_first``, ``bills_next`` and ``bills_skip``: twelve months of bills, or the ``end`` of them.

    A ``page`` has the words ``kind_1`` to ``kind_3``: ``paid``, ``open`` with what is still to pay (``rest_1``), or
    ``none`` where the list ends.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"page", "end"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {
            f"{name}_{n}": kind
            for n in PLACES
            for name, kind in (("month", "month"), ("amount", "money"), ("rest", "money"))
        }
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {f"kind_{n}": frozenset({"paid", "open", "none"}) for n in PLACES}
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing, move: Move) -> None:
        self._billing = billing
        self._move = move

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the page that comes next."""
        if caller.verified is None:
            raise NotVerifiedError
        bills = await self._billing.bills(caller.verified, limit=MONTHS_OF_BILLS)
        return _page("kind", self._move, bills, caller, _billed)


def _billed(bill: Bill) -> Told:
    values: dict[str, Value] = {"month": _month(bill), "amount": Money(bill.amount_fen), "rest": Money(bill.open_fen)}
    return "open" if bill.open_fen else "paid", values


class ArrearsPages:
    """The services ``arrears_next`` and ``arrears_skip``: what is overdue of the last two years, after ``arrears``.

    As :class:`BillPages`; the words are ``owed_1`` to ``owed_3``: ``with_fee`` (``fee_1``), ``without_fee``, ``none``.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"page", "end"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {
            f"{name}_{n}": kind
            for n in PLACES
            for name, kind in (("owed_month", "month"), ("owed_amount", "money"), ("fee", "money"))
        }
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {f"owed_{n}": frozenset({"with_fee", "without_fee", "none"}) for n in PLACES}
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing, today: Callable[[], date], move: Move) -> None:
        self._billing = billing
        self._today = today
        self._move = move

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the page that comes next."""
        return _page("owed", self._move, await overdue(self._billing, self._today(), caller), caller, _owed)


def _owed(bill: Bill) -> Told:
    fee = fee_fen(bill)
    values: dict[str, Value] = {"owed_month": _month(bill), "owed_amount": Money(bill.open_fen), "fee": Money(fee)}
    return "with_fee" if fee else "without_fee", values


class ArrearsTotal:
    """The service ``arrears``: ``some`` with how many months, the total and the late fees in it, or ``none``.

    The list of the months begins anew with it.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"some", "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"months": "count", "total": "money", "fees": "money"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"late_fees": frozenset({"some", "none"})})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing, today: Callable[[], date]) -> None:
        self._billing = billing
        self._today = today

    async def __call__(self, caller: Caller) -> Answer:
        """Add up what is overdue."""
        owed = await overdue(self._billing, self._today(), caller)
        fees_fen = sum(fee_fen(bill) for bill in owed)
        values: dict[str, Value] = {
            "months": Count(len(owed)),
            "total": Money(sum(bill.open_fen for bill in owed)),
            "fees": Money(fees_fen),
        }
        words = {"late_fees": "some" if fees_fen else "none"}
        return Answer("some" if owed else "none", values, words, notes={"owed_at": "0"})


async def overdue(billing: Billing, today: date, caller: Caller) -> Sequence[Bill]:
    """Return the proved caller's bills of two years that are past their due date and not paid, newest first."""
    if caller.verified is None:
        raise NotVerifiedError
    bills = await billing.bills(caller.verified, limit=MONTHS_OF_ARREARS)
    return [bill for bill in bills if bill.open_fen and bill.due < today]


def fee_fen(bill: Bill) -> int:
    """Return how much of what is open of ``bill`` is late fee: what was paid is taken off the water first."""
    return min(bill.late_fee_fen, bill.open_fen)


def _month(bill: Bill) -> Month:
    return Month(bill.period.year, bill.period.month)


def _page(name: str, move: Move, bills: Sequence[Bill], caller: Caller, told: Callable[[Bill], Told]) -> Answer:
    """Return the three months that come next, with the note of where the caller then is."""
    note = f"{name}_at"
    at = 0 if move is Move.FIRST else int(caller.notes.get(note, "0"))
    if move is Move.SKIP:
        at += PAGE
    if at >= len(bills):
        return Answer("end", notes={note: str(at)})
    words = {f"{name}_{n}": "none" for n in PLACES}
    values: dict[str, Value] = {}
    for n, bill in zip(PLACES, bills[at:], strict=False):
        kind, of_month = told(bill)
        words[f"{name}_{n}"] = kind
        values |= {f"{what}_{n}": value for what, value in of_month.items()}
    return Answer("page", values, words, notes={note: str(at + PAGE)})


def lists(billing: Billing, today: Callable[[], date]) -> Mapping[str, Service]:
    """Return the services that tell bills and arrears month by month, by name."""
    return {
        "bills_first": BillPages(billing, Move.FIRST),
        "bills_next": BillPages(billing, Move.NEXT),
        "bills_skip": BillPages(billing, Move.SKIP),
        "arrears": ArrearsTotal(billing, today),
        "arrears_next": ArrearsPages(billing, today, Move.NEXT),
        "arrears_skip": ArrearsPages(billing, today, Move.SKIP),
    }
