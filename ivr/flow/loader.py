"""Reads a flow from YAML and refuses one that can't work, with file, line and what to do about each fault.

Every scalar is read as text (``BaseLoader``), so that ``on``, ``no`` or ``08`` are what was written; pydantic makes
numbers of them where numbers belong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ivr.flow.check import Problem, problems
from ivr.flow.errors import Fault, FlowFaultsError
from ivr.flow.model import Flow
from ivr.flow.service import Service

MAX_BYTES = 256 * 1024

Prompts = Mapping[str, Mapping[str, str]]
"""Prompt ids of the catalogue, each with its slots and their kinds: ``{"bill.paid": {"amount": "money"}}``."""

Inspection = Callable[[Flow], Iterable[Problem]]
"""One more look at a well-formed flow, such as :mod:`ivr.flow.lint`'s."""

ADVICE = {
    "extra_forbidden": "Remove it, or correct its spelling",
    "missing": "Add it",
    "union_tag_invalid": "Use one of: say, menu, ask, look_up, branch, queue, hang_up",
    "union_tag_not_found": "Add 'do:' with one of: say, menu, ask, look_up, branch, queue, hang_up",
    "string_pattern_mismatch": "Use the characters that names of this sort have; 0 and * are never choices",
}


def load(
    path: Path, *, prompts: Prompts, services: Mapping[str, Service], inspection: Inspection | None = None
) -> Flow:
    """Read the flow in the file ``path``. Raises :class:`FlowFaultsError`."""
    text = path.read_text(encoding="utf-8")
    return parse(text, file=path.name, prompts=prompts, services=services, inspection=inspection)


def parse(
    text: str,
    *,
    file: str,
    prompts: Prompts,
    services: Mapping[str, Service],
    inspection: Inspection | None = None,
) -> Flow:
    """Read the flow written in ``text``, and have it pass the ``inspection``. Raises :class:`FlowFaultsError`."""
    root = _root(text, file)
    faults = [*_repeated_keys(root, file)]
    flow = None
    try:
        flow = Flow.model_validate(yaml.BaseLoader("").construct_document(root))
    except ValidationError as error:
        faults += [_fault(file, root, entry) for entry in error.errors(include_url=False, include_input=False)]
    if flow is not None:
        found = (*problems(flow, prompts, services), *(inspection(flow) if inspection else ()))
        faults += [Fault(file, _line(root, problem.place), problem.what, problem.advice) for problem in found]
    if faults or flow is None:
        raise FlowFaultsError(tuple(sorted(faults)))
    return flow


def _root(text: str, file: str) -> yaml.MappingNode:
    if len(text.encode()) > MAX_BYTES:
        raise FlowFaultsError((Fault(file, 1, "the file is too long", f"Keep it under {MAX_BYTES} bytes"),))
    try:
        # an alias lets a small file stand for an immense one
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise FlowFaultsError((Fault(file, line, "an alias (*name)", "Write the part out where it is used"),))
        node = yaml.compose(text, Loader=yaml.BaseLoader)
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
