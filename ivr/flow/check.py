"""What makes a flow unusable although it is well formed: targets, prompts, services, flows that are not there.

Pure. Each :class:`Problem` names its place in the flow; the loader turns that into a line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.model import (
    UNAVAILABLE,
    Branch,
    CallFlow,
    Flow,
    LookUp,
    Place,
    Queue,
    Step,
    Transfer,
    all_speeches,
    exits,
    own_values,
    slots_of,
)
from ivr.flow.surroundings import Surroundings
from ivr.flow.texts import Text, WrittenOut
from ivr.prompts.inline import faults


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, where, and what to do."""

    place: Place
    what: str
    advice: str


def problems(flow: Flow, around: Surroundings) -> tuple[Problem, ...]:
    """Return everything that keeps ``flow`` from working in these surroundings."""
    return (
        *_missing_steps(flow),
        *_unreachable(flow),
        *_unknown_prompts(flow, around),
        *_unspeakable(flow),
        *_unfilled_slots(flow, around),
        *_services(flow, around),
        *_branches(flow, around),
        *_targets(flow, around),
        *_called(flow, around),
    )


def _missing_steps(flow: Flow) -> Iterator[Problem]:
    named: list[tuple[Place, str]] = [(("start",), flow.start), (("person",), flow.person)]
    named += [(("steps", name, *place), go) for name, step in flow.steps.items() for place, go in exits(step)]
    for place, go in named:
        if go not in flow.steps:
            yield Problem(place, f"there is no step '{go}'", "Name a step of this flow")
    if not isinstance(flow.steps.get(flow.person, Queue(do="queue")), Queue):
        yield Problem(("person",), f"'{flow.person}' does not lead to a person", "Name a step with 'do: queue'")


def _unreachable(flow: Flow) -> Iterator[Problem]:
    reached: set[str] = set()
    waiting = [flow.start, flow.person]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in flow.steps:
            continue
        reached.add(name)
        waiting += [go for _, go in exits(flow.steps[name])]
    for name in flow.steps:
        if name not in reached:
            yield Problem(("steps", name), f"no way leads to '{name}'", "Lead a step here, or remove it")


# ------------------------------------------------------------------ what is said


def _texts(flow: Flow) -> Iterator[tuple[Place, Text]]:
    for place, told in all_speeches(flow):
        for text in told:
            yield place, text


