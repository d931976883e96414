"""The set-up recovers from being cut short, asks once for all that is missing, and ends what it has started."""

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "tools" / "bootstrap.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script with a checkout of its own that holds nothing."""
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMPS", tmp_path / ".venv" / ".stamps")
    return module


def test_a_step_is_done_once_and_again_when_its_key_changes_or_what_it_made_is_gone(
    setup: ModuleType, tmp_path: Path
) -> None:
    made, done = tmp_path / "made", []

    def do() -> None:
        done.append(1)
        made.touch()

    def step(key: str) -> int:
        setup.once("step", key, "a step", do, [made])
        return len(done)

    assert [step("a"), step("a"), step("b")] == [1, 1, 2]
    made.unlink()
    assert step("b") == 3


def test_a_step_that_was_cut_short_is_done_again_even_for_the_key_before(setup: ModuleType, tmp_path: Path) -> None:
    done: list[str] = []
    setup.once("step", "a", "a step", lambda: done.append("a"), [])

    def cut() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setup.once("step", "b", "a step", cut, [])
    setup.once("step", "a", "a step", lambda: done.append("a again"), [])
    assert done == ["a", "a again"]


def test_half_a_virtual_environment_is_made_afresh(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    python = setup.VENV / "bin" / "python"
    python.parent.mkdir(parents=True)
    # there, but without pip: as an interruption leaves it
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert not setup.venv_works()
    commands: list[tuple[object, ...]] = []
    monkeypatch.setattr(setup, "run", lambda *command: commands.append(command))
    setup.make_venv()
    assert not python.exists()
    assert commands == [(sys.executable, "-m", "venv", setup.VENV)]


def test_all_missing_packages_are_asked_for_at_once(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "TEST_COMMANDS", {"no-such-browser": "chromium", "sh": "dash"})
    monkeypatch.setattr(setup, "TEST_FILES", {str(tmp_path / "font"): "fonts-noto-cjk"})
    monkeypatch.setattr(setup, "_works", lambda *_: False)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as stopped:
        setup.set_up(test=True)
    assert str(stopped.value).count("sudo ") == 1
    assert "chromium fonts-noto-cjk python3-venv" in str(stopped.value)
    assert setup.missing(venv=False, test=False) == []


def test_a_failing_command_shows_its_output(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="failed"):
        setup.run("sh", "-c", "echo what went wrong; exit 3")
    assert "what went wrong" in capsys.readouterr().out


def test_a_long_command_tells_that_it_goes_on(
    setup: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "NEWS_S", 0.05)
    setup.run("sh", "-c", "sleep 0.3")
    assert "s so far" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_set_up_ends_its_children_and_shows_no_traceback(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    # the grandchild holds the pipe open for as long as it lives
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(FILE.parent)!r})
        import bootstrap
        bootstrap.set_up = lambda test: bootstrap.run("sh", "-c", "(echo up; sleep 60; true) > {fifo}; true")
        sys.argv = ["bootstrap.py"]
        bootstrap.main()
    """)
    command = [sys.executable, "-B", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as setting_up:
        with fifo.open() as alive:
            assert alive.readline() == "up\n"
            setting_up.send_signal(number)
            assert alive.read() == ""
        output, _ = setting_up.communicate(timeout=20)
    assert setting_up.returncode == status
    assert "Traceback" not in output
