"""A recording as a PBX: an AMI server on loopback that a daemon can be pointed at.

It logs users in, answers the questions of a resync with what was recorded, and sends the events at the pace at which
they came, ``speed`` times faster, but never more than ``most_per_s`` of them. An order (add a member, pause) is
refused, because nobody carries it out. One client at a time; the events begin anew for each.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from cti.ami.recording import GREETING, LISTS, Recording

MOST_PER_S: Final = 10_000
BATCH: Final = 200
MOST_ACTION: Final = 16_384
LOOPBACK: Final = "127.0.0.1"

Headers = dict[str, str]


class Playback:
    """Serves one recording, from :meth:`start` to :meth:`stop`. ``played`` is set when all of it was sent."""

    def __init__(
        self,
        recording: Recording,
        *,
        user: str,
        secret: str,
        speed: float = 1.0,
        most_per_s: int = MOST_PER_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.played = asyncio.Event()
        self.sent = 0
        self._recording = recording
        self._user = user
        self._secret = secret
        self._speed = speed
        self._most_per_s = most_per_s
        self._sleep = sleep
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen on loopback; returns the port, which the system chooses for 0."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=MOST_ACTION)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End it for everybody."""
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    # -------------------------------------------------------------- one client

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._clients:
            writer.transport.abort()
            return
        self._clients.add(task)
        playing: asyncio.Task[None] | None = None
        try:
            writer.write(GREETING)
            nonce = secrets.token_hex(8)
            while (action := await _action(reader)) is not None:
                self._answer(writer, action, nonce)
                if playing is None and action.get("Action") in LISTS:
                    playing = asyncio.create_task(self._play(writer), name="playing a recording")
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._clients.discard(task)

    def _answer(self, writer: asyncio.StreamWriter, action: Headers, nonce: str) -> None:
        name, id_ = action.get("Action", ""), action.get("ActionID", "")
        if name == "Challenge":
            _respond(writer, id_, "Success", f"Challenge: {nonce}")
        elif name == "Login" and not self._admits(action, nonce):
            _respond(writer, id_, "Error", "Message: Authentication failed")
            writer.close()
        elif name in ("Login", "Ping"):
            _respond(writer, id_, "Success", "Message: Authentication accepted" if name == "Login" else "Ping: Pong")
        elif name == "QueueSummary":
            _respond(writer, id_, "Success", "EventList: start")
            _write(writer, id_, b"Event: QueueSummaryComplete\r\nEventList: Complete\r\nListItems: 0")
        elif name in self._recording.answers:
            for part in self._recording.answers[name]:
                _write(writer, id_, part)
        else:
            _respond(writer, id_, "Error", "Message: This is a recording")

    def _admits(self, action: Headers, nonce: str) -> bool:
        key = hashlib.md5((nonce + self._secret).encode(), usedforsecurity=False).hexdigest()
        given = action.get("Key", "").encode()
        return hmac.compare_digest(given, key.encode()) and action.get("Username") == self._user

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        """Send the events; a client that reads slowly slows them down."""
        loop = asyncio.get_running_loop()
        began, self.sent = loop.time(), 0
        for at_s, events in self._recording.reads:
            for batch in _batches(events):
                due = began + max(at_s / self._speed, self.sent / self._most_per_s)
                if due > loop.time():
                    await self._sleep(due - loop.time())
                writer.write(b"".join(event + b"\r\n\r\n" for event in batch))
                self.sent += len(batch)
                await writer.drain()
        self.played.set()


async def _action(reader: asyncio.StreamReader) -> Headers | None:
    """Return the next action; None when the client is gone, or sends what is no action."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    lines = (line.partition(": ") for line in text.split("\r\n"))
    return {name: value for name, colon, value in lines if colon}


def _batches(events: tuple[bytes, ...]) -> Iterable[tuple[bytes, ...]]:
    return (events[start : start + BATCH] for start in range(0, len(events), BATCH))


def _respond(writer: asyncio.StreamWriter, id_: str, value: str, *lines: str) -> None:
    _write(writer, id_, "\r\n".join([f"Response: {value}", *lines]).encode())


def _write(writer: asyncio.StreamWriter, id_: str, frame: bytes) -> None:
    """Write a message under this ActionID, in place of the one that it was recorded with."""
    lines = [line for line in frame.split(b"\r\n") if not line.startswith(b"ActionID: ")]
    if id_:
        lines.insert(1, f"ActionID: {id_}".encode())
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
