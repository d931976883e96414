"""What a customer says their meter shows, held against what is on record, before anybody's bill rests on it.

Pure. Whole cubic metres, the black digits of the meter. Two slips are common: neighbouring digits swapped, and the
red digits keyed as well. What is far above the usual use and no slip may be a leak. Nothing here decides: a reading
keyed by phone waits for somebody of the utility to confirm it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from cti.domain.ids import AccountNumber, CallId
from cti.domain.utility import Reading
from cti.domain.why_high import is_estimate

MUCH_TIMES: Final = 2.0
MUCH_M3: Final = 5
"""Use is doubtful above twice the usual and five cubic metres: a household's summer is not."""
HISTORY_DAYS: Final = 400
"""How far back the usual use is taken from: a year and what was read around it."""


class Doubt(StrEnum):
    """What is doubtful about a reading."""

    NONE = "none"
    BELOW_LAST = "below_last"
    SWAPPED = "swapped"
    LEAK = "leak"


class ReportState(StrEnum):
    """What became of a reading that a customer reported."""

    TO_CONFIRM = "to_confirm"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CheckedReading:
    """A keyed reading against the record.

    ``usage_m3`` since the last time that somebody looked, ``days`` ago; ``usual_m3`` is what those days usually take,
    None where the record doesn't tell. ``to_bill_m3`` counts from the last reading of any kind, which the last bill
    rests on. ``meant_m3`` is what was probably meant when two digits were swapped.
    """

    value_m3: int
    doubt: Doubt
    usage_m3: int
    days: int
    usual_m3: int | None
    to_bill_m3: int
    meant_m3: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedReading:
    """A reading that a customer keyed, and what became of it."""

    id: UUID
    account: AccountNumber
    call: CallId | None
    at: datetime
    value_m3: int
    doubt: Doubt
    state: ReportState = ReportState.TO_CONFIRM
    decided_by: str | None = None
    decided_at: datetime | None = None


def check(value_m3: int, readings: Sequence[Reading], today: date) -> CheckedReading | None:
    """Hold ``value_m3``, read ``today``, against ``readings``, newest first; None when nobody ever read the meter."""
    last = next((reading for reading in readings if not is_estimate(reading)), None)
    if last is None:
        return None
    days = max(1, (today - last.on).days)
    usual = _usual_a_day(readings, last)
    usual_m3 = None if usual is None else round(usual * days)

    def checked(doubt: Doubt, meant_m3: int | None = None) -> CheckedReading:
        to_bill_m3 = max(0, value_m3 - readings[0].value_m3)
        return CheckedReading(value_m3, doubt, value_m3 - last.value_m3, days, usual_m3, to_bill_m3, meant_m3)

    if _is_likely(value_m3 - last.value_m3, usual_m3):
        return checked(Doubt.NONE)
    likely = [meant for meant in _swaps(value_m3) if _is_likely(meant - last.value_m3, usual_m3)]
    if likely and usual_m3 is not None:
        return checked(Doubt.SWAPPED, min(likely, key=lambda meant: abs(meant - last.value_m3 - usual_m3)))
    return checked(Doubt.BELOW_LAST if value_m3 < last.value_m3 else Doubt.LEAK)


def _is_likely(usage_m3: int, usual_m3: int | None) -> bool:
    if usage_m3 < 0:
        return False
    return usual_m3 is None or usage_m3 <= max(usual_m3 * MUCH_TIMES, usual_m3 + MUCH_M3)


def _usual_a_day(readings: Sequence[Reading], last: Reading) -> float | None:
    """Return the usual use in cubic metres a day, over the year before ``last``; None with nothing to take it from."""
    looked = [reading for reading in readings if not is_estimate(reading)]
    year = [reading for reading in looked if 0 < (last.on - reading.on).days <= HISTORY_DAYS]
    if not year:
        return None
    first = year[-1]
    return max(0, last.value_m3 - first.value_m3) / (last.on - first.on).days


def _swaps(value_m3: int) -> Iterator[int]:
    """Yield what ``value_m3`` becomes when two neighbouring digits change places."""
    digits = str(value_m3)
    for place in range(len(digits) - 1):
        if digits[place] != digits[place + 1]:
            yield int(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])
