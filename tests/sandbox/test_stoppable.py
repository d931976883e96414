"""Work in a thread ends when it is told to, with the programs that it runs, and mistakes no kill for a refusal."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cti.sandbox.errors import InstallError, StoppedError
from cti.sandbox.stoppable import Stop

WITH_A_CHILD = 'sleep 60 & echo $! > "$0"; echo started; wait'
SOON_S = 10.0


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[StoppedError]]:
    faults: list[StoppedError] = []

    def run() -> None:
        try:
            work()
        except StoppedError as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, faults


def becomes_true(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("how", ["run", "follow"])
def test_asked_to_end_it_kills_its_program_and_what_that_started(how: str, tmp_path: Path) -> None:
    stop, note = Stop(), tmp_path / "pid"
    command = ("sh", "-c", WITH_A_CHILD, str(note))
    if how == "run":
        thread, faults = in_thread(lambda: stop.run(*command, timeout_s=60))
    else:
        thread, faults = in_thread(lambda: stop.follow(*command, line=lambda _line: None))
    becomes_true(lambda: note.exists() and note.read_text().endswith("\n"))
    stop.ask()
    thread.join(SOON_S)
    assert len(faults) == 1
    becomes_true(lambda: not lives(int(note.read_text())))


def test_after_the_end_was_asked_for_nothing_is_started(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(StoppedError):
        stop.run("touch", str(tmp_path / "made"), timeout_s=10)
    with pytest.raises(StoppedError):
        stop.wait(60)
    assert not (tmp_path / "made").exists()


def test_a_program_that_somebody_killed_has_not_refused() -> None:
    with pytest.raises(InstallError, match="sh was killed \\(SIGTERM\\)"):
        Stop().run("sh", "-c", "kill -TERM $$", timeout_s=10)


def test_a_program_has_a_session_of_its_own_and_the_terminal_does_not_reach_it() -> None:
    said = Stop().run("ps", "-o", "sid=", "-p", str(os.getpid()), timeout_s=10)
    own = Stop().run("sh", "-c", "ps -o sid= -p $$", timeout_s=10)
    assert own.out.strip() != said.out.strip()


def test_lines_are_told_while_the_program_runs_and_its_complaint_is_kept() -> None:
    lines: list[str] = []
    done = Stop().follow("sh", "-c", "echo one; echo two; echo bad >&2; exit 3", line=lines.append)
    assert (lines, done.status, done.err) == (["one\n", "two\n"], 3, "bad\n")
