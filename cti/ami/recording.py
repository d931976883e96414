"""Raw traffic of a PBX in a file, for tests and for whoever has to find a fault: masked, whole, and playable.

The file is itself an AMI stream, greeting and all, gzipped if its name ends in ``.gz``. In front are the answers to
what a daemon asks at its start (``CoreStatus`` and the lists of a resync); then follow the events as they came. Before
the events of each read stands a mark of ours, ``Event: Recorded`` with ``OffsetMs``, so that they can be played at the
pace at which they came. What is written went through :mod:`cti.ami.masking`; nothing else leaves the PBX's machine.
"""

import asyncio
import contextlib
import gzip
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Final

from cti.ami.errors import LinkDownError, LinkLostError, LoginRefusedError, NotAmiError
from cti.ami.frames import DAMAGED, RESPONSE, Frame, Framer
from cti.ami.masking import Masker
from cti.ami.session import AmiAddress

GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
MARK: Final = b"Recorded"
LISTS: Final = {
    "CoreShowChannels": b"CoreShowChannelsComplete",
    "QueueStatus": b"QueueStatusComplete",
    "DeviceStateList": b"DeviceStateListComplete",
}
"""What a daemon asks for when its link is up, and how each list ends."""
ASKED: Final = ("CoreStatus", *LISTS)
STEP_S: Final = 10.0
READ: Final = 65_536
_END: Final = b"\r\n\r\n"


class _Everything:
    """Wants every event."""

    def __contains__(self, _name: object) -> bool:
        return True


def everything() -> Framer:
    """Return a framer that leaves nothing out."""
    return Framer(_Everything())


@dataclass(slots=True)
class Recorded:
    """What a recording came to. ``dropped`` are lines that were left out because nobody can say what is in them."""

    events: int = 0
    bytes: int = 0
    dropped: int = 0


