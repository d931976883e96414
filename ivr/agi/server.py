"""A FastAGI server: accepts Asterisk's connections, lets in the ones that know the secret, hands each to a handler.

FastAGI has neither authentication nor encryption, and whoever connects may say nothing, too much, or the wrong
thing. Whatever goes wrong, the answer is the same: close the connection. The dialplan then finds no result and takes
the caller to a person. Faults are counted in :class:`Counts` and logged without anything a caller wrote.
"""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ivr.agi.environment import Environment
from ivr.agi.errors import AgiError, CommandTimeoutError, RemoteProtocolError
from ivr.agi.session import AgiSession, Wire
from ivr.errors import HungUpError

logger = logging.getLogger(__name__)

Handler = Callable[[AgiSession], Awaitable[None]]
"""Carries one call through; returns when the dialplan shall go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server takes on. A call needs one connection for as long as it is in the menu."""

    calls: int = 1000
    silent: int = 200
    header_s: float = 2.0
    drain_s: float = 5.0


@dataclass(slots=True)
class Counts:
    """What happened to the connections since the start."""

    accepted: int = 0
    finished: int = 0
    hung_up: int = 0
    foreign: int = 0
    excess: int = 0
    silent: int = 0
    wrong_secret: int = 0
    protocol_errors: int = 0
    timeouts: int = 0
    handler_errors: int = 0


@dataclass(eq=False, slots=True)
class _Connection:
    number: int
    writer: asyncio.StreamWriter
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)


class AgiServer:
    """Listens from ``start`` to ``stop``. Owns every connection's task.

    When ``limits.calls`` are in the menu a further connection is refused at once. Of connections that have not said
    whose call they are, ``limits.silent`` are kept: the one that has been silent longest makes room, since
    Asterisk says it within a millisecond.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        secret: str,
        allow: tuple[str, ...],
        limits: Limits = Limits(),
        others: Mapping[str, Mapping[str, Handler]] | None = None,
    ) -> None:
        """Give ``handlers`` to who knows ``secret``; ``others`` has each further PBX's handlers by its own secret."""
        if not secret or not all(others or {"-": {}}):
            raise ValueError("a server without a secret would let anybody in")
        self.counts = Counts()
        self._handlers = {one.encode(): of_one for one, of_one in {secret: handlers, **(others or {})}.items()}
        self._allow = [ipaddress.ip_network(entry) for entry in allow]
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._silent: dict[_Connection, None] = {}
        self._calls: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def calls(self) -> int:
        """How many calls are in the menu now."""
        return len(self._calls)

    @property
    def connections(self) -> int:
        """How many connections are open, the silent ones included."""
        return len(self._tasks)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (another one than asked for only if that was 0)."""
        self._server = await asyncio.start_server(self._on_connect, host, port, limit=8192, backlog=512)
        bound: int = self._server.sockets[0].getsockname()[1]
        logger.info("phone menu listens on %s:%d", host, bound)
        return bound

    async def stop(self) -> None:
        """Take no more calls, give those in the menu ``drain_s`` to end, then let the dialplan have them."""
        if self._server is not None:
            self._server.close()
        for connection in self._silent:
            connection.writer.close()
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await self._idle.wait()
        except TimeoutError:
            logger.info("%d calls leave the menu because it stops", len(self._calls))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def _on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Refuse at once what is not welcome; no task is made for it."""
        self.counts.accepted += 1
        if not self._is_allowed(writer):
            self.counts.foreign += 1
            logger.warning("AGI connection %d refused: its address is not on the allow-list", self.counts.accepted)
        elif len(self._calls) >= self._limits.calls:
            self.counts.excess += 1
            logger.warning("AGI connection %d refused: %d calls in the menu", self.counts.accepted, len(self._calls))
        else:
            self._take(_Connection(self.counts.accepted, writer), reader)
            return
        writer.transport.abort()

    def _is_allowed(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        if not peer:  # it is gone already
            return False
        address = ipaddress.ip_address(peer[0].partition("%")[0])
        return any(address in network for network in self._allow)

    def _take(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        if len(self._silent) >= self._limits.silent:
            oldest = next(iter(self._silent))
            self._silent.pop(oldest)
            oldest.writer.transport.abort()
        self._silent[connection] = None
        self._idle.clear()
        task = asyncio.create_task(self._serve(connection, reader), name=f"agi-{connection.number}")
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._idle.set()

    async def _serve(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        """The boundary of one connection: whatever happens in it ends here, counted."""
        try:
            await self._carry(connection, Wire(reader, connection.writer))
        except HungUpError:
            self.counts.hung_up += 1
        except RemoteProtocolError as error:
            self.counts.protocol_errors += 1
            logger.warning("AGI connection %d dropped: %s", connection.number, error)
        except CommandTimeoutError as error:
            self.counts.timeouts += 1
            logger.warning("AGI connection %d dropped: %s", connection.number, error)
        except AgiError as error:
            self.counts.handler_errors += 1
            logger.error("AGI connection %d dropped: %s", connection.number, error)  # noqa: TRY400 - says it all
        except Exception as error:  # noqa: BLE001 - one call's fault is not another's
            self.counts.handler_errors += 1
            # the class and the place only: the text of an error may hold what a caller keyed
            logger.error("AGI connection %d dropped: %s", connection.number, _place(error))  # noqa: TRY400
        finally:
            self._silent.pop(connection, None)
            self._calls.discard(connection)
            connection.writer.close()

    async def _carry(self, connection: _Connection, wire: Wire) -> None:
        environment = await self._environment(wire)
        if environment is None:
            return
        self._silent.pop(connection, None)
        handlers = self._handlers_for(environment)
        handler = None if handlers is None else handlers.get(environment.script)
        if handlers is None:
            self.counts.wrong_secret += 1
            logger.warning("AGI connection %d refused: it does not know the secret", connection.number)
        elif handler is None:
            raise RemoteProtocolError("no such script")
        elif len(self._calls) >= self._limits.calls:
            self.counts.excess += 1
            logger.warning("AGI connection %d refused: %d calls in the menu", connection.number, len(self._calls))
        else:
            self._calls.add(connection)
            await handler(AgiSession(wire, environment))
            self.counts.finished += 1

    async def _environment(self, wire: Wire) -> Environment | None:
        """Return whose call it is, or None if the peer did not say so in time."""
        try:
            async with asyncio.timeout(self._limits.header_s):
                return await wire.environment()
        except (TimeoutError, HungUpError):
            self.counts.silent += 1
            return None

    def _handlers_for(self, environment: Environment) -> Mapping[str, Handler] | None:
        """Return what the PBX may ask for that knows its secret. Takes as long for whichever, and for none."""
        given = (environment.arguments[0] if environment.arguments else "").encode()
        known = [handlers for secret, handlers in self._handlers.items() if hmac.compare_digest(given, secret)]
        return known[0] if known else None


def _place(error: Exception) -> str:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = "" if traceback is None else f" at {traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}"
    return type(error).__name__ + where
