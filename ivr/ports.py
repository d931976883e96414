"""What the phone menu needs from the rest of Hydrophone, as it asks for it. The composition root plugs it in."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cti.domain.events import CallEvent, Language
from cti.domain.ids import AccountNumber, CallId, LinkedId
from cti.domain.utility import Account, Bill


class PinVerdict(StrEnum):
    """What came of checking a PIN. A caller hears the same words for ``WRONG`` and ``NO_ACCOUNT``."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_ACCOUNT = "no_account"
    LOCKED = "locked"


class BillingUnavailableError(Exception):
    """The billing system is down, too slow, or answered with something that is not the account asked for."""


class Billing(Protocol):
    """The utility's billing, read only. Every method raises :class:`BillingUnavailableError` after 6 s at most."""

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        """Check ``pin``; counts tries and locks per account with growing delay, whatever the caller ID."""

    async def account(self, account: AccountNumber) -> Account | None:
        """Return the account, or None when there is none."""

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        """Return the latest bills, newest first."""


class Facts(Protocol):
    """Where the menu's facts go: never blocks, never raises."""

    def __call__(self, fact: CallEvent) -> None:
        """Take one fact."""


class CallIds(Protocol):
    """How the menu learns our id of the call on its line."""

    def __call__(self, linkedid: LinkedId) -> CallId:
        """Return the id of the call with this Linkedid on this PBX."""


class Speech(Protocol):
    """Spoken texts as files for the PBX."""

    async def clip(self, text: str, language: Language, *, timeout_s: float) -> Path | None:
        """Return the clip that says ``text`` (one clause), without its file extension, or None if not there in time.

        The file stands beside as ``.alaw`` and ``.ulaw``, 8 kHz, a multiple of 20 ms. A clip rendered before
        returns without touching an engine; ``timeout_s=0`` never renders.
        """
