"""A telephone line without a telephone: sentences take their time on a leaping clock, keys come from a :class:`Thumb`.

A caller begins to key once the menu listens. What is left of an entry when the menu speaks again cuts it short, as
dialling ahead does on a real line, and ``#`` never does.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cti.domain.events import Language
from ivr.errors import HungUpError
from ivr.flow.errors import RecordingFailedError
from ivr.flow.line import Recorded, Speaking
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
from ivr.prompts.catalogue import SLOW_PACE, Catalogue
from ivr.prompts.lengths import Lengths

WAIT: Final = "wait"
HANG_UP: Final = "hangup"
SPEAK: Final = re.compile(r"speak(?: (\d{1,3}))?([#*0]|hangup)?")
"""What is said into a recording: ``speak 8`` for 8 seconds, ``speak 8#`` ends it with a key; ``speak`` says nothing."""
KEYS: Final = "0123456789*#ABCD"
KEY_S: Final = 0.4
"""From one key to the next; a practised thumb."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence as the caller heard it, with its values as they are written: ``86.40``, ``2026-10``, ``11-25``."""

    at_s: float
    prompt: str
    language: Language
    values: Mapping[str, str]
    words: str
    whole: bool
    slow: bool = False


class Thumb(Protocol):
    """What the caller presses."""

    def listened_to(self) -> str:
        """Return what to key now that the menu listens: keys, ``wait`` or ``hangup``."""

    def interrupts(self, prompt: str, words: str) -> str:
        """Return what to key while ``prompt`` is said, in these words: keys, ``hangup`` or nothing."""

    def speaks(self) -> str:
        """Return what to say into a recording (:data:`SPEAK`)."""


class PretendLine:
    """One caller on the line (``ivr.flow.line.Line``). ``heard`` is told each sentence when it is over."""

    def __init__(
        self,
        thumb: Thumb,
        catalogue: Catalogue,
        lengths: Lengths,
        heard: Callable[[Heard], None],
        *,
        records: bool = True,
    ) -> None:
        self._records = records
        self._thumb = thumb
        self._catalogue = catalogue
        self._lengths = lengths
        self._heard = heard
        self._left = ""

    async def play(self, sentence: Speaking, keys: str) -> str:
        """Say it; what is left of an entry, or an interruption, cuts it short in the middle."""
        prompt, language = sentence.prompt, sentence.language
        length_s = self._lengths.of(prompt, sentence.values, language).seconds
        length_s /= SLOW_PACE if sentence.slow else 1.0
        at_s = asyncio.get_running_loop().time()
        words = self._catalogue.words(prompt, sentence.values, language)
        self._left = self._left or self._thumb.interrupts(prompt, words)
        hanging_up = self._left == HANG_UP
        key = "" if hanging_up else self._pressed(keys)
        await asyncio.sleep(length_s / 2 if key or hanging_up else length_s)
        slots = self._catalogue.prompts[prompt].slots
        values = {slot: written(sentence.values[slot]) for slot in slots}
        self._heard(Heard(at_s, prompt, language, values, words, not key and not hanging_up, sentence.slow))
        if hanging_up:
            raise HungUpError
        return key

    async def ask(self, sentence: Speaking, keys: str, within_s: float) -> str:
        """Say it and take the next key of the entry."""
        return await self.play(sentence, keys) or await self.key(within_s)

    async def key(self, within_s: float) -> str:
        """Take the next key of the entry, or the first of the next."""
        self._left = self._left or self._thumb.listened_to()
        if self._left == WAIT:
            self._left = ""
            await asyncio.sleep(within_s)
            return ""
        await asyncio.sleep(min(KEY_S, within_s))
        if self._left == HANG_UP:
            raise HungUpError
        return self._pressed(KEYS)

    async def keys(self, most: int, within_s: float) -> str:
        """Take the rest of the entry; after ``*`` a line waits for more, as after any digit."""
        keyed = ""
        while len(keyed) < most and not keyed.endswith("#"):
            if keyed.endswith("*") and not self._left:
                await asyncio.sleep(within_s)
                break
            if not (key := await self.key(within_s)):
                break
            keyed += key
        return keyed

    async def attend(self, work: "asyncio.Future[Any]", within_s: float, keys: str) -> str:
        """Wait, and drop what is keyed meanwhile but ``keys``."""
        if key := self._pressed(keys):
            return key
        await asyncio.wait({work}, timeout=within_s)
        return ""

    async def record(self, path: Path, *, longest_s: float, silence_s: float, keys: str) -> Recorded:
        """Take as long as the caller speaks, and the silence after it."""
        entry = self._thumb.speaks()
        if entry == HANG_UP:
            raise HungUpError
        said = SPEAK.fullmatch(entry)
        seconds = min(float(said[1] or 0), longest_s) if said else 0.0
        key = (said[2] or "") if said else ""
        await asyncio.sleep(seconds if key else min(longest_s, seconds + silence_s))
        if key == HANG_UP:
            raise HungUpError
        if not self._records:
            raise RecordingFailedError
        return Recorded(seconds, key if key in keys else "")

    async def play_back(self, path: Path, seconds: float, keys: str) -> str:
        """Take as long as it is."""
        await asyncio.sleep(seconds)
        return ""

    async def speak(self, language: Language) -> None:
        """Nothing to note: every sentence brings its language."""

    def _pressed(self, keys: str) -> str:
        """Take keys until one counts; return it or nothing."""
        while self._left:
            key, self._left = self._left[0], self._left[1:]
            if key in keys:
                return key
        return ""


def written(value: Value) -> str:
    """Return ``value`` as people write it in a script of calls."""
    match value:
        case Money(fen):
            return f"{fen // 100}.{fen % 100:02d}"
        case Month(year, month):
            return f"{year:04d}-{month:02d}"
        case Day(month, day):
            return f"{month:02d}-{day:02d}"
        case Digits(digits):
            return digits
        case Count(number):
            return str(number)
        case Date(year, month, day):
            return f"{year:04d}-{month:02d}-{day:02d}"
        case Duration(minutes):
            return f"{minutes} min"
        case Phone(number):
            return number
        case AccountDigits(digits):
            return digits
        case Time(hour, minute):
            return f"{hour}:{minute:02d}"
        case Words(zh, en):
            return f"{zh} / {en}"
        case Measure(hundredths):
            return f"{hundredths // 100}.{hundredths % 100:02d}"