def _unknown_prompts(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for place, text in _texts(flow):
        if not isinstance(text, WrittenOut) and text.prompt not in around.prompts:
            advice = "Add it there, name another, or write the sentence here with 'zh:' and 'en:'"
            yield Problem(place, f"the catalogue has no prompt '{text.prompt}'", advice)
        else:
            for slot in text.values.keys() - slots_of(text, around.prompts).keys():
                yield Problem(place, f"'{_called_so(text)}' has no slot '{slot}'", "Remove it from 'values'")


def _unspeakable(flow: Flow) -> Iterator[Problem]:
    for place, text in _texts(flow):
        if isinstance(text, WrittenOut):
            for fault in faults({"zh": text.zh, "en": text.en}):
                advice = "Write numbers as words, and one {name:kind} at most between two commas"
                yield Problem(place, fault, advice)


def _called_so(text: Text) -> str:
    return (text.zh or text.en) if isinstance(text, WrittenOut) else text.prompt


def _unfilled_slots(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    known = around.brings(flow)
    for place, text in _texts(flow):
        step = flow.steps.get(str(place[1])) if place[0] == "steps" else None
        own = set(own_values(step).items()) if step else set()
        for slot, kind in slots_of(text, around.prompts).items():
            name = text.values.get(slot, slot)
            if (name, kind) not in known | own and not _same_digits(name, kind, known | own):
                what = f"'{_called_so(text)}' needs a {kind} '{name}' that nothing gives"
                yield Problem(place, what, "Look it up or ask for it first, or name another value under 'values'")


def _same_digits(name: str, kind: str, known: set[tuple[str, str]]) -> bool:
    """An account number is a string of digits, too."""
    return kind == "digits" and (name, "account") in known


# ------------------------------------------------------------------ what is asked of others


def _services(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    asked = around.asks(flow)
    for name, step in flow.steps.items():
        if not isinstance(step, LookUp):
            continue
        place: Place = ("steps", name, "service")
        service = around.services.get(step.service)
        if service is None:
            advice = f"Use one of: {', '.join(sorted(around.services))}"
            yield Problem(place, f"there is no service '{step.service}'", advice)
            continue
        for missing in sorted(service.needs - asked):
            yield Problem(place, f"'{step.service}' needs '{missing}'", f"Ask for it 'into: {missing}' first")
        yield from _ways(name, step, step.service, service.ways | {UNAVAILABLE})


def _ways(name: str, step: LookUp | CallFlow, asked: str, known: frozenset[str]) -> Iterator[Problem]:
    for missing in sorted(known - step.ways.keys()):
        yield Problem(
            ("steps", name, "ways"), f"'{missing}' is not handled", f"Add '{missing}:' with the step it leads to"
        )
    for way in sorted(step.ways.keys() - known):
        advice = f"Use one of: {', '.join(sorted(known))}" if known else "Remove it"
        yield Problem(("steps", name, "ways", way), f"'{asked}' never answers '{way}'", advice)
    for word, way_on in step.ways.items():
        if (way_on.times is None) != (way_on.afterwards is None):
            yield Problem(("steps", name, "ways", word), "'times' and 'afterwards' go together", "Give both or none")


def _branches(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    words = around.words(flow)
    for name, step in flow.steps.items():
        yield from _branch(name, step, words)


def _branch(name: str, step: Step, words: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    if not isinstance(step, Branch):
        return
    if step.by not in words:
        advice = f"Use one of: {', '.join(sorted(words))}"
        yield Problem(("steps", name, "by"), f"nothing gives a word '{step.by}'", advice)
        return
    for way in sorted(step.ways.keys() - words[step.by]):
        advice = f"Use one of: {', '.join(sorted(words[step.by]))}"
        yield Problem(("steps", name, "ways", way), f"'{step.by}' is never '{way}'", advice)


def _targets(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        if isinstance(step, Transfer) and step.to not in around.targets:
            known = ", ".join(sorted(around.targets))
            advice = f"Use one of: {known}" if known else "Name it in the settings, under [pbx.targets]"
            yield Problem(("steps", name, "to"), f"the settings have no target '{step.to}'", advice)


# ------------------------------------------------------------------ flows that are called


def _called(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        if not isinstance(step, CallFlow):
            continue
        place: Place = ("steps", name, "flow")
        called = around.flows.get(step.flow)
        if called is None:
            yield Problem(place, f"there is no flow '{step.flow}'", f"Write it as {step.flow}.yaml beside this file")
            continue
        if not called.returns:
            advice = "Give it a step with 'do: return'"
            yield Problem(place, f"'{step.flow}' never comes back", advice)
        yield from _ways(name, step, step.flow, called.returns)
        yield from _relied_on(flow, place, called, around)


def _relied_on(flow: Flow, place: Place, called: Flow, around: Surroundings) -> Iterator[Problem]:
    brought, asked, words = around.brings(flow), around.asks(flow), around.words(flow)
    for value, kind in called.takes.items():
        if (value, kind) not in brought:
            yield Problem(place, f"'{called.flow}' takes a {kind} '{value}' that nothing gives", "Look it up first")
    for missing in sorted(set(called.keyed) - asked):
        yield Problem(place, f"'{called.flow}' needs '{missing}'", f"Ask for it 'into: {missing}' first")
    for word in sorted(called.words.keys() - words.keys()):
        yield Problem(place, f"'{called.flow}' needs the word '{word}'", "Look it up first")
    for language in flow.languages:
        if language not in called.languages:
            yield Problem(place, f"'{called.flow}' does not speak '{language}'", "Add the language there")
