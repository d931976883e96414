"""One SIP call over UDP, from the INVITE to the last answer (RFC 3261), as a carrier's gateway places it.

Messages are parsed by ``sipmessage``. Only what a caller without a registrar does: INVITE with an offer, ACK, CANCEL,
BYE either way, answers to requests within the call. Sound is the affair of :mod:`cti.caller.rtp`.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from sipmessage import URI, Address, CSeq, Message, Parameters, Request, Response, Via

_T1_S = 0.5
"""RFC 3261 section 17.1.1.1: the first retransmission, doubled each time, to 4 s at most."""
_T2_S = 4.0
_GIVE_UP_S = 4.0
_OK = 200
_RINGING = range(180, 190)

Peer = tuple[str, int]


@dataclass(slots=True)
class Dialog(asyncio.DatagramProtocol):
    """The signalling of one call. ``on_answer`` gets the answer's SDP; what happened stands in the attributes."""

    caller: Address
    target: URI
    peer: Peer
    offer: str
    on_answer: Callable[[str], None]
    clock: Callable[[], float]
    rang_s: float | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    reason: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _transport: asyncio.DatagramTransport | None = None
    _call_id: str = field(default_factory=lambda: secrets.token_hex(16))
    _tag: str = field(default_factory=lambda: secrets.token_hex(8))
    _branch: str = field(default_factory=lambda: f"z9hG4bK{secrets.token_hex(8)}")
    _sequence: int = 1
    _remote: Address | None = None
    _remote_target: URI | None = None
    _heard_back: asyncio.Event = field(default_factory=asyncio.Event)
    _bye_answered: asyncio.Event = field(default_factory=asyncio.Event)
    _here: Peer = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._here = transport.get_extra_info("sockname")

    async def invite(self, timeout_s: float) -> bool:
        """Place the call; tells whether it was answered within ``timeout_s``."""
        invite = self._request("INVITE", self._sequence, self._branch, self.offer)
        pause_s, loop = _T1_S, asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not self._heard_back.is_set() and loop.time() < end:
            self._send(invite)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._heard_back.wait(), pause_s)
            pause_s = min(2 * pause_s, _T2_S)
        waits = [asyncio.create_task(event.wait()) for event in (self.answered, self.ended)]
        await asyncio.wait(waits, timeout=max(0.0, end - loop.time()), return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        return self.answered.is_set() and not self.ended.is_set()

    async def hang_up(self) -> None:
        """End the call, answered or not, and wait for the other side's word for 4 s at most."""
        if self.ended.is_set():
            return
        if not self.answered.is_set():
            self._send(self._request("CANCEL", self._sequence, self._branch))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), _T1_S)  # the 487 that the INVITE is answered with
            self._end("cancelled")
            return
        bye = self._request("BYE", self._sequence + 1, f"z9hG4bK{secrets.token_hex(8)}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_UP_S):
                while not self._bye_answered.is_set():
                    self._send(bye)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._bye_answered.wait(), _T1_S)
        self._end("hung up by the caller")

    def close(self) -> None:
        """Give the socket back."""
        if self._transport is not None:
            self._transport.close()

    # ------------------------------------------------------------------ what comes in

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Handle one message; what is no SIP message, or of another call, is dropped."""
        try:
            message = Message.parse(data)
            if message.call_id != self._call_id:
                return
            if isinstance(message, Request):
                self._on_request(message)
            else:
                self._on_response(message)
        except (ValueError, KeyError, IndexError):
            return

    def _on_request(self, request: Request) -> None:
        if request.method == "ACK":
            return
        answer = Response(_OK, "OK")
        for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route"):
            answer.headers.setlist(name, request.headers.getlist(name))
        if request.method == "INVITE":
            answer.contact = [Address(self._own_uri())]
            answer.headers.set("Content-Type", "application/sdp")
            answer.body = self.offer.encode()
        answer.headers.set("Content-Length", str(len(answer.body)))
        self._send(answer)
        if request.method == "BYE":
            self._end("hung up by the hotline")

    def _on_response(self, response: Response) -> None:
        self._heard_back.set()
        if response.cseq.method == "BYE":
            self._bye_answered.set()
        if response.cseq.method != "INVITE":
            return
        if response.code in _RINGING and self.rang_s is None:
            self.rang_s = self.clock()
        if response.code < _OK:
            return
        self._remote = response.to_address
        if response.code == _OK:
            self._remote_target = response.contact[0].uri
            self._send(self._request("ACK", self._sequence, f"z9hG4bK{secrets.token_hex(8)}"))
            if not self.answered.is_set():
                self.answered_s = self.clock()
                self.on_answer(response.body.decode(errors="replace"))
                self.answered.set()
        else:
            self._send(self._request("ACK", self._sequence, self._branch))
            self._end(f"{response.code} {response.phrase}")

    # ------------------------------------------------------------------ what goes out

    def _request(self, method: str, sequence: int, branch: str, body: str = "") -> Request:
        request = Request(method, self._remote_target or self.target, body.encode())
        request.via = [Via("UDP", self._here[0], self._here[1], Parameters(branch=branch, rport=None))]
        request.max_forwards = 70
        request.from_address = Address(self.caller.uri, self.caller.name, Parameters(tag=self._tag))
        request.to_address = self._remote or Address(self.target)
        request.call_id = self._call_id
        request.cseq = CSeq(sequence, method)
        request.contact = [Address(self._own_uri())]
        request.headers.set("User-Agent", "hydrophone-call")
        if body:
            request.headers.set("Content-Type", "application/sdp")
        request.headers.set("Content-Length", str(len(request.body)))
        return request

    def _own_uri(self) -> URI:
        return URI.parse(f"sip:{self.caller.uri.user}@{self._here[0]}:{self._here[1]}")

    def _send(self, message: Request | Response) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(bytes(message), self.peer)

    def _end(self, reason: str) -> None:
        if not self.ended.is_set():
            self.reason, self.ended_s = reason, self.clock()
            self.ended.set()
