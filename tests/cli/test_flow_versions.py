"""The command publishes, lists, goes back, and shows how callers fared; the daemon need not run."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from config.settings import Database as DatabaseSettings
from config.settings import Settings
from cti.cli import flow_versions as module
from cti.cli.flow import app
from ivr.services.flow_files import find_shipped
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]

SHIPPED = (find_shipped("water") or ("", ""))[0]


def run(*words: str, fails: bool = False) -> str:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    assert (result.exit_code != 0) is fails, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def home(tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    dsn = postgres_server.embedded.dsn_of(postgres_server.create())
    settings = Settings(home=tmp_path, database=DatabaseSettings(dsn=SecretStr(dsn)))
    monkeypatch.setattr(module, "Settings", lambda: settings)
    return tmp_path


@pytest.mark.postgres
def test_a_flow_is_published_listed_and_taken_back(home: Path) -> None:
    file = home / "water.yaml"
    assert "never published" in run("versions", "water")
    file.write_text(SHIPPED.replace("first_key_s: 6", "first_key_s: 8"), encoding="utf-8")
    assert "water version 1 takes the calls" in run("publish", str(file), "--comment", "more time")
    file.write_text(SHIPPED.replace("start: language", "start: nowhere"), encoding="utf-8")
    assert "there is no step 'nowhere'" in run("publish", str(file), fails=True)
    assert "water is back at version 0, as version 2" in run("back", "water")
    listed = run("versions", "water")
    assert "more time" in listed
    assert "command:" in listed
    assert "back to 0" in listed
    assert "water calls: bills, identify, incidents" in listed
    assert "+first_key_s: 8" in run("versions", "water", "--diff", "1")
    assert "0 calls" in run("funnel", "water", "--day", "2026-11-24")
    picture = run("draw", "water", "--day", "2026-11-24")
    assert picture.startswith("<svg")
    assert "☎ 0" in picture


def test_a_database_that_is_away_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Settings(home=tmp_path, database=DatabaseSettings(dsn=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    monkeypatch.setattr(module, "Settings", lambda: nowhere)
    assert run("versions", "water", fails=True)


def test_days_are_named_as_people_name_them() -> None:
    assert module.day_of("2026-11-24") == date(2026, 11, 24)
    assert (module.day_of("today") - module.day_of("yesterday")).days == 1
    with pytest.raises(Exception, match="yesterday, today or a day"):
        module.day_of("tomorrow")
