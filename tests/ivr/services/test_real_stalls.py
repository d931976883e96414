"""A daemon that stands still in the middle of a question or an entry, and a caller on a real Asterisk who keys."""

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.secrets import Secrets
from cti.caller.phone import Caller, PhoneCall, dial
from cti.domain.events import Language
from cti.sandbox.pbx import SandboxPbx
from ivr.agi.errors import PlaybackFailedError
from ivr.agi.server import AgiServer, Handler
from ivr.agi.session import AgiSession
from ivr.errors import HungUpError
from ivr.flow.line import Speaking
from ivr.ports import Value
from ivr.services.phone_line import ClipLengths, PhoneLine
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


# ------------------------------------------------------------------ a question and the key that answers it

QUESTION_S, WAIT_S = 1.0, 3.0
CUTTING = "0123456789*"


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A second of silence, as a question's file."""
    path = tmp_path / "question"
    path.with_suffix(".ulaw").write_bytes(b"\xff" * round(8000 * QUESTION_S))
    return path


class OneFile:
    """Speech that says everything by one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        yield self._file

    async def beep(self) -> Path:
        return self._file


def line(session: AgiSession, file: Path) -> PhoneLine:
    return PhoneLine(session, OneFile(file), ClipLengths(), time.monotonic)


async def in_one(session: AgiSession, file: Path) -> str:
    """Ask as the flow does."""
    return await line(session, file).ask(Speaking("menu.main", "zh", {}), CUTTING, WAIT_S)


async def in_two(session: AgiSession, file: Path) -> str:
    """Ask as it must not be asked."""
    return await session.stream_file(str(file), CUTTING) or await session.wait_for_digit(WAIT_S)


@asynccontextmanager
async def asking(
    pbx: SandboxPbx, ask: Callable[[AgiSession, Path], Awaitable[str]], file: Path
) -> AsyncIterator[tuple[Daemon, Tap, PhoneCall, "asyncio.Future[str]"]]:
    """Give a caller who is being asked."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    async def handler(session: AgiSession) -> None:
        await session.answer()
        try:
            loop.call_soon_threadsafe(told.set_result, await ask(session, file))
            await session.set_variable("HYDROPHONE_RESULT", "done")
        except Exception as error:
            loop.call_soon_threadsafe(told.set_exception, error)
            raise

    daemon = Daemon()
    server = await daemon.serve(pbx, handler)
    caller = Caller(number="13800138000", address=pbx.settings.pbx.trunk_address)
    uri = f"sip:{pbx.settings.site.hotline}@{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}"
    try:
        async with tapped(pbx, LOGIN) as tap, dial(caller, uri) as call:
            await tap.wait_for(_plays)
            yield daemon, tap, call, told
    finally:
        await daemon.end(server)


def _plays(frame: dict[str, str]) -> bool:
    return frame.get("Event") == "AGIExecStart" and frame.get("Command", "").startswith(("GET OPTION", "STREAM FILE"))


@pytest.mark.parametrize(("ask", "kept"), [(in_one, True), (in_two, False)])
async def test_a_key_right_after_a_question_while_the_daemon_stands_still(
    pbx: SandboxPbx, question: Path, ask: Callable[[AgiSession, Path], Awaitable[str]], kept: bool
) -> None:
    async with asking(pbx, ask, question) as (daemon, tap, call, told):
        async with daemon.stalled():
            await asyncio.sleep(QUESTION_S + 0.3)
            await call.key("3")
            await _ended(tap, 1)
        assert (await told == "3") is kept


@pytest.mark.parametrize("after_s", [0.2, QUESTION_S + 0.5])
async def test_a_key_that_cuts_nothing_short_is_one_only_after_the_question(
    pbx: SandboxPbx, question: Path, after_s: float
) -> None:
    async with asking(pbx, in_one, question) as (_, tap, call, told):
        await asyncio.sleep(after_s)
        await call.key("#")
        await _ended(tap, 1)
        assert await told == ("#" if after_s > QUESTION_S else "")


async def test_a_question_that_is_not_there_and_a_caller_who_hangs_up_in_the_wait(
    pbx: SandboxPbx, question: Path, tmp_path: Path
) -> None:
    async with asking(pbx, in_one, tmp_path / "gone") as (_, _, _, told):
        with pytest.raises(PlaybackFailedError):
            await told

    async def ask_twice(session: AgiSession, file: Path) -> str:
        return await in_one(session, file) + await in_one(session, file)

    async with asking(pbx, ask_twice, question) as (_, _, call, told):
        await asyncio.sleep(QUESTION_S + 0.5)
        await call.hang_up()
        with pytest.raises(HungUpError):
            await told
