"""Who calls: an account number and a PIN, checked by billing.

No such account and a wrong PIN are one answer, after one time: neither words nor timing tell which it was. The
counting and locking of guesses is billing's, per account, whatever the caller ID.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cti.domain.ids import AccountNumber
from ivr.flow.service import Answer, Caller
from ivr.ports import Billing, PinVerdict

FLOOR_S: Final = 0.5
"""Every verdict takes at least this long, so that a quick one says nothing."""

WAYS: Final = {
    PinVerdict.RIGHT: "verified",
    PinVerdict.WRONG: "refused",
    PinVerdict.NO_ACCOUNT: "refused",
    PinVerdict.LOCKED: "locked",
}


class Identify:
    """The service ``identify``."""

    needs: Final = frozenset({"account", "pin"})
    ways: Final = frozenset(WAYS.values())
    gives: Final[Mapping[str, str]] = MappingProxyType({})
    words: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
    proves: Final = frozenset({WAYS[PinVerdict.RIGHT]})
    personal: Final = False

    def __init__(self, billing: Billing, *, floor_s: float = FLOOR_S) -> None:
        self._billing = billing
        self._floor_s = floor_s

    async def __call__(self, caller: Caller) -> Answer:
        """Check the PIN that was keyed for the account that was keyed."""
        account = AccountNumber(caller.keyed["account"])
        clock = asyncio.get_running_loop().time
        floor = clock() + self._floor_s
        verdict = await self._billing.check_pin(account, caller.keyed["pin"])
        await asyncio.sleep(max(0.0, floor - clock()))
        return Answer(WAYS[verdict], verified=account if verdict is PinVerdict.RIGHT else None)
