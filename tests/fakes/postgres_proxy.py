"""A wire between us and a real PostgreSQL that can be cut at the worst moment.

It understands just enough of the protocol to see a COMMIT go by and its answer come back: then PostgreSQL has committed
for certain, and we can't know.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_ALWAYS = 10**9


class PostgresProxy:
    """Listens on loopback and leads to a server's socket, from :meth:`start` to :meth:`stop`."""

    def __init__(self, dsn: str) -> None:
        self.lead_to(dsn)
        self.port = 0
        self.commits = 0
        self.cuts = 0
        self.connections = 0
        self.cut_next = 0
        self._frozen = False
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    def lead_to(self, dsn: str) -> None:
        """Lead new connections to this server: what a fail-over does to an address."""
        parts = urlsplit(dsn)
        self._user, self.database = parts.username or "", parts.path.lstrip("/")
        self._socket = str(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")

    @property
    def dsn(self) -> str:
        """How to reach the server through this wire."""
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/{self.database}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and cut those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut_all()

    async def cut_all(self) -> None:
        """Cut every connection."""
        for line in (lines := tuple(self._lines)):
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    def freeze(self) -> None:
        """Let nothing through any more, in either direction, and close nothing: a wire pulled out far away."""
        self._frozen = True

    def thaw(self) -> None:
        """Let connections that are made from now on through; the frozen ones stay dead."""
        self._frozen = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                await self._line(reader, writer)
            finally:
                writer.transport.abort()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._frozen:
            await asyncio.sleep(_ALWAYS)
        up, down = await asyncio.open_unix_connection(self._socket)
        asked = asyncio.Event()
        try:
            ways = {
                asyncio.create_task(self._to_server(reader, down, asked)),
                asyncio.create_task(self._to_us(up, writer, asked)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            down.transport.abort()

    async def _to_server(self, reader: asyncio.StreamReader, down: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if self._frozen:
                await asyncio.sleep(_ALWAYS)
            if b"COMMIT;" in data:
                self.commits += 1
                asked.set()
            down.write(data)
            await down.drain()

    async def _to_us(self, up: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while data := await up.read(65536):
            if self._frozen:
                await asyncio.sleep(_ALWAYS)
            if asked.is_set() and b"COMMIT\0" in data:
                asked.clear()
                if self.cut_next > 0:
                    self.cut_next -= 1
                    self.cuts += 1
                    return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[PostgresProxy]:
    """Have a wire to the server at ``dsn``."""
    proxy = PostgresProxy(dsn)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
