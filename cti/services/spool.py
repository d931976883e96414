"""Calls that the database could not take yet, in a file that survives a power cut.

One line of JSON per call, synced to the disk before anybody relies on it. The file is drained oldest first and
removed when all of it is kept; a drain that breaks off begins anew, which is harmless, because keeping a call twice
is as good as once. A last line that was cut off by a crash was never relied on, and is passed over.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cti.domain.model import Call

_log = logging.getLogger(__name__)
_CALLS = TypeAdapter(Call)


class Spool:
    """One file. Every method blocks, and belongs into a thread."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, calls: Iterable[Call]) -> None:
        """Append calls; they are on the disk when this returns. Raises ``OSError``."""
        lines = b"".join(_CALLS.dump_json(call) + b"\n" for call in calls)
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Call]:
        """Return what waits, oldest first, the latest value of each call."""
        try:
            lines = self._file.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return list({call.id: call for call in _calls(lines)}.values())

    def clear(self) -> None:
        """Forget what waits: it is kept now."""
        self._file.unlink(missing_ok=True)


def _calls(lines: Iterable[bytes]) -> Iterator[Call]:
    for number, line in enumerate(lines, 1):
        try:
            yield _CALLS.validate_json(line)
        except ValidationError:
            _log.error("line %d of the spool can't be read", number)
