"""The ways through a flow, walked without a caller: where they end, run in circles, or come unproved.

Pure. It leaves the judgement to :mod:`ivr.flow.lint`.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from ivr.flow.model import (
    Ask,
    Callback,
    CallFlow,
    Flow,
    HangUp,
    LookUp,
    Menu,
    Queue,
    Record,
    Return,
    Step,
    Transfer,
    exits,
)
from ivr.flow.surroundings import Surroundings


def targets(flow: Flow, name: str) -> tuple[str, ...]:
    """Return the steps that ``name`` leads to as written; ``0`` and giving up lead to ``flow.person`` besides."""
    return tuple(go for _, go in exits(flow.steps[name]) if go in flow.steps)


def deaf_circles(flow: Flow, around: Surroundings) -> Iterator[tuple[str, ...]]:
    """Yield circles in which a caller who does nothing stays for ever, each beginning with its first step in the file.

    Whoever presses 0 comes out of most of them; a dead line, or a machine that has called us, doesn't.
    """
    graph = {name: _unheeded(step, around) & flow.steps.keys() for name, step in flow.steps.items()}
    while circle := _circle(graph):
        for name, go in zip(circle, (*circle[1:], circle[0]), strict=True):
            graph[name].discard(go)
        first = min(range(len(circle)), key=lambda place: list(flow.steps).index(circle[place]))
        yield (*circle[first:], *circle[:first])


def _unheeded(step: Step, around: Surroundings) -> set[str]:
    """Return where a caller who does nothing is led time and again.

    Not the ways that may be taken so many times only, nor those of a question, which ends with a person.
    """
    match step:
        case Menu():
            return {step.silence} if step.silence else set()
        case Ask() | Callback():
            return set()
        case Record():
            return {go for go in (step.nothing, step.unavailable) if go}
        case LookUp():
            return _lasting(step)
        case CallFlow():
            called = around.flows.get(step.flow)
            return _lasting(step) if called is not None and _passed_unheeded(called, around) else set()
        case _:
            return {go for _, go in exits(step)}


def _lasting(step: LookUp | CallFlow) -> set[str]:
    return {way.go if way.afterwards is None else way.afterwards for way in step.ways.values()}


def _passed_unheeded(flow: Flow, around: Surroundings) -> bool:
    """Whether a caller who does nothing may come through ``flow`` and back."""
    found, waiting = {flow.start}, [flow.start]
    while waiting:
        step = flow.steps.get(waiting.pop())
        if isinstance(step, Return):
            return True
        more = (_unheeded(step, around) if step else set()) - found
        found |= more
        waiting += more
    return False


def _circle(graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # the sorter takes ways for what must come before, so its circle runs backwards
        return tuple(reversed(error.args[1][:-1]))
    return ()


def dead_ends(flow: Flow) -> Iterator[str]:
    """Yield, of each group of steps that lead only to one another and never to an end, the first in the file."""
    ending = _leading_to(
        {name for name, step in flow.steps.items() if isinstance(step, Queue | HangUp | Transfer | Return)}, flow
    )
    told: set[str] = set()
    for name in flow.steps:
        if name not in ending and name not in told:
            yield name
            told |= _leading_to(_led_to(name, flow), flow)


def _leading_to(goals: set[str], flow: Flow) -> set[str]:
    found = set(goals)
    while more := {name for name in flow.steps if name not in found and found & {*targets(flow, name)}}:
        found |= more
    return found


def _led_to(name: str, flow: Flow) -> set[str]:
    found = {name}
    while more := {go for passed in found for go in targets(flow, passed)} - found:
        found |= more
    return found


def unproved(flow: Flow, around: Surroundings) -> dict[str, tuple[str, ...]]:
    """Return the steps that a caller may reach without a proof of who they are, each with the shortest way there."""
    ways = _walked(flow, around, proved=flow.proved)
    return {name: way for (name, proved), way in ways.items() if not proved}


def _walked(flow: Flow, around: Surroundings, *, proved: bool) -> dict[tuple[str, bool], tuple[str, ...]]:
    """Return the steps that may be reached, with and without a proof, each with the shortest way there."""
    first = [name for name in (flow.start, flow.person) if name in flow.steps]
    ways: dict[tuple[str, bool], tuple[str, ...]] = {(name, proved): (name,) for name in first}
    waiting = deque(ways)
    while waiting:
        at = waiting.popleft()
        for reached in _onward(flow, around, *at):
            if reached not in ways:
                ways[reached] = (*ways[at], reached[0])
                waiting.append(reached)
    return ways


def _onward(flow: Flow, around: Surroundings, name: str, proved: bool) -> Iterator[tuple[str, bool]]:
    step = flow.steps[name]
    if isinstance(step, LookUp) and step.service in around.services:
        service = around.services[step.service]
        # a personal service answers nobody else, so whoever comes past it is proved
        proved = proved or service.personal
        for word, way in step.ways.items():
            for go in (way.go, way.afterwards):
                if go in flow.steps:
                    yield go, proved or word in service.proves
        return
    if isinstance(step, CallFlow) and step.flow in around.flows:
        yield from _beyond(flow, around, step, proved)
        return
    if isinstance(step, Ask) and step.claims_account:
        proved = False
    for go in targets(flow, name):
        yield go, proved


def _beyond(flow: Flow, around: Surroundings, step: CallFlow, proved: bool) -> Iterator[tuple[str, bool]]:
    """Yield the steps after a called flow, with what is proved when it comes back that way."""
    called = around.flows[step.flow]
    for end, proof in _walked(called, around, proved=proved or called.proved):
        last = called.steps[end]
        if isinstance(last, Return) and last.way in step.ways:
            way = step.ways[last.way]
            for go in (way.go, way.afterwards):
                if go in flow.steps:
                    yield go, proof
