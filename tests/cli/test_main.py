"""The ``hydrophone`` command itself: which sub-commands there are, and what it says of a mistake in the settings."""

import subprocess
import sys
from pathlib import Path

import pytest

from cti.cli import main


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Type a command that can't work, and return what it complains of."""
    monkeypatch.setattr(sys, "argv", ["hydrophone", *arguments])
    with pytest.raises(SystemExit) as end:
        main.app()
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("command", [("pbx", "down"), ("serve",), ("demo",)])
def test_a_mistake_in_the_settings_is_told_by_field_and_never_by_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    (home / "hydrophone.toml").write_text('[pbx]\nami_prot = "secret"\nami_port = "hidden"\n')
    told = said(monkeypatch, capsys, *command)
    assert "pbx.ami_prot: there is no such setting" in told
    assert "pbx.ami_port: Input should be a valid integer" in told
    assert "secret" not in told
    assert "hidden" not in told


def test_a_damaged_secret_is_not_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "secrets.toml").write_text("ami = 4711\n")
    told = said(monkeypatch, capsys, "pbx", "config")
    assert "ami: Input should be a valid string" in told
    assert "4711" not in told


@pytest.mark.parametrize("text", ["[pbx\n", "pbx = geheim\n"])
def test_a_file_that_is_no_toml_is_told_by_its_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (home / "hydrophone.toml").write_text(text)
    told = said(monkeypatch, capsys, "pbx", "down")
    assert "line 1" in told
    assert "geheim" not in told


def test_a_variable_that_can_not_be_read_is_named_without_its_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HYDROPHONE_AGI", "hidden")
    told = said(monkeypatch, capsys, "pbx", "down")
    assert '"agi"' in told
    assert "hidden" not in told


def test_a_command_that_there_is_not_is_answered_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(monkeypatch, capsys, "fly")
    assert "no command 'fly'" in told
    assert all(name in told for name in main.COMMANDS)


def test_help_asks_nothing_of_the_settings(home: Path) -> None:
    (home / "hydrophone.toml").write_text("[pbx\n")
    command = str(Path(sys.executable).with_name("hydrophone"))
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "hydrophone COMMAND --help" in done.stdout
