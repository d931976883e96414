"""The demo ends a daemon that is frozen, and starts the next one."""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from cti.sandbox import hotline as hotline_module
from cti.sandbox.hotline import Hotline
from cti.sandbox.watch import Watch
from tests.sandbox.test_hotline import settings_of
from tests.services.parts import until

REPO = Path(__file__).parents[2]
DAEMON = f"""#!{sys.executable}
import asyncio, os, sys
sys.path.insert(0, {str(REPO)!r})
from cti.services.watchdog import Watchdog

async def main():
    watchdog = Watchdog(os.environ)
    watchdog.ready()
    await watchdog.run()

asyncio.run(main())
"""


async def test_a_frozen_daemon_is_ended_and_another_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "hydrophone"
    program.write_text(DAEMON)
    program.chmod(0o755)
    monkeypatch.setattr("cti.sandbox.hotline.sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr(hotline_module, "PATIENCE_S", 1.0)
    monkeypatch.setattr(hotline_module, "_RESTART_S", 0.01)
    app = web.Application()
    app.router.add_get("/health", healthy)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    said: list[str] = []
    settings = settings_of(tmp_path / "home", port=runner.addresses[0][1])
    hotline = Hotline(settings, accounts=20, today=date(2026, 1, 1), say=said.append)
    await hotline.start_daemon()
    first = hotline.daemon
    keeper = asyncio.create_task(hotline._keep_daemon())
    try:
        assert first is not None
        assert hotline._watch is not None
        await asyncio.wait_for(hotline._watch.ready.wait(), 10)
        os.kill(first.pid, signal.SIGSTOP)
        await until(lambda: hotline.daemon not in (first, None), within_s=20)
        assert first.returncode == -signal.SIGKILL
        assert hotline.daemon is not None
        assert hotline.daemon.returncode is None
        assert "The daemon is frozen; ending it" in said
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await hotline.stop_daemon()
        await runner.cleanup()


async def healthy(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def test_a_daemon_that_never_reported_is_not_taken_for_frozen() -> None:
    watch = Watch(patience_s=0.01)
    ended: list[bool] = []
    watching = asyncio.create_task(watch.run(lambda: ended.append(True)))
    await asyncio.sleep(0.1)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    watch.close()
    assert ended == []
