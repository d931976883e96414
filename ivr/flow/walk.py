"""The ways through a flow, walked without a caller: where they end, run in circles, or come unproved.

Pure. It leaves the judgement to :mod:`ivr.flow.lint`.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from ivr.flow.model import Ask, Flow, HangUp, LookUp, Menu, Queue, Step, exits
from ivr.flow.service import Service


def targets(flow: Flow, name: str) -> tuple[str, ...]:
    """Return the steps that ``name`` leads to as written; ``0`` and giving up lead to ``flow.person`` besides."""
    return tuple(go for _, go in exits(flow.steps[name]) if go in flow.steps)


def deaf_circles(flow: Flow) -> Iterator[tuple[str, ...]]:
    """Yield circles of steps that no key and no silence ends, each beginning with its first step in the file."""
    graph = {name: _ways_without_end(flow, name) for name, step in flow.steps.items() if not _listens(step)}
    for name, ways in graph.items():
        graph[name] = {go for go in ways if go in graph}
    while circle := _circle(graph):
        for name, go in zip(circle, (*circle[1:], circle[0]), strict=True):
            graph[name].discard(go)
        first = min(range(len(circle)), key=lambda place: list(flow.steps).index(circle[place]))
        yield (*circle[first:], *circle[:first])


def _listens(step: Step) -> bool:
    """Whether a caller who does nothing at ``step`` is taken to a person, and one who presses 0 at once."""
    return isinstance(step, Menu | Ask)


def _ways_without_end(flow: Flow, name: str) -> set[str]:
    """Return where ``name`` leads time and again: not the ways that a caller may take so many times only."""
    step = flow.steps[name]
    if isinstance(step, LookUp):
        return {way.go if way.afterwards is None else way.afterwards for way in step.ways.values()}
    return set(targets(flow, name))


def _circle(graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # the sorter takes ways for what must come before, so its circle runs backwards
        return tuple(reversed(error.args[1][:-1]))
    return ()


def dead_ends(flow: Flow) -> Iterator[str]:
    """Yield, of each group of steps that lead only to one another and never to an end, the first in the file."""
    ending = _leading_to({name for name, step in flow.steps.items() if isinstance(step, Queue | HangUp)}, flow)
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


def unproved(flow: Flow, services: Mapping[str, Service]) -> dict[str, tuple[str, ...]]:
    """Return the steps that a caller may reach without a proof of who they are, each with the shortest way there."""
    first = [name for name in (flow.start, flow.person) if name in flow.steps]
    ways: dict[tuple[str, bool], tuple[str, ...]] = {(name, False): (name,) for name in first}
    waiting = deque(ways)
    while waiting:
        at = waiting.popleft()
        for reached in _onward(flow, services, *at):
            if reached not in ways:
                ways[reached] = (*ways[at], reached[0])
                waiting.append(reached)
    return {name: way for (name, proved), way in ways.items() if not proved}


def _onward(flow: Flow, services: Mapping[str, Service], name: str, proved: bool) -> Iterator[tuple[str, bool]]:
    step = flow.steps[name]
    if isinstance(step, LookUp) and step.service in services:
        service = services[step.service]
        # a personal service answers nobody else, so whoever comes past it is proved
        proved = proved or service.personal
        for word, way in step.ways.items():
            for go in (way.go, way.afterwards):
                if go in flow.steps:
                    yield go, proved or word in service.proves
        return
    if isinstance(step, Ask) and step.claims_account:
        proved = False
    for go in targets(flow, name):
        yield go, proved
