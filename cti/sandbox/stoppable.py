"""Work in a thread that can be ended from outside: its child programs are killed, its waits are cut short.

A thread can't be cancelled. So each program that it runs has a session of its own (the terminal's Ctrl-C does not
reach it, and is not mistaken for a program's refusal), and who asks for the end kills the one that runs just now.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cti.sandbox.errors import InstallError, StoppedError


@dataclass(frozen=True, slots=True)
class Said:
    """What a program that ended by itself leaves behind."""

    status: int
    out: str
    err: str


class Stop:
    """The wish that this work ends, and what it must not leave running."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def ask(self) -> None:
        """End the work: kill its program, wake it where it waits. From any thread."""
        with self._lock:
            self._asked.set()
            if self._child is not None:
                _kill(self._child)

    def check(self) -> None:
        """Raise :class:`StoppedError` if the end was asked for. Between two steps of the work."""
        if self._asked.is_set():
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises :class:`StoppedError` as soon as the end is asked for."""
        self._asked.wait(seconds)
        self.check()

    def run(self, *command: str, env: Mapping[str, str] | None = None, timeout_s: float) -> Said:
        """Run a program to its end. Raises :class:`subprocess.TimeoutExpired` besides what :meth:`follow` raises."""
        with self._running(command, env) as child:
            out, err = child.communicate(timeout=timeout_s)
        return Said(self._status(child, command[0]), out, err)

    def follow(self, *command: str, env: Mapping[str, str] | None = None, line: Callable[[str], None]) -> Said:
        """Run a program to its end, giving each line of its output to ``line``.

        Raises :class:`StoppedError`, or :class:`InstallError` if somebody else killed the program.
        """
        with self._running(command, env) as child:
            assert child.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked for
            assert child.stderr is not None  # noqa: S101
            for text in child.stdout:
                line(text)
            err = child.stderr.read()
            child.wait()
        return Said(self._status(child, command[0]), "", err)

    @contextmanager
    def _running(self, command: tuple[str, ...], env: Mapping[str, str] | None) -> Iterator[subprocess.Popen[str]]:
        with self._lock:
            self.check()
            self._child = child = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        try:
            with child:
                try:
                    yield child
                except BaseException:
                    _kill(child)
                    raise
        finally:
            with self._lock:
                self._child = None

    def _status(self, child: subprocess.Popen[str], name: str) -> int:
        self.check()
        if child.returncode < 0:
            raise InstallError(f"{name} was killed ({signal.Signals(-child.returncode).name})", "Start again.")
        return child.returncode


def _kill(child: subprocess.Popen[str]) -> None:
    """Kill a program and what it started, unless it was collected already: its number may be another's by now."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
