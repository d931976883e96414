"""Asterisk's account in its own log files, when the PBX is on this machine.

A file is read from where it was read to, by its inode and offset, so a rotated file is read to its end under its new
name before the new one is begun. Only whole lines are taken: the last one may still be written.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cti.services.evidence.source import CEL, QUEUE, Account, Mark, UnreadableError
from cti.translator.pbx_lines import ForgedLineError, cel_line_of_file, queue_line_of_file

_log = logging.getLogger(__name__)
_security = logging.getLogger("security.evidence")

CEL_FILE: Final = Path("cel-custom") / "hydrophone.csv"
"""Where ``hydrophone-cel_custom.conf`` has Asterisk write it, below its folder for logs."""
LARGEST_READ: Final = 64 * 1024 * 1024
"""More than a day of a large call centre. Of more than that the newest part is read."""

Line = TypeVar("Line")


class LogFiles:
    """``cel`` and ``queue_log`` of one Asterisk."""

    def __init__(self, cel: Path, queue: Path) -> None:
        self._cel = cel
        self._queue = queue

    async def end(self) -> Mark:
        """Return the mark of where the files end now; of one that is not there yet, its beginning."""
        return await asyncio.to_thread(lambda: {CEL: _end(self._cel), QUEUE: _end(self._queue)})

    async def since(self, mark: Mark) -> Account:
        """Return all that was written since ``mark``."""
        return await asyncio.to_thread(self._since, mark)

    async def prune(self) -> None:
        """Do nothing: the files are Asterisk's, and ``logrotate`` sees to them."""

    def _since(self, mark: Mark) -> Account:
        cel = _read(self._cel, mark.get(CEL, []))
        queue = _read(self._queue, mark.get(QUEUE, []))
        cel_lines, cel_refused = _lines(cel.text, cel_line_of_file)
        queue_lines, queue_refused = _lines(queue.text, queue_line_of_file)
        if refused := cel_refused + queue_refused:
            _security.warning("%d lines of the PBX's log files were refused", refused)
        return Account(
            cel=tuple(cel_lines),
            queue=tuple(queue_lines),
            end={CEL: cel.end, QUEUE: queue.end},
            refused=refused,
            missing=cel.missing or queue.missing,
        )


@dataclass(frozen=True, slots=True)
class _Part:
    text: bytes
    end: list[int]
    missing: bool = False


def _end(path: Path) -> list[int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UnreadableError(f"{path.name}: {error.strerror}") from error
    return [found.st_ino, found.st_size]


def _read(path: Path, mark: list[int]) -> _Part:
    """Read a log from a mark on, over its rotations. An empty mark is the beginning."""
    try:
        return _read_on(path, mark)
    except OSError as error:
        raise UnreadableError(f"{path.name}: {error.strerror}") from error


def _read_on(path: Path, mark: list[int]) -> _Part:
    inode, offset = mark if len(mark) == 2 else (0, 0)
    texts: list[bytes] = []
    missing = False
    if inode and not _is(path, inode):
        rotated = _rotated(path, inode)
        missing = rotated is None
        for file in () if rotated is None else (rotated, *_newer(path, rotated)):
            texts.append(_rest(file, offset)[0])
            offset = 0
        offset = 0
    if not path.exists():
        return _Part(b"".join(texts), [] if texts or not mark else mark, missing)
    if path.stat().st_size < offset:  # it was emptied where it lies
        missing, offset = True, 0
    text, start, inode = _rest(path, offset)
    whole = text[: text.rfind(b"\n") + 1]
    return _Part(b"".join((*texts, whole)), [inode, start + len(whole)], missing)


def _is(path: Path, inode: int) -> bool:
    return path.exists() and path.stat().st_ino == inode


def _rotated(path: Path, inode: int) -> Path | None:
    return next((found for found in _siblings(path) if found.stat().st_ino == inode), None)


def _newer(path: Path, than: Path) -> list[Path]:
    """Return the rotated files that were begun after ``than``, oldest first."""
    written = than.stat().st_mtime_ns
    newer = [(found.stat().st_mtime_ns, found) for found in _siblings(path) if found != than]
    return [found for at, found in sorted(newer) if at > written]


def _siblings(path: Path) -> Iterator[Path]:
    """Yield the rotated files that can be read as they are: ``queue_log.1``, ``Master.csv-20261125``."""
    for found in path.parent.glob(f"{path.name}[.-]*"):
        if found.is_file() and found.suffix not in (".gz", ".xz", ".bz2", ".zst"):
            yield found


def _rest(path: Path, offset: int) -> tuple[bytes, int, int]:
    """Return what is behind ``offset``, the place where that begins, and the file's inode."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_size - offset > LARGEST_READ:
            _log.error("%s: too much to read, the oldest %d bytes are passed over", path.name, found.st_size - offset)
            file.seek(found.st_size - LARGEST_READ)
            file.readline()
        else:
            file.seek(offset)
        start = file.tell()
        return file.read(LARGEST_READ), start, found.st_ino


def _lines(text: bytes, read: Callable[[str], Line]) -> tuple[list[Line], int]:
    lines: list[Line] = []
    refused = 0
    for raw in text.split(b"\n"):
        if not raw:
            continue
        try:
            lines.append(read(raw.decode("utf-8")))
        except (ForgedLineError, UnicodeDecodeError):
            refused += 1
    return lines, refused
