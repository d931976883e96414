"""Why the bill is high, and what was paid last. Only for the account that a PIN has proved."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cti.domain.why_high import Explanation, explain
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Answer, Caller
from ivr.ports import Billing, Count, Date, Money, Month, Value

BILLS: Final = 24
READINGS: Final = 26
"""Two years: the same month last year, and the readings around its bill."""

IS_OR_NOT: Final = frozenset({"is", "not"})


class WhyHigh:
    """The service ``why_high``: ``higher`` than the bill it is held against, ``not_higher``, or ``nothing`` to hold.

    The word ``against`` tells which that is: that of the same month a ``year`` ago, or the one ``before``. Each reason
    is a word, ``is`` or ``not``: ``estimated``, ``catches_up``, ``longer``, ``step``, ``used_more``; ``explained``
    is ``not`` when none of them holds.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"higher", "not_higher", "nothing"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {
            "month": "month",
            "amount": "money",
            "against_month": "month",
            "against_amount": "money",
            "more": "money",
            "used": "count",
            "used_before": "count",
            "days": "count",
            "days_before": "count",
            "step_used": "count",
            "step_price": "money",
        }
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"against": frozenset({"year", "before"})}
        | dict.fromkeys(("estimated", "catches_up", "longer", "step", "used_more", "explained"), IS_OR_NOT)
    )
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    async def __call__(self, caller: Caller) -> Answer:
        """Hold the proved account's latest bill against an earlier one."""
        if (account := caller.verified) is None:
            raise NotVerifiedError
        bills = await self._billing.bills(account, limit=BILLS)
        readings = await self._billing.readings(account, limit=READINGS)
        found = explain(bills, readings, await self._billing.tariff(account))
        if found is None:
            return Answer("nothing")
        return Answer("higher" if found.is_higher else "not_higher", _values(found), _words(found))


def _values(found: Explanation) -> Mapping[str, Value]:
    bill, against = found.bill, found.against
    values: dict[str, Value] = {
        "month": Month(bill.period.year, bill.period.month),
        "amount": Money(bill.amount_fen),
        "against_month": Month(against.period.year, against.period.month),
        "against_amount": Money(against.amount_fen),
        "more": Money(max(0, bill.amount_fen - against.amount_fen)),
        "used": Count(bill.usage_m3),
        "used_before": Count(against.usage_m3),
    }
    if found.longer is not None:
        values |= {"days": Count(found.longer.days), "days_before": Count(found.longer.days_before)}
    if found.step is not None:
        values |= {"step_used": Count(found.step.above_m3), "step_price": Money(found.step.fen_per_m3)}
    return values


def _words(found: Explanation) -> Mapping[str, str]:
    said = {
        "estimated": found.estimated,
        "catches_up": found.catches_up,
        "longer": found.longer is not None,
        "step": found.step is not None,
        "used_more": found.used_more is not None,
        "explained": found.is_explained,
    }
    words = {name: "is" if true else "not" for name, true in said.items()}
    return words | {"against": "year" if found.a_year_before else "before"}


class LastPayment:
    """The service ``last_payment``: ``paid`` with the day and the amount, or ``none``."""

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"paid", "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType({"paid_on": "date", "paid": "money"})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the proved account's last payment."""
        if caller.verified is None:
            raise NotVerifiedError
        payment = await self._billing.last_payment(caller.verified)
        if payment is None:
            return Answer("none")
        on = Date(payment.on.year, payment.on.month, payment.on.day)
        return Answer("paid", {"paid_on": on, "paid": Money(payment.amount_fen)})
