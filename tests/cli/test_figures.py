"""The figures of past days, computed by hand."""

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer import Typer
from typer.testing import CliRunner

from config.settings import Database as DatabaseSettings
from config.settings import Settings
from cti.cli import figures as module
from storage.calls import CallStore
from storage.engine import Database
from tests.postgres import database, database_dsn, postgres_server
from tests.storage.calls import at, ended

__all__ = ["database", "database_dsn", "postgres_server"]


def settings_of(home: Path, dsn: str) -> Settings:
    return Settings(home=home, database=DatabaseSettings(dsn=SecretStr(dsn)))


@pytest.mark.postgres
async def test_the_days_are_those_of_the_site(tmp_path: Path, database: Database, database_dsn: str) -> None:
    evening = at(15 * 3600)  # three in the morning of the 23rd in Shanghai
    await CallStore(database).save(ended(1))
    await CallStore(database).save(ended(2, started_at=evening, ended_at=evening, stage_since=evening))
    settings = settings_of(tmp_path, database_dsn)
    saturday, sunday = datetime(2026, 11, 22), datetime(2026, 11, 23)  # noqa: DTZ001 - a day of the site's calendar

    assert await module.compute(settings, saturday, saturday) == 1
    assert await module.compute(settings, saturday, sunday) == 2


def test_a_database_that_is_away_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = settings_of(tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(module, "Settings", lambda: nowhere)
    app = Typer()
    app.command()(module.figures)

    result = CliRunner().invoke(app, ["--from", "2026-11-22", "--to", "2026-11-22"])

    assert result.exit_code == 1
    assert "hydrophone:" in result.stderr
    assert "Traceback" not in result.output
