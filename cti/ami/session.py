"""One connection to the PBX, from the socket to its loss. It is never used again; :mod:`cti.ami.link` makes the next.

Built on panoramisk's seams: a ``Manager`` that connects through its ``protocol_factory``, its ``AMIProtocol`` and its
``Action`` (in :mod:`cti.ami.wire`). Of what these do, three things were kept: how an action is written, the table of
those that wait, and the timer of the ping. The rest could not be made sound from outside and is ours:

=============================  =====================================================================================
panoramisk                     here
=============================  =====================================================================================
decodes each read by itself    :class:`~cti.ami.frames.Framer`, no message depends on how the stream was split
``dispatch`` in the reader     :class:`~cti.ami.intake.Intake`, a handler can't touch the socket
sends again after a reconnect  what waited fails with :class:`~cti.ami.errors.LinkLostError`
no deadline, no pong           every action has one; silence for ``silent_s`` ends the connection
guesses lists from English     the action says how it is answered, the PBX says ``EventList: Complete``
reconnects by itself           never: a session ends once, and says why
=============================  =====================================================================================
"""

import asyncio
import hashlib
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final, Literal

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    FrameError,
    LinkBusyError,
    LinkDownError,
    LinkLostError,
    LoginRefusedError,
    NotAmiError,
    NotBootedError,
    PartialListError,
)
from cti.ami.frames import DAMAGED, RESPONSE, Frame, FrameCounters, Framer
from cti.ami.intake import Arrival, DoubtReason, Intake
from cti.ami.messages import Event, Response, read
from cti.ami.wire import WireAction

_log = logging.getLogger(__name__)

MAX_PENDING: Final = 1000
_FULLY_BOOTED: Final = b"FullyBooted"
_SHUTDOWN: Final = b"Shutdown"
_ANSWERS: Final = frozenset(name.encode() for name in actions.ANSWERS)
_ALWAYS: Final = frozenset({RESPONSE, DAMAGED, _FULLY_BOOTED, _SHUTDOWN})
"""What the session looks at also when it has asked nothing."""
_OURS: Final = _ANSWERS | _ALWAYS
"""What the session looks at before the intake, if it gets it at all."""
_NAME: Final = itemgetter(0)
_ACTION_ID: Final = b"\r\nActionID: "


class DownReason(StrEnum):
    """Why there is no link."""

    STARTING = "starting"
    UNREACHABLE = "unreachable"
    NOT_AMI = "not_ami"
    REFUSED = "refused"
    NOT_BOOTED = "not_booted"
    LOST = "lost"
    SILENT = "silent"
    SHUTDOWN = "shutdown"
    CLOSED = "closed"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where the PBX's manager interface is, and who we are there.

    ``auth``: with ``md5`` the secret never crosses the wire. There is no silent fall-back to ``plain``, or whoever
    sits between could ask for it.
    """

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    auth: Literal["md5", "plain"] = "md5"


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the link waits for what. The defaults find a half-open connection within 10 s."""

    connect_s: float = 3.0
    greeting_s: float = 3.0
    login_s: float = 5.0
    boot_grace_s: float = 0.3
    boot_probe_s: float = 0.25
    boot_s: float = 60.0
    ping_idle_s: float = 4.0
    silent_s: float = 10.0
    backoff_first_s: float = 0.2
    backoff_most_s: float = 5.0
    refused_s: float = 30.0


def random_action_id() -> str:
    """Return 128 random bits: an answer can't be forged by guessing."""
    return secrets.token_hex(16)


class SessionProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol, with the session's ears in place of its own."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the transport and the table of actions that wait for an answer."""
        super().connection_made(transport)
        self.factory = self.session
        self.session.protocol = self

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on as they are."""
        self.session.heard(data)

    def send(self, data: WireAction, as_list: bool | None = None) -> "asyncio.Future[Response]":
        """Write an action and remember it."""
        self.responses[data.id] = data
        self.transport.write(data.encoded())
        return data.future  # type: ignore[no-any-return]  # panoramisk has no types

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session; nothing is kept for a next connection."""
        self.closed = True
        self.gone.set()
        self.session.connection_lost(exc)

    def close(self) -> None:
        """Drop the connection at once. What was not written is not worth waiting for."""
        self.closed = True
        self.transport.abort()


