"""One Asterisk process: started in a process group of its own, found again by its pid file, ended for certain.

The pid file holds the process's start time too, so that a pid that was given to another program is not ours.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_AHEAD_OF_BATCH_WORK = -10
_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []
"""Processes that are meant to outlive us: kept, so that nobody takes a forgotten one for a mistake."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was alive when looked at. ``started`` is in the kernel's clock ticks since boot."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether it still is; one that has ended but was not collected is not."""
        return _started(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send ``number`` to its whole process group, if it is still alive."""
        if not self.alive:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def launch(command: Sequence[str], *, output: IO[bytes], bound: bool) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own. ``bound``: the kernel ends it when the calling thread ends.

    So call it from the main thread. (Where ``setpriv`` is missing, ``bound`` has no effect.)
    """
    prefix: tuple[str, ...] = ()
    if bound and (setpriv := shutil.which("setpriv")):
        prefix = (setpriv, "--pdeathsig", "TERM", "--")
    process = subprocess.Popen(  # noqa: S603 - our own command, no shell
        [*prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
    )
    # sound goes out every 20 ms: ahead of batch work on the same machine, where we may ask for that
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _AHEAD_OF_BATCH_WORK)
    if not bound:
        _LEFT_RUNNING.append(process)
    return process


def write_pid_file(path: Path, pid: int) -> Running:
    """Note that ``pid`` is the PBX of this install."""
    running = Running(pid, _started(pid) or 0)
    path.write_text(f"{running.pid} {running.started}\n")
    return running


def read_pid_file(path: Path) -> Running | None:
    """Return the process that the pid file names, if it is still that process."""
    try:
        pid, started = path.read_text().split()
        running = Running(int(pid), int(started))
    except (FileNotFoundError, ValueError):
        return None
    return running if running.alive else None


def _started(pid: int) -> int | None:
    """Return when ``pid`` was started; None if there is no such process or it is only waiting to be collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def tail(path: Path, *, lines: int = 20) -> str:
    """Return the last lines of a log, or nothing."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
