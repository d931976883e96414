"""What callers would suffer in a flow that works: dead ends, circles, long speeches, big menus, secrets told.

Pure. :mod:`ivr.flow.check` holds what keeps a flow from working at all and is never skipped; this is asked for by
``hydrophone flow check`` and before a flow is published.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cti.domain.events import Language
from ivr.flow.check import Place, Problem
from ivr.flow.model import UNAVAILABLE, Flow, HangUp, LookUp, Menu, Sentence, Step, sentences
from ivr.flow.service import Service
from ivr.flow.walk import dead_ends, deaf_circles, unproved

MOST_CHOICES: Final = 5
LONGEST_S: Final = 20.0

_HAN: Final = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A prompt's words in one language, and how long they take at most; ``measured``, not estimated."""

    words: str
    seconds: float
    measured: bool


Voice = Callable[[str, Language], Spoken | None]
"""What a prompt is in a language; None if there is nothing."""


def lint(
    flow: Flow, prompts: Mapping[str, Mapping[str, str]], services: Mapping[str, Service], voice: Voice
) -> tuple[Problem, ...]:
    """Return everything that callers would suffer in ``flow``."""
    return (
        *_dead_ends(flow),
        *_circles(flow),
        *_failures(flow),
        *_languages(flow),
        *_words(flow, voice),
        *_lengths(flow, voice),
        *_menus(flow),
        *_look_ups_without_proof(flow, services),
        *_told_without_proof(flow, prompts, services),
    )


def _way(steps: Sequence[str]) -> str:
    return " → ".join(steps)


def _dead_ends(flow: Flow) -> Iterator[Problem]:
    for name in dead_ends(flow):
        what = f"from '{name}' no way leads to an end"
        yield Problem(("steps", name), what, "Lead a way on to a step with 'do: hang_up' or 'do: queue'")


def _circles(flow: Flow) -> Iterator[Problem]:
    for circle in deaf_circles(flow):
        what = f"a caller can't leave the circle {_way((*circle, circle[0]))}"
        advice = "Put a menu into it, or limit a look-up's way with 'times' and 'afterwards'"
        yield Problem(("steps", circle[0]), what, advice)


def _failures(flow: Flow) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        way = step.ways.get(UNAVAILABLE) if isinstance(step, LookUp) else None
        if way is not None and isinstance(flow.steps.get(way.go), HangUp):
            what = f"a caller for whom '{name}' fails is hung up on"
            yield Problem(("steps", name, "ways", UNAVAILABLE), what, "Lead it to a person")


# ------------------------------------------------------------------ languages


def _languages(flow: Flow) -> Iterator[Problem]:
    chosen = {flow.language}
    for name, step in flow.steps.items():
        for place, language in _languages_of(step):
            chosen.add(language)
            if language not in flow.languages:
                what = f"'{language}' is none of this flow's languages"
                yield Problem(("steps", name, *place), what, "Add it to 'languages' at the top, or choose another")
    for language in flow.languages:
        if language not in chosen:
            advice = f"Add a choice with 'language: {language}', or remove it"
            yield Problem(("languages",), f"no caller gets to '{language}'", advice)


def _languages_of(step: Step) -> Iterator[tuple[Place, Language]]:
    if isinstance(step, Menu):
        for key, choice in step.choices.items():
            if choice.language is not None:
                yield ("choices", key), choice.language
        for language in step.languages:
            yield ("languages",), language


def _words(flow: Flow, voice: Voice) -> Iterator[Problem]:
    told: set[str] = set()
    for place, said in _speeches(flow):
        for sentence in said:
            if sentence.prompt not in told:
                told.add(sentence.prompt)
                yield from _words_of(place, sentence.prompt, flow, voice)


def _words_of(place: Place, prompt: str, flow: Flow, voice: Voice) -> Iterator[Problem]:
    for language in flow.languages:
        spoken = voice(prompt, language)
        advice = "Write the words into the catalogue"
        if spoken is None or not spoken.words.strip():
            yield Problem(place, f"'{prompt}' says nothing in '{language}'", advice)
        elif bool(_HAN.search(spoken.words)) != (language == "zh"):
            yield Problem(place, f"'{prompt}' is not in '{language}'", advice)


# ------------------------------------------------------------------ how much at once


def _speeches(flow: Flow) -> Iterator[tuple[Place, tuple[Sentence, ...]]]:
    """Yield what is said in one go, with its place."""
    for word in ("none", "wrong", "more"):
        yield ("help", word), (getattr(flow.help, word),)
    for name, step in flow.steps.items():
        said: dict[str, tuple[Sentence, ...]] = {}
        for key, sentence in sentences(step):
            said[key] = (*said.get(key, ()), sentence)
        for key, together in said.items():
            yield ("steps", name, key), together


def _lengths(flow: Flow, voice: Voice) -> Iterator[Problem]:
    for place, said in _speeches(flow):
        for languages in _together(flow, place):
            heard = [spoken for language in languages for one in said if (spoken := voice(one.prompt, language))]
            seconds = sum(spoken.seconds for spoken in heard)
            if seconds > LONGEST_S:
                how = "measured" if all(spoken.measured for spoken in heard) else "estimated"
                what = f"this takes {seconds:.0f} s in '{' and '.join(languages)}' ({how})"
                yield Problem(place, what, f"Say it in {LONGEST_S:.0f} s; nobody remembers more")


def _together(flow: Flow, place: Place) -> tuple[tuple[Language, ...], ...]:
    """Return the languages that are spoken one after the other at ``place``, for each kind of caller."""
    step = flow.steps.get(place[1]) if place[0] == "steps" else None
    if isinstance(step, Menu) and step.languages:
        return (step.languages,)
    return tuple((language,) for language in flow.languages)


def _menus(flow: Flow) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        if isinstance(step, Menu) and len(step.choices) > MOST_CHOICES:
            what = f"'{name}' has {len(step.choices)} choices"
            yield Problem(("steps", name, "choices"), what, f"Offer {MOST_CHOICES} at most; the rest in a second menu")


# ------------------------------------------------------------------ whose business it is


def _look_ups_without_proof(flow: Flow, services: Mapping[str, Service]) -> Iterator[Problem]:
    for name, way in unproved(flow, services).items():
        step = flow.steps[name]
        if isinstance(step, LookUp) and step.service in services and services[step.service].personal:
            what = f"'{step.service}' is about one customer, and by {_way(way)} nobody has proved to be one"
            yield Problem(("steps", name, "service"), what, "Have the caller identified on every way here")


def _told_without_proof(
    flow: Flow, prompts: Mapping[str, Mapping[str, str]], services: Mapping[str, Service]
) -> Iterator[Problem]:
    personal = {name for service in services.values() if service.personal for name in service.gives}
    for name, way in unproved(flow, services).items():
        for key, sentence in sentences(flow.steps[name]):
            for slot, kind in prompts.get(sentence.prompt, {}).items():
                value = sentence.values.get(slot, slot)
                if kind == "digits" or value in personal:
                    told = f"'{sentence.prompt}' tells the {kind} '{value}'"
                    what = f"{told}, and by {_way(way)} nobody has proved who calls"
                    yield Problem(("steps", name, key), what, "Have the caller identified on every way here")
