"""SIPp as the outside world: callers on the trunk, and a plain SIP phone. An oracle that shares no code with us.

Needs the Debian package ``sip-tester``. Sound is not its business: it sends none.
"""

import asyncio
import random
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cti.sandbox.network import free_port
from cti.sandbox.pbx import SandboxPbx

SCENARIOS = Path(__file__).parent / "scenarios"
SOFTPHONE_ADDRESS = "127.0.0.1"


class Sipp:
    """One run of one scenario. ``folder`` holds its logs."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder

    async def finish(self, *, within_s: float = 20.0) -> None:
        """Wait for the end of the scenario; anything unexpected on the wire fails the test."""
        async with asyncio.timeout(within_s):
            said = await self.process.stdout.read() if self.process.stdout else b""
            status = await self.process.wait()
        errors = "\n".join(file.read_text(errors="replace") for file in self.folder.glob("*errors*"))
        assert status == 0, f"SIPp ended with {status}\n{errors}\n{said.decode(errors='replace')[-1500:]}"

    def logged(self) -> str:
        """Return what the scenario wrote to its log."""
        return "\n".join(file.read_text() for file in self.folder.glob("*logs*"))


@asynccontextmanager
async def calling(
    pbx: SandboxPbx, folder: Path, *, patience_s: float = 20.0, number: str = "13800000001", name: str = "Caller"
) -> AsyncIterator[Sipp]:
    """Have one caller on the trunk who dials the hotline and waits for the PBX to hang up, ``patience_s`` at most."""
    keys = {"patience_ms": str(int(patience_s * 1000)), "caller_number": number, "caller_name": name}
    address = pbx.settings.pbx.trunk_address
    async with _run(
        pbx, folder, "caller", address, free_port(socket.SOCK_DGRAM, address), pbx.settings.site.hotline, keys
    ) as sipp:
        yield sipp


@asynccontextmanager
async def softphone(pbx: SandboxPbx, folder: Path, scenario: str) -> AsyncIterator[Sipp]:
    """Register phone 2001 and have it play ``scenario`` with the next call that comes to it."""
    port = free_port(socket.SOCK_DGRAM, SOFTPHONE_ADDRESS)
    password = {"user": "2001", "password": pbx.secrets.phones["2001"]}
    async with _run(pbx, folder, "register", SOFTPHONE_ADDRESS, port, "2001", password) as registration:
        await registration.finish()
    async with _run(pbx, folder, scenario, SOFTPHONE_ADDRESS, port, "2001", {}) as sipp:
        yield sipp


@asynccontextmanager
async def answering(pbx: SandboxPbx, folder: Path, extension: str, port: int) -> AsyncIterator[Sipp]:
    """Have a phone at ``port`` that takes every call, as many as come, and never hangs up by itself."""
    async with _run(pbx, folder, "desk", SOFTPHONE_ADDRESS, port, extension, {}, calls=1000) as sipp:
        yield sipp


@asynccontextmanager
async def _run(
    pbx: SandboxPbx,
    folder: Path,
    scenario: str,
    address: str,
    port: int,
    service: str,
    keys: dict[str, str],
    *,
    calls: int = 1,
) -> AsyncIterator[Sipp]:
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    logs = folder / f"sipp-{scenario}-{random.randrange(10**9)}"
    logs.mkdir(parents=True)
    arguments = [
        *("-sf", str(_scenario(scenario, keys, logs)), "-i", address, "-p", str(port), "-s", service, "-m", str(calls)),
        *("-nostdin", "-trace_err", "-error_file", str(logs / "errors.log")),
        *("-trace_logs", "-log_file", str(logs / "logs.log"), "-mp", str(random.randrange(10000, 29000, 4))),
        f"{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}",
    ]
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=logs,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Sipp(process, logs)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _scenario(name: str, keys: dict[str, str], folder: Path) -> Path:
    """Write the scenario with its ``[keys]`` filled in: SIPp itself allows them in few places."""
    text = (SCENARIOS / f"{name}.xml").read_text()
    for key, value in keys.items():
        text = text.replace(f"[{key}]", value)
    path = folder / f"{name}.xml"
    path.write_text(text)
    return path
