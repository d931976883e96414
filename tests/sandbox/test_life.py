"""A sandbox PBX from start to end: alone, with others, refused, killed, and when who started it dies."""

import asyncio
import contextlib
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.sandbox.errors import AlreadyRunningError, BootError, ConsoleError, FolderError, PortTakenError
from cti.sandbox.pbx import SandboxPbx, _run_folder
from cti.sandbox.process import Running, read_pid_file, tail
from tests.asterisk.pbx import REPO, MakePbx, new_pbx
from tests.asterisk.tap import tapped

pytestmark = pytest.mark.asterisk


async def becomes_true(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - neither a process's end nor a file's change is an event
            await asyncio.sleep(0.02)


async def test_it_comes_up_goes_down_and_comes_up_again(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    first = pbx.running
    assert first is not None
    await pbx.down()
    assert pbx.running is None
    assert not first.alive
    await pbx.up()
    assert pbx.running not in (None, first)


async def test_two_at_once_do_not_meet(make_pbx: MakePbx) -> None:
    one, other = await make_pbx(), await make_pbx()
    async with tapped(one) as tap, tapped(other) as second:
        await tap.ask("QueueAdd", Queue="water", Interface="PJSIP/1001")
        await tap.event("QueueMemberAdded")
        assert not [frame for frame in second.events if frame["Event"] == "QueueMemberAdded"]
    assert "PJSIP/1001" not in await other.console("queue show water")


async def test_a_second_start_of_one_install_is_refused(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    again = SandboxPbx(pbx.settings, pbx.secrets, pbx.extensions)
    with pytest.raises(AlreadyRunningError):
        await again.up()
    assert again.running == pbx.running
    assert "uptime" in (await again.console("core show uptime")).lower()


async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    pbx = new_pbx(tmp_path)
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", pbx.settings.pbx.sip_ws_port))
        taker.listen()
        with pytest.raises(PortTakenError, match=r"pbx\.sip_ws_port"):
            await pbx.up()
    assert pbx.running is None


async def test_killed_it_is_gone_and_can_start_anew(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    pbx.kill()
    assert pbx.running is None
    with pytest.raises(ConsoleError, match="does not run"):
        await pbx.console("core show uptime")
    await pbx.up()
    await becomes_true(lambda: "QUEUESTART" in tail(pbx.log / "queue_log"))


def kept_members(pbx: SandboxPbx) -> str:
    """Return the queue's members as they stand on disk; Asterisk writes them there within a second."""
    with contextlib.closing(sqlite3.connect(pbx.log.parent / "lib/astdb.sqlite3")) as database:
        rows = database.execute("SELECT value FROM astdb WHERE key LIKE '/Queue/PersistentMembers/%'").fetchall()
    return "".join(value for (value,) in rows)


async def test_queue_members_outlive_a_crash_of_the_pbx(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    async with tapped(pbx) as tap:
        await tap.ask("QueueAdd", Queue="water", Interface="PJSIP/1001", MemberName="agent1")
    await becomes_true(lambda: "PJSIP/1001" in kept_members(pbx))
    pbx.kill()
    await pbx.up()
    assert "agent1 (PJSIP/1001)" in await pbx.console("queue show water")


async def test_a_start_that_fails_tells_asterisks_own_words_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.sandbox.pbx.render", lambda *_args, **_kwargs: {"asterisk.conf": "[directories]\n"
        f"astetcdir => {tmp_path}/none\nastrundir => {tmp_path}\nastdbdir => /proc/none\n"})  # fmt: skip
    pbx = new_pbx(tmp_path)
    with pytest.raises(BootError, match="EXITING"):
        await pbx.up()
    assert pbx.running is None


async def test_a_home_with_a_very_long_path_works(tmp_path: Path) -> None:
    pbx = new_pbx(tmp_path / ("long" * 30))
    await pbx.up()
    try:
        assert "System uptime" in await pbx.console("core show uptime")
    finally:
        await pbx.down()
    assert not _run_folder(pbx.log.parent).exists()


async def test_a_control_folder_that_somebody_else_laid_is_refused(tmp_path: Path) -> None:
    pbx = new_pbx(tmp_path / ("long" * 30))
    trap = _run_folder(pbx.log.parent)
    trap.mkdir()
    trap.chmod(0o777)
    try:
        with pytest.raises(FolderError, match=trap.name):
            await pbx.up()
    finally:
        trap.rmdir()


async def test_what_it_writes_is_for_its_owner_alone(make_pbx: MakePbx) -> None:
    pbx = await make_pbx()
    folder = pbx.log.parent
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder / "etc").iterdir())


STARTER = """
import asyncio, os, pathlib, sys
from tests.asterisk.pbx import new_pbx
pbx = new_pbx(pathlib.Path(sys.argv[1]))
asyncio.run(pbx.up())
os.kill(os.getpid(), 9)
"""


async def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, str(tmp_path), cwd=REPO, stderr=subprocess.DEVNULL
    )
    pid_file = tmp_path / "pbx/asterisk.pid"
    found: list[Running] = []
    while starter.returncode is None:
        found += [running] if (running := read_pid_file(pid_file)) else []
        await asyncio.wait([asyncio.ensure_future(starter.wait())], timeout=0.05)
    assert found
    await becomes_true(lambda: not found[-1].alive)
