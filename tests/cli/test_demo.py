"""``hydrophone demo``: its first settings, and that a screen that is gone keeps nothing running."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from rich.console import Console

from config.settings import Settings
from cti.cli import demo


class Gone:
    """A screen whose window is closed."""

    encoding = "utf-8"

    def __init__(self, fault: OSError) -> None:
        self._fault = fault

    def write(self, _text: str) -> int:
        raise self._fault

    def flush(self) -> None:
        raise self._fault

    def isatty(self) -> bool:
        return False


class Endless:
    """A hotline that never comes up."""

    def __init__(self) -> None:
        self.stopped = False

    async def start(self) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self.stopped = True


async def test_a_screen_that_is_gone_does_not_keep_the_hotline_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    hotline = Endless()
    monkeypatch.setattr(demo, "console", Console(file=Gone(OSError(5, "Input/output error"))))  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        await demo._run(hotline)  # type: ignore[arg-type]
    assert hotline.stopped


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_taken_port_is_left_to_its_owner_unless_it_is_that_of_a_pbx_which_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: bool
) -> None:
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    monkeypatch.setenv("HYDROPHONE_PBX__SANDBOX", str(sandbox).lower())
    with socket.create_server(("127.0.0.1", 0)) as taker:
        port = taker.getsockname()[1]
        monkeypatch.setenv("HYDROPHONE_PBX__AMI_PORT", str(port))
        demo._write_settings(Settings())
    monkeypatch.delenv("HYDROPHONE_PBX__AMI_PORT")
    written = (tmp_path / "hydrophone.toml").read_text()
    assert ("ami_port" in written) is sandbox
    assert Settings().web.demo_phone
