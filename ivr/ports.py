"""What the phone menu needs from the rest of Hydrophone, as it asks for it. The composition root plugs it in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NewType, Protocol
from uuid import UUID

from cti.domain.events import CallEvent, Language
from cti.domain.ids import AccountNumber, CallId, LinkedId
from cti.domain.tariffs import Tariff
from cti.domain.utility import Account, Bill, BillingUnavailableError, Payment, PinVerdict, Reading

__all__ = [
    "KINDS",
    "AccountDigits",
    "Admission",
    "Billing",
    "BillingUnavailableError",
    "CallIds",
    "CallbackVerdict",
    "CallbackWish",
    "Callbacks",
    "Count",
    "Date",
    "Day",
    "Desk",
    "DeskUnavailableError",
    "Digits",
    "Duration",
    "Facts",
    "Mark",
    "Measure",
    "Message",
    "Money",
    "Month",
    "Outlook",
    "Phone",
    "PinVerdict",
    "RecordingId",
    "Recordings",
    "Speech",
    "Surveys",
    "Time",
    "Value",
    "WaitingLine",
    "Words",
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


@dataclass(frozen=True, slots=True)
class Date:
    """A day to say with its year."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time to say, in whole minutes."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number to read back, as it is dialled; a leading ``+`` is not spoken."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountDigits:
    """An account number to read back."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured figure to say, in hundredths: 0.35 is 35. Trailing zeros are not spoken."""

    hundredths: int


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day to say."""

    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words that somebody of the utility wrote, to be said as they are; numbers in them are spelt out already."""

    zh: str
    en: str


Value = Money | Month | Day | Digits | Count | Date | Duration | Phone | AccountDigits | Time | Words | Measure
"""What a sentence may have in its slots."""

KINDS: Final[Mapping[str, type[Value]]] = {
    "money": Money,
    "month": Month,
    "day": Day,
    "digits": Digits,
    "count": Count,
    "date": Date,
    "duration": Duration,
    "phone": Phone,
    "account": AccountDigits,
    "time": Time,
    "words": Words,
    "measure": Measure,
}
"""The kinds of values, by what they are called in texts: ``{amount:money}``."""


class Speech(Protocol):
    """The sentences of the catalogue as files that the PBX can play."""

    def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        """Yield the files that say ``prompt`` with ``values``, in order, to be played one after the other.

        A path has no extension; beside it stand ``.alaw`` and ``.ulaw``, 8 kHz, a multiple of 20 ms. When every
        clause is in the cache this is one joined file; otherwise the lead clauses come at once and the rest
        renders meanwhile in a worker. Never waits longer than 4 s for a clause: then a fallback is yielded.
        ``slow`` asks for it to be said more slowly; what must be rendered first is said at its usual pace.
        Raises ``KeyError`` for a prompt that the catalogue has not.
        """

    async def beep(self) -> Path:
        """Return the tone after which a recording begins, as a path without extension."""


# ------------------------------------------------------------------ what callers leave with us


class DeskUnavailableError(Exception):
    """What the caller wished to leave can't be taken just now."""


RecordingId = NewType("RecordingId", UUID)
"""A name made by us; nothing a caller says or keys is ever part of a file's name."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a caller said: ``seconds`` is None when they hung up while speaking, so that only the file knows.

    ``purpose`` is the step's own word for it (``voicemail``, ``leak``); ``keyed`` what was keyed before it, without
    anything secret; ``account`` only if a PIN has proved it.
    """

    recording: RecordingId
    call: CallId
    purpose: str
    language: Language
    seconds: float | None
    account: AccountNumber | None = field(default=None, repr=False)
    keyed: Mapping[str, str] = field(default_factory=dict, repr=False)


class Recordings(Protocol):
    """Where what callers say is kept. Every method may raise :class:`DeskUnavailableError`."""

    async def place(self, call: CallId) -> tuple[RecordingId, Path]:
        """Return a new name and the path, without extension, where the PBX is to write it as ``.wav``."""

    async def keep(self, message: Message) -> None:
        """Keep what was recorded. Of one with ``seconds`` None the file may be missing, or too short to be kept."""

    async def drop(self, recording: RecordingId) -> None:
        """Delete a recording that the caller did not want, or that holds nothing."""


class CallbackVerdict(StrEnum):
    """What became of a wish to be called back."""

    ARRANGED = "arranged"
    ALREADY = "already"
    """There is one for this number already; it keeps its place."""
    REFUSED = "refused"
    """This number is not called by this site."""


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """A wish to be called back; ``own`` if it is the number that the caller calls from, else they keyed it."""

    call: CallId
    number: str = field(repr=False)
    own: bool
    queue: str | None
    language: Language
    account: AccountNumber | None = field(default=None, repr=False)


class Callbacks(Protocol):
    """Who calls back. May raise :class:`DeskUnavailableError`."""

    async def request(self, wish: CallbackWish) -> CallbackVerdict:
        """Take a wish, once per call: the same wish again is the same callback."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A caller's mark, 1 (worst) to 5, for one question of a survey."""

    call: CallId
    survey: str
    question: str
    mark: int
    language: Language


class Surveys(Protocol):
    """Where marks go. May raise :class:`DeskUnavailableError`."""

    async def mark(self, mark: Mark) -> None:
        """Take one mark; a second one for the same call and question replaces it."""


# ------------------------------------------------------------------ the line for a person


@dataclass(frozen=True, slots=True)
class Outlook:
    """How it looks for somebody who waits: ``position`` is counted from 1, with those who will be called back.

    ``minutes`` is 0 when an agent is free for them, and None when nobody can tell.
    """

    position: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a caller waits from now on, at what priority, and how it looks."""

    queue: str
    priority: int
    outlook: Outlook


class WaitingLine(Protocol):
    """Where callers wait for a person. Never raises."""

    async def admit(self, call: CallId, wish: str | None, language: Language) -> Admission:
        """Return where a caller belongs who wants a person about ``wish``."""

    def outlook(self, call: CallId) -> Outlook:
        """Return how it looks for a caller who is out of the queue for a moment."""

    def position(self, call: CallId) -> int:
        """Return the position in Asterisk's queue at which this caller belongs now."""

    async def declined(self, call: CallId) -> None:
        """Note that somebody who is called back needs nobody any more."""


class _NothingKept:
    """Takes nothing, and says so."""

    async def place(self, call: CallId) -> tuple[RecordingId, Path]:
        raise DeskUnavailableError

    async def keep(self, message: Message) -> None:
        raise DeskUnavailableError

    async def drop(self, recording: RecordingId) -> None:
        raise DeskUnavailableError

    async def request(self, wish: CallbackWish) -> CallbackVerdict:
        raise DeskUnavailableError

    async def mark(self, mark: Mark) -> None:
        raise DeskUnavailableError


@dataclass(frozen=True, slots=True)
class Desk:
    """All that takes what callers leave. What a site has not plugged in is unavailable, which flows provide for."""

    recordings: Recordings = field(default_factory=_NothingKept)
    callbacks: Callbacks = field(default_factory=_NothingKept)
    surveys: Surveys = field(default_factory=_NothingKept)
