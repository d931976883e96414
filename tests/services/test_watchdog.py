"""The service manager hears from us by the very socket that it gives."""

import asyncio
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.services.watchdog import Watchdog


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = f"hydrophone-test-{secrets.token_hex(8)}"
    shown = str(tmp_path / "notify") if request.param == "file" else f"@{name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(shown if request.param == "file" else f"\0{name}")
        listening.setblocking(False)
        yield listening, shown


async def heard(listening: socket.socket) -> str:
    async with asyncio.timeout(5):
        return (await asyncio.get_running_loop().sock_recv(listening, 4096)).decode()


async def test_it_hears_that_we_are_up_and_live_and_end(manager: tuple[socket.socket, str]) -> None:
    listening, address = manager
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    watchdog = Watchdog(environ)
    assert environ == {"HOME": "/"}, "our children would report in our place"
    watchdog.ready()
    assert (await heard(listening)).startswith("READY=1")
    signs = asyncio.create_task(watchdog.run())
    assert [await heard(listening) for _ in range(3)] == ["WATCHDOG=1"] * 3
    signs.cancel()
    await asyncio.gather(signs, return_exceptions=True)
    watchdog.stopping()
    assert await heard(listening) == "STOPPING=1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "300000"},
        {"NOTIFY_SOCKET": "/nowhere/at/all"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "soon"},
    ],
)
async def test_without_a_manager_that_asks_nothing_is_told(environ: dict[str, str]) -> None:
    watchdog = Watchdog(environ)
    watchdog.ready()
    watchdog.stopping()
    await watchdog.run()
