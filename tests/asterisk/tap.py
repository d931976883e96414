"""A bare AMI client for tests: logs in, sends actions, keeps every frame. No product code, so that it can judge it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cti.sandbox.pbx import SandboxPbx

Frame = dict[str, str]


class Tap:
    """One AMI session. ``frames`` holds all events and responses in the order they came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.frames: list[Frame] = []
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Condition()

    @property
    def events(self) -> list[Frame]:
        """The frames that are events."""
        return [frame for frame in self.frames if "Event" in frame]

    async def send(self, action: str, **fields: str) -> None:
        """Send an action without waiting for its answer."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._writer.drain()

    async def ask(self, action: str, **fields: str) -> Frame:
        """Send an action and return its response."""
        ident = f"tap-{len(self.frames)}-{action}"
        await self.send(action, ActionID=ident, **fields)
        return await self.wait_for(lambda frame: "Response" in frame and frame.get("ActionID") == ident)

    async def wait_for(self, wanted: Callable[[Frame], bool], *, within_s: float = 10.0) -> Frame:
        """Return the first frame ever seen on this session that is ``wanted``."""
        found: list[Frame] = []

        def look() -> bool:
            found[:] = [frame for frame in self.frames if wanted(frame)]
            return bool(found)

        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(look)
        return found[0]

    async def event(self, name: str, *, within_s: float = 10.0, **fields: str) -> Frame:
        """Return the first event of this name whose fields have these values."""
        return await self.wait_for(
            lambda frame: frame.get("Event") == name and all(frame.get(k) == v for k, v in fields.items()),
            within_s=within_s,
        )

    async def read(self) -> None:
        """Read frames until the PBX ends the session."""
        await self._reader.readline()
        while (block := await self._block()) is not None:
            if not block:
                continue  # some events of Asterisk's modules end in two empty lines
            async with self._news:
                self.frames.append(dict(line.partition(": ")[::2] for line in block))
                self._news.notify_all()

    async def _block(self) -> list[str] | None:
        lines: list[str] = []
        while raw := await self._reader.readline():
            line = raw.decode(errors="replace").rstrip("\r\n")
            if not line:
                return lines
            lines.append(line)
        return lines or None


@asynccontextmanager
async def tapped(pbx: SandboxPbx, login: tuple[str, str] | None = None) -> AsyncIterator[Tap]:
    """Have an AMI session as the user that Hydrophone has, or as another."""
    user, secret = login or (pbx.settings.pbx.ami_user, pbx.secrets.ami)
    reader, writer = await asyncio.open_connection(pbx.settings.pbx.host, pbx.settings.pbx.ami_port)
    tap = Tap(reader, writer)
    reading = asyncio.create_task(tap.read())
    try:
        answer = await tap.ask("Login", Username=user, Secret=secret)
        assert answer["Response"] == "Success"
        yield tap
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()
