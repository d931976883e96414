"""The agents' phones: one UDP socket that answers for all of them, and writes down each leg.

Plain SIP (RFC 3261) in place of the browsers' WebRTC, so that two cores hold a hundred calls. No sound but a sign of
life. A phone can be made to die: it then answers nothing and sends nothing, as a browser that was killed.
"""

import asyncio
import re
import secrets
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Literal, cast

from sipmessage import URI, Address, CSeq, Message, Parameters, Request, Response, Via

ADDRESS = "127.0.0.3"
LINKEDID = "X-Hydrophone-Linkedid"
_SIGN_OF_LIFE_S = 4.0
_T1_S = 0.5
_TRIES = 6
_MEDIA = re.compile(r"^m=audio (\d+)", re.MULTILINE)
_SILENCE = b"\xd5" * 160


@dataclass(slots=True)
class Leg:
    """One call at one phone. Times are seconds since the epoch."""

    extension: str
    linkedid: str
    rang_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: Literal["phone", "pbx", ""] = ""


@dataclass(slots=True)
class _Dialog:
    leg: Leg
    invite: Request
    peer: tuple[str, int]
    tag: str
    last: Response | None = None
    media: int = 0
    sequence: int = 1
    bye_answered: asyncio.Event = field(default_factory=asyncio.Event)


