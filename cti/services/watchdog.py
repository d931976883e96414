"""Telling the service manager that we are up and that our loop turns (``sd_notify(3)``, ``systemd.service(5)``).

systemd gives a socket in ``NOTIFY_SOCKET`` and, with ``WatchdogSec=``, its patience in ``WATCHDOG_USEC``. The signs of
life come from the event loop itself: a loop that hangs sends none, and the service manager ends us and starts us anew.
Without such a socket nothing is told to anybody.
"""

import asyncio
import os
import socket
from collections.abc import MutableMapping
from typing import Final

SIGNS_PER_PATIENCE: Final = 3


class Watchdog:
    """The way to the service manager, if there is one."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Take what the service manager wrote into ``environ`` out of it: it is not for the programs that we start."""
        self._address = environ.pop("NOTIFY_SOCKET", "")
        mine = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        patience = environ.pop("WATCHDOG_USEC", "")
        patience = patience if mine else ""
        self.patience_s = int(patience) / 1_000_000 if patience.isascii() and patience.isdigit() else 0.0

    def ready(self) -> None:
        """Say that we do our work from now on."""
        self._tell("READY=1\nSTATUS=up")

    def stopping(self) -> None:
        """Say that we were told to end."""
        self._tell("STOPPING=1")

    async def run(self) -> None:
        """Send signs of life until cancelled."""
        if not self.patience_s or not self._address:
            return
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.patience_s / SIGNS_PER_PATIENCE)

    def _tell(self, what: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
            way.setblocking(False)
            try:
                way.sendto(what.encode(), address)
            except OSError:
                return  # the service manager does not listen; that is not ours to mend
