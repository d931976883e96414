"""The least that could be between the PBX and a console: reads a socket, writes a socket. ``python -m bench._relay``.

Prints the two ports it listens on: what comes in at the first goes out to whoever is connected to the second.
"""

import asyncio
import sys


class _Out(asyncio.Protocol):
    def __init__(self, sinks: set[asyncio.WriteTransport]) -> None:
        self._sinks = sinks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a console in."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - sockets are
        self._sinks.add(transport)


class _In(asyncio.Protocol):
    def __init__(self, sinks: set[asyncio.WriteTransport]) -> None:
        self._sinks = sinks

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        for sink in self._sinks:
            sink.write(data)


async def _program() -> None:
    loop = asyncio.get_running_loop()
    sinks: set[asyncio.WriteTransport] = set()
    servers = [await loop.create_server(lambda kind=kind: kind(sinks), "127.0.0.1", 0) for kind in (_In, _Out)]  # type: ignore[misc]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    sys.stdout.write(f"{ports[0]} {ports[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_program())
