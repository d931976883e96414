"""Agents at plain SIP phones, which answer every call: the console's phone needs a browser, these need SIPp only."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cti.sandbox.pbx import SandboxPbx
from tests.asterisk.sipp import answering

_ENDPOINT = """
[{0}]
type = aor
contact = sip:{0}@127.0.0.1:{1}

[{0}]
type = endpoint
context = hydrophone-agent
aors = {0}
transport = transport-udp
callerid = "Agent {0}" <{0}>
disallow = all
allow = alaw
direct_media = no
device_state_busy_at = 1
moh_suggest = hydrophone
"""


@asynccontextmanager
async def desks(pbx: SandboxPbx, folder: Path, extensions: Sequence[str]) -> AsyncIterator[None]:
    """Put a desk phone in the place of each of the agents' phones of ``pbx``, which must be the test's own."""
    ports = {extension: _port() for extension in extensions}
    written = "".join(_ENDPOINT.format(extension, port) for extension, port in ports.items())
    (pbx.settings.home / "pbx/etc/hydrophone-pjsip.conf").write_text(written)
    await pbx.console("module reload res_pjsip.so")
    async with AsyncExitStack() as stack:
        for extension, port in ports.items():
            await stack.enter_async_context(answering(pbx, folder, extension, port))
        yield


def _port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
