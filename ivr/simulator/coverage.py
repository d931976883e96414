"""Which steps of a flow, and which ways out of them, a set of calls has taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ivr.flow.bundle import Bundle
from ivr.flow.model import UNAVAILABLE, Branch, Callback, CallFlow, Flow, LookUp, Menu, Record, Step, Survey
from ivr.flow.steps.listening import NO_INPUT


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


def coverage(bundle: Bundle, passed: Iterable[tuple[str, str]]) -> Coverage:
    """Return what ``passed``, pairs of step and way, leaves of a flow and of those it calls.

    Steps of a called flow are told after the step that calls it: ``identify.pin``. A flow that is called from several
    places is one flow: what a call took of it from any of them is taken, and stands here under the first.
    """
    steps = dict(_steps(bundle, bundle.flow, ""))
    firsts: dict[tuple[str, str], str] = {}
    same = {name: firsts.setdefault((flow, step), name) for name, (flow, step, _) in steps.items()}
    taken = {(same[name], _named(steps[name][2], way)) for name, way in passed if name in steps}
    reached = {name for name, _ in taken}
    ways = [(name, way) for name in firsts.values() for way in _ways(steps[name][2])]
    return Coverage(
        len(firsts),
        len(ways),
        tuple(name for name in firsts.values() if name not in reached),
        tuple(way for way in ways if way not in taken),
    )


def _steps(bundle: Bundle, flow: Flow, prefix: str) -> Iterator[tuple[str, tuple[str, str, Step]]]:
    for name, step in flow.steps.items():
        yield prefix + name, (flow.flow, name, step)
        if isinstance(step, CallFlow):
            yield from _steps(bundle, bundle.called[step.flow], f"{prefix}{name}.")


def _ways(step: Step) -> tuple[str, ...]:
    match step:
        case Menu():
            return (*step.choices, *((NO_INPUT,) if step.silence else ()))
        case LookUp() | CallFlow():
            return tuple(step.ways)
        case Branch():
            return (*step.ways, "otherwise")
        case Record():
            return ("ok", *_optional(step, "nothing", UNAVAILABLE))
        case Callback():
            return ("arranged", "refused", *_optional(step, "already", UNAVAILABLE))
        case Survey():
            return ("ok", *(("unhappy",) if step.word else ()), *_optional(step, UNAVAILABLE))
        case _:
            return ()


def _optional(step: Step, *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(step, name))


def _named(step: Step, way: str) -> str:
    return "otherwise" if isinstance(step, Branch) and way not in step.ways else way
