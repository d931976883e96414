"""A call against a small SIP peer on loopback that answers, refuses, or says nothing."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest
from sipmessage import Message, Request, Response

from cti.caller.errors import NotAnsweredError, SoundError
from cti.caller.phone import Caller, dial
from cti.caller.rtp import Sound
from cti.caller.script import parse
from cti.caller.story import live
from ivr.prompts.g711 import to_alaw

CALLER = Caller("13800138000", '张三 "O\'Neil"', address="127.0.0.1")


@dataclass
class Peer(asyncio.DatagramProtocol):
    """A PBX as far as this call goes: its answer to an INVITE, and the packets that it got."""

    code: int = 200
    requests: list[Request] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None
    media_port: int = 0
    caller_media: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        message = Message.parse(data)
        if isinstance(message, Response):
            return
        self.requests.append(message)
        if message.method == "INVITE":
            port = int(message.body.decode().split("m=audio ")[1].split()[0])
            self.caller_media = (str(addr[0]), port)
            self.answer(message, 180, addr)
        if message.method != "ACK":
            self.answer(message, self.code if message.method == "INVITE" else 200, addr)

    def answer(self, request: Request, code: int, addr: tuple[str | int, int]) -> None:
        response = Response(code, "Said")
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            response.headers.setlist(name, request.headers.getlist(name))
        if code == 200 and request.method == "INVITE":
            response.headers.set("Contact", f"<sip:pbx@127.0.0.1:{self.port}>")
            response.body = f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {self.media_port} RTP/AVP 8 101\r\n".encode()
        assert self.transport is not None
        self.transport.sendto(bytes(response), addr)

    @property
    def port(self) -> int:
        assert self.transport is not None
        port: int = self.transport.get_extra_info("sockname")[1]
        return port


class Media(asyncio.DatagramProtocol):
    """Where the caller's sound arrives."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self._news = asyncio.Event()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        self.packets.append(data)
        self._news.set()

    async def has(self, what: Callable[[], bool]) -> None:
        """Wait until the packets so far are what one waits for."""
        async with asyncio.timeout(10):
            while not what():
                self._news.clear()
                await self._news.wait()

    def events(self) -> list[tuple[int, bool]]:
        """The telephone events as (event, end), one per distinct press."""
        seen = [(p[4:8], p[12], bool(p[13] & 0x80)) for p in self.packets if p[1] & 0x7F == 101]
        return [(event, end) for at, (stamp, event, end) in enumerate(seen) if end and (at == 0 or not seen[at - 1][2])]


@pytest.fixture
async def media() -> AsyncIterator[Media]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Media, local_addr=("127.0.0.1", 0))
    yield made
    transport.close()


@pytest.fixture
async def peer(media: Media) -> AsyncIterator[Peer]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    assert media.transport is not None
    made.media_port = media.transport.get_extra_info("sockname")[1]
    yield made
    transport.close()


async def test_a_call_is_answered_keyed_and_ended_and_says_who_calls(peer: Peer, media: Media) -> None:
    async with dial(CALLER, f"sip:96000@127.0.0.1:{peer.port}") as call:
        await call.key("1#")
    methods = [request.method for request in peer.requests]
    assert methods == ["INVITE", "ACK", "BYE"]
    assert peer.requests[0].from_address.name == CALLER.name
    assert peer.requests[0].from_address.uri.user == "13800138000"
    assert media.events() == [(1, True), (11, True)]
    assert call.rang_s is not None
    assert call.reason == "hung up by the caller"


async def test_a_refused_call_says_with_what(peer: Peer) -> None:
    peer.code = 486
    with pytest.raises(NotAnsweredError, match="486"):
        async with dial(CALLER, f"sip:96000@127.0.0.1:{peer.port}"):
            pass
    assert [request.method for request in peer.requests] == ["INVITE", "ACK"]


async def test_a_silent_hotline_is_given_up(peer: Peer) -> None:
    peer.code = 183
    with pytest.raises(NotAnsweredError, match="no answer"):
        async with dial(CALLER, f"sip:96000@127.0.0.1:{peer.port}", answer_s=0.1):
            pass
    assert [request.method for request in peer.requests] == ["INVITE", "CANCEL"]


async def test_a_number_that_would_change_the_request_is_refused() -> None:
    with pytest.raises(NotAnsweredError, match="no number"):
        async with dial(Caller("1@evil>\r\nX: y"), "sip:96000@127.0.0.1:9"):
            pass


async def test_keys_fail_when_our_sound_has_died_rather_than_wait_for_ever(
    peer: Peer, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no route")

    async with dial(CALLER, f"sip:96000@127.0.0.1:{peer.port}") as call:
        monkeypatch.setattr(Sound, "_emit", broken)
        async with asyncio.timeout(5):
            with pytest.raises(SoundError) as failure:
                await call.key("12")
    assert isinstance(failure.value.__cause__, OSError)


async def test_no_keys_can_be_pressed_before_the_answer() -> None:
    with pytest.raises(SoundError, match="before"):
        await Sound(lambda: 0.0).key("1")


async def test_what_the_hotline_says_is_heard_and_its_hangup_ends_the_story(peer: Peer, media: Media) -> None:
    words = (np.sin(np.arange(1600) * 0.3) * 3000).astype(np.int16)
    telling = asyncio.create_task(live(CALLER, f"sip:96000@127.0.0.1:{peer.port}", parse("listen:2 5 stay:10")))
    await media.has(lambda: any(packet[1] & 0x7F == 8 for packet in media.packets))
    assert media.transport is not None
    for number in range(10):
        header = struct.pack("!BBHII", 0x80, 8, number, number * 160, 42)
        payload = to_alaw(words[number * 160 : number * 160 + 160])
        media.transport.sendto(header + payload, peer.caller_media)
    await media.has(lambda: bool(media.events()))
    bye = Request("BYE", peer.requests[0].contact[0].uri)
    for name in ("Via", "From", "To", "Call-ID"):
        bye.headers.setlist(name, peer.requests[0].headers.getlist(name))
    bye.headers.set("CSeq", "7 BYE")
    assert peer.transport is not None
    contact = peer.requests[0].contact[0].uri
    peer.transport.sendto(bytes(bye), (contact.host, contact.port))
    story, heard = await telling
    assert story.ended_by == "hotline"
    assert [moment.what for moment in story.moments][:4] == ["ringing", "answered", "heard", "keyed"]
    assert len(heard.pcm()) == 1600
    assert np.abs(heard.pcm() - words).max() < 200
