"""The client side of an AGI bench: what Asterisk sends, and an answer to each command, many calls at once."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SECRET = "bench"  # noqa: S105 - of a server that lives for seconds, on loopback
_ENVIRONMENT = (
    "agi_network: yes",
    "agi_network_script: hotline",
    "agi_request: agi://127.0.0.1/hotline",
    "agi_channel: PJSIP/trunk-0000002a",
    "agi_language: both",
    "agi_type: PJSIP",
    "agi_uniqueid: 1795000000.42",
    "agi_version: 22.10.1",
    "agi_callerid: 13800138000",
    "agi_calleridname: bench",
    "agi_callingpres: 0",
    "agi_callingani2: 0",
    "agi_callington: 0",
    "agi_callingtns: 0",
    "agi_dnid: 96000",
    "agi_rdnis: unknown",
    "agi_context: hydrophone-hotline",
    "agi_extension: 96000",
    "agi_priority: 8",
    "agi_enhanced: 0.0",
    "agi_accountcode: ",
    "agi_threadid: 140200000000000",
    f"agi_arg_1: {SECRET}",
    "agi_arg_2: 1795000000.42",
)
"""What Asterisk 22 sends, in its order."""
_OK = b"200 result=1\n"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under test, in a process of its own."""

    process: Process
    port: int

    async def cpu_s(self) -> float:
        """Return the CPU seconds it has used."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101, PT018
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        return float(await self.process.stdout.readline())


@asynccontextmanager
async def peer(kind: str, commands: int) -> AsyncIterator[Peer]:
    """Have a server run; ``kind`` is ``ours`` or ``stock``."""
    command = (sys.executable, "-m", "bench._agi_peer", kind, SECRET, str(commands))
    repo = str(Path(__file__).parents[1])
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env={"PYTHONPATH": repo})
    try:
        assert process.stdout is not None  # noqa: S101
        yield Peer(process, int(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def calls(port: int, count: int, commands: int, *, at_once: int) -> None:
    """Make so many calls to the server, and answer every command it sends. Raises if one breaks off."""
    gate = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with gate:
            await _call(port, commands)

    await asyncio.gather(*(one() for _ in range(count)))


async def _call(port: int, commands: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\n".join((*_ENVIRONMENT, "", "")).encode())
    answered = 0
    while await reader.readline():
        answered += 1
        writer.write(_OK)
    writer.close()
    if answered < commands:
        raise RuntimeError(f"a call was cut off after {answered} of {commands} commands")
