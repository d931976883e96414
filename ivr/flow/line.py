"""The telephone line as a flow sees it: say a sentence, wait for a key, record. Nothing of Asterisk shows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cti.domain.events import Language
from ivr.ports import Value


@dataclass(frozen=True, slots=True)
class Speaking:
    """One sentence to be said: prompt, typed values, language; ``slow`` for a caller who asked to hear it again.

    Unless callers may ``barge_in``, no key but ``0`` cuts it short.
    """

    prompt: str
    language: Language
    values: Mapping[str, Value] = field(repr=False)
    slow: bool = False
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording: how long it is, and the key that ended it, ``''`` for silence or the longest there is."""

    seconds: float
    key: str


class Line(Protocol):
    """A caller on the line. Every method raises ``HungUpError`` when they are gone."""

    async def play(self, sentence: Speaking, keys: str) -> str:
        """Say ``sentence`` until its end or one of ``keys``; return that key, or ``''`` if it was heard whole."""

    async def ask(self, sentence: Speaking, keys: str, within_s: float) -> str:
        """Say ``sentence``, then wait; return one of ``keys`` pressed in it, or any pressed within this time after it.

        No key is lost between the two. Returns ``''`` for silence.
        """

    async def key(self, within_s: float) -> str:
        """Return the key pressed within this time, or ``''``."""

    async def keys(self, most: int, within_s: float) -> str:
        """Return up to ``most`` keys, each pressed within this time of the one before, and ``#`` if that ended them.

        No key is lost between two of them.
        """

    async def attend(self, work: "asyncio.Future[Any]", within_s: float, keys: str) -> str:
        """Wait until ``work`` is done, ``within_s`` is over or one of ``keys`` is pressed; return that key or ``''``.

        Other keys are dropped. ``work`` is the caller's own: it is neither cancelled nor its result taken.
        """

    async def speak(self, language: Language) -> None:
        """Note that the caller speaks ``language`` from now on."""

    async def record(self, path: Path, *, longest_s: float, silence_s: float, keys: str) -> Recorded:
        """Sound the tone and record into ``path`` (without extension) until silence, one of ``keys``, or the longest.

        Raises ``RecordingFailedError`` when nothing could be written.
        """

    async def play_back(self, path: Path, seconds: float, keys: str) -> str:
        """Play what was recorded, ``seconds`` long, until its end or one of ``keys``; return that key or ``''``."""
