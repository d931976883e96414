"""The composition root without a PBX: what it does about days, clocks, and being told to end."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.secrets import Secrets
from config.settings import Database as DatabaseSettings
from config.settings import Settings
from cti import app as composition
from cti.app import App
from cti.domain.events import CallerQueued, IvrEntered
from cti.domain.ids import ChannelId, LinkedId, PbxName, QueueName
from cti.services import menu
from tests.asterisk.pbx import new_settings
from tests.services.parts import until

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def settings_of(home: Path) -> Settings:
    return new_settings(home).model_copy(update={"database": DatabaseSettings(dsn=SecretStr(NOWHERE))})


@pytest.fixture
async def idle(tmp_path: Path) -> App:
    made = App(settings_of(tmp_path), Secrets())
    await made.kept.database.close()
    return made


async def test_a_new_day_at_the_site_starts_the_sums_anew(idle: App) -> None:
    now = idle.clock()
    call = idle.first.book(LinkedId("1.1"))
    idle.live.apply(
        IvrEntered(
            at=now, call=call, pbx=PbxName("main"), linkedid=LinkedId("1.1"), caller_number="", caller_name="",
            dialled="", flow="water",
        )
    )  # fmt: skip
    queue = QueueName("water")
    idle.live.apply(CallerQueued(at=now, pbx=PbxName("main"), call=call, leg=ChannelId("1.1"), queue=queue, position=1))
    idle._housekeep(now)
    assert idle.live.state.queues[queue].offered == 1
    idle._housekeep(now + timedelta(days=1))
    assert idle.live.state.queues[queue].offered == 0


async def test_the_machines_clock_is_followed_only_when_nothing_is_measured(
    idle: App, caplog: pytest.LogCaptureFixture
) -> None:
    wall = idle.clock._wall
    idle.clock._wall = lambda: wall() + timedelta(hours=1)
    call = idle.first.book(LinkedId("1.1"))
    idle.live.apply(
        IvrEntered(
            at=idle.clock(), call=call, pbx=PbxName("main"), linkedid=LinkedId("1.1"), caller_number="",
            caller_name="", dialled="", flow="water",
        )
    )  # fmt: skip
    idle._housekeep(idle.clock())
    assert idle.clock.off_by > timedelta(minutes=59)
    idle.live.state.calls.clear()
    idle._housekeep(idle.clock())
    assert idle.clock.off_by < timedelta(seconds=2)


class NoSpeech:
    def __init__(self, _cache: Path, **_site: object) -> None:
        """Have no voice."""

    async def start(self) -> None:
        """Begin nothing."""

    async def stop(self) -> None:
        """End nothing."""

    def learn(self, prompts: object) -> None:
        """Learn nothing."""


async def test_without_pbx_and_database_the_menu_listens_and_the_daemon_ends_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(menu, "RenderedSpeech", NoSpeech)
    monkeypatch.setattr(composition, "DATABASE_PATIENCE_S", 0.1)
    settings = settings_of(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    with caplog.at_level("INFO"), told_to(tmp_path / "notify") as told:
        running = asyncio.create_task(composition.run(settings, Secrets()))
        await until(lambda: "hydrophone is up" in caplog.text, within_s=15)
        _, writer = await asyncio.open_connection(settings.agi.host, settings.agi.port)
        writer.close()
        await writer.wait_closed()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            await running
    assert "hydrophone is down" in caplog.text
    assert told[0] == "WATCHDOG=1"
    assert [word for word in told if word != "WATCHDOG=1"] == ["READY=1\nSTATUS=up", "STOPPING=1"]


@contextlib.contextmanager
def told_to(path: Path) -> Iterator[list[str]]:
    """Be a service manager. Its socket holds ten messages, and a slow start sends more: they are read as they come."""
    told: list[str] = []
    loop = asyncio.get_running_loop()

    def take() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(manager.recv(4096).decode())

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.setblocking(False)
        loop.add_reader(manager, take)
        try:
            yield told
        finally:
            loop.remove_reader(manager)
            take()


async def test_a_start_can_be_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(menu, "RenderedSpeech", NoSpeech)
    with caplog.at_level("INFO"):
        running = asyncio.create_task(composition.run(settings_of(tmp_path), Secrets()))
        await until(lambda: "no database yet" in caplog.text, within_s=15)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            await running
    assert "hydrophone is up" not in caplog.text


async def test_a_port_that_is_taken_ends_the_start_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(menu, "RenderedSpeech", NoSpeech)
    settings = settings_of(tmp_path)
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), settings.agi.host, settings.agi.port)
    before = asyncio.all_tasks()
    with pytest.raises(OSError, match="address already in use"):
        await App(settings, Secrets()).start()
    taken.close()
    await taken.wait_closed()
    assert asyncio.all_tasks() <= before
