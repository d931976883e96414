"""A telephone without a person: dials from the carrier's own address, presses keys, hears.

Joins the signalling of :mod:`cti.caller.sip` and the sound of :mod:`cti.caller.rtp` into a call. What to press and
when is the affair of :mod:`cti.caller.story`. Many calls may run in one process.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sipmessage import URI, Address

from cti.caller.errors import NotAnsweredError, SoundError
from cti.caller.recording import Recording
from cti.caller.rtp import EVENTS, PCMA, PCMU, Sound, make_socket
from cti.caller.sip import Dialog

_MEDIA = re.compile(r"^m=audio (\d+) \S+ (\d+)", re.MULTILINE)
_ADDRESS = re.compile(r"^c=IN IP4 ([\d.]+)", re.MULTILINE)
_NUMBER = re.compile(r"[0-9+]{1,32}|anonymous")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and from which address: the trunk's, by which the PBX knows its carrier."""

    number: str
    name: str = ""
    address: str = "127.0.0.2"


@dataclass(slots=True)
class PhoneCall:
    """One call in progress. Times are seconds since it was dialled."""

    _dialog: Dialog
    _sound: Sound

    @property
    def heard(self) -> Recording:
        """What has been heard so far."""
        return self._sound.heard

    @property
    def ended(self) -> asyncio.Event:
        """Set when the call is over."""
        return self._dialog.ended

    @property
    def reason(self) -> str:
        """Why it is over."""
        return self._dialog.reason

    @property
    def rang_s(self) -> float | None:
        """When it rang first."""
        return self._dialog.rang_s

    @property
    def answered_s(self) -> float | None:
        """When it was answered."""
        return self._dialog.answered_s

    @property
    def ended_s(self) -> float | None:
        """When it was over."""
        return self._dialog.ended_s

    def now_s(self) -> float:
        """Return the seconds since dialling."""
        return self._dialog.clock()

    async def key(self, keys: str) -> None:
        """Press ``keys`` one after the other; keys that are still to be sent when the call ends are let go.

        Raises :class:`cti.caller.errors.SoundError` when they could not be sent though the call is up.
        """
        pressing = asyncio.create_task(self._sound.key(keys))
        over = asyncio.create_task(self.ended.wait())
        try:
            await asyncio.wait({pressing, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pressing, over):
                task.cancel()
            result, _ = await asyncio.gather(pressing, over, return_exceptions=True)
        if isinstance(result, SoundError) and not self.ended.is_set():
            raise result

    def say(self, pcm: bytes) -> None:
        """Queue signed 16-bit 8 kHz samples to be spoken into the call."""
        self._sound.say(pcm)

    async def hang_up(self) -> None:
        """End the call from our side; a call that is over already stays so."""
        await self._dialog.hang_up()


@contextlib.asynccontextmanager
async def dial(
    caller: Caller,
    uri: str,
    *,
    answer_s: float = 20.0,
    clock: Callable[[], float] = time.monotonic,
    make_sound: Callable[[Callable[[], float]], Sound] = Sound,
) -> AsyncIterator[PhoneCall]:
    """Place a call to ``uri`` and yield it once it is answered; hung up at the end of the block.

    ``make_sound`` is :class:`cti.caller.quiet.QuietSound` for callers who needn't hear anything.
    Raises :class:`NotAnsweredError` when the hotline refuses or does not answer within ``answer_s``.
    """
    if not _NUMBER.fullmatch(caller.number):
        raise NotAnsweredError(f"{caller.number!r} is no number to call from: use digits, or anonymous")
    dialled_at = clock()

    def since() -> float:
        return clock() - dialled_at

    target = URI.parse(uri)
    sound, rtp = make_sound(since), make_socket(caller.address)
    await sound.start(rtp)
    dialog = Dialog(
        caller=Address(URI.parse(f"sip:{caller.number}@{caller.address}"), caller.name),
        target=target,
        peer=(target.host, target.port or 5060),
        offer=_offer(caller.address, rtp.getsockname()[1]),
        on_answer=lambda sdp: sound.talk_to(*_media(sdp)),
        clock=since,
    )
    try:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: dialog, sock=make_socket(caller.address))
        if not await dialog.invite(answer_s):
            raise NotAnsweredError(f"the hotline did not take the call: {dialog.reason or 'no answer'}")
        yield PhoneCall(dialog, sound)
    finally:
        await dialog.hang_up()
        dialog.close()
        await sound.stop()


def _offer(address: str, port: int) -> str:
    """Return our SDP: A-law first, as Chinese carriers have it, and keys as telephone events (RFC 4733)."""
    lines = (
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=call",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {PCMA} {PCMU} {EVENTS}",
        f"a=rtpmap:{PCMA} PCMA/8000",
        f"a=rtpmap:{PCMU} PCMU/8000",
        f"a=rtpmap:{EVENTS} telephone-event/8000",
        f"a=fmtp:{EVENTS} 0-15",
        "a=ptime:20",
        "a=sendrecv",
    )
    return "\r\n".join((*lines, ""))


def _media(sdp: str) -> tuple[tuple[str, int], int]:
    """Return where an answer wants its sound, and in which codec."""
    media, address = _MEDIA.search(sdp), _ADDRESS.search(sdp)
    if media is None or address is None or int(media[2]) not in (PCMA, PCMU):
        raise ValueError("the answer has no sound that we understand")
    return (address[1], int(media[1])), int(media[2])
