"""What callers would suffer in a flow that works: dead ends, circles, long speeches, big menus, secrets told.

Pure. :mod:`ivr.flow.check` holds what keeps a flow from working at all and is never skipped; this is asked for by
``hydrophone flow check`` and before a flow is published.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cti.domain.events import Language
from ivr.flow.check import Problem
from ivr.flow.model import (
    UNAVAILABLE,
    Callback,
    CallFlow,
    Flow,
    HangUp,
    LookUp,
    Menu,
    Place,
    Record,
    Recording,
    Step,
    Survey,
    all_speeches,
    own_values,
    slots_of,
    speeches,
)
from ivr.flow.surroundings import Surroundings
from ivr.flow.texts import Text, WrittenOut
from ivr.flow.walk import dead_ends, deaf_circles, unproved
from ivr.prompts.catalogue import PERSONAL

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


def lint(flow: Flow, around: Surroundings, voice: Voice) -> tuple[Problem, ...]:
    """Return everything that callers would suffer in ``flow``."""
    return (
        *_dead_ends(flow),
        *_circles(flow, around),
        *_failures(flow),
        *_consents(flow),
        *_languages(flow),
        *_words(flow, voice),
        *_lengths(flow, voice),
        *_menus(flow),
        *_look_ups_without_proof(flow, around),
        *_calls_without_proof(flow, around),
        *_told_without_proof(flow, around),
    )


def _way(steps: Sequence[str]) -> str:
    return " → ".join(steps)


def _dead_ends(flow: Flow) -> Iterator[Problem]:
    for name in dead_ends(flow):
        what = f"from '{name}' no way leads to an end"
        yield Problem(("steps", name), what, "Lead a way on to a step with 'do: hang_up' or 'do: queue'")


def _circles(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for circle in deaf_circles(flow, around):
        what = f"a caller can't leave the circle {_way((*circle, circle[0]))}"
        advice = "Put a menu into it, or limit a look-up's way with 'times' and 'afterwards'"
        yield Problem(("steps", circle[0]), what, advice)


def _failures(flow: Flow) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        place, go = _failure(step)
        if go is not None and isinstance(flow.steps.get(go), HangUp):
            what = f"a caller for whom '{name}' fails is hung up on"
            yield Problem(("steps", name, *place), what, "Lead it to a person")


def _failure(step: Step) -> tuple[Place, str | None]:
    match step:
        case LookUp():
            way = step.ways.get(UNAVAILABLE)
            return ("ways", UNAVAILABLE), way.go if way else None
        case Record() | Callback():
            return (UNAVAILABLE,), step.unavailable
        case _:
            return (), None


def _consents(flow: Flow) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        place, recording = _recording(step)
        if recording is not None and recording.consent is None:
            what = f"'{name}' records a caller who has not been told"
            advice = "Add 'consent:' with a sentence that says that it is recorded, and what for"
            yield Problem(("steps", name, *place), what, advice)


def _recording(step: Step) -> tuple[Place, Recording | None]:
    match step:
        case Record():
            return (), step
        case Survey():
            return ("word",), step.word
        case _:
            return (), None


# ------------------------------------------------------------------ languages


def _languages(flow: Flow) -> Iterator[Problem]:
    # a flow that is called, or comes later in a call, goes on in the caller's language
    chosen: set[Language] = set(flow.languages) if flow.later or flow.returns else {flow.language}
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
    for place, said in all_speeches(flow):
        for text in said:
            if text.prompt not in told:
                told.add(text.prompt)
                yield from _words_of(place, text, flow, voice)


def _words_of(place: Place, text: Text, flow: Flow, voice: Voice) -> Iterator[Problem]:
    written = isinstance(text, WrittenOut)
    for language in flow.languages:
        spoken = voice(text.prompt, language)
        advice = f"Write the words under '{language}:'" if written else "Write the words into the catalogue"
        name = "this sentence" if written else f"'{text.prompt}'"
        if spoken is None or not spoken.words.strip():
            yield Problem(place, f"{name} says nothing in '{language}'", advice)
        elif bool(_HAN.search(spoken.words)) != (language == "zh"):
            yield Problem(place, f"{name} is not in '{language}'", advice)


# ------------------------------------------------------------------ how much at once


def _lengths(flow: Flow, voice: Voice) -> Iterator[Problem]:
    for place, said in all_speeches(flow):
        for languages in _together(flow, place):
            heard = [spoken for language in languages for one in said if (spoken := voice(one.prompt, language))]
            seconds = sum(spoken.seconds for spoken in heard)
            if seconds > LONGEST_S:
                how = "measured" if all(spoken.measured for spoken in heard) else "estimated"
                what = f"this takes {seconds:.0f} s in '{' and '.join(languages)}' ({how})"
                yield Problem(place, what, f"Say it in {LONGEST_S:.0f} s; nobody remembers more")


def _together(flow: Flow, place: Place) -> tuple[tuple[Language, ...], ...]:
    """Return the languages that are spoken one after the other at ``place``, for each kind of caller."""
    step = flow.steps.get(str(place[1])) if place[0] == "steps" else None
    if isinstance(step, Menu) and step.languages:
        return (step.languages,)
    return tuple((language,) for language in flow.languages)


def _menus(flow: Flow) -> Iterator[Problem]:
    for name, step in flow.steps.items():
        if isinstance(step, Menu) and len(step.choices) > MOST_CHOICES:
            what = f"'{name}' has {len(step.choices)} choices"
            yield Problem(("steps", name, "choices"), what, f"Offer {MOST_CHOICES} at most; the rest in a second menu")


# ------------------------------------------------------------------ whose business it is


def _look_ups_without_proof(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for name, way in unproved(flow, around).items():
        step = flow.steps[name]
        if isinstance(step, LookUp) and step.service in around.services and around.services[step.service].personal:
            what = f"'{step.service}' is about one customer, and by {_way(way)} nobody has proved to be one"
            yield Problem(("steps", name, "service"), what, "Have the caller identified on every way here")


def _calls_without_proof(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for name, way in unproved(flow, around).items():
        step = flow.steps[name]
        if isinstance(step, CallFlow) and step.flow in around.flows and around.flows[step.flow].proved:
            what = f"'{step.flow}' is for proved callers, and by {_way(way)} nobody has proved who calls"
            yield Problem(("steps", name, "flow"), what, "Have the caller identified on every way here")


def _told_without_proof(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    personal = {name for service in around.services.values() if service.personal for name in service.gives}
    nobodys = {name for service in around.services.values() for name in service.gives} - personal
    for name, way in unproved(flow, around).items():
        own = own_values(flow.steps[name])
        for place, said in speeches(flow.steps[name]):
            for text in said:
                for slot, kind in slots_of(text, around.prompts).items():
                    value = text.values.get(slot, slot)
                    # what the caller keyed at this very step may be read back to them
                    if value not in (*own, *nobodys) and (kind in PERSONAL or value in personal):
                        spoken = "this" if isinstance(text, WrittenOut) else f"'{text.prompt}'"
                        what = f"{spoken} tells the {kind} '{value}', and by {_way(way)} nobody has proved who calls"
                        yield Problem(("steps", name, *place), what, "Have the caller identified on every way here")
