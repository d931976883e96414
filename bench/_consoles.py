"""Consoles as the push server sees them: real WebSockets, which note when each pop came.

As a program (``python -m bench._consoles``) they are a process of their own: what to connect comes as one line of
JSON on standard input, then a line ``ready`` goes out, then one line of JSON per pop: the call's caller number, and
the time of the monotonic clock, which all processes of a machine share, in nanoseconds. What comes through the bare
relay is told alike. Closing its input ends it.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import aiohttp
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from bench._site import Person, tokens
from config.secrets import Secrets
from config.settings import Settings

_POP, _SNAPSHOT = b'"type":"pop"', b'"type":"snapshot"'
OnPop = Callable[[str, int], None]
"""Called with the caller's number and when the frame was there, in nanoseconds."""


class Consoles:
    """Open consoles, one for each token; frames are read and, but for pops, thrown away."""

    def __init__(self, console_url: str, push_url: str, sessions: Sequence[str], on_pop: OnPop | None = None) -> None:
        self.popped: set[str] = set()
        """The calls of which there was a pop, in a frame of its own or in the snapshot of a console that came late."""
        self.frames = 0
        self.lost = 0
        self._console_url = console_url
        self._push_url = push_url
        self._sessions = sessions
        self._on_pop = on_pop
        self._sockets: list[ClientConnection] = []
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def connected(cls, settings: Settings, secrets: Secrets, people: Sequence[Person]) -> AsyncIterator[Self]:
        """Have a console of each of these people in this process."""
        async with cls(settings.console_url, settings.push_url, tokens(settings, secrets, people)).open() as consoles:
            yield consoles

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Connect them all, and close them at the end."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(aiohttp.ClientSession(self._console_url))
            for token in self._sessions:
                ticket = await self._ask(http, token, "/api/push-ticket")
                socket = connect(f"{self._push_url}/?ticket={ticket['ticket']}", origin=Origin(self._console_url))
                self._sockets.append(await stack.enter_async_context(socket))
            self._tasks = [asyncio.create_task(self._read(socket), name="console") for socket in self._sockets]
            try:
                yield self
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await asyncio.gather(*(socket.close() for socket in self._sockets))

    async def all_available(self) -> None:
        """Let each of them choose to be available."""
        async with aiohttp.ClientSession(self._console_url) as http:
            for token in self._sessions:
                await self._ask(http, token, "/api/agent/presence", presence="available")

    async def _ask(self, http: aiohttp.ClientSession, token: str, path: str, **body: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(path, headers=headers, json=body or None) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                frame = await socket.recv(decode=False)
                self._note(frame, time.monotonic_ns())
        except ConnectionClosed:
            self.lost += 1

    def _note(self, frame: bytes, at_ns: int) -> None:
        self.frames += 1
        head = frame[:64]
        if _POP not in head and _SNAPSHOT not in head:
            return
        pop = orjson.loads(frame)["pop"]
        if pop is not None:
            self.popped.add(pop["call_id"])
            if self._on_pop is not None and _POP in head:
                self._on_pop(pop["caller_number"], at_ns)


async def _relayed(port: int, told: OnPop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while line := await reader.readline():
            told(line.decode().strip(), time.monotonic_ns())
    finally:
        writer.close()


async def _program() -> None:
    loop = asyncio.get_running_loop()
    asked = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    out = sys.stdout.buffer

    def told(number: str, at_ns: int) -> None:
        out.write(orjson.dumps([number, at_ns]) + b"\n")
        out.flush()

    consoles = Consoles(asked["console_url"], asked["push_url"], asked["sessions"], told)
    relayed = asyncio.create_task(_relayed(asked["relay_port"], told), name="relayed")
    async with consoles.open():
        out.write(b"ready\n")
        out.flush()
        await loop.run_in_executor(None, sys.stdin.read)
    relayed.cancel()
    await asyncio.gather(relayed, return_exceptions=True)
    out.write(orjson.dumps({"frames": consoles.frames, "lost": consoles.lost}) + b"\n")
    out.flush()


if __name__ == "__main__":
    asyncio.run(_program())
