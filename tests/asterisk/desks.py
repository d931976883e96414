"""Agents at plain SIP phones, which answer every call: the console's phone needs a browser, these need SIPp only."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cti.sandbox.network import free_port
from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.endpoints import stand_in
from tests.asterisk.sipp import answering

MUSIC = "moh_suggest = hydrophone\n"


@asynccontextmanager
async def desks(pbx: SandboxPbx, folder: Path, extensions: Sequence[str]) -> AsyncIterator[None]:
    """Put a desk phone in the place of each of the agents' phones of ``pbx``, which must be the test's own."""
    ports = {extension: free_port(socket.SOCK_DGRAM) for extension in extensions}
    await stand_in(pbx, ports, more=MUSIC)
    async with AsyncExitStack() as stack:
        for extension, port in ports.items():
            await stack.enter_async_context(answering(pbx, folder, extension, port))
        yield
