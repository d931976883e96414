"""``hydrophone migrate`` and ``hydrophone demo-data``, as an operator runs them."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from cti.cli.database import demo_data, migrate
from storage.embedded import postgres, postmaster

pytestmark = pytest.mark.postgres

app = typer.Typer()
app.command("migrate")(migrate)
app.command("demo-data")(demo_data)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    monkeypatch.delenv("HYDROPHONE_DATABASE__DSN", raising=False)
    return tmp_path


async def accounts(home: Path) -> int:
    async with postgres(None, home / "postgres") as dsn:
        connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
        try:
            return int(await connection.fetchval("SELECT count(*) FROM accounts"))
        finally:
            await connection.close()


def test_migrate_says_what_it_did_and_leaves_no_server_running(home: Path) -> None:
    assert "up to date now" in CliRunner().invoke(app, ["migrate"]).output
    assert "were up to date" in CliRunner().invoke(app, ["migrate"]).output
    assert postmaster(home / "postgres" / "data") is None


def test_demo_data_fills_an_empty_home_and_shows_three_accounts(home: Path) -> None:
    command = ["demo-data", "--accounts", "40", "--seed", "3", "--as-of", "2026-11-22"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert done.output.count("PIN") == 3
    assert done.output.count("2026-10:") == 3
    assert asyncio.run(accounts(home)) == 40
    assert (home / "secrets.toml").stat().st_mode & 0o077 == 0


def test_a_database_that_is_not_there_is_one_line_and_an_exit_code(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDROPHONE_DATABASE__DSN", "postgresql://nobody:hush@127.0.0.1:9/none")
    done = CliRunner().invoke(app, ["migrate"])
    assert done.exit_code == 1
    assert "hush" not in done.output
    assert "Traceback" not in done.output
