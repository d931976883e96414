"""The past from the command line: one moment as a table or JSON, a period in the console, old months dropped."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from cti.cli import main
from cti.cli.journal import app as journal_commands
from cti.cli.replay import replay
from cti.domain.events import CentreStarted
from cti.sandbox.network import free_port
from cti.services.journal.codec import Codec
from cti.services.journal.journal import Journal
from storage.engine import Database
from storage.journal import JournalStore
from storage.records import Role
from storage.users import UserStore
from tests.domain.story import ANNA, at
from tests.postgres import database, database_dsn, postgres_server
from tests.services.parts import HandClock, LiveStory, no_sleep

__all__ = ["database", "database_dsn", "postgres_server"]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]

Typed = Callable[..., Awaitable[tuple[int, str, str]]]
WORD = "a password of tests"


@pytest.fixture
async def told(database: Database, tmp_path: Path) -> None:
    """A journal of a minute: at 20 s Anna talks with a caller, at 40 s nobody does, at 60 s we started anew."""
    clock, story = HandClock(), LiveStory(ready=False)
    journal = Journal(
        JournalStore(database), Codec(), tmp_path / "spool", clock, lambda: story.live.state,
        sleep=no_sleep, monotonic=clock.monotonic,
    )  # fmt: skip
    await journal.begin()
    story.live.note = journal.note
    journal.database_ready()
    while await journal.round():
        pass
    story.tell(CentreStarted(at=clock()))
    story.ready()
    clock.turn(20)
    story.talking()
    clock.turn(20)
    story.hung_up(40, agent=ANNA)
    story.hung_up(40)
    clock.turn(20)
    story.tell(CentreStarted(at=clock()))
    while await journal.round():
        pass
    await journal.flush()
    await UserStore(database).create("boss", name="班长", role=Role.SUPERVISOR, password=WORD)


async def hydrophone(home: Path, dsn: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from cti.cli.main import app; app()", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HYDROPHONE_HOME": str(home), "HYDROPHONE_DATABASE__DSN": dsn, "COLUMNS": "120"},
    )  # fmt: skip


@pytest.fixture
def typed(tmp_path: Path, database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type a command; returns its status, what it says, and what it complains of."""
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    monkeypatch.setenv("HYDROPHONE_DATABASE__DSN", database_dsn)
    monkeypatch.setenv("COLUMNS", "120")

    async def type_(command: object, *arguments: str) -> tuple[int, str, str]:
        found = await asyncio.to_thread(CliRunner().invoke, main._as_typer(command), arguments)  # type: ignore[arg-type]
        return found.exit_code, found.stdout, found.stderr

    return type_


def words(second: float) -> str:
    return at(second).isoformat()


@pytest.mark.usefixtures("told")
async def test_a_moment_is_printed_as_it_was(typed: Typed) -> None:
    status, out, err = await typed(replay, "--at", words(25), "--json")
    then = json.loads(out)
    assert (status, then["at"]) == (0, "2026-11-22T08:00:25Z")
    assert [(call["stage"], call["agent"]) for call in then["calls"]] == [("talking", ANNA)]
    assert "events folded" in err
    status, out, _ = await typed(replay, "--at", "2026-11-22T16:00:25")
    assert status == 0
    assert "The live state at 2026-11-22 16:00:25 CST" in out
    assert "on_call" in out


@pytest.mark.usefixtures("told")
async def test_what_cannot_be_replayed_is_said(typed: Typed) -> None:
    for arguments, status, text in (
        (("--at", "2020-01-01"), 1, "The journal begins later."),
        (("--at", "yesterday"), 2, "is no time"),
        ((), 2, "give either"),
        (("--from", words(5), "--to", words(5)), 2, "must be later"),
    ):
        found, out, err = await typed(replay, *arguments)
        assert (found, text in out + err, "Traceback" in err) == (status, True, False)


@pytest.fixture
async def playing(told: None, tmp_path: Path, database_dsn: str) -> AsyncIterator[str]:
    """A period being played slowly: the address of its console."""
    port = free_port()
    process = await hydrophone(
        tmp_path, database_dsn, "replay", "--from", words(30), "--to", words(60), "--speed", "1.5", "--port", str(port)
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"The replay is at" not in (line := await process.stdout.readline()):
            assert line, (await process.communicate())[1].decode()
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 0
    assert b"all equal" in err


async def test_a_period_goes_by_in_the_console_and_nothing_can_be_changed(playing: str) -> None:
    async with aiohttp.ClientSession(
        playing, headers={"Origin": playing}, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as http:

        async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
            async with http.request(method, path, json=body) as response:
                return response.status, await response.json()

        assert (await ask("POST", "/api/login", {"user": "boss", "password": WORD}))[0] == 200
        site = (await ask("GET", "/api/site"))[1]
        refused = await ask("PATCH", f"/api/tickets/{'0' * 8}-0000-0000-0000-{'0' * 12}", {"version": 1})
        _, ticket = await ask("POST", "/api/push-ticket", {})
        frames: list[dict[str, Any]] = []
        async with (
            asyncio.timeout(60),
            connect(f"{ticket['push_url']}?ticket={ticket['ticket']}", origin=playing) as push,  # type: ignore[arg-type]
        ):
            while not frames or not frames[-1].get("gone_calls"):
                frames.append(json.loads(await push.recv()))
    assert site["replay"] == {"since": "2026-11-22T08:00:30Z", "until": "2026-11-22T08:01:00Z", "speed": 1.5}
    assert (refused[0], refused[1]["id"]) == (409, "replay")
    assert [call["stage"] for call in frames[0]["live"]["calls"]] == ["talking"]
    wrap_up = [agent["routing"] for frame in frames[1:] for agent in frame.get("agents", [])]
    assert wrap_up == ["wrap_up"]
    assert [frame["at"] for frame in frames] == sorted(frame["at"] for frame in frames)
    assert frames[-1]["at"] >= "2026-11-22T08:00:40"


@pytest.mark.usefixtures("told")
async def test_old_months_are_shown_and_dropped(typed: Typed, database: Database) -> None:
    await JournalStore(database).make_months(at(0) - timedelta(days=90))
    _, shown, _ = await typed(journal_commands, "show")
    assert "2026-08" in shown
    assert "The oldest event is of 2026-11-22 08:00:00 UTC." in shown
    status, out, _ = await typed(journal_commands, "drop", "--before", "2026-10", "--yes")
    assert (status, out) == (0, "Dropped 2 months.\n")
    _, again, _ = await typed(journal_commands, "show")
    assert "2026-10" in again
    assert "2026-08" not in again
