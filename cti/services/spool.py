"""What the database could not take yet, in a file that survives a power cut.

One line per item, synced to the disk before anybody relies on it. The file is drained oldest first and removed when all
of it is kept; a drain that breaks off begins anew, which is harmless, because keeping a thing twice is as good as once.

What does not fit, because the file has reached its bound or the disk is full, is refused whole: nothing of it is in the
file, and whoever gave it still has it. A last line that was cut off by a crash was never relied on, and is taken away.
"""

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from cti.domain.model import Call
from cti.services.json_values import encode

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
_CALLS: Final = msgspec.json.Decoder(Call)
BOUND_BYTES: Final = 512 * 1024 * 1024


class SpoolFullError(OSError):
    """The spool has reached its bound. Nothing of what was given is in it."""

    def __init__(self, bound_bytes: int) -> None:
        super().__init__(errno.ENOSPC, f"the spool has reached its bound of {bound_bytes} bytes")


class Spool(Generic[Item]):
    """One file. ``load`` raises ``ValueError`` for a line that is none. Every method blocks: for a thread."""

    def __init__(
        self, file: Path, dump: Callable[[Item], bytes], load: Callable[[bytes], Item], bound_bytes: int = BOUND_BYTES
    ) -> None:
        self._file = file
        self._dump = dump
        self._load = load
        self._bound_bytes = bound_bytes
        self._lock = threading.Lock()  # a thread goes on when the task that waits for it is cancelled

    @property
    def size_bytes(self) -> int:
        """How much waits."""
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    def add(self, items: Iterable[Item]) -> None:
        """Append; it is on the disk when this returns. Raises ``OSError``, and then nothing of it is."""
        lines = b"".join(self._dump(item) + b"\n" for item in items)
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                whole = _cut_half_line(descriptor)
                if whole + len(lines) > self._bound_bytes:
                    raise SpoolFullError(self._bound_bytes)
                _append(descriptor, lines, whole)
            finally:
                os.close(descriptor)
            if not whole:
                _sync_folder(self._file.parent)

    def read(self) -> list[Item]:
        """Return all that waits, oldest first."""
        return self.read_from(0, self.size_bytes)[0]

    def read_from(self, offset: int, most_bytes: int) -> tuple[list[Item], int]:
        """Return what waits from ``offset`` on, about ``most_bytes`` of it, and where to go on."""
        try:
            with self._file.open("rb") as file:
                file.seek(offset)
                lines = file.readlines(max(1, most_bytes))
        except FileNotFoundError:
            return [], offset
        lines = [line for line in lines if line.endswith(b"\n")]
        return list(self._items(lines)), offset + sum(map(len, lines))

    def clear(self) -> None:
        """Forget what waits: it is kept now."""
        with self._lock:
            self._file.unlink(missing_ok=True)

    def _items(self, lines: Iterable[bytes]) -> Iterator[Item]:
        for line in lines:
            try:
                yield self._load(line)
            except ValueError:
                _log.error("a line of %s can't be read", self._file.name)


def call_spool(file: Path, bound_bytes: int = BOUND_BYTES) -> Spool[Call]:
    """Return the spool of calls in ``file``."""
    return Spool(file, encode, _call, bound_bytes)


def _call(line: bytes) -> Call:
    try:
        return _CALLS.decode(line)
    except msgspec.MsgspecError as error:
        raise ValueError("no call") from error


def _append(descriptor: int, lines: bytes, whole: int) -> None:
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, whole)
        raise


def _cut_half_line(descriptor: int) -> int:
    """Take away what follows the last line break; returns the size then."""
    end = size = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 65536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        _log.warning("the spool's last line was cut off by a crash")
        os.ftruncate(descriptor, end)
    return end


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
