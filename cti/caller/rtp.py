"""The sound of one call: RTP with G.711 and keys as telephone events (RFC 3550, 3551, 4733), over UDP.

Ours and not a library's: what a caller heard is evidence only if every packet is kept at its own timestamp. SIP
stacks for people play through a jitter buffer, which drops and stretches when the machine is busy.
"""

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cti.caller.errors import SoundError
from cti.caller.recording import RATE_HZ, Recording
from ivr.prompts.g711 import from_alaw, from_ulaw, to_alaw, to_ulaw

PCMU, PCMA, EVENTS = 0, 8, 101
"""Payload types: the first two are fixed by RFC 3551, the third is what our offer says."""
PACKET = RATE_HZ // 50
_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_VERSION = 0x80
_MARKER = 0x80
_VOLUME = 10
_END = 0x80
_KEY_PACKETS = 5
_PAUSE_PACKETS = 5
_RECEIVE_BUFFER = 1 << 20
_KEYS = "0123456789*#"
_DECODE = {PCMU: from_ulaw, PCMA: from_alaw}
_ENCODE = {PCMU: to_ulaw, PCMA: to_alaw}


def make_socket(address: str) -> socket.socket:
    """Return a UDP socket at ``address`` whose kernel buffer holds more than a minute of sound."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    made.setblocking(False)
    made.bind((address, 0))
    return made


@dataclass(slots=True)
class Sound(asyncio.DatagramProtocol):
    """Both directions of one call's sound, from :meth:`start` to :meth:`stop`."""

    clock: Callable[[], float]
    heard: Recording = field(default_factory=Recording)
    _peer: tuple[str, int] | None = None
    _codec: int = PCMA
    _transport: asyncio.DatagramTransport | None = None
    _sender: asyncio.Task[None] | None = None
    _words: bytearray = field(default_factory=bytearray)
    _source: int = field(default_factory=lambda: secrets.randbits(32))
    _sequence: int = field(default_factory=lambda: secrets.randbits(15))
    _timestamp: int = field(default_factory=lambda: secrets.randbits(31))
    _keys: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen on ``bound``."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=bound)

    def talk_to(self, peer: tuple[str, int], codec: int) -> None:
        """Send to ``peer`` from now on, with ``codec`` (a payload type)."""
        self._peer, self._codec = peer, codec
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="caller sound")

    async def stop(self) -> None:
        """Send and listen no more."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def say(self, pcm: bytes) -> None:
        """Queue signed 16-bit 8 kHz samples to be spoken."""
        self._words += pcm

    async def key(self, keys: str) -> None:
        """Press ``keys``, 100 ms each with 100 ms between them, as a quick thumb does; returns when all are sent.

        Raises :class:`SoundError` when nothing sends them: before the answer, or after the sender failed.
        """
        if self._sender is None:
            raise SoundError("no keys can be pressed before the call is answered")
        for key in keys:
            self._keys.put_nowait(key)
        sent = asyncio.create_task(self._keys.join())
        try:
            await asyncio.wait({sent, self._sender}, return_when=asyncio.FIRST_COMPLETED)
            if not sent.done():
                cause = None if self._sender.cancelled() else self._sender.exception()
                raise SoundError("the keys were not sent: our sound has stopped") from cause
        finally:
            sent.cancel()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Keep one packet, if it is sound."""
        if len(data) <= _HEADER.size:
            return
        first, kind, _sequence, timestamp, source = _HEADER.unpack_from(data)
        decode = _DECODE.get(kind & 0x7F)
        if first != _VERSION or decode is None:
            return
        self.heard.add(source, timestamp, decode(data[_HEADER.size :]), self.clock())

    async def _send(self) -> None:
        """Send a packet each 20 ms: a key, words, or silence."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        pressing: list[tuple[int, bytes]] = []
        begun = 0
        while True:
            if not pressing and not self._keys.empty():
                pressing, begun = event_packets(self._keys.get_nowait()), self._timestamp
            if pressing:
                marker, payload = pressing.pop(0)
                if payload:
                    self._emit(EVENTS | marker, begun, payload)
                if not pressing:
                    self._keys.task_done()
            else:
                self._emit(self._codec, self._timestamp, self._next_words())
            self._timestamp = (self._timestamp + PACKET) & 0xFFFFFFFF
            due += PACKET / RATE_HZ
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _next_words(self) -> bytes:
        taken = bytes(self._words[: 2 * PACKET])
        del self._words[: 2 * PACKET]
        samples = np.frombuffer(taken.ljust(2 * PACKET, b"\0"), dtype="<i2")
        return _ENCODE[self._codec](samples.astype(np.int16))

    def _emit(self, kind: int, timestamp: int, payload: bytes) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(_VERSION, kind, self._sequence, timestamp, self._source)
        self._put(header + payload)

    def _put(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing() and self._peer is not None:
            self._transport.sendto(packet, self._peer)


def event_packets(key: str) -> list[tuple[int, bytes]]:
    """Return the packets of one key press with their marker bits, then empty ones for the pause after it.

    The end is sent three times, as RFC 4733 section 2.5.1.4 has it.
    """
    event = _KEYS.index(key)
    packets = [
        (_MARKER if number == 0 else 0, _EVENT.pack(event, _VOLUME, PACKET * (number + 1)))
        for number in range(_KEY_PACKETS)
    ]
    end = _EVENT.pack(event, _END | _VOLUME, PACKET * _KEY_PACKETS)
    return [*packets, (0, end), (0, end), (0, end), *[(0, b"")] * (_PAUSE_PACKETS - 3)]
