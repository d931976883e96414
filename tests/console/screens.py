"""A console as the browser keeps it: frames in, what is on the screen out. Notices gaps."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agent_console.wire_push import PopFrame, PopWithdrawn, Push, Snapshot, Upsert
from tests.console.conftest import House

frames: TypeAdapter[Any] = TypeAdapter(Push)


@dataclass
class Screen:
    """What one console shows, by applying every frame in order."""

    seq: int = 0
    gap: bool = False
    links: dict[Any, Any] = field(default_factory=dict)
    calls: dict[Any, Any] = field(default_factory=dict)
    agents: dict[Any, Any] = field(default_factory=dict)
    queues: dict[Any, Any] = field(default_factory=dict)
    pop: Any = None
    types: list[str] = field(default_factory=list)

    def take(self, frame: Any) -> None:
        self.gap = self.gap or frame.seq != self.seq + 1
        self.seq = frame.seq
        self.types.append(frame.type)
        if isinstance(frame, Snapshot):
            self._reset(frame)
        elif isinstance(frame, Upsert):
            self._upsert(frame)
        elif isinstance(frame, PopFrame):
            self.pop = frame.pop
        elif isinstance(frame, PopWithdrawn):
            self.pop = None

    def _reset(self, frame: Snapshot) -> None:
        self.links = {link.pbx: link for link in frame.live.links}
        self.calls = {call.id: call for call in frame.live.calls}
        self.agents = {agent.id: agent for agent in frame.live.agents}
        self.queues = {queue.name: queue for queue in frame.live.queues}
        self.pop = frame.pop

    def _upsert(self, frame: Upsert) -> None:
        self.links |= {link.pbx: link for link in frame.links}
        self.agents |= {agent.id: agent for agent in frame.agents}
        self.queues |= {queue.name: queue for queue in frame.queues}
        self.calls |= {call.id: call for call in frame.calls}
        for gone in frame.gone_calls:
            self.calls.pop(gone, None)

    def state(self) -> tuple[Any, ...]:
        return self.links, self.calls, self.agents, self.queues


class Console:
    """A connection to the push channel and its screen."""

    def __init__(
        self, house: House, user: str, *, origin: str | None = None, ticket: str | None = None, small: bool = False
    ) -> None:
        self._house = house
        self._user = user
        self._origin = house.origin if origin is None else origin or None
        self._ticket = ticket
        self._small = small
        self.screen = Screen()
        self.line: ClientConnection

    async def __aenter__(self) -> Self:
        ticket = self._ticket
        if ticket is None:
            login = self._house.server.backend.sessions.who(self._house.token(self._user))
            ticket = self._house.server.backend.push_tickets.issue(login)
        url = f"ws://127.0.0.1:{self._house.settings.web.push_port}/?ticket={ticket}"
        line = socket.create_connection(("127.0.0.1", self._house.settings.web.push_port))
        if self._small:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.setblocking(False)
        self.line = await connect(url, sock=line, origin=self._origin, proxy=None, compression=None)  # type: ignore[arg-type]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.line.close()

    async def next(self) -> Any:
        """Take one frame."""
        async with asyncio.timeout(5):
            frame = frames.validate_json(await self.line.recv())
        self.screen.take(frame)
        return frame

    async def until(self, kind: str) -> Any:
        """Take frames until one of this type."""
        while True:
            frame = await self.next()
            if frame.type == kind:
                return frame

    async def send(self, command: dict[str, Any]) -> None:
        await self.line.send(orjson.dumps(command), text=True)

    async def closed(self) -> int | None:
        """Take frames until the line is closed; return the code."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(5):
                while True:
                    self.screen.take(frames.validate_json(await self.line.recv()))
        return self.line.close_code
