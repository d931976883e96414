"""Telephones that are called: they ring, answer, press keys, hang up. An agent's or a customer's, as tests like it."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from sipmessage import CSeq, Message, Parameters, Request, Response, Via

from cti.caller.rtp import EVENTS, PCMA, Sound, make_socket
from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.endpoints import stand_in

_MEDIA = re.compile(r"^m=audio (\d+)", re.MULTILINE)
_ADDRESS = re.compile(r"^c=IN IP4 ([\d.]+)", re.MULTILINE)


@dataclass(eq=False)
class Incoming:
    """One call that came to the phone."""

    phone: "Telephone"
    invite: Request
    peer: tuple[str, int]
    sound: Sound
    tag: str
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def linkedid(self) -> str:
        """What the PBX says which call this is."""
        return str(self.invite.headers.get("X-Hydrophone-Linkedid", ""))

    async def key(self, keys: str) -> None:
        """Press keys."""
        await self.sound.key(keys)

    async def hang_up(self) -> None:
        """Put the phone down."""
        if not self.ended.is_set():
            self.ended.set()
            self.phone.send(self._bye(), self.peer)

    def _bye(self) -> Request:
        invite = self.invite
        bye = Request("BYE", invite.contact[0].uri)
        here = self.phone.address
        bye.via = [Via("UDP", here[0], here[1], Parameters(branch=f"z9hG4bK{self.tag}bye", rport=None))]
        bye.max_forwards = 70
        bye.headers.setlist("From", [f"{value};tag={self.tag}" for value in invite.headers.getlist("To")])
        bye.headers.setlist("To", invite.headers.getlist("From"))
        bye.call_id = invite.call_id
        bye.cseq = CSeq(1, "BYE")
        bye.headers.set("Content-Length", "0")
        return bye


@dataclass(eq=False)
class Telephone(asyncio.DatagramProtocol):
    """A phone at one address. With ``answers`` it takes each call, else it rings until somebody gives up."""

    address: tuple[str, int]
    answers: bool = True
    busy: bool = False
    calls: list[Incoming] = field(default_factory=list)
    _transport: asyncio.DatagramTransport | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, number: int = 1, *, within_s: float = 15.0) -> Incoming:
        """Return the call with this number, from 1, once it is answered (or rings, if the phone answers none)."""
        async with asyncio.timeout(within_s):
            while len(self.calls) < number:
                self._news.clear()
                await self._news.wait()
            if self.answers:
                await self.calls[number - 1].answered.wait()
        return self.calls[number - 1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        message = Message.parse(data)
        if isinstance(message, Response):
            return
        peer = (str(addr[0]), int(addr[1]))
        known = next((call for call in self.calls if call.invite.call_id == message.call_id), None)
        if message.method == "INVITE" and known is None:
            self._ring(message, peer)
        elif message.method == "ACK" and known is not None:
            known.answered.set()
        elif message.method in ("BYE", "CANCEL") and known is not None:
            known.ended.set()
            self.send(self._response(message, 200, known.tag), peer)
            if message.method == "CANCEL":
                self.send(self._response(known.invite, 487, known.tag), peer)

    def _ring(self, invite: Request, peer: tuple[str, int]) -> None:
        call = Incoming(self, invite, peer, Sound(time.monotonic), f"t{len(self.calls)}x{self.address[1]}")
        self.calls.append(call)
        self._news.set()
        if self.busy:
            call.ended.set()
            self.send(self._response(invite, 486, call.tag), peer)
            return
        self.send(self._response(invite, 180, call.tag), peer)
        if self.answers:
            task = asyncio.create_task(self._answer(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, call: Incoming) -> None:
        media = make_socket(self.address[0])
        port = media.getsockname()[1]
        await call.sound.start(media)
        offer = call.invite.body.decode()
        there, theirs = _ADDRESS.search(offer), _MEDIA.search(offer)
        assert there is not None
        assert theirs is not None
        response = self._response(call.invite, 200, call.tag)
        response.headers.set("Content-Type", "application/sdp")
        response.body = (
            f"v=0\r\no=- 1 1 IN IP4 {self.address[0]}\r\ns=-\r\nc=IN IP4 {self.address[0]}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {PCMA} {EVENTS}\r\na=rtpmap:{PCMA} PCMA/8000\r\n"
            f"a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\na=ptime:20\r\n"
        ).encode()
        response.headers.set("Content-Length", str(len(response.body)))
        while not call.answered.is_set() and not call.ended.is_set():
            self.send(response, call.peer)
            await asyncio.wait({asyncio.ensure_future(call.answered.wait())}, timeout=0.5)
        call.sound.talk_to((there[1], int(theirs[1])), PCMA)

    def _response(self, request: Request, code: int, tag: str) -> Response:
        response = Response(code, "Said")
        for name in ("Via", "From", "Call-ID", "CSeq", "Record-Route"):
            response.headers.setlist(name, request.headers.getlist(name))
        to = request.headers.getlist("To")
        response.headers.setlist("To", [value if ";tag=" in value else f"{value};tag={tag}" for value in to])
        response.headers.set("Contact", f"<sip:phone@{self.address[0]}:{self.address[1]}>")
        response.headers.set("Content-Length", "0")
        return response

    def send(self, message: Request | Response, peer: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(bytes(message), peer)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            await call.hang_up()
            await call.sound.stop()
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def telephone(address: str, port: int = 0, *, answers: bool = True) -> AsyncIterator[Telephone]:
    """Have a phone at this address, on a free port unless one is given."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind((address, port))
    phone = Telephone((address, int(bound.getsockname()[1])), answers)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: phone, sock=bound)
    try:
        yield phone
    finally:
        await phone.close()


@asynccontextmanager
async def agents_phone(pbx: SandboxPbx, extension: str) -> AsyncIterator[Telephone]:
    """Have a desk phone in the place of an agent's browser; ``pbx`` must be the test's own."""
    async with telephone("127.0.0.1") as phone:
        await stand_in(pbx, {extension: phone.address[1]})
        yield phone
