"""A SIP phone without a person: dials, presses keys (RFC 4733), hears.

The SIP and RTP work is libre's and baresip's, through ``baresip-python``: one stack per process. This module
leaves what to press and when to :mod:`cti.caller.story`.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from baresip import Account, AudioNotActive, AudioRestarted, Call, CallFailed, Config, Runtime, UserAgent
from baresip.events import Event, StackEvent

from cti.caller.errors import NotAnsweredError
from cti.caller.recording import Recording

_READ_BYTES = 16000
_PACE_S = 0.02
_LOOPBACK = "127.0.0.1"


class _NamedAccount(Account):
    """An account with a display name, which the stack's own line has no field for."""

    display_name: str = ""

    def aor(self) -> str:
        """Return the address-of-record line with the name in front, quotes and backslashes left out."""
        name = "".join(c for c in self.display_name if c.isprintable() and c not in '"\\')
        return f'"{name}" {super().aor()}' if name else super().aor()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. ``user`` and ``password`` let the call in as one from the sandbox's carrier.

    A carrier is usually known by its address, but the stack sends from 127.0.0.1 only, where the browsers' phones
    are too; so the sandbox has a second trunk that is known by its digest user.
    """

    number: str
    name: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class PhoneCall:
    """One call in progress. Times are seconds since it was dialled."""

    _call: Call
    _clock: Callable[[], float]
    _dialled_at: float
    heard: Recording = field(default_factory=Recording)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""
    rang_s: float | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    _to_say: bytearray = field(default_factory=bytearray)

    def now_s(self) -> float:
        """Return the seconds since dialling."""
        return self._clock() - self._dialled_at

    async def key(self, keys: str) -> None:
        """Press ``keys`` one after the other, 100 ms each with 100 ms between them, as a quick thumb does."""
        await self._call.send_dtmf(keys, interdigit_ms=120)

    def say(self, pcm: bytes) -> None:
        """Queue signed 16-bit 8 kHz samples to be spoken into the call."""
        self._to_say += pcm

    async def hang_up(self) -> None:
        """End the call from our side; a call that is over already stays so."""
        if not self.ended.is_set():
            with contextlib.suppress(Exception):
                await self._call.hangup()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), 5)

    def _on_event(self, event: StackEvent) -> None:
        if event.event is Event.CALL_RINGING and self.rang_s is None:
            self.rang_s = self.now_s()
        elif event.event is Event.CALL_CLOSED:
            self.reason = event.text or ""
            self.ended_s = self.now_s()
            self.ended.set()

    async def _pump(self) -> None:
        """Move sound in both directions until the call ends; the stack's buffers never block."""
        while not self.ended.is_set():
            with contextlib.suppress(AudioNotActive, AudioRestarted):
                self.heard.add(self._call.audio.read(_READ_BYTES), self.now_s())
                if self._to_say:
                    taken = self._call.audio.write(bytes(self._to_say[:320]))
                    del self._to_say[:taken]
            await asyncio.sleep(_PACE_S)


@contextlib.asynccontextmanager
async def dial(
    caller: Caller, uri: str, *, answer_s: float = 20.0, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[PhoneCall]:
    """Place a call to ``uri`` and yield it once it is answered; hung up at the end of the block.

    Raises :class:`NotAnsweredError` when the hotline refuses or does not answer within ``answer_s``.
    """
    runtime = Runtime(native_log_level="error")
    # a fixed jitter buffer: nothing is stretched or dropped on a loopback, so what is heard is what was played
    await runtime.start(
        Config(
            net_interface=_LOOPBACK,
            max_concurrent_calls=None,
            extra_config_text="audio_jitter_buffer_type fixed\naudio_jitter_buffer_delay 2-20\n",
        )
    )
    pump: asyncio.Task[None] | None = None
    call: PhoneCall | None = None
    try:
        account = _NamedAccount(
            user=caller.number,
            domain=_LOOPBACK,
            password=caller.password,
            auth_user=caller.user or None,
            reg_interval=0,
            audio_codecs=("pcma", "pcmu"),
        )
        account.display_name = caller.name
        agent = await UserAgent.create(runtime, account)
        dialled_at = clock()
        native = await agent.dial(uri)
        call = PhoneCall(native, clock, dialled_at)
        native.on(call._on_event)
        try:
            await native.wait_established(answer_s)
        except CallFailed as failure:
            raise NotAnsweredError(f"the hotline did not take the call: {failure}") from failure
        call.answered_s = call.now_s()
        pump = asyncio.create_task(call._pump(), name="caller sound")
        yield call
    finally:
        if call is not None:
            await call.hang_up()
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
        await runtime.close()
