"""A whole hotline ends what it started, all of it, and nothing that somebody else did. Its parts are stand-ins."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from config.settings import Agi, Database, Pbx, Settings, Web
from cti.sandbox.errors import AlreadyRunningError, DaemonError, HotlineRunsError
from cti.sandbox.hotline import Hotline, _open_small
from cti.sandbox.ready import Ready

READY = Path("demo/ready.json")


class PartFaultError(Exception):
    """What goes wrong with a part in these tests."""


class StandIn(Hotline):
    """A hotline whose parts only note what is asked of them; those named in ``broken`` fail."""

    def __init__(self, settings: Settings) -> None:
        self.done: list[str] = []
        self.said: list[str] = []
        self.broken: dict[str, Exception] = {}
        super().__init__(settings, accounts=20, today=date(2026, 1, 1), say=self.said.append)
        for owner, name, note in (
            (self.pbx, "install", "PBX installed"),
            (self.pbx, "up", "PBX up"),
            (self.pbx, "down", "PBX down"),
            (self.postgres, "stop", "database down"),
            (self, "start_daemon", "daemon up"),
            (self, "stop_daemon", "daemon down"),
            (self, "_keep_daemon", "kept"),
        ):
            setattr(owner, name, self._part(note))

    def _part(self, note: str) -> object:
        async def part() -> None:
            self.done.append(note)
            if note in self.broken:
                raise self.broken[note]

        return part

    async def _start_database(self) -> Ready:
        self.done.append("database up")
        return Ready.of(self.settings, self.secrets, "postgresql://", ())


def settings_of(home: Path, *, sandbox: bool = True, port: int = 18600) -> Settings:
    return Settings(
        home=home, pbx=Pbx(sandbox=sandbox, host="192.0.2.7"), agi=Agi(), web=Web(port=port), database=Database()
    )


@pytest.fixture
def hotline(tmp_path: Path) -> StandIn:
    return StandIn(settings_of(tmp_path))


async def test_it_ends_all_that_it_started_and_is_not_ready_any_more(hotline: StandIn, tmp_path: Path) -> None:
    await hotline.start()
    assert (tmp_path / READY).exists()
    hotline.done.clear()
    await hotline.stop()
    assert [note for note in hotline.done if note != "kept"] == ["daemon down", "PBX down", "database down"]
    assert not (tmp_path / READY).exists()


async def test_a_second_one_is_refused_and_leaves_the_first_alone(hotline: StandIn, tmp_path: Path) -> None:
    await hotline.start()
    second = StandIn(hotline.settings)
    with pytest.raises(HotlineRunsError, match="already runs"):
        await second.start()
    await second.stop()
    assert second.done == []
    assert (tmp_path / READY).exists()
    await hotline.stop()
    await second.start()
    await second.stop()


async def test_a_pbx_that_ran_before_is_left_running(hotline: StandIn) -> None:
    hotline.broken["PBX up"] = AlreadyRunningError(4711)
    with pytest.raises(AlreadyRunningError):
        await hotline.start()
    await hotline.stop()
    assert "PBX down" not in hotline.done
    assert hotline.done[-1] == "database down"


async def test_a_pbx_that_is_not_ours_is_used_and_left_alone(tmp_path: Path) -> None:
    hotline = StandIn(settings_of(tmp_path, sandbox=False))
    await hotline.start()
    await hotline.stop()
    assert not [note for note in hotline.done if "PBX" in note]
    assert "daemon up" in hotline.done
    assert any("192.0.2.7:15038" in line for line in hotline.said)


@pytest.mark.parametrize("part", ["kept", "daemon down", "PBX down", "database down"])
async def test_a_part_that_fails_keeps_no_other_from_ending(
    hotline: StandIn, part: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    hotline.broken[part] = PartFaultError("broken")
    await hotline.start()
    await asyncio.sleep(0)  # lets the keeper run
    await hotline.stop()
    assert {"kept", "daemon down", "PBX down", "database down"} <= set(hotline.done)
    assert "PartFaultError: broken" in caplog.text
    assert not (tmp_path / READY).exists()


@pytest.fixture
async def odd(tmp_path: Path) -> AsyncIterator[tuple[Hotline, list[web.Response]]]:
    """Return a hotline at whose address something answers what the test puts into the list."""
    answers: list[web.Response] = []

    async def answer(_request: web.Request) -> web.Response:
        return answers.pop()

    app = web.Application()
    app.router.add_get("/health", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield Hotline(settings_of(tmp_path, port=port), accounts=20, today=date(2026, 1, 1)), answers
    await runner.cleanup()


@pytest.mark.parametrize("text", ["", "no json", "[]", "7", "null", "{}", '{"ok": false}', "\ud800"])
async def test_an_odd_answer_is_not_health(odd: tuple[Hotline, list[web.Response]], text: str) -> None:
    hotline, answers = odd
    body = text.encode("utf-8", "surrogatepass")
    answers.append(web.Response(body=body, content_type="application/json"))
    assert not await hotline._healthy()
    answers.append(web.json_response({"ok": True}))
    assert await hotline._healthy()


async def test_a_daemon_that_can_not_start_is_told_with_both_its_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "hydrophone"
    program.write_text('#!/bin/sh\necho "asked: $*" >&2\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setattr("cti.sandbox.hotline.sys.executable", str(tmp_path / "python"))
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    hotline = Hotline(settings_of(tmp_path, port=port), accounts=20, today=date(2026, 1, 1))
    with pytest.raises(DaemonError) as fault:
        await hotline.start_daemon()
    await hotline.stop_daemon()
    assert str(hotline.log) in str(fault.value)
    assert str(hotline.start_log) in str(fault.value)
    assert hotline.start_log.read_text() == "asked: serve --log-file\n"
    assert not hotline.log.exists()


def test_the_start_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "start.log"
    with _open_small(path) as file:
        file.write(b"first")
    with _open_small(path) as file:
        file.write(b", second")
    assert path.read_text() == "first, second"
    os.truncate(path, 300_000)
    with _open_small(path) as file:
        file.write(b"anew")
    assert path.read_text() == "anew"
