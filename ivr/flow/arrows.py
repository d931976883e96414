"""The arrows of a flow's picture: each way on, its key or word, and how many callers took it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ivr.flow.funnel import Funnel
from ivr.flow.model import UNAVAILABLE, Branch, CallFlow, Flow, LookUp, Menu, Step, exits

START: Final = "·start"
ANYWHERE: Final = "·anywhere"
"""Stands for every step that listens: 0, or giving up, leads from there to a person."""

LABEL_PX: Final = 6.6
KEY_PX: Final = 18.0
ASIDE: Final = frozenset({"hangup", "failed", "0", "no_input", "wrong_input", "ended"})
"""Ways out of a step that are no arrow of it: they lead to a person, or nowhere."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way on as it is drawn: a key or a word, or neither, and whether it is taken for a failure of ours.

    ``counted`` are the words by which callers' records call it; none for those it can't be told apart by.
    """

    tail: str
    head: str
    key: str = ""
    word: str = ""
    failure: bool = False
    counted: frozenset[str] = frozenset()
    callers: int | None = None
    share: float = 0.0
    """Of those who came to the step, how many took it."""

    @property
    def label(self) -> str:
        """Its word, and how many took it."""
        return " ".join(part for part in (self.word, "" if self.callers is None else f"{self.callers:,}") if part)

    @property
    def width(self) -> float:
        """How wide its label is."""
        word = LABEL_PX * len(self.label) + 8 if self.label else 0.0
        return (KEY_PX if self.key else 0.0) + word + (2 if self.key and self.label else 0)


def arrows(flow: Flow, funnel: Funnel | None) -> list[Way]:
    """Return all arrows of ``flow``, with callers on them if there is a ``funnel``."""
    found = [Way(START, flow.start)]
    for name, step in flow.steps.items():
        found += _ways_of(name, step)
    found.append(Way(ANYWHERE, flow.person))
    return found if funnel is None else [_counted(way, funnel) for way in found]


def _counted(way: Way, funnel: Funnel) -> Way:
    step = funnel.steps.get(way.tail)
    if way.tail == START:
        return replace(way, callers=funnel.calls, share=1.0)
    if not way.counted or step is None:
        return way
    callers = sum(step.ways.get(word, 0) for word in way.counted)
    return replace(way, callers=callers, share=callers / step.passes if step.passes else 0.0)


def _ways_of(name: str, step: Step) -> Iterator[Way]:
    match step:
        case Menu():
            for key, choice in step.choices.items():
                yield Way(name, choice.go, key, choice.language or "", counted=frozenset({key}))
            if step.silence:
                yield Way(name, step.silence, word="no_input", counted=frozenset({"no_input"}))
        case LookUp() | CallFlow():
            for word, way in step.ways.items():
                failure, once = word == UNAVAILABLE, way.afterwards is None
                # the record tells that the answer was given, not how often before in the call
                counted = frozenset({word}) if once else frozenset[str]()
                times = "" if once else f" ≤ {way.times}×"
                yield Way(name, way.go, word=word + times, failure=failure, counted=counted)
                if way.afterwards:
                    yield Way(name, way.afterwards, word=f"{word} > {way.times}×", failure=failure)
        case Branch():
            for word, go in step.ways.items():
                yield Way(name, go, word=word, counted=frozenset({word}))
            yield Way(name, step.otherwise, word="otherwise", counted=frozenset({"otherwise"}))
        case _:
            yield from _others(name, step)


def _others(name: str, step: Step) -> Iterator[Way]:
    words = {word for (word, *_), _ in exits(step)}
    for (word, *_), go in exits(step):
        counted = frozenset({word}) if word != "then" else _onward(step.do, words)
        yield Way(name, go, word="" if word == "then" else word, failure=word == UNAVAILABLE, counted=counted)


def _onward(kind: str, others: Collection[str]) -> frozenset[str]:
    """Return what the records call the way on of a step: all of its ways that have no arrow of their own."""
    words = {
        "say": {"ok", "skipped"},
        "callback": {"arranged", "already"},
        "survey": {"ok", "unhappy", "no_input", "wrong_input"},
    }
    return frozenset(words.get(kind, {"ok"}) - set(others))
