"""Meter readings that callers key: held against the record, read back, priced, and kept for somebody to confirm.

Only for the account that a PIN has proved. What is checked is noted in the call and reported from there, so what is
kept is what was read back and nothing keyed since.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from uuid import uuid4, uuid5

from cti.domain.ids import AccountNumber
from cti.domain.meter_readings import CheckedReading, Doubt, ReportedReading, check
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Answer, Caller
from ivr.ports import Billing, Count, Digits, Money, Value
from ivr.sources import Readings

HISTORY: Final = 26
CHECKED, MEANT, DOUBT = "reading_checked", "reading_meant", "reading_doubt"
"""Notes: the reading that was checked last, what was probably meant, what is doubtful of it."""

WAYS: Final = {
    Doubt.NONE: "likely",
    Doubt.SWAPPED: "swapped",
    Doubt.LEAK: "leak",
    Doubt.BELOW_LAST: "below_last",
}


class CheckReading:
    """The service ``check_reading``, of what was keyed.

    ``likely``; ``swapped`` with the probable ``meant``; ``leak`` for far more than usual; ``below_last``; ``no_record``
    of a meter that nobody ever read. The word ``bill`` is ``known`` where ``estimate`` tells what it comes to so far.
    """

    needs: Final = frozenset({"reading"})
    ways: Final = frozenset({*WAYS.values(), "no_record"})
    gives: Final[Mapping[str, str]] = MappingProxyType(
        {
            "reading": "digits",
            "meant": "digits",
            "last": "digits",
            "used": "count",
            "days": "count",
            "usual": "count",
            "estimate": "money",
        }
    )
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"bill": frozenset({"known", "unknown"})})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, billing: Billing, today: Callable[[], date]) -> None:
        self._billing = billing
        self._today = today

    async def __call__(self, caller: Caller) -> Answer:
        """Check a reading of the proved account's meter."""
        return await self.check(caller, caller.keyed["reading"])

    async def check(self, caller: Caller, digits: str) -> Answer:
        """Check ``digits``, and note them for whoever reports them."""
        if (account := caller.verified) is None:
            raise NotVerifiedError
        found = check(int(digits), await self._billing.readings(account, limit=HISTORY), self._today())
        if found is None:
            return Answer("no_record")
        tariff = await self._billing.tariff(account)
        values = _values(found, digits)
        if tariff is not None:
            values["estimate"] = Money(tariff.amount_fen(found.to_bill_m3))
        notes = {CHECKED: str(found.value_m3), DOUBT: found.doubt.value}
        if found.meant_m3 is not None:
            meant = str(found.meant_m3).zfill(len(digits))
            values["meant"] = Digits(meant)
            notes[MEANT] = meant
        return Answer(WAYS[found.doubt], values, {"bill": "known" if tariff else "unknown"}, notes=notes)


class CheckMeant:
    """The service ``check_meant``: takes what was probably meant in place of what was keyed.

    It was ``likely`` when it was found, and that is the only way: somebody confirms it anyhow.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"likely"})
    gives: Final = CheckReading.gives
    words: Final = CheckReading.words
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, checking: CheckReading) -> None:
        self._checking = checking

    async def __call__(self, caller: Caller) -> Answer:
        """Check what was meant by the reading that was checked before."""
        if MEANT not in caller.notes:
            raise NotVerifiedError
        answer = await self._checking.check(caller, caller.notes[MEANT])
        return replace(answer, way="likely")


def _values(found: CheckedReading, digits: str) -> dict[str, Value]:
    values: dict[str, Value] = {
        "reading": Digits(digits),
        "last": Digits(str(found.value_m3 - found.usage_m3)),
        "days": Count(found.days),
        "used": Count(max(0, found.usage_m3)),
    }
    if found.usual_m3 is not None:
        values["usual"] = Count(found.usual_m3)
    return values


class ReportReading:
    """The service ``report_reading``: keeps the reading that was checked, to be confirmed; once for each call.

    Keyed and confirmed again in the same call it replaces the first; a caller who hangs up meanwhile has reported it
    or not.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"kept"})
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final[frozenset[str]] = frozenset()
    personal: Final = True

    def __init__(self, readings: Readings, now: Callable[[], datetime]) -> None:
        self._readings = readings
        self._now = now

    async def __call__(self, caller: Caller) -> Answer:
        """Keep the reading that was checked last for the proved account."""
        if (account := caller.verified) is None or CHECKED not in caller.notes:
            raise NotVerifiedError
        await self._readings.report(self._reported(account, caller))
        return Answer("kept")

    def _reported(self, account: AccountNumber, caller: Caller) -> ReportedReading:
        return ReportedReading(
            id=uuid4() if caller.call is None else uuid5(caller.call, f"meter reading of {account}"),
            account=account,
            call=caller.call,
            at=self._now(),
            value_m3=int(caller.notes[CHECKED]),
            doubt=Doubt(caller.notes[DOUBT]),
        )
