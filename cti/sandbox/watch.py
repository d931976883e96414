"""A service manager's watchdog for the demo's daemon: who gives no sign of life for a while is ended for certain.

What systemd does at a site (``WatchdogSec=``), with the same socket and the same words, see ``cti.services.watchdog``.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 10.0


class Watch:
    """The socket that a daemon reports to. Made anew for each daemon; close it when the daemon is gone."""

    def __init__(self, *, patience_s: float) -> None:
        self.ready = asyncio.Event()
        self._patience_s = patience_s
        self._name = f"hydrophone-{os.getpid()}-{secrets.token_hex(8)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._socket.bind(f"\0{self._name}")

    @property
    def environment(self) -> dict[str, str]:
        """What the daemon must find in its environment."""
        return {"NOTIFY_SOCKET": f"@{self._name}", "WATCHDOG_USEC": str(int(self._patience_s * 1_000_000))}

    async def run(self, end: Callable[[], None]) -> None:
        """Watch from the first sign of life on, and call ``end`` once none came for too long."""
        await self._heard()
        while True:
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._heard()
            except TimeoutError:
                end()
                return

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    async def _heard(self) -> None:
        told = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        if b"READY=1" in told.split(b"\n"):
            self.ready.set()
