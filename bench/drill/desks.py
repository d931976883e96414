"""The agents at their consoles: logged in over the real REST API and push channel, each ticket with a note of its own.

What the console's code does in a browser is done here in short: a presence chosen, a pop taken, after the call a note
and a disposition sent again under the same key until they are acknowledged, wrap-up finished.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException

DISPOSITION = "resolved"
_AGAIN_S = 0.5
_REPLY_S = 4.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an agent was told is kept: a note of this text, and a disposition, on this ticket."""

    ticket: str
    text: str


@dataclass(slots=True)
class Desks:
    """What all consoles share: where the daemon is, and what they were told is kept."""

    url: str
    client: aiohttp.ClientSession
    acknowledged: list[Acknowledged] = field(default_factory=list)
    unsent: set[str] = field(default_factory=set)

    async def ask(self, method: str, path: str, token: str = "", body: object = None) -> tuple[int, Any]:
        """Send a request; 0 when nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self.client.request(method, f"{self.url}/api{path}", json=body, headers=headers) as answer:
                return answer.status, (await answer.json() if answer.content_type == "application/json" else None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0, None

    async def log_in(self, user: str, password: str) -> str:
        """Return a token."""
        while True:
            status, said = await self.ask("POST", "/tokens", body={"user": user, "password": password})
            if status in (200, 201):
                return str(said["token"])
            await asyncio.sleep(_AGAIN_S)


class Desk:
    """One agent's console, open from :meth:`open` to :meth:`close`."""

    def __init__(self, desks: Desks, user: str, token: str) -> None:
        self.user = user
        self.me: Mapping[str, Any] = {}
        self.replaced = 0
        self.opened = 0
        self.frames = 0
        self.pops: list[str] = []
        self.writes = True
        self.seen: dict[str, float] = {}
        self._desks = desks
        self._token = token
        self._over = False
        self._line: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def choose(self, presence: str) -> int:
        """Choose a presence; returns the answer's status."""
        status, _ = await self._desks.ask("POST", "/agent/presence", self._token, {"presence": presence})
        return status

    async def insist(self, presence: str) -> None:
        """Choose a presence until it is taken."""
        while True:
            if await self.choose(presence) == 200:
                return
            await asyncio.sleep(_AGAIN_S)

    @property
    def origin(self) -> str:
        """What a browser that has this console would call its origin."""
        return self._desks.url

    def another(self) -> "Desk":
        """Return a second console of the same agent."""
        return Desk(self._desks, self.user, self._token)

    async def door(self) -> tuple[str, int, str]:
        """Return host, port and path of the push channel, with a fresh ticket."""
        _, ticket = await self._desks.ask("POST", "/push-ticket", self._token)
        url = urlsplit(ticket["push_url"])
        return url.hostname or "", url.port or 0, f"/?ticket={ticket['ticket']}"

    def open(self) -> None:
        """Open the console; it comes back by itself when its line breaks."""
        self._reading = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Close it, as a closed tab."""
        for task in (self._reading, *self._writing.values()):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._reading, self._line = None, None
        self._writing.clear()

    def kill(self) -> None:
        """Let it be gone without a word, as a killed browser."""
        if self._line is not None:
            self._line.transport.abort()
        if self._reading is not None:
            self._reading.cancel()

    async def written(self, timeout_s: float) -> bool:
        """Wait until every note is acknowledged; tells whether they were in time."""
        pending = [task for task in self._writing.values() if not task.done()]
        if not pending:
            return True
        _done, late = await asyncio.wait(pending, timeout=timeout_s)
        return not late

    # ------------------------------------------------------------------ the push channel

    async def _run(self) -> None:
        self._over = False
        while not self._over:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, InvalidHandshake, InvalidURI):
                await self._follow()
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self) -> None:
        status, ticket = await self._desks.ask("POST", "/push-ticket", self._token)
        if status != 200:
            return
        url = f"{ticket['push_url']}?ticket={ticket['ticket']}"
        async with connect(url, origin=self._desks.url, open_timeout=5, max_size=None) as line:  # type: ignore[arg-type]
            self._line = line
            self.opened += 1
            async for message in line:
                self.frames += 1
                self._on_frame(json.loads(message))

    def _on_frame(self, frame: Mapping[str, Any]) -> None:
        match frame["type"]:
            case "snapshot":
                self._note(frame["live"]["calls"])
                self._on_me(frame["me"])
            case "upsert":
                self._note(frame["calls"])
                self._on_me(next((agent for agent in frame["agents"] if agent["id"] == self.user), None))
            case "pop":
                self.pops.append(frame["pop"]["call_id"])
            case "replaced":
                self.replaced += 1
                self._over = True
            case _:
                return

    def _note(self, calls: list[Mapping[str, Any]]) -> None:
        """Keep when each caller was first seen on this screen."""
        for call in calls:
            self.seen.setdefault(call["caller_number"], time.time())

    def _on_me(self, me: Mapping[str, Any] | None) -> None:
        if me is None:
            return
        self.me = me
        call = me["call"]
        if self.writes and call and me["routing"] == "wrap_up" and call not in self._writing:
            self._writing[call] = asyncio.get_running_loop().create_task(self._write(call))

    # ------------------------------------------------------------------ after the call

    async def _write(self, call: str) -> None:
        """Send the note and the disposition until they are acknowledged, then finish wrap-up."""
        text, key = f"note {uuid4().hex}", str(uuid4())
        self._desks.unsent.add(text)
        while True:
            if await self._send(call, text, key):
                break
            await asyncio.sleep(_AGAIN_S)
        self._desks.unsent.discard(text)
        await self._desks.ask("POST", "/agent/wrap-up/finish", self._token)

    async def _send(self, call: str, text: str, key: str) -> bool:
        desks, token = self._desks, self._token
        status, record = await desks.ask("GET", f"/calls/{call}", token)
        if status != 200 or not record["ticket_id"]:
            return False
        ticket = record["ticket_id"]
        status, seen = await desks.ask("GET", f"/tickets/{ticket}", token)
        if status != 200:
            return False
        body = {"version": seen["version"], "key": key, "note": text, "disposition": DISPOSITION}
        status, _ = await desks.ask("PATCH", f"/tickets/{ticket}", token, body)
        if status == 200:
            desks.acknowledged.append(Acknowledged(ticket, text))
        return status == 200
