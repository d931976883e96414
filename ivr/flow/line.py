"""The telephone line as a flow sees it: say a sentence, wait for a key. Nothing of Asterisk shows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cti.domain.events import Language
from ivr.ports import Value


@dataclass(frozen=True, slots=True)
class Speaking:
    """One sentence to be said: prompt, typed values, language."""

    prompt: str
    language: Language
    values: Mapping[str, Value] = field(repr=False)


class Line(Protocol):
    """A caller on the line. Every method raises ``HungUpError`` when they are gone."""

    async def play(self, sentence: Speaking, keys: str) -> str:
        """Say ``sentence`` until its end or one of ``keys``; return that key, or ``''`` if it was heard whole."""

    async def key(self, within_s: float) -> str:
        """Return the key pressed within this time, or ``''``."""

    async def attend(self, work: "asyncio.Future[Any]", within_s: float, keys: str) -> str:
        """Wait until ``work`` is done, ``within_s`` is over or one of ``keys`` is pressed; return that key or ``''``.

        Other keys are dropped. ``work`` is the caller's own: it is neither cancelled nor its result taken.
        """

    async def speak(self, language: Language) -> None:
        """Note that the caller speaks ``language`` from now on."""
