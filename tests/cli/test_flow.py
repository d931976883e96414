"""``hydrophone flow`` from the shell."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from cti.cli.flow import app, console
from ivr.services.flow_files import shipped_files

run = CliRunner()
WATER = next(path for path in shipped_files() if path.stem == "water")


@pytest.fixture(autouse=True)
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYDROPHONE_HOME", str(tmp_path))
    monkeypatch.setenv("HYDROPHONE_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the shipped flow that may be spoilt."""
    path = tmp_path / "mine.yaml"
    path.write_text(WATER.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a part, and return its line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_what_ships_is_found_sound() -> None:
    done = run.invoke(app, ["check"])
    assert done.exit_code == 0, done.output
    assert "no faults" in done.output


def test_a_fault_is_told_with_file_and_line_and_what_to_do(copy: Path) -> None:
    line = spoil(copy, "flow: bills", "flow: bils")
    done = run.invoke(app, ["check", str(copy)])
    assert done.exit_code == 1
    assert f"{copy}:{line}: there is no flow 'bils'. Write it as bils.yaml beside this file." in done.output


def test_a_file_that_is_not_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    done = run.invoke(app, ["check", str(tmp_path / "x.yaml")])
    assert done.exit_code == 1
    assert "x.yaml:1: it can't be read as text" in done.output


@pytest.mark.parametrize("command", ["check", "test", "try", "draw"])
def test_a_flow_that_is_not_there_is_said_so(command: str) -> None:
    done = run.invoke(app, [command, "fire.yaml"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "there is no flow fire.yaml" in done.output


def test_the_schema_is_json() -> None:
    done = run.invoke(app, ["schema"])
    assert json.loads(done.output)["$schema"].startswith("https://json-schema.org/")


def test_the_shipped_calls_are_made_and_counted() -> None:
    done = run.invoke(app, ["test", "water", "--every-step"])
    assert done.exit_code == 0, done.output
    assert "✓ Billing is down" in done.output
    assert "steps taken" in done.output


def test_a_call_that_goes_wrong_and_a_step_that_none_takes_are_told(copy: Path) -> None:
    (copy.parent / "tests").mkdir()
    calls = copy.parent / "tests" / "calls.yaml"
    calls.write_text("flow: water\ncalls: [{name: A short one, keys: [1, 0], expect: {outcome: done}}]\n")
    done = run.invoke(app, ["test", str(copy)])
    assert done.exit_code == 1
    assert "✗ A short one" in done.output
    assert "the outcome was person, not done" in done.output
    assert "no call takes the step goodbye" in done.output
    calls.write_text(calls.read_text().replace("done", "person"))
    assert run.invoke(app, ["test", str(copy)]).exit_code == 0
    assert run.invoke(app, ["test", str(copy), "--every-step"]).exit_code == 1


def test_a_flow_can_be_called_from_the_terminal() -> None:
    done = run.invoke(app, ["try", "water.yaml"], input="2\n1\n10000004\n271828\nwait\n9\n")
    assert done.exit_code == 0, done.output
    assert "Please pay by November twenty-fifth." in done.output
    assert "we did not receive an entry" in done.output
    assert "The end: done, served" in done.output


EVERY_STEP = str(Path(__file__).parents[1] / "ivr" / "flows" / "every_step.yaml")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("1\n427#\n1\nwhat?\n8#\n2\n1\n", "The end: done, served"),
        ("1\n427#\n1\n8 hangup\n", "The end: hangup"),
        ("*\n4\n", "The end: transfer to night"),
        ("3\n5\n5\n", "The end: done"),
    ],
)
def test_at_the_terminal_one_speaks_marks_and_is_put_through(
    monkeypatch: pytest.MonkeyPatch, typed: str, told: str
) -> None:
    monkeypatch.setenv("HYDROPHONE_PBX__TARGETS", '{"night": "95012"}')
    done = run.invoke(app, ["try", EVERY_STEP], input=typed)
    assert done.exit_code == 0, done.output
    assert told in done.output
    assert ", slowly]" in done.output or not typed.startswith("*")


def test_at_the_terminal_billing_can_be_down_and_nonsense_is_asked_again() -> None:
    done = run.invoke(app, ["try", "water.yaml", "--billing", "down"], input="hello\n1\n1\n1000 0004\n271828\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("'hangup' ends the call") == 2
    assert "水费查询系统暂时无法使用" in done.output
    assert "The end: person" in done.output


@pytest.mark.parametrize("last", ["hangup\n", ""])
def test_at_the_terminal_one_may_hang_up(last: str) -> None:
    assert "The end: hangup" in run.invoke(app, ["try", "water"], input=f"1\n{last}").output


def test_ctrl_c_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "input", interrupted)
    assert "The end: hangup" in run.invoke(app, ["try", "water"]).output


def test_a_flow_that_fails_at_the_terminal_is_said_so() -> None:
    done = run.invoke(app, ["try", "water", "--billing", "broken"], input="1\n1\n10000004\n271828\n")
    assert done.exit_code == 1
    assert "The flow failed: RuntimeError" in done.output


def test_billing_that_makes_no_sense_is_refused() -> None:
    assert run.invoke(app, ["try", "water", "--billing", "asleep"]).exit_code == 2


def test_a_flow_can_be_drawn() -> None:
    done = run.invoke(app, ["draw", "water.yaml"])
    assert done.exit_code == 0
    assert ElementTree.fromstring(done.stdout).tag.endswith("svg")  # noqa: S314 - our own
