"""Who calls: an account and a PIN, checked by billing.

The account is the one that was keyed, or one of those of the caller's number: the network's word for who calls only
proposes. No such account and a wrong PIN are one answer, after one time: neither words nor timing tell which it was.
Three wrong ones a call are all there are; the counting and locking across calls is billing's, per account, whatever
the caller ID.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from cti.domain.ids import AccountNumber
from cti.domain.utility import ACCOUNT_DIGITS, check_digit
from ivr.flow.service import Answer, Caller
from ivr.ports import Billing, PinVerdict

FLOOR_S: Final = 0.5
"""Every verdict takes at least this long, so that a quick one says nothing."""

MOST_TRIES: Final = 3
TRIES: Final = "pin_tries"
"""The note that counts wrong PINs in this call, whichever way the account was named."""

WAYS: Final = {
    PinVerdict.RIGHT: "verified",
    PinVerdict.WRONG: "refused",
    PinVerdict.NO_ACCOUNT: "refused",
    PinVerdict.LOCKED: "locked",
}

Which = Callable[[Billing, Caller], Awaitable[AccountNumber]]
"""How the account is found that the PIN is tried on."""


async def keyed(_billing: Billing, caller: Caller) -> AccountNumber:
    """Return the account that was keyed."""
    return AccountNumber(caller.keyed["account"])


async def of_number(billing: Billing, caller: Caller) -> AccountNumber:
    """Return the one account of the caller's number, else one that nobody has."""
    numbers = await _numbers(billing, caller)
    return numbers[0] if len(numbers) == 1 else _nobodys(caller.number)


async def of_tail(billing: Billing, caller: Caller) -> AccountNumber:
    """Return the account of the caller's number that ends as was keyed, else one that nobody has."""
    tail = caller.keyed["tail"]
    numbers = [number for number in await _numbers(billing, caller) if number.endswith(tail)]
    return numbers[0] if len(numbers) == 1 else _nobodys(f"{caller.number} {tail}")


async def _numbers(billing: Billing, caller: Caller) -> list[AccountNumber]:
    return [account.number for account in await billing.accounts_of_number(caller.number)]


def _nobodys(what: str) -> AccountNumber:
    """Return an account that can't be, always the same for ``what``: trying it is counted, and never right.

    Its check digit is wrong, so it is no customer's, and billing is asked as for any other.
    """
    payload = str(int.from_bytes(hashlib.sha256(what.encode(errors="surrogatepass")).digest()[:8], "big"))
    payload = payload[-(ACCOUNT_DIGITS - 1) :].zfill(ACCOUNT_DIGITS - 1)
    return AccountNumber(payload + str((int(check_digit(payload)) + 1) % 10))


class WhoCalls:
    """The service ``who_calls``: what the caller's number proposes, nothing of which is ever spoken.

    ``proved`` when a PIN has told already, else whether the number has ``one`` account, ``several`` or ``none``.
    """

    needs: Final[frozenset[str]] = frozenset()
    ways: Final = frozenset({"proved", "one", "several", "none"})
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final = frozenset({"proved"})
    personal: Final = False

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    async def __call__(self, caller: Caller) -> Answer:
        """Look up the accounts of the caller's number."""
        if caller.verified is not None:
            return Answer("proved", verified=caller.verified)
        found = len(await _numbers(self._billing, caller)) if caller.number else 0
        return Answer("several" if found > 1 else "one" if found else "none")


class Identify:
    """The services ``identify``, ``identify_by_number`` and ``identify_by_tail``: a PIN, and whose it must be."""

    ways: Final = frozenset({*WAYS.values(), "given_up"})
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final = frozenset({WAYS[PinVerdict.RIGHT]})
    personal: Final = False

    def __init__(
        self,
        billing: Billing,
        which: Which = keyed,
        *,
        needs: frozenset[str] = frozenset({"account", "pin"}),
        floor_s: float = FLOOR_S,
    ) -> None:
        self._billing = billing
        self.which = which
        self.needs = needs
        self._floor_s = floor_s

    async def __call__(self, caller: Caller) -> Answer:
        """Check the PIN that was keyed."""
        tries = int(caller.notes.get(TRIES, "0"))
        if tries >= MOST_TRIES:
            return Answer("given_up")
        clock = asyncio.get_running_loop().time
        floor = clock() + self._floor_s
        account = await self.which(self._billing, caller)
        verdict = await self._billing.check_pin(account, caller.keyed["pin"])
        await asyncio.sleep(max(0.0, floor - clock()))
        if WAYS[verdict] != "refused":
            return Answer(WAYS[verdict], verified=account if verdict is PinVerdict.RIGHT else None)
        tries += 1
        return Answer("given_up" if tries >= MOST_TRIES else "refused", notes={TRIES: str(tries)})


def identifications(billing: Billing) -> Mapping[str, Identify | WhoCalls]:
    """Return the services that tell who calls, by name."""
    return {
        "who_calls": WhoCalls(billing),
        "identify": Identify(billing),
        "identify_by_number": Identify(billing, of_number, needs=frozenset({"pin"})),
        "identify_by_tail": Identify(billing, of_tail, needs=frozenset({"tail", "pin"})),
    }
