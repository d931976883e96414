"""One ordered path, whatever listeners do; a clock that never steps; log lines that stay on their line."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cti import logs
from cti.domain import events as e
from cti.domain.events import Presence
from cti.domain.model import Changes
from cti.services.clock import SteadyClock, wall
from tests.domain.story import ANNA, BO, at, call_of
from tests.services.parts import LiveStory


def test_a_fact_that_a_listener_makes_waits_its_turn() -> None:
    story = LiveStory()
    seen: list[tuple[str, Presence]] = []

    def first(changes: Changes) -> None:
        if ANNA in changes.agents:
            story.presence(BO, Presence.BREAK, 2)
        seen.append(("first", story.agent(BO).presence))

    story.live.listen(first)
    story.live.listen(lambda changes: seen.append(("second", story.agent(BO).presence)))
    story.presence(ANNA, Presence.BREAK, 1)
    assert seen == [
        ("first", Presence.AVAILABLE),
        ("second", Presence.AVAILABLE),
        ("first", Presence.BREAK),
        ("second", Presence.BREAK),
    ]


def test_a_listener_that_fails_is_not_the_others_fault(caplog: pytest.LogCaptureFixture) -> None:
    story = LiveStory()
    heard: list[Changes] = []

    def broken(changes: Changes) -> None:
        raise ZeroDivisionError

    story.live.listen(broken)
    story.live.listen(heard.append)
    story.leg(0)
    assert (len(heard), story.live.listener_errors) == (1, 1)


def test_a_fault_of_ours_never_reaches_the_callers_line(caplog: pytest.LogCaptureFixture) -> None:
    story = LiveStory()
    story.live.fact(e.CallEvent(at=at(0), call=call_of()))
    assert story.live.fact_errors == 1
    story.live.fact(e.LanguageChosen(at=at(0), call=call_of(), language="zh"))
    assert story.live.fact_errors == 1


def test_nobody_is_told_of_nothing() -> None:
    story = LiveStory()
    heard: list[Changes] = []
    story.live.listen(heard.append)
    story.hung_up(5)
    assert heard == []


class _Time:
    def __init__(self) -> None:
        self.wall, self.mono = datetime(2026, 1, 1, tzinfo=UTC), 0.0

    def pass_(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_the_clock_does_not_step_until_it_is_told_to(step: timedelta) -> None:
    time = _Time()
    clock = SteadyClock(wall=lambda: time.wall, monotonic=lambda: time.mono)
    begin = clock()
    time.pass_(10)
    time.wall += step
    assert clock() - begin == timedelta(seconds=10)
    assert clock.off_by == step
    clock.realign()
    assert (clock(), clock.off_by) == (time.wall, timedelta(0))


def test_the_wall_is_aware() -> None:
    assert wall().tzinfo is UTC


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    for handler in logger.handlers:
        if handler not in handlers:
            handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_a_log_entry_stays_on_its_line(root: logging.Logger, tmp_path: Path) -> None:
    logs.set_up("info", file=tmp_path / "log" / "x.log")
    logging.getLogger("x").info("one\nERROR two\x1b[0m\r")
    lines = (tmp_path / "log" / "x.log").read_text().splitlines()
    assert len(lines) == 1
    assert "one␊ERROR two␛[0m␍" in lines[0]


def test_a_log_entry_as_json_is_one_object(root: logging.Logger, tmp_path: Path) -> None:
    logs.set_up("info", file=tmp_path / "x.log", as_json=True)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("x").exception("call %s", "a\nb")
    (line,) = (tmp_path / "x.log").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["message"], entry["level"]) == ("call a\nb", "error")
    assert "ZeroDivisionError" in entry["exception"]


def test_without_a_file_lines_go_to_stderr(root: logging.Logger) -> None:
    logs.set_up("warning")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    assert root.level == logging.WARNING
