"""Reads a flow from YAML and refuses one that can't work, with file, line and what to do about each fault.

Every scalar is read as text (``BaseLoader``), so that ``on``, ``no`` or ``08`` are what was written; pydantic makes
numbers of them where numbers belong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml
from pydantic import ValidationError

from ivr.flow.bundle import Bundle
from ivr.flow.check import Problem, problems
from ivr.flow.errors import Fault, FlowFaultsError
from ivr.flow.model import KINDS_OF_STEPS, CallFlow, Flow
from ivr.flow.surroundings import Surroundings

MAX_BYTES = 256 * 1024

TextLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Reads every scalar as text, by libyaml where PyYAML was built with it: that takes a fifth of the time."""

Prompts = Mapping[str, Mapping[str, str]]
"""Prompt ids of the catalogue, each with its slots and their kinds: ``{"bill.paid": {"amount": "money"}}``."""

Inspection = Callable[[Flow, Surroundings], Iterable[Problem]]
"""One more look at a well-formed flow, such as :mod:`ivr.flow.lint`'s."""

Find = Callable[[str], tuple[str, str] | None]
"""Finds a flow by its name: its text and the file it stands in; None if there is none."""

ADVICE = {
    "extra_forbidden": "Remove it, or correct its spelling",
    "missing": "Add it",
    "union_tag_invalid": "Use one of: " + ", ".join(KINDS_OF_STEPS),
    "union_tag_not_found": "Add 'do:' with one of: " + ", ".join(KINDS_OF_STEPS),
    "string_pattern_mismatch": "Use the characters that names of this sort have; 0 and * are never choices",
}


def parse(text: str, *, file: str, around: Surroundings, inspection: Inspection | None = None) -> Flow:
    """Read the one flow written in ``text``, and have it pass the ``inspection``. Raises :class:`FlowFaultsError`."""
    flow, root, faults = _shape(text, file)
    if flow is not None:
        faults += _judged(flow, root, file, around, inspection)
    if faults or flow is None:
        raise FlowFaultsError(tuple(sorted(faults)))
    return flow


def bundle(text: str, *, file: str, find: Find, around: Surroundings, inspection: Inspection | None = None) -> Bundle:
    """Read a flow and all that it calls; ``around`` need not have those. Raises :class:`FlowFaultsError`."""
    read = _Reading(find)
    main = read.flow(text, file)
    around = replace(around, flows={**around.flows, **read.flows})
    # flows that call each other in a circle have no end that could be judged
    for flow, root, source in () if read.circular else read.sources:
        read.faults += _judged(flow, root, source, around, inspection)
    if read.faults or main is None:
        raise FlowFaultsError(tuple(sorted(set(read.faults))))
    return Bundle(main, {name: flow for name, flow in read.flows.items() if name != main.flow})


class _Reading:
    """Reads a flow and those that it calls, each once; a flow that comes to call itself is a fault."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._open: list[str] = []
        self.flows: dict[str, Flow] = {}
        self.sources: list[tuple[Flow, yaml.MappingNode, str]] = []
        self.faults: list[Fault] = []
        self.circular = False

    def flow(self, text: str, file: str, wanted: str | None = None) -> Flow | None:
        """Read one flow, and what it calls. ``wanted`` is the name by which it was called."""
        flow, root, faults = _shape(text, file)
        self.faults += faults
        if flow is None:
            return None
        if wanted is not None and flow.flow != wanted:
            self.faults.append(Fault(file, 1, f"this is the flow '{flow.flow}'", f"Call it '{wanted}', as its file is"))
            return None
        self.flows[flow.flow] = flow
        self.sources.append((flow, root, file))
        self._open.append(flow.flow)
        for name, step in flow.steps.items():
            if isinstance(step, CallFlow):
                self._call(step.flow, file, _line(root, ("steps", name, "flow")))
        self._open.pop()
        return flow

    def _call(self, name: str, file: str, line: int) -> None:
        if name in self._open:
            way = " → ".join([*self._open[self._open.index(name) :], name])
            self.circular = True
            self.faults.append(Fault(file, line, f"a flow that calls itself: {way}", "Lead back with 'do: return'"))
        elif name not in self.flows and (found := self._find(name)) is not None:
            self.flow(*found, wanted=name)


def _shape(text: str, file: str) -> tuple[Flow | None, yaml.MappingNode, list[Fault]]:
    """Read a flow as far as it is well formed."""
    root = _root(text, file)
    faults = [*_repeated_keys(root, file)]
    try:
        return Flow.model_validate(TextLoader("").construct_document(root)), root, faults
    except ValidationError as error:
        faults += [_fault(file, root, entry) for entry in error.errors(include_url=False, include_input=False)]
    return None, root, faults


def _judged(flow: Flow, root: yaml.Node, file: str, around: Surroundings, inspection: Inspection | None) -> list[Fault]:
    found = (*problems(flow, around), *(inspection(flow, around) if inspection else ()))
    return [Fault(file, _line(root, problem.place), problem.what, problem.advice) for problem in found]


def _root(text: str, file: str) -> yaml.MappingNode:
    if len(text.encode()) > MAX_BYTES:
        raise FlowFaultsError((Fault(file, 1, "the file is too long", f"Keep it under {MAX_BYTES} bytes"),))
    try:
        # an alias lets a small file stand for an immense one
        for event in yaml.parse(text, Loader=TextLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise FlowFaultsError((Fault(file, line, "an alias (*name)", "Write the part out where it is used"),))
        node = yaml.compose(text, Loader=TextLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fault = Fault(file, line, f"not YAML: {error.problem}", "Check indentation, colons and quotes here")
        raise FlowFaultsError((fault,)) from error
    except yaml.YAMLError as error:
        raise FlowFaultsError((Fault(file, 1, "not YAML", "Remove characters that can't be printed"),)) from error
    if not isinstance(node, yaml.MappingNode):
        raise FlowFaultsError((Fault(file, 1, "not a flow", "Begin with 'flow: <name>'"),))
    return node


def _repeated_keys(node: yaml.Node, file: str) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                yield Fault(file, line, f"'{key.value}' stands here twice", "Keep one; YAML would drop the other")
            seen.add(key.value)
            yield from _repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item, file)


def _fault(file: str, root: yaml.Node, error: Any) -> Fault:
    place: tuple[str | int, ...] = error["loc"]
    if place[:1] == ("steps",):
        # pydantic puts the kind of a step after its name; a step may well have a key of that name
        place = place[:2] + place[3:]
    name = next((str(part) for part in reversed(place) if not str(part).startswith("[")), "flow")
    advice = ADVICE.get(error["type"], "Correct the value")
    return Fault(file, _line(root, place), f"'{name}': {error['msg']}", advice)


def _line(root: yaml.Node, place: tuple[str | int, ...]) -> int:
    """Return the line of ``place``, or of the nearest thing around it that is written down."""
    node, line = root, root.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node, line = value, key.start_mark.line
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return int(line) + 1
