"""How callers fared in a flow: at each step how many came, how long they stayed, which way on, who gave up there.

Values and sums only; :mod:`storage.funnel` counts them from the records of calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StepCount:
    """One step: ``calls`` came there, ``passes`` times in all, and left it by ``ways``; times in milliseconds.

    ``gave_up`` hung up there. ``failed`` is how often the step itself broke.
    """

    step: str
    calls: int
    passes: int
    ways: Mapping[str, int]
    mean_ms: int
    median_ms: int
    p90_ms: int

    @property
    def gave_up(self) -> int:
        """How many hung up at this step."""
        return self.ways.get("hangup", 0)

    @property
    def failed(self) -> int:
        """How often the step broke."""
        return self.ways.get("failed", 0)

    @property
    def drop_off(self) -> float:
        """The share of those who came here that hung up here."""
        return self.gave_up / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Funnel:
    """All calls of a day that went through one version of a flow, or through any.

    ``served`` had what they came for and needed nobody; ``to_person`` were handed on; ``gave_up`` hung up in the menu
    without having been served.
    """

    calls: int = 0
    served: int = 0
    to_person: int = 0
    gave_up: int = 0
    steps: Mapping[str, StepCount] = field(default_factory=dict)
    versions: Mapping[int, int] = field(default_factory=dict)
    """How many calls each version had."""

    @property
    def containment(self) -> float | None:
        """The share of calls that the menu served to the end; None without calls."""
        return self.served / self.calls if self.calls else None

    @property
    def drop_off(self) -> float | None:
        """The share of calls that were given up in the menu; None without calls."""
        return self.gave_up / self.calls if self.calls else None
