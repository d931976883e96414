"""A link that can be hurt while both its ends live: cut, swallowing, answering late, or saying what nobody said.

One proxy stands between the daemon and a server, on TCP or a UNIX socket. What the server says passes through a
``Watch``, which may hold it back; what is put in comes between two whole messages if the watch knows them apart.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
_READ = 256 * 1024
END = b"\r\n\r\n"
"""The end of an AMI message."""


class Watch(Protocol):
    """Looks at one connection's bytes and returns what is passed on. Raises :class:`CutError` to end it there."""

    def asked(self, data: bytes) -> bytes:
        """Take what the daemon said."""

    def answered(self, data: bytes) -> bytes:
        """Take what the server said."""


class CutError(Exception):
    """This connection is to be cut now."""


@dataclass(slots=True)
class Clear:
    """Lets everything through."""

    def asked(self, data: bytes) -> bytes:
        """Pass it on."""
        return data

    def answered(self, data: bytes) -> bytes:
        """Pass it on."""
        return data


class Frames:
    """What is known and done about all AMI connections: an example of each event, and lists that are broken off."""

    def __init__(self) -> None:
        self.examples: dict[bytes, bytes] = {}
        self.breaks_lists = False
        self.lists_broken = 0

    def watch(self) -> "WholeFrames":
        """Return who looks at one connection."""
        return WholeFrames(self)

    def pass_on(self, frames: bytes) -> bytes:
        """Look at whole messages; returns what is passed on."""
        for frame in frames.split(END):
            name = frame.partition(b"\r\n")[0]
            if name.startswith(b"Event: "):
                self.examples[name.removeprefix(b"Event: ")] = frame + END
        return self._broken(frames) if self.breaks_lists else frames

    def _broken(self, frames: bytes) -> bytes:
        """Leave out every other item of a list, and say that it was cancelled."""
        kept = []
        for number, frame in enumerate(frames.removesuffix(END).split(END)):
            if b"\r\nEventList: Complete" in frame:
                self.lists_broken += 1
                kept.append(frame.replace(b"\r\nEventList: Complete", b"\r\nEventList: cancelled"))
            elif number % 2 or not frame.startswith((b"Event: CoreShowChannel\r", b"Event: QueueEntry\r")):
                kept.append(frame)
        return b"".join(frame + END for frame in kept)


class WholeFrames:
    """Passes AMI messages on whole, so that another may be put between two of them."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._rest = b""
        self._greeted = False

    def asked(self, data: bytes) -> bytes:
        """Pass it on."""
        return data

    def answered(self, data: bytes) -> bytes:
        """Hold back what is not whole yet."""
        if not self._greeted:  # the greeting is a line of its own
            self._greeted = True
            return data
        whole, found, rest = (self._rest + data).rpartition(END)
        self._rest = rest
        return self._frames.pass_on(whole + found) if found else b""


@dataclass(slots=True, eq=False)
class _Line:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    since: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        for side in (self.client, self.server):
            side.transport.abort()


class Proxy:
    """Passes connections on to ``connect``, from :meth:`start_tcp` or :meth:`start_unix` to :meth:`stop`.

    ``refuses``: new connections are closed at once. ``swallows``: bytes go nowhere, both ways, and nobody is told.
    ``opened`` are the times of all connections ever made, refused ones too.
    """

    def __init__(self, connect: Connect, *, watch: Callable[[], Watch] = Clear) -> None:
        self.refuses = False
        self.swallows = False
        self.opened: list[float] = []
        self.watch = watch
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._lines: dict[_Line, None] = {}

    async def start_tcp(self, host: str = "127.0.0.1") -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, host, 0, limit=_READ)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start_unix(self, path: Path) -> None:
        """Listen at ``path``."""
        self._server = await asyncio.start_unix_server(self._serve, path, limit=_READ)

    async def stop(self) -> None:
        """Cut all and listen no more."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()

    @property
    def lines(self) -> int:
        """How many connections there are now."""
        return len(self._lines)

    def cut(self) -> None:
        """Break every connection, as a cable that is pulled; new ones may come unless ``refuses``."""
        for line in list(self._lines):
            line.close()

    async def say(self, data: bytes) -> None:
        """Say this to the daemon on every connection, as if the server had."""
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.client.write(data)
                await line.client.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened.append(time.time())
        if self.refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        line, watch = _Line(writer, far_writer), self.watch()
        self._lines[line] = None
        ways = [
            asyncio.create_task(self._pass(reader, far_writer, watch.asked)),
            asyncio.create_task(self._pass(far_reader, writer, watch.answered)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            line.close()
            del self._lines[line]
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], bytes]
    ) -> None:
        with contextlib.suppress(OSError, CutError):
            while data := await reader.read(_READ):
                if self.swallows:
                    continue
                writer.write(look(data))
                await writer.drain()
