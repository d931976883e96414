"""A fake Asterisk: a manager interface on a real loopback socket that does what a test tells it to, and no more.

::

    async with FakeAsterisk() as pbx:
        link = AmiLink(pbx.address, wanted={...})
        pbx.answers["QueueStatus"] = pbx.listing("QueueStatusComplete", [("QueueParams", {"Queue": "water"})])
        pbx.event("Hangup", Uniqueid="1.1")
        await pbx.until(lambda: pbx.count("Originate") == 1)

It logs users in by MD5 or plain secret, answers pings and ``QueueSummary``, and refuses what it does not know. It can
go silent (half open), drop, refuse logins, greet twice, not boot, and send bytes in pieces of which each is one read.
Nothing in it sleeps: :meth:`until` waits for a condition with a deadline.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from cti.ami.session import AmiAddress

Headers = dict[str, str]
Answer = Callable[["Connection", Headers], None]

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def frame(first: str, value: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> bytes:
    """Return one message as Asterisk writes it."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"{first}: {value}", *(f"{key}: {text}" for key, text in pairs)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Connection:
    """One client, from accept to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.challenge = ""
        self.logged_in = False
        self.over = False

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    def respond(self, action: Headers, value: str = "Success", **headers: str) -> None:
        """Send the response to an action."""
        named = {"ActionID": action["ActionID"]} if "ActionID" in action else {}
        self.write(frame("Response", value, named | headers))

    def drop(self) -> None:
        """End the connection at once, with what was not sent yet unsent."""
        self.writer.transport.abort()


class FakeAsterisk:
    """The PBX's side. All attributes may be changed while it runs."""

    def __init__(self, user: str = "hydrophone", secret: str = "s3cret") -> None:  # noqa: S107 - nobody's
        self.user = user
        self.secret = secret
        self.port = 0
        self.greetings = 1
        self.refuse_login = False
        self.hang_up_at_once = False
        self.booted = True
        self.announces_boot = True
        self.silent = False
        self.received: list[Headers] = []
        self.connections: list[Connection] = []
        self.answers: dict[str, Answer] = {
            "Ping": lambda client, action: client.respond(action, Ping="Pong"),
            "QueueSummary": self._summarise,
            "Challenge": self._challenge,
            "Login": self._log_in,
        }
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> AmiAddress:
        """Where this PBX is, and the user it knows."""
        return AmiAddress("127.0.0.1", self.port, self.user, self.secret)

    @property
    def client(self) -> Connection:
        """The client of the newest connection."""
        return self.connections[-1]

    async def start(self) -> None:
        """Listen, on the port it had before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop everybody and listen no more."""
        if self._server is not None:
            self._server.close()
        self.drop_all()
        await asyncio.gather(*self._tasks)

    def drop_all(self) -> None:
        """End all connections, as a crash would."""
        for client in self.connections:
            if not client.over:
                client.drop()

    # -------------------------------------------------------------- what a test tells it to say

    def event(self, name: str, headers: Mapping[str, str] | None = None, **more: str) -> None:
        """Send an event to the newest client."""
        self.client.write(frame("Event", name, {**(headers or {}), **more}))

    async def write_in_pieces(self, pieces: Iterable[bytes], bytes_read: Callable[[], int]) -> None:
        """Send each piece only when the client has read all before it, so that each is a read of its own."""
        for piece in pieces:
            due = bytes_read() + len(piece)
            self.client.write(piece)
            await self.until(lambda due=due: bytes_read() >= due)  # type: ignore[misc]

    @staticmethod
    def listing(
        complete: str,
        items: Sequence[tuple[str, Mapping[str, str]]],
        *,
        ends: str = "Complete",
        count: int | None = None,
    ) -> Answer:
        """Return an answer that is a list; ``ends=""`` never ends it."""

        def answer(client: Connection, action: Headers) -> None:
            mine = {"ActionID": action["ActionID"]}
            client.respond(action, EventList="start")
            for name, headers in items:
                client.write(frame("Event", name, dict(headers) | mine))
            if ends:
                total = str(len(items) if count is None else count)
                client.write(frame("Event", complete, mine | {"EventList": ends, "ListItems": total}))

        return answer

    # -------------------------------------------------------------- what a test asks

    def count(self, action: str) -> int:
        """Return how often an action was asked."""
        return sum(one["Action"] == action for one in self.received)

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until something is so; fail if it does not become so."""
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - what becomes so in the client tells nobody
                await asyncio.sleep(0.001)

    # -------------------------------------------------------------- the machine

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        client = Connection(reader, writer)
        self.connections.append(client)
        try:
            if not self.hang_up_at_once:
                client.write(GREETING * self.greetings)
                await self._listen(client)
        except ConnectionError:
            pass
        finally:
            client.over = True
            writer.transport.abort()
            self._tasks.discard(task)

    async def _listen(self, client: Connection) -> None:
        while True:
            try:
                text = (await client.reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                return
            action = dict(line.split(": ", 1) for line in text.removesuffix("\r\n\r\n").split("\r\n"))
            self.received.append(action)
            if self.silent:
                continue
            answer = self.answers.get(action["Action"])
            if answer is None:
                client.respond(action, "Error", Message=f"Invalid/unknown command: {action['Action']}.")
            else:
                answer(client, action)

    def _challenge(self, client: Connection, action: Headers) -> None:
        client.challenge = str(len(self.connections) * 1000003)
        client.respond(action, Challenge=client.challenge)

    def _log_in(self, client: Connection, action: Headers) -> None:
        key = hashlib.md5((client.challenge + self.secret).encode(), usedforsecurity=False).hexdigest()
        right = action.get("Secret") == self.secret or action.get("Key") == key
        if self.refuse_login or not right or action["Username"] != self.user:
            client.respond(action, "Error", Message="Authentication failed")
            client.writer.close()
            return
        client.logged_in = True
        client.respond(action, Message="Authentication accepted")
        if self.booted and self.announces_boot:
            client.write(frame("Event", "FullyBooted", {"Privilege": "system,all", "Status": "Fully Booted"}))

    def _summarise(self, client: Connection, action: Headers) -> None:
        if self.booted:
            self.listing("QueueSummaryComplete", [])(client, action)
        else:
            client.respond(action, "Error", Message="Invalid/unknown command: QueueSummary.")
