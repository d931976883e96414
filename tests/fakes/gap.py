"""A way to a server that can be cut and mended: a TCP relay on a loopback port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gap:
    """Relays to ``port`` until it is cut; a cut relay ends its connections and takes no new ones."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.frozen = False
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Take connections, on the port it had before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End everything at once, as a cable that is pulled."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(far_writer)
            await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))
        except OSError:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                while self.frozen:  # noqa: ASYNC110 - half open: nothing comes, nothing ends
                    await asyncio.sleep(0.05)
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def gap_before(port: int) -> AsyncIterator[Gap]:
    """Have a relay before a server on this machine."""
    gap = Gap(port)
    await gap.mend()
    try:
        yield gap
    finally:
        gap.frozen = False
        await gap.cut()
