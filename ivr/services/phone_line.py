"""A caller on the line, as a flow sees it, made of an AGI session and our speech.

Asterisk hears keys only while a command of ours runs, so whenever we wait for something else (a clause that is
still being rendered, the billing system) the line listens in short slices. While there is anybody to serve it puts
off the dead man's switch.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

from cti.domain.events import Language
from ivr.agi.errors import RecordingRefusedError
from ivr.agi.session import LONGEST_FILE_S, AgiSession
from ivr.flow.errors import RecordingFailedError
from ivr.flow.line import Recorded, Speaking
from ivr.ports import Speech

DEAD_MAN_S: Final = 45
REFRESH_S: Final = 5.0
GRACE_S: Final = 0.03
"""What is ready this soon is not worth a command to Asterisk."""
FIRST_SLICE_S: Final = 0.02
SLICE_S: Final = 0.1
"""An answer is noticed at the end of a slice: what comes soon should not wait, what takes long costs commands."""
OTHER_KEY: Final = "#"
"""What a key is taken for that ended a wait and that Asterisk does not name: ``#``, or ``A`` to ``D``."""
EARLY_S: Final = 0.25
"""A wait that ends so much before its time was ended by a key: Asterisk's waits are late, not early."""
TURNS: Final = 5
"""Turns of the loop in which a sentence that has no more files says so."""
MAX_LENGTHS: Final = 4096
BYTES_PER_S: Final = 8000
MARGIN_S: Final = 1.0
"""How much longer a recording may take to play than it is said to be."""


class ClipLengths:
    """How long files play. A clip never changes under its name, so each is looked at once."""

    def __init__(self) -> None:
        self._lengths: dict[Path, float] = {}

    async def of(self, path: Path) -> float:
        """Return the seconds that ``path`` (without extension) plays, or the longest there may be if unknown."""
        if (known := self._lengths.get(path)) is not None:
            return known
        length_s = await asyncio.to_thread(_measure, path)
        if len(self._lengths) >= MAX_LENGTHS:
            self._lengths.clear()
        self._lengths[path] = length_s
        return length_s


def _measure(path: Path) -> float:
    try:
        return os.stat(f"{path}.ulaw").st_size / BYTES_PER_S
    except OSError:
        return LONGEST_FILE_S


