"""``hydrophone pbx`` as an operator types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti.cli.pbx import app
from cti.sandbox.process import read_pid_file
from tests.asterisk.pbx import new_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of an install on free ports."""
    pbx = new_settings(tmp_path).pbx
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    for name in ("ami_port", "sip_port", "sip_ws_port"):
        monkeypatch.setenv(f"HYDROPHONE_PBX__{name.upper()}", str(getattr(pbx, name)))
    return tmp_path


def said(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.asterisk
def test_it_stays_up_after_the_command_until_it_is_told_to_go(home: Path) -> None:
    try:
        assert "sip:96000@127.0.0.1" in said("up", "-e", "1001")
        assert read_pid_file(home / "pbx/asterisk.pid") is not None
        assert "1001" in said("console", "pjsip", "show", "endpoints")
        assert "runs already" in said("up", status=1)
    finally:
        assert "stopped" in said("down")
    assert read_pid_file(home / "pbx/asterisk.pid") is None
    assert "does not run" in said("console", "core show uptime", status=1)
    assert "does not run" in said("down")


def test_a_site_is_told_what_to_include_and_where(home: Path) -> None:
    told = said("config", "-e", "1001")
    for wanted in ("#include hydrophone-extensions.conf", "sandbox = false", "writetimeout = 10000", "[1001]"):
        assert wanted in told
    assert (home / "secrets.toml").stat().st_mode & 0o077 == 0


def test_a_site_without_phones_is_told_that_no_phone_will_ring(home: Path) -> None:
    told = " ".join(said("config").split())
    assert "No agents' phones are known" in told
    assert "Dial(" not in told
    assert "No agents' phones are known" not in said("config", "-e", "1001")


def test_a_site_is_told_that_the_pbx_goes_by_its_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "an IPv4 address, never a name" in said("config", "-e", "1001")
    monkeypatch.setenv("HYDROPHONE_PBX__HOST", "pbx.example.org")
    assert "must be an IPv4 address" in said("config", "-e", "1001", status=1)


def test_a_site_is_told_which_sounds_its_pbx_must_reach(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDROPHONE_CACHE", "/srv/hydrophone-cache")
    assert "must be able to read /srv/hydrophone-cache/voice" in " ".join(said("config", "-e", "1001").split())


def test_a_sites_files_are_written_for_their_owner_alone(home: Path) -> None:
    said("config", "-e", "1001", "--write", str(home / "out"))
    written = sorted((home / "out").glob("*.conf"))
    names = ("cel_custom", "confbridge", "extensions", "manager", "musiconhold", "pjsip", "queues")
    assert [path.name for path in written] == [f"hydrophone-{name}.conf" for name in names]
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)


def test_a_site_gets_the_words_that_its_own_pbx_says(home: Path) -> None:
    told = said("config", "-e", "1001", "--write", str(home / "out"), "--sounds", "/srv/sounds")
    folder = home / "out" / "sounds"
    assert f"Copy the sounds {folder} to /srv/sounds" in " ".join(told.split())
    assert "Playback(/srv/sounds/queue-give-up)" in (home / "out/hydrophone-extensions.conf").read_text()
    spoken = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.alaw"))
    names = ("queue-give-up.alaw", "queue-sorry.alaw", "queue-wait.alaw")
    assert spoken == sorted([*names, *(f"{language}/{name}" for language in ("zh", "en") for name in names)])


def test_a_pbx_that_is_not_ours_is_not_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDROPHONE_PBX__SANDBOX", "false")
    assert "not ours to start" in said("up", status=1)
    assert not (home / "pbx").exists()


def test_an_extension_that_is_no_number_is_refused(home: Path) -> None:
    assert "digits only" in said("config", "-e", "1001;x", status=2)
    assert not (home / "secrets.toml").exists()
