"""The push channel: a WebSocket server on a port of its own, a thin shell around :mod:`agent_console.push.hub`.

A browser gets in with the right ``Origin`` and a one-time ticket of its session; everything else is refused before
the handshake. Nothing here logs an address, since the ticket is in it.
"""

import asyncio
import logging
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from agent_console.auth import Login, PushTickets
from agent_console.errors import ConsoleError, ForeignOriginError, NotFoundError, NotLoggedInError, UnavailableError
from agent_console.push.hub import BAD_COMMAND, GONE, TOO_SLOW, Console, Hub
from agent_console.push.outbox import SEND_DEADLINE_S
from agent_console.wire import Role
from agent_console.wire_push import PopShown, PushCommand, ResyncRequest

log = logging.getLogger(__name__)
quiet = logging.getLogger(f"{__name__}.protocol")
quiet.setLevel(logging.WARNING)

HEARTBEAT_S: Final = 5.0
MAX_CONSOLES: Final = 2_000
MAX_COMMAND_BYTES: Final = 4_096
KERNEL_BUFFER_BYTES: Final = 128 * 1024
COMMANDS_AT_ONCE: Final = 30
"""More commands than this within one heartbeat are no console of ours."""

COMMANDS: Final[Mapping[type, frozenset[Role]]] = {
    PopShown: frozenset({Role.AGENT}),
    ResyncRequest: frozenset(Role),
}
"""Who may send what; what isn't here nobody may."""

_command: TypeAdapter[PopShown | ResyncRequest] = TypeAdapter(PushCommand)


class PushServer:
    """Accepts consoles and moves frames between them and the hub, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        hub: Hub,
        tickets: PushTickets,
        origins: frozenset[str],
        *,
        heartbeat_s: float = HEARTBEAT_S,
        send_deadline_s: float = SEND_DEADLINE_S,
    ) -> None:
        self._hub = hub
        self._tickets = tickets
        self._origins = origins
        self._heartbeat_s = heartbeat_s
        self._send_deadline_s = send_deadline_s
        self._server: Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        self._server = await serve(
            self._console,
            host,
            port,
            process_request=self._check,
            compression=None,
            server_header=None,
            open_timeout=5,
            ping_interval=10,
            ping_timeout=10,
            close_timeout=2,
            max_size=MAX_COMMAND_BYTES,
            max_queue=8,
            logger=quiet,
        )

    async def stop(self) -> None:
        """Close every console (they come back by themselves) and the port."""
        self._hub.close_all()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    # -------------------------------------------------------------- who gets in

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        try:
            connection.login = self._admit(request)  # type: ignore[attr-defined]
        except ConsoleError as refusal:
            return _refused(refusal)
        return None

    def _admit(self, request: Request) -> Login:
        origins = request.headers.get_all("Origin")
        if len(origins) != 1 or origins[0] not in self._origins:
            raise ForeignOriginError
        url = urlsplit(request.path)
        if url.path != "/":
            raise NotFoundError
        tickets = parse_qs(url.query, max_num_fields=4).get("ticket", [])
        if len(tickets) != 1:
            raise NotLoggedInError
        if len(self._hub) >= MAX_CONSOLES:
            raise UnavailableError
        return self._tickets.redeem(tickets[0])

    # -------------------------------------------------------------- one console

    async def _console(self, connection: ServerConnection) -> None:
        login: Login = connection.login  # type: ignore[attr-defined]
        _bound_kernel_buffer(connection)
        console = self._hub.join(login)
        reading = asyncio.create_task(self._read(connection, console), name=f"commands of {login.user}")
        try:
            await self._write(connection, console)
        except ConnectionClosed:
            log.debug("a console of %s is gone", login.user)
        except TimeoutError:
            log.warning("a console of %s takes nothing and is closed", login.user)
            console.close_soon(TOO_SLOW)
        finally:
            reading.cancel()
            self._hub.leave(console)
            await asyncio.wait({reading})
        await connection.close(console.close_code or GONE)

    async def _write(self, connection: ServerConnection, console: Console) -> None:
        while True:
            console.wake.clear()
            frame = self._hub.take(console)
            if frame is None:
                if console.close_code is not None:
                    return
                frame = await self._next(console)
            if frame is not None:
                await self._send(connection, frame)

    async def _send(self, connection: ServerConnection, frame: bytes) -> None:
        """Write a frame at once where the line has taken all before it, which costs half; else wait until it has."""
        if connection.transport.get_write_buffer_size() == 0:
            broadcast((connection,), frame, text=True)
            return
        async with asyncio.timeout(self._send_deadline_s):
            await connection.send(frame, text=True)

    async def _next(self, console: Console) -> bytes | None:
        """Wait until there is something to send; a heartbeat when nothing came for a while."""
        quiet_for_long = False

        def ring() -> None:
            nonlocal quiet_for_long
            quiet_for_long = True
            console.wake.set()

        alarm = asyncio.get_running_loop().call_later(self._heartbeat_s, ring)
        try:
            await console.wake.wait()
        finally:
            alarm.cancel()
        return self._hub.heartbeat(console) if quiet_for_long else None

    async def _read(self, connection: ServerConnection, console: Console) -> None:
        loop = asyncio.get_running_loop()
        since, count = loop.time(), 0
        try:
            async for message in connection:
                if loop.time() - since > self._heartbeat_s:
                    since, count = loop.time(), 0
                count += 1
                if count > COMMANDS_AT_ONCE or not self._obey(console, message):
                    console.close_soon(BAD_COMMAND)
                    return
        except ConnectionClosed:
            return
        finally:
            console.close_soon(GONE)

    def _obey(self, console: Console, message: str | bytes) -> bool:
        """Do what the console asks; False if that was nothing it may ask."""
        if isinstance(message, bytes):
            return False
        try:
            command = _command.validate_json(message)
        except ValidationError:
            return False
        if console.login.role not in COMMANDS.get(type(command), frozenset()):
            return False
        if isinstance(command, PopShown):
            self._hub.pop_shown(console, command)
        else:
            self._hub.resync(console)
        return True


def _bound_kernel_buffer(connection: ServerConnection) -> None:
    """Let the kernel hold little for a slow console: what waits there can no longer be replaced by news."""
    line = connection.transport.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)


def _refused(refusal: ConsoleError) -> Response:
    body = refusal.body.model_dump_json().encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
    return Response(int(refusal.status), HTTPStatus(refusal.status).phrase, headers, body)
