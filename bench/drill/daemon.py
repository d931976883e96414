"""The daemon as a service manager keeps it: started as a process, started again when it ends, ended when it is silent.

The rules are systemd's (``Restart=always``, ``WatchdogSec``): whoever has once said ``WATCHDOG=1`` to the notify socket
and then says nothing for ``WATCHDOG_S`` is killed.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

WATCHDOG_S = 10.0
RESTART_S = 0.1
_POLL_S = 0.05
_STOP_S = 20.0
_START_S = 60.0


class DaemonGoneError(Exception):
    """The daemon did not do what it should; its log says why."""


class Daemon:
    """One ``hydrophone serve``, from :meth:`start` to :meth:`stop`. ``starts`` are the times of all its starts."""

    def __init__(self, home: Path, url: str, env: Mapping[str, str]) -> None:
        self.starts: list[float] = []
        self.watchdog_kills = 0
        self.env = dict(env)
        self.prefix: tuple[str, ...] = ()
        self._home = home
        self._url = url
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._notify: socket.socket | None = None
        self._alive_at: float | None = None
        self._client: aiohttp.ClientSession | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        if self._process is None:
            raise DaemonGoneError("the daemon was not started")
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it says."""
        return self._home / "log" / "hydrophone.log"

    async def start(self) -> None:
        """Start it and return when it is healthy."""
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        self._listen()
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name="keep daemon")
        await self.healthy_since(0.0, within_s=_START_S)

    async def stop(self) -> None:
        """End it, and its keeper."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_S)
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
        if self._notify is not None:
            asyncio.get_running_loop().remove_reader(self._notify)
            self._notify.close()
        if self._client is not None:
            await self._client.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def health(self) -> Mapping[str, Any] | None:
        """Return what ``/health`` answers; None when nobody does."""
        if self._client is None:
            return None
        try:
            async with self._client.get(f"{self._url}/health") as answer:
                said: Mapping[str, Any] = await answer.json()
                return said
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None

    async def healthy_since(self, since: float, *, within_s: float) -> float:
        """Wait until the daemon is well and has asked the PBX after ``since``; returns when that was seen."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            said = await self.health()
            if said and said.get("ok") and all(_synced(link) >= since for link in said["links"]):
                return time.time()
            await asyncio.sleep(_POLL_S)
        raise DaemonGoneError(f"not well within {within_s:g} s; {self.log}")

    async def metrics(self) -> dict[str, float]:
        """Return every figure of ``/metrics`` by its name with labels."""
        if self._client is None:
            return {}
        token = (self._home / "metrics-token").read_text().strip()
        async with self._client.get(f"{self._url}/metrics", headers={"Authorization": f"Bearer {token}"}) as answer:
            lines = (await answer.text()).splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def footprint(self) -> tuple[float, int]:
        """Return its resident memory in MB, and how many file descriptors it has."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        return rss / 1024, len(os.listdir(f"/proc/{self.pid}/fd"))

    async def load_s(self) -> float:
        """Return how long this machine takes now only to load the program: on a busy one, seconds more than usual."""
        env = {**os.environ, **self.env}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        begun = time.monotonic()
        loading = await asyncio.create_subprocess_exec(sys.executable, "-c", "import cti.app", env=env, stdin=DEVNULL)
        await loading.wait()
        return time.monotonic() - begun

    # ------------------------------------------------------------------ the keeper

    def _listen(self) -> None:
        path = self._home / "notify"
        path.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.setblocking(False)
        self._notify.bind(str(path))
        asyncio.get_running_loop().add_reader(self._notify, self._heard)

    def _heard(self) -> None:
        if self._notify is not None and b"WATCHDOG=1" in self._notify.recv(4096):
            self._alive_at = time.monotonic()

    async def _spawn(self) -> None:
        self._alive_at = None
        env = {**os.environ, **self.env, "HYDROPHONE_HOME": str(self._home)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, not at each start
        env |= {"NOTIFY_SOCKET": str(self._home / "notify"), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
        command = self.prefix or (str(Path(sys.executable).with_name("hydrophone")),)
        self.log.parent.mkdir(exist_ok=True)
        with self.log.with_suffix(".start.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", *command, "serve", "--log-file",
                stdin=DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True,
            )  # fmt: skip
        self.starts.append(time.time())

    async def _keep(self) -> None:
        while self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), 0.25)
            except TimeoutError:
                self._watch()
                continue
            await asyncio.sleep(RESTART_S)
            await self._spawn()

    def _watch(self) -> None:
        if self._alive_at is not None and time.monotonic() - self._alive_at > WATCHDOG_S and self._process is not None:
            self.watchdog_kills += 1
            self._process.kill()


def _synced(link: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(link["synced_at"]).timestamp() if link["synced_at"] else 0.0
