"""A caller's sound without sound: keys and a sign of life, nothing is heard. For hundreds of callers at once."""

import asyncio
import socket
from dataclasses import dataclass

from cti.caller.recording import RATE_HZ
from cti.caller.rtp import EVENTS, PACKET, Sound, event_packets

SIGN_OF_LIFE_S = 5.0
"""A PBX ends a call from which no packet has come for a while; a line with nobody speaking may send few."""


@dataclass(slots=True)
class QuietSound(Sound):
    """Sends keys, and a packet now and then. What comes in is left to the kernel to drop."""

    _line: socket.socket | None = None

    async def start(self, bound: socket.socket) -> None:
        """Take the socket."""
        self._line = bound

    async def stop(self) -> None:
        """Send no more."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        if self._line is not None:
            self._line.close()

    async def _send(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SIGN_OF_LIFE_S):
                    key = await self._keys.get()
            except TimeoutError:
                self._emit(self._codec, self._timestamp, self._next_words())
                self._timestamp = (self._timestamp + int(SIGN_OF_LIFE_S * RATE_HZ)) & 0xFFFFFFFF
                continue
            begun = self._timestamp
            for marker, payload in event_packets(key):
                if payload:
                    self._emit(EVENTS | marker, begun, payload)
                self._timestamp = (self._timestamp + PACKET) & 0xFFFFFFFF
                await asyncio.sleep(PACKET / RATE_HZ)
            self._keys.task_done()

    def _put(self, packet: bytes) -> None:
        if self._line is not None and self._peer is not None:
            self._line.sendto(packet, self._peer)
