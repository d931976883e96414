"""How the daemon itself is: how late its loop is, and how much waits on disk. Measured by one task, read by metrics."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

EVERY_S: Final = 0.25
LOOK_BACK: Final = 240
"""How many measurements the worst lag is taken from: a minute, so that a scrape every 15 s misses none."""
DISK_EVERY: Final = 20


class Vitals:
    """Owns the measurements. ``spools`` are files whose size is how much waits in them."""

    def __init__(
        self,
        spools: Mapping[str, Path],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.spool_bytes: dict[str, int] = dict.fromkeys(spools, 0)
        self._spools = spools
        self._monotonic = monotonic
        self._sleep = sleep
        self._lags: deque[float] = deque(maxlen=LOOK_BACK)

    @property
    def loop_lag_s(self) -> float:
        """How late the loop was at worst in the last minute."""
        return max(self._lags, default=0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self.spool_bytes = await asyncio.to_thread(self._sizes)
            for _ in range(DISK_EVERY):
                before = self._monotonic()
                await self._sleep(EVERY_S)
                self._lags.append(max(0.0, self._monotonic() - before - EVERY_S))

    def _sizes(self) -> dict[str, int]:
        return {name: _size(file) for name, file in self._spools.items()}


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
