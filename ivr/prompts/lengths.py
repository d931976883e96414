"""How long the hotline's sentences are: measured where a clip is there, else estimated from its words.

For those who judge a flow before anybody calls. A sentence with values is taken at its longest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.domain.events import Language
from ivr.ports import (
    AccountDigits,
    Count,
    Date,
    Day,
    Digits,
    Duration,
    Measure,
    Money,
    Month,
    Phone,
    Time,
    Value,
    Words,
)
from ivr.prompts import core_pack
from ivr.prompts.catalogue import Catalogue, Clip, Prompt
from ivr.prompts.errors import PackError
from ivr.prompts.g711 import RATE_HZ
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of

PER_CHARACTER_S: Final[Mapping[Language, float]] = {"zh": 0.19, "en": 0.045}
"""Fitted to the clips of the core pack: a Chinese character is a syllable, an English one a letter or a space."""

AROUND_S: Final[Mapping[Language, float]] = {"zh": 0.45, "en": 0.4}

LONGEST: Final[Mapping[str, Value]] = {
    "money": Money(777_777),
    "month": Month(2027, 11),
    "day": Day(11, 27),
    "digits": Digits("77777777"),
    "count": Count(777_777),
    "date": Date(2027, 11, 27),
    "duration": Duration(47 * 60 + 27),
    "phone": Phone("17777777777"),
    "account": AccountDigits("77777777"),
    "time": Time(17, 57),
    "words": Words("道" * 24, "w" * 72),
    "measure": Measure(17_777),
}
"""Values of each kind that take about as long to say as any that a caller will hear."""

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Length:
    """How long something takes to say; ``measured`` if every clip of it was there to be measured."""

    seconds: float
    measured: bool = True

    def __add__(self, other: "Length") -> "Length":
        return Length(self.seconds + other.seconds, self.measured and other.measured)


NOTHING: Final = Length(0.0)


class Lengths:
    """The lengths of a catalogue's sentences, from the store, the core pack, or the words."""

    def __init__(self, catalogue: Catalogue, store: Store | None = None, pack: Path | None = None) -> None:
        self._catalogue = catalogue
        self._store = store
        self._packed = _packed(core_pack.SHIPPED if pack is None else pack)

    def of_catalogue(self, catalogue: Catalogue) -> "Lengths":
        """Return the lengths of another catalogue's sentences, from the same clips."""
        other = copy(self)
        other._catalogue = catalogue
        return other

    def longest(self, prompt: str, language: Language) -> Length:
        """Return how long ``prompt`` takes at most. Raises ``KeyError`` for an unknown one."""
        slots = self._catalogue.prompts[prompt].slots
        return self.of(prompt, {slot: LONGEST[kind] for slot, kind in slots.items()}, language)

    def of(self, prompt: str, values: Mapping[str, Value], language: Language) -> Length:
        """Return how long ``prompt`` takes with these values. Raises ``KeyError`` for an unknown one."""
        clips = self._catalogue.clips(prompt, values, language)
        pauses = Length(sum(clip.pause_ms for clip in clips[:-1]) / 1000)
        return sum((self._of_clip(clip) for clip in clips), pauses)

    def _of_clip(self, clip: Clip) -> Length:
        key = key_of(clip, self._catalogue.readings)
        if (packed_s := self._packed.get(key)) is not None:
            return Length(packed_s)
        if (stored_s := self._stored_s(key)) is not None:
            return Length(stored_s)
        return Length(estimate_s(clip.text, clip.language), measured=False)

    def _stored_s(self, key: str) -> float | None:
        if self._store is None or not self._store.has(key):
            return None
        return self._store.stem(key).with_suffix(".ulaw").stat().st_size / RATE_HZ


def estimate_s(text: str, language: Language) -> float:
    """Return about how long ``text`` takes to say."""
    spoken = len(_WORD.findall(text)) if language == "zh" else len(text)
    return AROUND_S[language] + PER_CHARACTER_S[language] * spoken


def _packed(pack: Path) -> dict[str, float]:
    try:
        entries = core_pack.index(pack).entries.values()
    except (PackError, json.JSONDecodeError):
        return {}
    return {entry.key: entry.length / RATE_HZ for held in entries for entry in held}


def words(prompt: Prompt, language: Language) -> str:
    """Return the words of ``prompt`` with its slots as ``{name}``."""
    separator = "" if language == "zh" else " "
    return separator.join(_clauses(prompt, language))


def _clauses(prompt: Prompt, language: Language) -> Iterator[str]:
    for clause in prompt.clauses[language]:
        if clause.source is None:
            yield clause.text
        else:
            before, after = clause.around
            yield f"{before}{{{clause.source}}}{after}"
