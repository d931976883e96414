"""``hydrophone ami`` as an operator meets it: what it says when there is nothing to record or to play."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.settings import Pbx, Settings
from cti.cli import ami


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, pbx=Pbx(ami_port=1))
    monkeypatch.setattr(ami, "Settings", lambda: settings)


def test_a_pbx_that_is_away_is_told_and_the_command_fails(tmp_path: Path) -> None:
    result = CliRunner().invoke(ami.app, ["record", str(tmp_path / "x.ami.gz")])
    assert result.exit_code == 1
    assert "the PBX can't be reached" in result.output
    assert "Traceback" not in result.output


def test_a_file_that_is_no_recording_is_told_and_the_command_fails(tmp_path: Path) -> None:
    (tmp_path / "x.ami").write_text("a shopping list")
    result = CliRunner().invoke(ami.app, ["play", str(tmp_path / "x.ami")])
    assert result.exit_code == 1
    assert "can't be played" in result.output
    assert "Traceback" not in result.output