class Recorder:
    """Writes what one PBX says, masked. ``most_bytes`` (before gzip) end it, whatever else does not."""

    def __init__(
        self,
        address: AmiAddress,
        file: IO[bytes],
        *,
        most_bytes: int = 100_000_000,
        masker: Masker | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recorded = Recorded()
        self._address = address
        self._file = file
        self._most = most_bytes
        self._masker = masker or Masker()
        self._monotonic = monotonic
        self._framer = everything()
        self._ids = count(1)
        self._held: list[Frame] = []

    async def run(self, seconds: float) -> Recorded:
        """Record for so long, or until the PBX ends the session. Raises a ``LinkError`` if there is nothing to record.

        Being cancelled ends it too; what came until then is written.
        """
        try:
            async with asyncio.timeout(STEP_S):
                reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
        except OSError as error:
            raise LinkDownError("the PBX can't be reached") from error
        try:
            async with aclosing(self._reads(reader)) as reads:
                async with asyncio.timeout(STEP_S * 3):
                    await self._begin(reads, writer)
                await self._keep(reads, seconds)
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return self.recorded

    # -------------------------------------------------------------- login, and what a daemon will ask

    async def _begin(self, reads: AsyncGenerator[list[Frame], None], writer: asyncio.StreamWriter) -> None:
        self._write(GREETING)
        challenge = await self._ask(reads, writer, "Challenge", AuthType="MD5")
        nonce = _header(challenge[0][1], b"Challenge").decode("ascii", "replace")
        key = hashlib.md5((nonce + self._address.secret).encode(), usedforsecurity=False).hexdigest()
        login = await self._ask(reads, writer, "Login", AuthType="MD5", Username=self._address.user, Key=key)
        if not login[0][1].startswith(b"Response: Success"):
            raise LoginRefusedError("the PBX refused the login")
        for action in ASKED:
            for _name, frame in await self._ask(reads, writer, action):
                self._put(frame)

    async def _ask(
        self, reads: AsyncGenerator[list[Frame], None], writer: asyncio.StreamWriter, action: str, **headers: str
    ) -> list[Frame]:
        """Return the answer and the items of a list; events that come meanwhile are held back."""
        id_ = f"record-{next(self._ids)}-{action}"
        lines = [f"Action: {action}", f"ActionID: {id_}", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        mine = f"\r\nActionID: {id_}".encode()
        last = LISTS.get(action)
        found: list[Frame] = []
        async for frames in reads:
            ended = False
            for name, frame in frames:
                is_mine = mine in frame
                (found if is_mine else self._held).append((name, frame))
                refused = is_mine and name is RESPONSE and frame.startswith(b"Response: Error")
                ended = ended or (is_mine and (last is None or name == last or refused))
            if ended:
                return found
        raise NotAmiError("the PBX ended the session during the login")

    # -------------------------------------------------------------- events

    async def _keep(self, reads: AsyncGenerator[list[Frame], None], seconds: float) -> None:
        began = self._monotonic()
        frames, self._held = self._held, []
        try:
            async with asyncio.timeout(seconds):
                while self.recorded.bytes < self._most:
                    self._keep_read(frames, self._monotonic() - began)
                    frames = await anext(reads)
        except TimeoutError:
            return
        except StopAsyncIteration:
            raise LinkLostError("the PBX ended the session; what came until then is recorded") from None

    def _keep_read(self, frames: list[Frame], offset_s: float) -> None:
        events = [frame for name, frame in frames if name is not RESPONSE and name is not DAMAGED]
        if events:
            self._write(b"Event: %b\r\nOffsetMs: %d" % (MARK, offset_s * 1000) + _END)
            for frame in events:
                self.recorded.events += self._put(frame)

    def _put(self, frame: bytes) -> bool:
        masked = self._masker.masked(frame)
        self.recorded.dropped = self._masker.dropped
        if masked is not None:
            self._write(masked + _END)
        return masked is not None

    def _write(self, data: bytes) -> None:
        self.recorded.bytes += len(data)
        self._file.write(data)

    async def _reads(self, reader: asyncio.StreamReader) -> AsyncGenerator[list[Frame], None]:
        while data := await reader.read(READ):
            if frames := self._framer.feed(data):
                yield frames


def _header(frame: bytes, name: bytes) -> bytes:
    for line in frame.split(b"\r\n"):
        key, _, value = line.partition(b": ")
        if key == name:
            return value
    return b""


# ------------------------------------------------------------------ reading one again


@dataclass(frozen=True, slots=True)
class Recording:
    """One file, read. ``answers`` by action, whole; ``reads`` are the events with when they came, in seconds."""

    answers: dict[str, tuple[bytes, ...]]
    reads: tuple[tuple[float, tuple[bytes, ...]], ...]

    @property
    def events(self) -> Iterator[bytes]:
        """All events in order, each without its blank line."""
        return (event for _at, events in self.reads for event in events)


def open_recording(path: Path, mode: str) -> IO[bytes]:
    """Open a recording to read (``rb``) or write (``wb``); gzip goes by the name."""
    return gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode)  # type: ignore[return-value]


def load(path: Path) -> Recording:
    """Read a recording. Raises :class:`NotAmiError` if it is none, ``OSError`` if it can't be read. Blocking."""
    framer = everything()
    with open_recording(path, "rb") as file:
        frames = framer.feed(file.read())
    if framer.greeting is None:
        raise NotAmiError("this is no recording: it has no greeting")
    answers: dict[str, list[bytes]] = {}
    reads: list[tuple[float, list[bytes]]] = []
    for name, frame in frames:
        if name == MARK:
            reads.append((int(_header(frame, b"OffsetMs") or b"0") / 1000, []))
        elif reads:
            reads[-1][1].append(frame)
        else:
            action = _header(frame, b"ActionID").rpartition(b"-")[2].decode("ascii", "replace")
            answers.setdefault(action, []).append(frame)
    return Recording(
        {action: tuple(parts) for action, parts in answers.items()}, tuple((at, tuple(events)) for at, events in reads)
    )