class Phones(asyncio.DatagramProtocol):
    """All phones, from :meth:`start` to :meth:`stop`. ``talk_s`` says how long this agent talks; None: until told."""

    def __init__(self, *, rings_s: float = 0.2) -> None:
        self.legs: list[Leg] = []
        self.dead: set[str] = set()
        self.talk_s: Callable[[Leg], float | None] = lambda _leg: None
        self._rings_s = rings_s
        self._dialogs: dict[str, _Dialog] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None
        self._rtp: socket.socket | None = None

    @property
    def port(self) -> int:
        """Where they all listen."""
        if self._transport is None:
            raise RuntimeError("the phones were not started")
        return int(self._transport.get_extra_info("sockname")[1])

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(ADDRESS, 0))
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.setblocking(False)
        self._rtp.bind((ADDRESS, 0))
        self._own(self._live())

    async def stop(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
        if self._rtp is not None:
            self._rtp.close()

    def talking(self) -> list[Leg]:
        """Return the legs that are up."""
        return [leg for leg in self.legs if leg.answered_at is not None and leg.ended_at is None]

    async def hang_up(self, leg: Leg) -> None:
        """End one call from the agent's side."""
        dialog = next((d for d in self._dialogs.values() if d.leg is leg), None)
        if dialog is None or leg.ended_at is not None:
            return
        self._end(dialog, "phone")
        dialog.sequence += 1
        for _ in range(_TRIES):
            self._send(self._bye(dialog), dialog.peer)
            try:
                await asyncio.wait_for(dialog.bye_answered.wait(), _T1_S)
            except TimeoutError:
                continue
            return

    def forget(self) -> None:
        """Take every call for over: the PBX is gone and will send no BYE."""
        for dialog in list(self._dialogs.values()):
            self._end(dialog, "pbx")

    # ------------------------------------------------------------------ what comes in

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Handle one message; what is none is dropped."""
        try:
            message = Message.parse(data)
            if isinstance(message, Request):
                self._on_request(message, cast("tuple[str, int]", addr))
            elif message.cseq.method == "BYE" and message.call_id in self._dialogs:
                self._dialogs[message.call_id].bye_answered.set()
        except (ValueError, KeyError, IndexError):
            return

    def _on_request(self, request: Request, peer: tuple[str, int]) -> None:
        dialog = self._dialogs.get(request.call_id)
        extension = request.uri.user or ""
        if extension in self.dead or (dialog is not None and dialog.leg.extension in self.dead):
            return
        match request.method:
            case "INVITE" if dialog is None:
                self._ring(request, peer, extension)
            case "INVITE" if dialog is not None and dialog.last is not None and _is_same(dialog.invite, request):
                self._send(dialog.last, peer)
            case "INVITE" if dialog is not None:
                self._send(self._answer(request, 200, "OK", dialog.tag, sdp=True), peer)
            case "CANCEL" if dialog is not None:
                self._send(self._answer(request, 200, "OK", dialog.tag), peer)
                self._send(self._answer(dialog.invite, 487, "Request Terminated", dialog.tag), peer)
                self._end(dialog, "pbx")
            case "BYE":
                self._send(self._answer(request, 200, "OK", dialog.tag if dialog else "-"), peer)
                if dialog is not None:
                    self._end(dialog, "pbx")
            case "ACK":
                return
            case _:
                self._send(self._answer(request, 200, "OK", dialog.tag if dialog else secrets.token_hex(4)), peer)

    def _ring(self, invite: Request, peer: tuple[str, int], extension: str) -> None:
        linkedid = invite.headers.get(LINKEDID) or ""
        dialog = _Dialog(Leg(extension, linkedid, time.time()), invite, peer, secrets.token_hex(8))
        media = _MEDIA.search(invite.body.decode(errors="replace"))
        dialog.media = int(media[1]) if media else 0
        self._dialogs[invite.call_id] = dialog
        self.legs.append(dialog.leg)
        dialog.last = self._answer(invite, 180, "Ringing", dialog.tag)
        self._send(dialog.last, peer)
        self._own(self._take(dialog))

    async def _take(self, dialog: _Dialog) -> None:
        await asyncio.sleep(self._rings_s)
        leg = dialog.leg
        if leg.ended_at is not None or leg.extension in self.dead:
            return
        dialog.last = self._answer(dialog.invite, 200, "OK", dialog.tag, sdp=True)
        self._send(dialog.last, dialog.peer)
        leg.answered_at = time.time()
        talk_s = self.talk_s(leg)
        if talk_s is not None:
            await asyncio.sleep(talk_s)
            await self.hang_up(leg)

    def _end(self, dialog: _Dialog, by: Literal["phone", "pbx"]) -> None:
        if dialog.leg.ended_at is None:
            dialog.leg.ended_at, dialog.leg.ended_by = time.time(), by

    async def _live(self) -> None:
        """Send a packet now and then for every call that is up: the PBX ends calls that have gone silent."""
        header = bytes((0x80, 8)) + bytes(10)
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE_S)
            for dialog in self._dialogs.values():
                leg = dialog.leg
                up = leg.answered_at is not None and leg.ended_at is None
                if up and leg.extension not in self.dead and dialog.media and self._rtp is not None:
                    self._rtp.sendto(header + _SILENCE, (dialog.peer[0], dialog.media))

    # ------------------------------------------------------------------ what goes out

    def _answer(self, request: Request, code: int, phrase: str, tag: str, *, sdp: bool = False) -> Response:
        answer = Response(code, phrase)
        for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route"):
            answer.headers.setlist(name, request.headers.getlist(name))
        to = request.to_address
        if "tag" not in to.parameters:
            answer.to_address = Address(to.uri, to.name, Parameters(tag=tag))
        answer.contact = [Address(self._uri(request.uri.user or ""))]
        if sdp:
            answer.headers.set("Content-Type", "application/sdp")
            answer.body = self._sdp().encode()
        answer.headers.set("Content-Length", str(len(answer.body)))
        return answer

    def _bye(self, dialog: _Dialog) -> Request:
        invite = dialog.invite
        target = invite.contact[0].uri
        bye = Request("BYE", target)
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        bye.via = [Via("UDP", ADDRESS, self.port, Parameters(branch=branch, rport=None))]
        bye.max_forwards = 70
        bye.from_address = Address(invite.to_address.uri, "", Parameters(tag=dialog.tag))
        bye.to_address = invite.from_address
        bye.call_id = invite.call_id
        bye.cseq = CSeq(dialog.sequence, "BYE")
        bye.headers.set("Content-Length", "0")
        return bye

    def _sdp(self) -> str:
        port = self._rtp.getsockname()[1] if self._rtp is not None else 9
        lines = ("v=0", f"o=- 1 1 IN IP4 {ADDRESS}", "s=-", f"c=IN IP4 {ADDRESS}", "t=0 0", f"m=audio {port} RTP/AVP 8")
        return "\r\n".join((*lines, "a=rtpmap:8 PCMA/8000", "a=sendrecv", ""))

    def _uri(self, user: str) -> URI:
        return URI.parse(f"sip:{user}@{ADDRESS}:{self.port}")

    def _send(self, message: Request | Response, peer: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(bytes(message), peer)

    def _own(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_same(first: Request, second: Request) -> bool:
    return first.cseq.sequence == second.cseq.sequence
