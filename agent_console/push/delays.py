"""How long a pop takes from the offer to the agent's eyes, counted as the consoles report it."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

BOUNDS_MS: Final = (50, 100, 200, 300, 500, 1_000, 2_000, 5_000)
"""Upper bounds of the buckets; one more takes what is slower."""


@dataclass(slots=True)
class PopDelays:
    """A histogram since the daemon's start, in milliseconds. ``strays`` are reports of pops that were not sent."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))
    shown: int = 0
    total_ms: int = 0
    longest_ms: int = 0
    strays: int = 0

    def note(self, delay_ms: int) -> None:
        """Count one pop that was shown."""
        self.buckets[bisect_left(BOUNDS_MS, delay_ms)] += 1
        self.shown += 1
        self.total_ms += delay_ms
        self.longest_ms = max(self.longest_ms, delay_ms)
