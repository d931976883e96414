"""Time that passes only where somebody waits: an hour of telephone calls in a moment, the same each time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from ivr.simulator.errors import StandstillError

Result = TypeVar("Result")


class _Leaping(selectors.SelectSelector):
    """A selector that, in place of waiting, puts the clock on by as much."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise StandstillError
            self.now_s += max(0.0, timeout)
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock begins at 0 and leaps from one timer to the next. For one thread, without I/O."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Return the seconds since the loop was made, as its own clock has them."""
        return self._leaping.now_s


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run ``work`` in a loop of its own with leaping time."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        # not runner.run, which would have Ctrl-C wait for the loop while a terminal is being read
        return runner.get_loop().run_until_complete(work)
