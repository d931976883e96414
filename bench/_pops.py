"""The stage for pops: a fake PBX, the daemon with its PostgreSQL, a bare relay, and 500 consoles in a process apart."""

import asyncio
import json
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench._consoles import Consoles
from bench._fake_pbx import FakePbx
from bench._site import BenchError, Person, agents, daemon, database, end, tokens
from config.secrets import Secrets
from config.settings import Pbx, Settings
from tests.asterisk.pbx import new_settings

PATIENCE_S = 60.0
_RELAY = b"relay "
_LIMIT = 1 << 20


@dataclass
class Screens:
    """What the consoles' process tells: when each caller's first pop, and each probe through the relay, was there."""

    process: Process
    pops_ns: dict[str, int] = field(default_factory=dict)
    relayed_ns: dict[str, int] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    summary: dict[str, int] = field(default_factory=dict)

    async def listen(self) -> None:
        """Read until its end."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        while line := await self.process.stdout.readline():
            if line == b"ready\n":
                self.ready.set()
            elif line.startswith(b"{"):
                self.summary = json.loads(line)
            else:
                what, at_ns = json.loads(line)
                told = self.relayed_ns if what.startswith(_RELAY.decode()) else self.pops_ns
                told.setdefault(what, at_ns)


@dataclass(frozen=True, slots=True)
class Stage:
    """All of it, running."""

    pbx: FakePbx
    daemon: Process
    settings: Settings
    dsn: str
    people: Sequence[Person]
    screens: Screens
    relay: asyncio.StreamWriter

    async def probe(self, name: str) -> int:
        """Send something as large as an event through the bare relay; returns when, in nanoseconds."""
        at_ns = time.monotonic_ns()
        self.relay.write(_RELAY + name.encode() + b" " * (400 - len(name)) + b"\n")
        await self.relay.drain()
        return at_ns


@asynccontextmanager
async def stage(home: Path, consoles: int) -> AsyncIterator[Stage]:
    """Have so many agents at work, each with a console, and nobody calling yet."""
    people = agents(consoles)
    settings = new_settings(home / "install")
    settings = settings.model_copy(update={"pbx": Pbx(**{**settings.pbx.model_dump(), "wrap_up_s": 1})})
    secrets = Secrets.load_or_make(settings.home)
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(FakePbx(settings.pbx.ami_user, secrets.ami, people))
        settings = settings.model_copy(update={"pbx": settings.pbx.model_copy(update={"ami_port": pbx.port})})
        dsn = await stack.enter_async_context(database(home, settings, people))
        process = await stack.enter_async_context(daemon(settings, dsn))
        sessions = tokens(settings, secrets, people)
        writer, sink_port = await stack.enter_async_context(_relay())
        screens = await stack.enter_async_context(_screens(settings, sessions, sink_port))
        await Consoles(settings.console_url, settings.push_url, sessions).all_available()
        await pbx.until(lambda: pbx.available == len(people), PATIENCE_S)
        yield Stage(pbx, process, settings, dsn, people, screens, writer)


@asynccontextmanager
async def _screens(settings: Settings, sessions: list[str], relay_port: int) -> AsyncIterator[Screens]:
    process = await _python("bench._consoles")
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    asked = {"console_url": settings.console_url, "push_url": settings.push_url, "sessions": sessions}
    process.stdin.write(json.dumps(asked | {"relay_port": relay_port}).encode() + b"\n")
    screens = Screens(process)
    listening = asyncio.create_task(screens.listen(), name="screens")
    try:
        async with asyncio.timeout(PATIENCE_S):
            await screens.ready.wait()
        yield screens
        process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            await listening
    except TimeoutError:
        raise BenchError("the consoles did not connect, or did not end") from None
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await end(process)


@asynccontextmanager
async def _relay() -> AsyncIterator[tuple[asyncio.StreamWriter, int]]:
    """Have the bare relay; yields the way in and the port of the way out."""
    process = await _python("bench._relay")
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        source, sink = map(int, (await process.stdout.readline()).split())
        _reader, writer = await asyncio.open_connection("127.0.0.1", source)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield writer, sink
        writer.close()
    finally:
        await end(process)


async def _python(module: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, limit=_LIMIT)
