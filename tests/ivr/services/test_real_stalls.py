"""A daemon that stands still in the middle of an entry, and a caller on a real Asterisk who goes on keying."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from config.secrets import Secrets
from cti.caller.phone import Caller, dial
from cti.sandbox.pbx import SandboxPbx
from ivr.agi.server import AgiServer, Handler
from ivr.agi.session import AgiSession
from tests.asterisk.pbx import new_settings
from tests.asterisk.tap import Tap, tapped

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

ACCOUNT = "00123456"
NEXT_KEY_S = 4.0
LOGIN = ("telling", secrets.token_hex(8))


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """An Asterisk that tells of keys and of AGI commands, too."""
    home = tmp_path_factory.mktemp("stalls-pbx")
    settings = new_settings(home)
    telling = {"manager.conf": f"\n[{LOGIN[0]}]\nsecret = {LOGIN[1]}\nread = agi,dtmf\npermit = 127.0.0.1\n"}
    pbx = SandboxPbx(settings, Secrets.load_or_make(home), (), additions=telling)
    asyncio.run(pbx.up())
    try:
        yield pbx
    finally:
        asyncio.run(pbx.down())


class Daemon:
    """A loop of its own that serves a menu, and that can be made to stand still."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    async def serve(self, pbx: SandboxPbx, handler: Handler) -> AgiServer:
        """Start a server in that loop."""
        agi = pbx.settings.agi
        server = AgiServer({"hotline": handler}, secret=pbx.secrets.agi, allow=agi.allow)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(server.start(agi.host, agi.port), self.loop))
        return server

    @asynccontextmanager
    async def stalled(self) -> AsyncIterator[None]:
        """Have the loop do nothing at all."""
        still, go_on = threading.Event(), threading.Event()

        def stand_still() -> None:
            still.set()
            go_on.wait(30)

        self.loop.call_soon_threadsafe(stand_still)
        assert await asyncio.to_thread(still.wait, 10)
        try:
            yield
        finally:
            go_on.set()

    async def end(self, server: AgiServer) -> None:
        """Stop the server and the loop."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(server.stop(), self.loop))
        self.loop.call_soon_threadsafe(self.loop.stop)
        await asyncio.to_thread(self._thread.join, 10)
        self.loop.close()


async def one_command(session: AgiSession) -> str:
    """Take an entry as the flow does."""
    return await session.wait_for_digit(20) + await session.wait_for_digits(len(ACCOUNT) - 1, NEXT_KEY_S)


async def a_command_per_key(session: AgiSession) -> str:
    """Take an entry as it must not be taken."""
    keyed = await session.wait_for_digit(20)
    while len(keyed) < len(ACCOUNT) and (key := await session.wait_for_digit(NEXT_KEY_S)):
        keyed += key
    return keyed


@pytest.mark.parametrize(("way", "whole"), [(one_command, True), (a_command_per_key, False)])
async def test_keys_of_an_entry_pressed_while_the_daemon_stands_still(
    pbx: SandboxPbx, way: Callable[[AgiSession], Awaitable[str]], whole: bool
) -> None:
    told: list[str] = []

    async def handler(session: AgiSession) -> None:
        await session.answer()
        told.append(await way(session))
        await session.set_variable("HYDROPHONE_RESULT", "done")

    daemon = Daemon()
    server = await daemon.serve(pbx, handler)
    caller = Caller(number="13800138000", address=pbx.settings.pbx.trunk_address)
    uri = f"sip:{pbx.settings.site.hotline}@{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}"
    try:
        async with tapped(pbx, LOGIN) as tap, dial(caller, uri) as call:
            await tap.event("AGIExecStart", Command='WAIT FOR DIGIT "20000"')
            await call.key(ACCOUNT[0])
            await tap.wait_for(_takes_more)
            async with daemon.stalled():
                await call.key(ACCOUNT[1:])
                await _ended(tap, len(ACCOUNT))
            async with asyncio.timeout(NEXT_KEY_S * len(ACCOUNT)):
                await call.ended.wait()
    finally:
        await daemon.end(server)
    assert (told == [ACCOUNT]) is whole
    assert ACCOUNT.startswith(told[0][:2])


def _takes_more(frame: dict[str, str]) -> bool:
    command = frame.get("Command", "")
    return frame.get("Event") == "AGIExecStart" and command.startswith(("GET DATA", 'WAIT FOR DIGIT "4000'))


async def _ended(tap: Tap, keys: int) -> None:
    """Wait until Asterisk has had so many keys from the caller."""
    await tap.wait_for(lambda _: sum(frame.get("Event") == "DTMFEnd" for frame in tap.events) >= keys)
