"""Whom this hotline may call: pure rules against toll fraud, for every call that we place.

A number is allowed only if it is in E.164, of this site's country, a subscriber's or on the site's list of prefixes,
not one that costs extra, and not in the hours in which nobody is to be called. All else is denied: a stolen
password must not be able to ring a premium line all night. Limits on how many calls are placed are counted by whoever
places them (:class:`Hourly`).
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

COSTS_EXTRA: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.UAN,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
    }
)


class Denied(StrEnum):
    """Why a number is not called."""

    NO_NUMBER = "no_number"
    INTERNATIONAL = "international"
    PREMIUM = "premium"
    NOT_ON_THE_LIST = "not_on_the_list"
    NIGHT = "night"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class DiallingRules:
    """What a site allows. ``night`` is from, until.

    ``allowed`` are E.164 prefixes; without any it is every subscriber's number of the country, which leaves
    out its short service numbers and what the library's tables don't know.
    """

    region: str
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    night: tuple[time, time] | None = (time(21, 0), time(8, 0))
    hourly: int = 60


def denial(number: str, rules: DiallingRules, local: datetime) -> Denied | None:
    """Return why ``number`` (E.164) is not called at ``local`` time, or None when it may be."""
    return number_denial(number, rules) or (Denied.NIGHT if is_night(rules.night, local.time()) else None)


def number_denial(number: str, rules: DiallingRules) -> Denied | None:
    """Return why ``number`` is never called, whatever the time; None when it may be."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return Denied.NO_NUMBER
    if not phonenumbers.is_possible_number(parsed) or number != _plain(parsed):
        return Denied.NO_NUMBER
    if parsed.country_code != phonenumbers.country_code_for_region(rules.region):
        return Denied.INTERNATIONAL
    kind = phonenumbers.number_type(parsed)
    if kind in COSTS_EXTRA or _begins(number, rules.denied):
        return Denied.PREMIUM
    listed = _begins(number, rules.allowed) if rules.allowed else kind is not PhoneNumberType.UNKNOWN
    return None if listed else Denied.NOT_ON_THE_LIST


def is_night(night: tuple[time, time] | None, at: time) -> bool:
    """Tell whether nobody is called at this time of day; a night may go past midnight."""
    if night is None:
        return False
    begins, ends = night
    return begins <= at < ends if begins <= ends else at >= begins or at < ends


def as_dialled(number: str) -> str:
    """Return what is dialled on the trunk for ``number``, which may be called: digits as used within the country."""
    parsed = phonenumbers.parse(number, None)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in national if character.isdigit())


class Hourly:
    """Counts the calls placed in the last hour, against a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._placed: deque[datetime] = deque()

    def full(self, now: datetime) -> bool:
        """Tell whether no more may be placed just now."""
        while self._placed and self._placed[0] <= now - timedelta(hours=1):
            self._placed.popleft()
        return len(self._placed) >= self._limit

    def placed(self, now: datetime) -> None:
        """Count one."""
        self._placed.append(now)


def _plain(parsed: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _begins(number: str, prefixes: Collection[str]) -> bool:
    return any(number.startswith(prefix) for prefix in prefixes)
