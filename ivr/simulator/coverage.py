"""Which steps of a flow, and which ways out of them, a set of calls has taken."""

from collections.abc import Iterable
from dataclasses import dataclass

from ivr.flow.model import Branch, Flow, LookUp, Menu, Step


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many there are, and what no call has taken, in the order of the file."""

    steps: int
    ways: int
    steps_left: tuple[str, ...]
    ways_left: tuple[tuple[str, str], ...]

    @property
    def is_whole(self) -> bool:
        """Whether every step was taken."""
        return not self.steps_left


def coverage(flow: Flow, passed: Iterable[tuple[str, str]]) -> Coverage:
    """Return what ``passed``, pairs of step and way, leaves of ``flow``."""
    taken = {(name, _named(flow.steps[name], way)) for name, way in passed}
    reached = {name for name, _ in taken}
    ways = [(name, way) for name, step in flow.steps.items() for way in _ways(step)]
    return Coverage(
        len(flow.steps),
        len(ways),
        tuple(name for name in flow.steps if name not in reached),
        tuple(way for way in ways if way not in taken),
    )


def _ways(step: Step) -> tuple[str, ...]:
    match step:
        case Menu():
            return tuple(step.choices)
        case LookUp():
            return tuple(step.ways)
        case Branch():
            return (*step.ways, "otherwise")
        case _:
            return ()


def _named(step: Step, way: str) -> str:
    return "otherwise" if isinstance(step, Branch) and way not in step.ways else way
