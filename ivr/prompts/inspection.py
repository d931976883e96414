"""Is a studio's pack fit for the telephone: one finding for each thing wrong with a recording or a sentence.

Blocking, and heavier than :mod:`ivr.prompts.studio`, whose rule of whole sentences it reports. It changes no file.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile

from cti.domain.events import Language
from ivr.ports import Day, Money, Month, Value
from ivr.prompts.catalogue import Catalogue, Template
from ivr.prompts.dsp import measure
from ivr.prompts.errors import SpeechError, UnsayableError
from ivr.prompts.g711 import RATE_HZ
from ivr.prompts.heard import disagrees
from ivr.prompts.studio import Recording, ignored, recording

LONGEST_LEAD_MS: Final = 500
QUIETEST_DBFS: Final = -35.0
"""Below this, levelling to -20 dBFS raises a room's noise by 15 dB or more."""
LOUDEST_DBFS: Final = -9.0
_FULL: Final = 0.999
_CLIPPED_RUN: Final = 3
"""So many samples at full scale in a row are a wave that was cut, one is a peak that just fits."""

Listen = Callable[[Recording, str], str]
"""Returns what a recogniser hears in a recording that was made fit for the line and should say these words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong. ``fault`` is stable, ``detail`` says how much of it, in English."""

    file: str
    fault: str
    detail: str


def findings(found: Sequence[Recording], catalogue: Catalogue, listen: Listen | None = None) -> Iterator[Finding]:
    """Yield what is wrong with the recordings, and with the sentences that they make incomplete."""
    for unused in ignored(found, catalogue):
        if unused.missing:
            yield Finding(_file(unused.recording), "incomplete", f"{', '.join(unused.missing)} not recorded")
        else:
            yield Finding(_file(unused.recording), "unknown", "no prompt has such a clip")
    for one in found:
        faults = list(_of_sound(one))
        yield from faults
        if listen is not None and not any(fault.fault == "unusable" for fault in faults):
            yield from _of_words(one, _words(one, catalogue), listen)


def _of_sound(one: Recording) -> Iterator[Finding]:
    name = _file(one)
    try:
        recording(one.wav)
        audio, rate_hz = soundfile.read(one.wav, dtype="float32", always_2d=True)
    except SpeechError as error:
        yield Finding(name, "unusable", str(error))
        return
    if rate_hz != RATE_HZ and rate_hz < 2 * RATE_HZ:
        yield Finding(name, "rate", f"{rate_hz} Hz; 8,000 or at least 16,000 keep what the telephone carries")
    if (run := clipped(audio)) >= _CLIPPED_RUN:
        yield Finding(name, "clipped", f"{run} samples at full scale in a row")
    level = measure(_at_8_khz(audio.mean(axis=1), rate_hz))
    if not QUIETEST_DBFS <= level.speech_dbfs <= LOUDEST_DBFS:
        yield Finding(name, "loudness", f"{level.speech_dbfs:.0f} dBFS, not {QUIETEST_DBFS:.0f} to {LOUDEST_DBFS:.0f}")
    if level.lead_ms > LONGEST_LEAD_MS:
        yield Finding(name, "lead", f"{level.lead_ms} ms of silence before the first word")


def _of_words(one: Recording, text: str | None, listen: Listen) -> Iterator[Finding]:
    if text is None:
        return
    heard = listen(one, text)
    if not heard:
        yield Finding(_file(one), "words", "no words were recognised")
    elif disagrees(text, heard, one.language):
        yield Finding(_file(one), "words", f"heard: {heard}")


def _words(one: Recording, catalogue: Catalogue) -> str | None:
    """Return the words that a recording should hold, None for a clip of no sentence or of a value unlike its kind."""
    for prompt in catalogue.prompts.values():
        for clause in prompt.clauses[one.language]:
            if clause.slot is None and clause.id == one.clip:
                return clause.text
            if clause.source is not None and one.clip.startswith(f"{clause.id}."):
                value = _value(clause.kind, one.clip.removeprefix(f"{clause.id}."))
                return _spoken(clause, value, one.language) if value is not None else None
    return None


def _spoken(clause: Template, value: Value, language: Language) -> str | None:
    try:
        return clause.clip({clause.source or "": value}, language).text
    except UnsayableError:
        return None


def _value(kind: str | None, suffix: str) -> Value | None:
    """Return the value in a clip's name, of the kinds whose values a recogniser can tell."""
    numbers = [int(part) for part in suffix.split("-") if part.isascii() and part.isdigit()]
    match kind, numbers:
        case "money", [fen]:
            return Money(fen)
        case "month", [year, month]:
            return Month(year, month)
        case "day", [month, day]:
            return Day(month, day)
        case _:
            return None


def clipped(audio: np.ndarray) -> int:
    """Return the longest run of samples at full scale, in any channel."""
    longest = 0
    for channel in np.atleast_2d(audio.T):
        full = np.concatenate(([0], (np.abs(channel) >= _FULL).astype(np.int8), [0]))
        edges = np.flatnonzero(np.diff(full))
        longest = max(longest, int((edges[1::2] - edges[::2]).max(initial=0)))
    return longest


def _at_8_khz(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return ``audio`` as a meter needs it: every so many-th sample, loudness and pauses stay what they are."""
    wanted = np.arange(0, len(audio), rate_hz / RATE_HZ).astype(np.int64)
    return np.asarray(np.clip(audio[wanted] * 32768, -32768, 32767), dtype=np.int16)


def _file(one: Recording) -> str:
    return f"{one.language}/{one.clip}.wav"
