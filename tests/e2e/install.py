"""A hotline of the tests' own, started and ended with the very command that a newcomer types."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

REPO = Path(__file__).parents[2]
HYDROPHONE = str(Path(sys.executable).with_name("hydrophone"))
ACCOUNTS = 400
_START_S = 150.0
_STOP_S = 40.0


@dataclass(slots=True)
class Caller:
    """One caller on the line: the ``hydrophone call`` that plays them, and where it writes what they hear."""

    process: asyncio.subprocess.Process
    recording: Path

    async def story(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """Return the call as the caller lived it, once it is over."""
        async with asyncio.timeout(timeout_s):
            told, complaint = await self.process.communicate()
        assert self.process.returncode == 0, complaint.decode()
        story: dict[str, Any] = json.loads(told)
        return story


@dataclass(slots=True)
class Install:
    """A hotline that is up, and what its ``ready.json`` says."""

    home: Path
    ready: Mapping[str, Any]
    env: Mapping[str, str]
    _callers: list[Caller] = field(default_factory=list)

    def account(self, index: int) -> Mapping[str, Any]:
        """Return one of the sample accounts."""
        account: Mapping[str, Any] = self.ready["accounts"][index]
        return account

    async def call(self, script: str | Sequence[str], *, number: str = "13800138000", name: str = "") -> Caller:
        """Place a call: a script of steps, or the options of ``hydrophone call``."""
        recording = self.home / f"heard-{len(self._callers)}.wav"
        how = ("--script", script) if isinstance(script, str) else tuple(script)
        process = await asyncio.create_subprocess_exec(
            HYDROPHONE, "call", *how, "--from", number, "--name", name, "--record", str(recording), "--json",
            env=dict(self.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._callers.append(Caller(process, recording))
        return self._callers[-1]

    async def hang_up_all(self) -> None:
        """End the callers that a failed test left on the line."""
        for caller in self._callers:
            if caller.process.returncode is None:
                caller.process.terminate()
                await caller.process.communicate()

    async def console(self, command: str) -> str:
        """Return what the PBX's own console answers."""
        process = await asyncio.create_subprocess_exec(
            HYDROPHONE, "pbx", "console", command, env=dict(self.env), stdout=subprocess.PIPE
        )
        said, _ = await process.communicate()
        return said.decode()

    async def has_queued(self, number: str, timeout_s: float = 20.0) -> None:
        """Wait until Asterisk itself says that the caller from ``number`` is in the queue."""
        async with asyncio.timeout(timeout_s):
            while True:
                shown = await self.console("core show channels concise")
                if any("!Queue!" in line and number in line for line in shown.splitlines()):
                    return
                await asyncio.sleep(0.2)

    async def has_step(self, number: str, step: str, timeout_s: float = 30.0) -> None:
        """Wait until the caller from ``number`` has gone through a step of the menu."""
        async with asyncio.timeout(timeout_s):
            while True:
                calls = await self.calls_from(number)
                if any(step == passed["step"] for call in calls for passed in call["ivr_path"]):
                    return
                await asyncio.sleep(0.2)

    def kill_daemon(self) -> None:
        """End the daemon as a crash would."""
        os.kill(int((self.home / "demo" / "daemon.pid").read_text()), signal.SIGKILL)

    async def get(self, path: str, **query: str) -> Any:
        """Read from the REST API as the supervisor does, from a script."""
        supervisor = self.ready["supervisors"][0]
        who = {"user": supervisor["user"], "password": supervisor["password"]}
        async with aiohttp.ClientSession() as client:
            async with client.post(f"{self.ready['api_url']}/tokens", json=who) as answer:
                assert answer.status in (200, 201), await answer.text()
                token = (await answer.json())["token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with client.get(f"{self.ready['api_url']}{path}", params=query, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()

    async def calls_from(self, number: str) -> list[dict[str, Any]]:
        """Return the records of the calls of one caller, newest first."""
        page = await self.get("/calls", limit="200")
        return [call for call in page["items"] if call["caller_number"] == number]

    async def ended_call(self, number: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Return the one record of the one call from ``number``, once it has an outcome and the daemon is up."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                found = await self.calls_from(number)
            except aiohttp.ClientConnectionError:
                found = []
            if found and all(call["outcome"] for call in found):
                assert len(found) == 1, f"{len(found)} records of one call"
                return found[0]
            assert time.monotonic() < end, f"no ended call record within {timeout_s} s: {found}"
            await asyncio.sleep(0.2)

    async def ticket_of(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Return the one ticket of a call, whole."""
        page = await self.get("/tickets", limit="200")
        found = [ticket for ticket in page["items"] if ticket["call"] and ticket["call"]["id"] == call["id"]]
        assert [ticket["id"] for ticket in found] == [call["ticket_id"]], "not exactly one ticket"
        whole: dict[str, Any] = await self.get(f"/tickets/{call['ticket_id']}")
        return whole


def running(home: Path) -> Iterator[Install]:
    """Have a hotline up under ``home``; at the end Ctrl-C, and every process it started must be gone."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HYDROPHONE_")},
        "HYDROPHONE_HOME": str(home),
        "HYDROPHONE_CACHE": os.environ.get("HYDROPHONE_CACHE", str(REPO / "var/cache")),
    }
    home.mkdir(parents=True, exist_ok=True)
    with (home / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [HYDROPHONE, "demo", "--accounts", str(ACCOUNTS)],
            env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        ready = _wait_ready(process, home)
        yield Install(home, ready, env)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        finally:
            process.kill()
            process.wait()
    left = _processes_of(home)
    assert not left, f"these outlived Ctrl-C: {left}"


def _wait_ready(process: subprocess.Popen[bytes], home: Path) -> Mapping[str, Any]:
    end = time.monotonic() + _START_S
    path = home / "demo" / "ready.json"
    while not path.exists():
        assert process.poll() is None, (home / "demo.log").read_text()[-4000:]
        assert time.monotonic() < end, (home / "demo.log").read_text()[-4000:]
        time.sleep(0.1)
    assert path.stat().st_mode & 0o077 == 0, "ready.json holds passwords and is readable by others"
    ready: Mapping[str, Any] = json.loads(path.read_text())
    return ready


def _processes_of(home: Path) -> list[str]:
    """Return the command lines of processes that work in ``home``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(home) in command or f"HYDROPHONE_HOME={home}".encode() in environ.split(b"\0"):
            found.append(command)
    return found
