"""Whether one PBX does its work: an AMI ping and a SIP OPTIONS, each there and back, every few seconds.

A process that runs, and a port that is open, prove nothing: Asterisk can be frozen behind both.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import AmiError
from cti.ami.messages import Response

_log = logging.getLogger(__name__)

EVERY_S: Final = 5.0
EVERY_WHEN_ILL_S: Final = 1.0
TIMEOUT_S: Final = 2.0

AskSip = Callable[[float], Awaitable[object]]
"""Asks the PBX's SIP port, within so many seconds. Raises ``OSError``."""


class Link(Protocol):
    """The part of the AMI link that a ping needs."""

    async def send(self, action: AmiAction, *, timeout_s: float) -> Response:
        """Ask one thing."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One look. How long each round trip took, None where no answer came."""

    ami_ms: float | None
    sip_ms: float | None
    at: float

    @property
    def well(self) -> bool:
        """Whether both answered."""
        return self.ami_ms is not None and self.sip_ms is not None


class Pulse:
    """Owns the last look while :meth:`run` runs."""

    def __init__(
        self,
        link: Link,
        ask_sip: AskSip,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.beat: Beat | None = None
        self._link = link
        self._ask_sip = ask_sip
        self._monotonic = monotonic
        self._sleep = sleep

    @property
    def well(self) -> bool:
        """Whether the PBX answered both, lately: a look that hangs is not one that found everything well."""
        latest = EVERY_S + 2 * TIMEOUT_S
        return self.beat is not None and self.beat.well and self._monotonic() - self.beat.at <= latest

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            before, self.beat = self.beat, await self.look()
            if before is not None and before.well != self.beat.well:
                _log.warning("the PBX answers: AMI %s ms, SIP %s ms", self.beat.ami_ms, self.beat.sip_ms)
            await self._sleep(EVERY_S if self.beat.well else EVERY_WHEN_ILL_S)

    async def look(self) -> Beat:
        """Ask both at the same time."""
        ami_ms, sip_ms = await asyncio.gather(self._timed(self._ping), self._timed(self._ask_sip))
        return Beat(ami_ms, sip_ms, self._monotonic())

    async def _ping(self, timeout_s: float) -> object:
        return (await self._link.send(actions.ping(), timeout_s=timeout_s)).or_raise()

    async def _timed(self, ask: AskSip) -> float | None:
        begun = self._monotonic()
        try:
            await ask(TIMEOUT_S)
        except (AmiError, OSError):
            return None
        return round((self._monotonic() - begun) * 1000, 1)
