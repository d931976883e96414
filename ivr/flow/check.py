"""What makes a flow unusable although it is well formed: targets, prompts, services that are not there.

Pure. Each :class:`Problem` names its place in the flow; the loader turns that into a line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.model import UNAVAILABLE, Ask, Branch, Flow, LookUp, Queue, Sentence, Step, exits, sentences
from ivr.flow.service import Service

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, where, and what to do."""

    place: Place
    what: str
    advice: str


def problems(
    flow: Flow, prompts: Mapping[str, Mapping[str, str]], services: Mapping[str, Service]
) -> tuple[Problem, ...]:
    """Return everything that keeps ``flow`` from working with these prompts and services."""
    return (
        *_missing_steps(flow),
        *_unreachable(flow),
        *_unknown_prompts(flow, prompts),
        *_unfilled_slots(flow, prompts, services),
        *_services(flow, services),
        *_branches(flow, services),
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


def _all_sentences(flow: Flow) -> Iterator[tuple[Place, Sentence]]:
    for word in ("none", "wrong", "more"):
        yield ("help", word), getattr(flow.help, word)
    for name, step in flow.steps.items():
        for key, sentence in sentences(step):
            yield ("steps", name, key), sentence


def _unknown_prompts(flow: Flow, prompts: Mapping[str, Mapping[str, str]]) -> Iterator[Problem]:
    for place, sentence in _all_sentences(flow):
        if sentence.prompt not in prompts:
            yield Problem(place, f"the catalogue has no prompt '{sentence.prompt}'", "Add it there, or name another")
        else:
            for slot in sentence.values.keys() - prompts[sentence.prompt].keys():
                yield Problem(place, f"'{sentence.prompt}' has no slot '{slot}'", "Remove it from 'values'")


def _unfilled_slots(
    flow: Flow, prompts: Mapping[str, Mapping[str, str]], services: Mapping[str, Service]
) -> Iterator[Problem]:
    given = {
        (name, kind)
        for step in flow.steps.values()
        if isinstance(step, LookUp) and step.service in services
        for name, kind in services[step.service].gives.items()
    }
    for place, sentence in _all_sentences(flow):
        for slot, kind in prompts.get(sentence.prompt, {}).items():
            name = sentence.values.get(slot, slot)
            if (name, kind) not in given:
                what = f"'{sentence.prompt}' needs a {kind} '{name}' that no look-up gives"
                yield Problem(place, what, "Look it up first, or name another value under 'values'")


def _services(flow: Flow, services: Mapping[str, Service]) -> Iterator[Problem]:
    asked = {step.into for step in flow.steps.values() if isinstance(step, Ask)}
    for name, step in flow.steps.items():
        if not isinstance(step, LookUp):
            continue
        place: Place = ("steps", name, "service")
        service = services.get(step.service)
        if service is None:
            yield Problem(place, f"there is no service '{step.service}'", f"Use one of: {', '.join(sorted(services))}")
            continue
        for missing in sorted(service.needs - asked):
            yield Problem(place, f"'{step.service}' needs '{missing}'", f"Ask for it 'into: {missing}' first")
        yield from _ways(name, step, service.ways | {UNAVAILABLE})


def _ways(name: str, step: LookUp, known: frozenset[str]) -> Iterator[Problem]:
    for missing in sorted(known - step.ways.keys()):
        yield Problem(
            ("steps", name, "ways"), f"'{missing}' is not handled", f"Add '{missing}:' with the step it leads to"
        )
    for way in sorted(step.ways.keys() - known):
        advice = f"Use one of: {', '.join(sorted(known))}"
        yield Problem(("steps", name, "ways", way), f"'{step.service}' never answers '{way}'", advice)
    for word, way_on in step.ways.items():
        if (way_on.times is None) != (way_on.afterwards is None):
            yield Problem(("steps", name, "ways", word), "'times' and 'afterwards' go together", "Give both or none")


def _branches(flow: Flow, services: Mapping[str, Service]) -> Iterator[Problem]:
    words: dict[str, frozenset[str]] = {"language": frozenset(flow.languages)}
    for step in flow.steps.values():
        if isinstance(step, LookUp) and step.service in services:
            words.update(services[step.service].words)
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
