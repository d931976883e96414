"""A fake Asterisk on a real socket: sends an environment, answers commands by a script, can stall or drop."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ivr.agi.session import AgiSession, Wire
from tests.ivr.agi.transcript import environment

Answerer = Callable[[list[str]], bytes | None]
"""From the words of a command to the reply, None for silence."""


def yes(words: list[str]) -> bytes | None:
    """Say that all went well and nothing was pressed."""
    return b"200 result=0 endpos=800\n" if words[0] == "STREAM" else b"200 result=0\n"


class FakePbx:
    """One FastAGI connection, from Asterisk's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.commands: list[list[str]] = []

    @classmethod
    async def connect(cls, port: int, block: bytes | None = None) -> "FakePbx":
        """Connect, and say whose call it is."""
        pbx = cls(*await asyncio.open_connection("127.0.0.1", port))
        pbx.writer.write(environment() if block is None else block)
        return pbx

    async def serve(self, answer: Answerer = yes) -> list[list[str]]:
        """Answer commands until the server closes; return them."""
        while line := await self.reader.readline():
            words = shlex.split(line.decode())
            self.commands.append(words)
            reply = answer(words)
            if reply is not None:
                self.writer.write(reply)
        await self.close()
        return self.commands

    async def command(self) -> list[str]:
        """Return the next command."""
        return shlex.split((await self.reader.readline()).decode())

    async def closed(self) -> bool:
        """Wait until the server has closed, however it did."""
        try:
            rest = await self.reader.read()
        except ConnectionError:
            rest = b""
        await self.close()
        return rest == b""

    async def close(self) -> None:
        """Hang up the connection."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


async def until(condition: Callable[[], bool], deadline_s: float = 10.0) -> None:
    """Wait for ``condition``."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - whatever the condition is made of
            await asyncio.sleep(0.002)


@asynccontextmanager
async def call(answer: Answerer = yes) -> AsyncIterator[tuple[AgiSession, list[list[str]]]]:
    """Give a session whose commands are answered by ``answer``, and the list of them."""
    arrived: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    server = await asyncio.start_server(lambda r, w: arrived.set_result((r, w)), "127.0.0.1", 0)
    pbx = await FakePbx.connect(server.sockets[0].getsockname()[1])
    serving = asyncio.create_task(pbx.serve(answer))
    reader, writer = await arrived
    try:
        wire = Wire(reader, writer)
        yield AgiSession(wire, await wire.environment()), pbx.commands
    finally:
        writer.close()
        await writer.wait_closed()
        await serving
        server.close()
        await server.wait_closed()
