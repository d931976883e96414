"""What the phone menu needs from the rest of Hydrophone, as it asks for it. The composition root plugs it in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cti.domain.events import CallEvent, Language
from cti.domain.ids import AccountNumber, CallId, LinkedId
from cti.domain.tariffs import Tariff
from cti.domain.utility import Account, Bill, BillingUnavailableError, Payment, PinVerdict, Reading

__all__ = [
    "Billing",
    "BillingUnavailableError",
    "CallIds",
    "Count",
    "Day",
    "Digits",
    "Facts",
    "Money",
    "Month",
    "PinVerdict",
    "Speech",
    "Value",
]


class Billing(Protocol):
    """The utility's billing, read only. Every method raises :class:`BillingUnavailableError` after 6 s at most."""

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin``; counts tries and locks per account with growing delay, whatever the caller ID."""

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account, or None when there is none."""

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the latest bills, newest first."""

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        """Return the accounts whose customer has this telephone number, as the network wrote it."""

    async def last_payment(self, account: AccountNumber) -> Payment | None:
        """Return the latest payment, None if there never was one."""

    async def readings(self, account: AccountNumber, *, limit: int) -> Sequence[Reading]:
        """Return the meter's latest readings, newest first; none of an account without a meter."""

    async def tariff(self, account: AccountNumber) -> Tariff | None:
        """Return what the account's water costs, None if that isn't known here."""


class Facts(Protocol):
    """Where the menu's facts go: never blocks, never raises."""

    def __call__(self, fact: CallEvent, /) -> None:
        """Take one fact."""


class CallIds(Protocol):
    """How the menu learns our id of the call on its line."""

    def __call__(self, linkedid: LinkedId, /) -> CallId:
        """Return the id of the call with this Linkedid on this PBX."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount to say, in fen."""

    fen: int


@dataclass(frozen=True, slots=True)
class Month:
    """A billing month to say."""

    year: int
    month: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the year to say, without the year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Digits:
    """A string of digits to read back one by one."""

    digits: str


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number to say."""

    value: int


Value = Money | Month | Day | Digits | Count
"""What a sentence of the catalogue may have in its slots."""


class Speech(Protocol):
    """The sentences of the catalogue as files that the PBX can play."""

    def files(self, prompt: str, values: Mapping[str, Value], language: Language) -> AsyncIterator[Path]:
        """Yield the files that say ``prompt`` with ``values``, in order, to be played one after the other.

        A path has no extension; beside it stand ``.alaw`` and ``.ulaw``, 8 kHz, a multiple of 20 ms. When every
        clause is in the cache this is one joined file; otherwise the lead clauses come at once and the rest
        renders meanwhile in a worker. Never waits longer than 4 s for a clause: then a fallback is yielded.
        Raises ``KeyError`` for a prompt that the catalogue has not.
        """