class Session(Manager):  # type: ignore[misc]  # panoramisk has no types
    """One connection: greeting, login, boot, then questions and events until it is lost.

    ``lost`` is done when it is over, with the reason. Events go to the intake from the moment the PBX is up; what
    came before is in the snapshot that has to be taken then.
    """

    def __init__(
        self,
        address: AmiAddress,
        intake: Intake,
        timings: Timings,
        *,
        counters: FrameCounters,
        new_id: Callable[[], str] = random_action_id,
        recent: deque[str],
    ) -> None:
        super().__init__(host=address.host, port=address.port, protocol_factory=SessionProtocol, log=_log)
        self.loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[DownReason] = self.loop.create_future()
        self._address = address
        self._intake = intake
        self._timings = timings
        self._new_id = new_id
        self._recent = recent
        self._handled = intake.names
        self._unasked = _ALWAYS | (_ANSWERS - self._handled)  # what answers nobody and nobody handles goes nowhere
        self._framer = Framer(self._handled | _OURS, counters=counters)
        self._greeted: asyncio.Future[None] = self.loop.create_future()
        self._booted: asyncio.Future[None] = self.loop.create_future()
        self._up = False
        self._heard_at = self.loop.time()
        self._pinged = False
        self._shutting_down = False

    # -------------------------------------------------------------- coming up

    async def open(self) -> None:
        """Connect, log in and wait until the PBX is fully booted. Raise a :class:`LinkError` saying what failed."""
        await self.connect()
        self.ping()
        if not await self._within(self._timings.greeting_s, self._greeted):
            raise NotAmiError("no AMI greeting")
        await self._log_in()
        await self._wait_for_boot()
        self._up = True

    async def connect(self) -> None:
        """Open the socket, once."""
        try:
            async with asyncio.timeout(self._timings.connect_s):
                await self.loop.create_connection(
                    lambda: self.config["protocol_factory"](self), self.config["host"], self.config["port"]
                )
        except OSError as error:  # TimeoutError is one
            raise LinkDownError("the PBX can't be reached") from error

    async def _log_in(self) -> None:
        headers: tuple[tuple[str, str], ...] = (("Username", self._address.user),)
        if self._address.auth == "md5":
            challenge = await self._login_step(AmiAction("Challenge", (("AuthType", "MD5"),)))
            key = hashlib.md5(
                (challenge.get("Challenge", "") + self._address.secret).encode(), usedforsecurity=False
            ).hexdigest()
            headers += (("AuthType", "MD5"), ("Key", key))
        else:
            headers += (("Secret", self._address.secret),)
        await self._login_step(AmiAction("Login", (*headers, ("Events", "on"))))
        self.authenticated = True

    async def _login_step(self, action: AmiAction) -> Response:
        try:
            response = await self.ask(action, self._timings.login_s)
        except ActionTimeoutError as error:
            raise NotAmiError("no answer to the login") from error
        if not response.success:
            raise LoginRefusedError("the PBX refused the login")
        return response

    async def _wait_for_boot(self) -> None:
        """Wait for ``FullyBooted``, or for what is as good.

        Asterisk sends that event only to users who may read ``system`` (measured on 22.10), which ours needs not.
        For such a user a queue summary is asked for: it is an unknown command until the queues are loaded.
        """
        deadline = self.loop.time() + self._timings.boot_s
        wait_s = self._timings.boot_grace_s
        while self.loop.time() < deadline:
            if await self._within(wait_s, self._booted) or await self._answers_like_booted():
                return
            wait_s = self._timings.boot_probe_s
        raise NotBootedError("the PBX did not finish its boot")

    async def _answers_like_booted(self) -> bool:
        try:
            async for _ in self.items(actions.queue_summary(), self._timings.login_s):
                pass
        except (ActionRefusedError, ActionTimeoutError, PartialListError):
            return False
        return True

    async def _within(self, timeout_s: float, step: "asyncio.Future[None]") -> bool:
        """Return whether a step was made in time; raise if the connection ended."""
        either: set[asyncio.Future[Any]] = {step, self.lost}
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise LinkLostError(f"the connection ended: {self.lost.result()}")
        return step.done()

    # -------------------------------------------------------------- questions

    async def ask(self, action: AmiAction, timeout_s: float) -> Response:
        """Send an action that has one answer and return it, whatever it says."""
        wire = self.send_action(action)
        try:
            async with asyncio.timeout(timeout_s):
                response: Response = await wire.future
                return response
        except TimeoutError as error:
            raise ActionTimeoutError(action.name, timeout_s) from error
        finally:
            self._forget(wire)

    async def items(self, action: AmiAction, timeout_s: float) -> AsyncGenerator[Event, None]:
        """Send a list action and yield its items as they come; raise at the end if that was not all of them."""
        deadline = self.loop.time() + timeout_s
        wire = self.send_action(action)
        try:
            while True:
                wire.changed.clear()
                while wire.came:
                    yield wire.came.popleft()
                if wire.finished:
                    break
                async with asyncio.timeout_at(deadline):
                    await wire.changed.wait()
        except TimeoutError as error:
            raise ActionTimeoutError(action.name, timeout_s) from error
        finally:
            self._forget(wire)
        if wire.failure is not None:
            raise wire.failure

    def send_action(self, action: AmiAction, as_list: bool | None = None, **kwargs: object) -> WireAction:
        """Write an action. Raise before anything is written if it can't or must not be sent."""
        if self.protocol is None or self.lost.done():
            raise LinkDownError("there is no link to the PBX")
        if len(self.protocol.responses) >= MAX_PENDING:
            raise LinkBusyError(f"{MAX_PENDING} actions wait for their answers")
        wire = WireAction(action, self._new_id())
        self._recent.append(wire.id)
        self.protocol.send(wire)
        return wire

    def _forget(self, wire: WireAction) -> None:
        self.protocol.responses.pop(wire.id, None)

    # -------------------------------------------------------------- what arrives

    def heard(self, data: bytes) -> None:
        """Take what one read brought. Called by the protocol; never waits, never raises for what a peer wrote."""
        self._heard_at = self.loop.time()
        self._pinged = False
        frames = self._framer.feed(data)
        if self._framer.greeting is not None and not self._greeted.done():
            self._greeted.set_result(None)
        if frames and not self.lost.done():
            self._sort(frames, self._intake.arrival())

    def _sort(self, frames: list[Frame], arrival: Arrival) -> None:
        """Give answers to those who asked, and the rest to the intake, in order."""
        ours = _OURS if self.protocol.responses else self._unasked
        if ours.isdisjoint(map(_NAME, frames)):
            self._pass_on(frames, arrival)
            return
        events: list[Frame] = []
        for frame in frames:
            if frame[0] not in ours or self._is_for_all(frame, events, arrival):
                events.append(frame)
        self._pass_on(events, arrival)

    def _is_for_all(self, frame: Frame, before: list[Frame], arrival: Arrival) -> bool:
        """Look at a frame that may be for us; return whether the intake wants it too."""
        name = frame[0]
        is_answer = name in _ANSWERS and self.protocol.responses and _ACTION_ID in frame[1]
        if is_answer or name is RESPONSE or name is DAMAGED:
            self._pass_on(before, arrival)  # first, for theirs is the place before this one
            before.clear()
        if name is RESPONSE:
            self._answer(frame[1], arrival)
            return False
        if name is DAMAGED:
            if self._up:
                self._intake.damaged()
            return False
        if is_answer and self._follow(frame, arrival):
            return False
        if name == _FULLY_BOOTED and not self._booted.done():
            self._booted.set_result(None)
        self._shutting_down |= name == _SHUTDOWN
        return name in self._handled

    def _pass_on(self, events: list[Frame], arrival: Arrival) -> None:
        if self._up and events:
            self._intake.put(events, arrival)

    def _answer(self, frame: bytes, arrival: Arrival) -> None:
        try:
            response = read(frame, Response)
        except FrameError:
            self._intake.doubt(DoubtReason.FORGED)
            return
        wire = self.protocol.responses.get(response.get("ActionID"))
        if wire is not None:
            response.name, response.at, response.position = wire.order.name, arrival.at, self._intake.position
            wire.answered(response)
        elif response.get("ActionID") not in self._recent:
            self._intake.counters.forged += 1
            self._intake.doubt(DoubtReason.FORGED)

    def _follow(self, frame: Frame, arrival: Arrival) -> bool:
        """Give an event to the action it names; False if nobody waits for it."""
        try:
            event = read(frame[1], Event)
        except FrameError:
            return self._refuse_item(frame[1])
        wire = self.protocol.responses.get(event.get("ActionID"))
        if wire is None:
            return False
        event.name, event.at, event.position = frame[0].decode(), arrival.at, self._intake.position
        wire.followed_by(event)
        return True

    def _refuse_item(self, frame: bytes) -> bool:
        """Count an item that can't be believed with the list it belongs to, if it says so plainly."""
        named = {
            line.partition(b": ")[2].decode("ascii", "replace")
            for line in frame.split(b"\r\n")
            if line.startswith(b"ActionID: ")
        }
        wires = [wire for action_id in named if (wire := self.protocol.responses.get(action_id)) is not None]
        for wire in wires:
            wire.refuse()
        return bool(wires)

    # -------------------------------------------------------------- life and end

    def ping(self) -> None:
        """Ask for a sign of life when it has been quiet, and give up when none came."""
        idle_s = self.loop.time() - self._heard_at
        if idle_s >= self._timings.silent_s:
            self.end(DownReason.SILENT)
            return
        if idle_s >= self._timings.ping_idle_s and not self._pinged:
            self._pinged = True
            wire = WireAction(actions.ping(), self._new_id())
            self._recent.append(wire.id)
            self.protocol.transport.write(wire.encoded())
        due_s = self._timings.silent_s if self._pinged else self._timings.ping_idle_s
        self.pinger = self.loop.call_later(max(due_s - idle_s, 0.01), self.ping)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session; panoramisk would reconnect here."""
        self.end(DownReason.SHUTDOWN if self._shutting_down else DownReason.LOST)

    def end(self, reason: DownReason) -> None:
        """Drop the connection and fail everything that waits. Only the first reason counts."""
        if self.pinger is not None:
            self.pinger.cancel()
        if self.lost.done():
            return
        self.lost.set_result(reason)
        if self.protocol is not None:
            waiting = list(self.protocol.responses.values())
            self.protocol.responses.clear()
            for wire in waiting:
                wire.fail(LinkLostError(f"the link to the PBX went ({reason}) before {wire.order.name} was answered"))
            self.protocol.close()

    def close(self) -> None:
        """End the session by our own will."""
        self.end(DownReason.CLOSED)

    async def over(self) -> DownReason:
        """Wait until the connection ends and return why. Being cancelled here leaves it as it is."""
        await asyncio.wait({self.lost})
        return self.lost.result()

    async def closed(self) -> None:
        """End the session if it is not over yet, and wait until its socket is closed."""
        self.close()
        if self.protocol is not None:
            await self.protocol.gone.wait()

    def dispatch(self, event: object) -> list[str]:
        """Do nothing: events go through the intake."""
        return []

    async def send_awaiting_actions(self, *_: object) -> None:
        """Do nothing: nothing is sent twice."""