class PhoneLine:
    """One caller, for as long as they are in the menu."""

    def __init__(
        self, session: AgiSession, speech: Speech, lengths: ClipLengths, monotonic: Callable[[], float]
    ) -> None:
        self._session = session
        self._speech = speech
        self._lengths = lengths
        self._monotonic = monotonic
        self._acts_at = 0.0

    async def play(self, sentence: Speaking, keys: str) -> str:
        """Play the files of a sentence, one after the other; a key stops the rest."""
        return await self._say(sentence, keys, None)

    async def ask(self, sentence: Speaking, keys: str, within_s: float) -> str:
        """Play a sentence and wait for a key, by one command if we know by then which file is the last."""
        return await self._say(sentence, keys, within_s)

    async def _say(self, sentence: Speaking, keys: str, then_s: float | None) -> str:
        await self._stay_alive()
        files = self._speech.files(sentence.prompt, sentence.values, sentence.language, slow=sentence.slow)
        coming = _next(files)
        try:
            while True:
                key = await self._listen(coming, None, keys)
                if key:
                    return key
                if (path := coming.result()) is None:
                    return "" if then_s is None else await self.key(then_s)
                length_s = await self._lengths.of(path)
                coming = _next(files)
                if then_s is not None and await _is_last(coming):
                    return await self._play_and_wait(path, length_s, keys, then_s)
                if key := await self._session.stream_file(str(path), keys, length_s=length_s):
                    return key
        finally:
            await _close(files, coming)

    async def _play_and_wait(self, path: Path, length_s: float, keys: str, wait_s: float) -> str:
        await self._stay_alive(length_s + wait_s + REFRESH_S)
        began = self._monotonic()
        key, played_s = await self._session.stream_and_wait(str(path), keys, wait_s, length_s=length_s)
        ended_early = self._monotonic() - began < played_s + wait_s - EARLY_S
        return key or (OTHER_KEY if ended_early else "")

    async def key(self, within_s: float) -> str:
        """Wait for a key."""
        await self._stay_alive()
        return await self._session.wait_for_digit(within_s)

    async def keys(self, most: int, within_s: float) -> str:
        """Wait for keys. A command before them costs keys, so the dead man's switch is put off only if it has to be."""
        await self._stay_alive(most * within_s + REFRESH_S)
        return await self._session.wait_for_digits(most, within_s)

    async def attend(self, work: "asyncio.Future[Any]", within_s: float, keys: str) -> str:
        """Wait for ``work``, listening."""
        await self._stay_alive()
        return await self._listen(work, within_s, keys)

    async def speak(self, language: Language) -> None:
        """Have Asterisk's own announcements in this language, too."""
        await self._session.set_variable("CHANNEL(language)", language)

    async def record(self, path: Path, *, longest_s: float, silence_s: float, keys: str) -> Recorded:
        """Sound the tone, then record; the dead man's switch is put off for as long as that may take."""
        await self._session.stream_file(str(await self._speech.beep()))
        await self._stay_alive(longest_s + DEAD_MAN_S - REFRESH_S)
        try:
            seconds, key = await self._session.record_file(str(path), keys, longest_s=longest_s, silence_s=silence_s)
        except RecordingRefusedError as error:
            raise RecordingFailedError from error
        return Recorded(seconds, key)

    async def play_back(self, path: Path, seconds: float, keys: str) -> str:
        """Play a recording of the caller's own."""
        await self._stay_alive(seconds + DEAD_MAN_S - REFRESH_S)
        return await self._session.stream_file(str(path), keys, length_s=seconds + MARGIN_S)

    async def _listen(self, work: "asyncio.Future[Any]", within_s: float | None, keys: str) -> str:
        started, slice_s = self._monotonic(), FIRST_SLICE_S
        await asyncio.wait({work}, timeout=GRACE_S if within_s is None else min(GRACE_S, within_s))
        while not work.done():
            left_s = SLICE_S if within_s is None else started + within_s - self._monotonic()
            if left_s <= 0:
                break
            await self._stay_alive()
            key = await self._session.wait_for_digit(min(slice_s, left_s))
            slice_s = min(2 * slice_s, SLICE_S)
            if key and key in keys:
                return key
        return ""

    async def _stay_alive(self, for_s: float = DEAD_MAN_S - REFRESH_S) -> None:
        """Have the dead man's switch act later than in ``for_s``, and not much later than it has to."""
        now = self._monotonic()
        if not for_s < self._acts_at - now <= DEAD_MAN_S:
            lasts_s = max(DEAD_MAN_S, math.ceil(for_s + REFRESH_S))
            await self._session.refresh_deadline(lasts_s)
            self._acts_at = now + lasts_s


async def _take(files: AsyncIterator[Path]) -> Path | None:
    """Return the next file, None at the end (a task can't end in ``StopAsyncIteration``)."""
    return await anext(files, None)


async def _is_last(coming: "asyncio.Task[Path | None]") -> bool:
    """Tell whether nothing more is coming, if that is known at once: the caller is not listened to meanwhile."""
    for _ in range(TURNS):
        if coming.done():
            return coming.result() is None
        await asyncio.sleep(0)
    return False


def _next(files: AsyncIterator[Path]) -> "asyncio.Task[Path | None]":
    return asyncio.create_task(_take(files), name="next-clip")


async def _close(files: AsyncIterator[Path], coming: "asyncio.Task[Path | None]") -> None:
    """End the search for the next clip, so that nothing renders for a caller who has gone on."""
    coming.cancel()
    await asyncio.wait({coming}, timeout=1.0)
    if coming.done():
        if not coming.cancelled():
            coming.exception()
        if (close := getattr(files, "aclose", None)) is not None:
            await close()
