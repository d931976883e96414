"""One clock for the whole centre: the time of day, but it never steps.

A machine's clock is set now and then, by an hour when somebody got it wrong. Durations would turn negative, and every
wrap-up would end at once. So the time of day is read once, and from then on counted by the monotonic clock; it is
read anew only when the difference has become real and nobody talks or waits.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall() -> datetime:
    """Return the machine's time of day."""
    return datetime.now(UTC)


class SteadyClock:
    """The time of day without steps. Call it for the time."""

    def __init__(self, *, wall: Callable[[], datetime] = wall, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self._anchor = wall()
        self._since = monotonic()

    def __call__(self) -> datetime:
        """Return the time."""
        return self._anchor + timedelta(seconds=self.monotonic() - self._since)

    @property
    def off_by(self) -> timedelta:
        """How much later the machine's clock is than ours."""
        return self._wall() - self()

    def realign(self) -> None:
        """Take the machine's time of day. Only when nothing is being measured."""
        self._anchor, self._since = self._wall(), self.monotonic()
