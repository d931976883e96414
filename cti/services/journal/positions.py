"""Where a run of ours begins to count its events: always after every run before, whatever the clock does.

Each run takes a range for itself and writes down where it ends before it uses any of it. So no position is ever given
twice, not after a kill either; positions have gaps. If that file is lost, the time of day takes its place.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

PER_RUN: Final = 10**12
"""More events than a run can have: a thousand a second for thirty years."""


def first_position(file: Path, *, wall_s: Callable[[], float] = time.time) -> int:
    """Take the range of a new run, and return its first position. Blocks, and raises nothing."""
    first = max(_taken(file), int(wall_s() * 1_000_000))
    try:
        _write(file, first + PER_RUN)
    except OSError as error:
        _log.error("can't write down which positions of the journal are taken: %s", error.strerror)
    return first


def _taken(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def _write(file: Path, taken: int) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    with draft.open("w") as out:
        out.write(str(taken))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
