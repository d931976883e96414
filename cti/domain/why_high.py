"""Why a water bill is high, as reasons with numbers, from what is on record: bills, readings, the tariff.

Pure. The latest bill is held against that of the same month a year before, since water use has seasons; where there
is none, against the bill before it. A reason is given only where the record shows it: what a leak or a guest used is
for a person to find out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cti.domain.tariffs import Tariff
from cti.domain.utility import Bill, Reading, ReadingKind

LONGER_BY_DAYS: Final = 4
"""A period is longer when it has this many days more: months alone differ by three."""


@dataclass(frozen=True, slots=True)
class UsedMore:
    """More was used: ``now_m3`` against ``before_m3``."""

    now_m3: int
    before_m3: int


@dataclass(frozen=True, slots=True)
class LongerPeriod:
    """The meter was read after more days than the time before."""

    days: int
    days_before: int


@dataclass(frozen=True, slots=True)
class StepReached:
    """``above_m3`` cubic metres are charged at a higher step of the tariff, at ``fen_per_m3`` each."""

    step: int
    above_m3: int
    fen_per_m3: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The latest bill against an earlier one. ``estimated`` and ``catches_up`` are about readings nobody took."""

    bill: Bill
    against: Bill
    a_year_before: bool
    estimated: bool
    catches_up: bool
    used_more: UsedMore | None
    longer: LongerPeriod | None
    step: StepReached | None

    @property
    def is_higher(self) -> bool:
        """Whether the latest bill is the higher one at all."""
        return self.bill.amount_fen > self.against.amount_fen

    @property
    def is_explained(self) -> bool:
        """Whether the record gives any reason."""
        return self.estimated or self.catches_up or any((self.used_more, self.longer, self.step))


def explain(bills: Sequence[Bill], readings: Sequence[Reading], tariff: Tariff | None) -> Explanation | None:
    """Explain the newest of ``bills``; None when there is nothing to hold it against. Both newest first."""
    if len(bills) < 2:
        return None
    latest, before = bills[0], bills[1]
    year_before = next((bill for bill in bills if bill.period == _a_year_before(latest.period)), None)
    against = year_before or before
    used_more = UsedMore(latest.usage_m3, against.usage_m3) if latest.usage_m3 > against.usage_m3 else None
    return Explanation(
        bill=latest,
        against=against,
        a_year_before=year_before is not None,
        estimated=latest.estimated,
        catches_up=before.estimated and not latest.estimated,
        used_more=used_more,
        longer=_longer(period_days(latest, readings), period_days(against, readings)),
        step=None if tariff is None else _step(latest, against, tariff),
    )


def period_days(bill: Bill, readings: Sequence[Reading]) -> int | None:
    """Return the days between the readings that ``bill`` rests on, None where they aren't on record.

    Its period is a calendar month; the reading that closes it is the first one after that month began to be over.
    """
    ends = _next_month(bill.period)
    days = sorted(reading.on for reading in readings)
    closing = next((day for day in days if day >= ends), None)
    if closing is None or closing >= _next_month(ends):
        return None
    opening = max((day for day in days if day < closing), default=None)
    return None if opening is None else (closing - opening).days


def is_estimate(reading: Reading) -> bool:
    """Tell whether nobody looked at the meter."""
    return reading.kind is ReadingKind.ESTIMATED


def _longer(days: int | None, days_before: int | None) -> LongerPeriod | None:
    if days is None or days_before is None or days - days_before < LONGER_BY_DAYS:
        return None
    return LongerPeriod(days, days_before)


def _step(latest: Bill, against: Bill, tariff: Tariff) -> StepReached | None:
    step = tariff.reached(latest.usage_m3)
    if step == 1 or latest.usage_m3 <= against.usage_m3:
        return None
    reached, above_m3 = list(tariff.shares(latest.usage_m3))[step - 1]
    return StepReached(step, above_m3, reached.fen_per_m3)


def _a_year_before(period: date) -> date:
    return period.replace(year=period.year - 1)


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
