"""Speech made of tones, so that a recording of the caller's side tells what was said, in order, and with which values.

A prompt is a pair of tones of its own. Spoken out (``values``) it is told besides in which language, and its values
follow as they are written (``86.40``), a short single tone for each character that has one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from cti.domain.events import Language
from ivr.ports import Value
from ivr.prompts.catalogue import shipped
from ivr.simulator.line import written

RATE_HZ = 8000
BEEP_HZ = 3700
PAIR_HZ = range(600, 3500, 140)
PAIRS = [(low, high) for low, high in combinations(PAIR_HZ, 2) if high - low >= 280]
CHARACTERS = dict(zip("0123456789-.: ze", range(500, 3600, 190), strict=False))
_TONE_S, _REST_S, _CHARACTER_S, _GAP_S = 0.4, 0.1, 0.06, 0.04
_LANGUAGE_S = 0.14
_TORN_FRAMES = 5
_LOUD = 0.02
_APART_HZ = 100

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """A sentence that was heard: its language and values are ``""`` and nothing where they weren't spoken."""

    prompt: str
    language: str = ""
    values: tuple[str, ...] = ()


class ToneSpeech:
    """Says prompts as tones; with ``values`` also in which language, and what stands in its slots."""

    def __init__(self, folder: Path, prompts: list[str], *, values: bool = False) -> None:
        self._folder = folder
        self._values = values
        self.pairs = dict(zip(prompts, PAIRS, strict=False))
        assert len(self.pairs) == len(prompts)

    async def write(self) -> None:
        """Write the files, before any call."""
        await asyncio.to_thread(self._write)

    def _write(self) -> None:
        for prompt, pair in self.pairs.items():
            self._keep(prompt, tone(*pair))
        self._keep("beep", tone(BEEP_HZ))

    def _keep(self, name: str, sound: Sound) -> None:
        """Write a sound whole, or not at all: another caller may be about to hear it. The last file is looked for."""
        for suffix, content in ((".alaw", alaw(sound)), (".ulaw", ulaw(sound))):
            draft = self._folder / f"{name}{suffix}.{uuid4().hex}"
            draft.write_bytes(content)
            draft.replace(self._folder / f"{name}{suffix}")

    async def beep(self) -> Path:
        return self._folder / "beep"

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        if not self._values:
            yield self._folder / prompt
            return
        told = " ".join(written(values[slot]) for slot in shipped().prompts[prompt].slots)
        name = f"{prompt}.{language}.{told.replace(' ', '_').replace(':', '')}"
        if not await asyncio.to_thread((self._folder / f"{name}.ulaw").exists):
            await asyncio.to_thread(self._keep, name, self._spoken(prompt, language, told))
        yield self._folder / name

    def _spoken(self, prompt: str, language: str, told: str) -> Sound:
        gap, rest = _silence(_GAP_S), _silence(_REST_S)
        spoken = _pitch((CHARACTERS[language[0]],), _LANGUAGE_S)
        parts = [spoken, gap, _pitch(self.pairs[prompt], 0.2), gap, *_characters(told), rest]
        return np.concatenate(parts)

    def said(self, samples: NDArray[np.float32]) -> list[str]:
        """Return the prompts heard in ``samples``, in order, each once in a row."""
        heard: list[str] = []
        for told in self.told(samples):
            if not heard or heard[-1] != told.prompt:
                heard.append(told.prompt)
        return heard

    def told(self, samples: NDArray[np.float32]) -> list[Told]:
        """Return the sentences heard in ``samples``, in order."""
        sentences: list[tuple[str, str, str]] = []
        language = ""
        for low, high in map(_pitches, _sounds(samples)):
            character = _nearest(CHARACTERS, (low,)) if high is None else None
            prompt = _nearest(self.pairs, (low, high)) if high is not None else None
            if prompt:
                if self._values and not language and sentences and sentences[-1][0] == prompt:
                    continue  # a busy machine tore it in two: a sentence begins with its language
                sentences.append((prompt, language, ""))
                language = ""
            elif character in ("z", "e"):
                language = {"z": "zh", "e": "en"}[character]
            elif character and sentences:
                sentences[-1] = (*sentences[-1][:2], sentences[-1][2] + character)
        return [Told(prompt, language, tuple(told.split())) for prompt, language, told in sentences]


def _characters(text: str) -> Iterator[Sound]:
    for character in (character for character in text if character in CHARACTERS):
        yield _pitch((CHARACTERS[character],), _CHARACTER_S)
        yield _silence(_GAP_S)


def _nearest(known: Mapping[str, object], pitches: tuple[int, ...]) -> str | None:
    """Return what sounds like these pitches, to 25 Hz."""
    for name, own in known.items():
        wanted = own if isinstance(own, tuple) else (own,)
        if all(abs(a - b) <= 25 for a, b in zip(wanted, pitches, strict=True)):
            return name
    return None


def _sounds(samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield what is between the silences, of 30 ms at least. A hole of one packet, on a busy machine, is no silence."""
    frame = RATE_HZ // 200
    loud = [
        float(np.sqrt(np.mean(samples[at : at + frame] ** 2))) > _LOUD for at in range(0, len(samples) - frame, frame)
    ]
    spans: list[tuple[int, int]] = []
    for place in (place for place, is_loud in enumerate(loud) if is_loud):
        if spans and place - spans[-1][1] <= _TORN_FRAMES:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    for start, end in spans:
        if end - start >= 6:
            yield samples[start * frame : end * frame]


def _pitches(sound: NDArray[np.float32]) -> tuple[int, int | None]:
    """Return the strongest pitch of ``sound`` alone, or the two of a pair, the lower one first."""
    heard = sound[-RATE_HZ // 4 :]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), n=RATE_HZ))
    first = int(np.argmax(spectrum))
    rest = spectrum.copy()
    rest[max(0, first - _APART_HZ) : first + _APART_HZ] = 0
    second = int(np.argmax(rest))
    if rest[second] < 0.4 * spectrum[first]:
        return first, None
    return min(first, second), max(first, second)


def _pitch(pitches_hz: tuple[int, ...], seconds: float) -> Sound:
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return sum((0.25 * np.sin(2 * np.pi * pitch * time) for pitch in pitches_hz), np.zeros(len(time)))


def _silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE_HZ))


def tone(*pitches_hz: int) -> Sound:
    """Return a tone, or a pair, with a rest after it, as floats in -1..1."""
    return np.concatenate([_pitch(pitches_hz, _TONE_S), _silence(_REST_S)])


def ulaw(samples: Sound) -> bytes:
    """Encode as G.711 mu-law, by its formula (segments of a logarithm)."""
    value = np.clip((samples * 32767).astype(np.int32), -32635, 32635)
    sign = np.where(value < 0, 0x80, 0)
    magnitude = np.abs(value) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


def alaw(samples: Sound) -> bytes:
    """Encode as G.711 A-law."""
    value = np.clip((samples * 32767).astype(np.int32), -32768, 32767) >> 3
    sign = np.where(value >= 0, 0x80, 0)
    magnitude = np.clip(np.where(value < 0, -value - 1, value), 0, 4095)
    exponent = np.clip(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0, 7)
    mantissa = np.where(exponent > 0, magnitude >> np.maximum(exponent, 1), magnitude >> 1) & 0x0F
    return bytes(((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8))
