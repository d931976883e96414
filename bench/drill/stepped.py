"""The daemon on a machine whose clock somebody sets: ``python -m bench.drill.stepped serve``.

The seconds by which it is off stand in the file that ``HYDROPHONE_DRILL_CLOCK`` names. Only the time of day steps, as
with ``settimeofday``; the monotonic clock does not.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cti.cli.main import app
from cti.services import clock

FILE = "HYDROPHONE_DRILL_CLOCK"


def off_by() -> float:
    """Return by how many seconds the clock is off."""
    try:
        return float(Path(os.environ[FILE]).read_text() or 0)
    except (OSError, ValueError):
        return 0.0


def wall() -> datetime:
    """Return the machine's time of day, as it was set."""
    return datetime.now(UTC) + timedelta(seconds=off_by())


def main() -> None:
    """Put the clock in the place of the machine's, and be the command."""
    real = time.time
    time.time = lambda: real() + off_by()
    clock.SteadyClock.__init__.__kwdefaults__ = {"wall": wall, "monotonic": time.monotonic}
    app()


if __name__ == "__main__":
    main()
