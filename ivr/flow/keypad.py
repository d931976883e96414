"""Talking and listening in one: what a key pressed during a sentence means for what comes next.

A key that cuts a sentence short is kept and is the first key of whatever listens next; sentences before that are
skipped. ``#`` never cuts one short: it ends an entry, and a caller who presses it after the last digit of a complete
one, as banks have taught them, must not lose the sentence that follows. A sentence that nobody may barge into is cut
short by ``0`` alone, and is not skipped for any other key that came early.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ivr.flow.line import Line, Speaking

CUTTING: Final = "0123456789*"
PERSON: Final = "0"


class Keypad:
    """One caller's keys, for as long as the flow lasts. Owns the key that was pressed early."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._early = ""

    async def play(self, sentences: Iterable[Speaking]) -> bool:
        """Say the sentences until a key cuts them short; tell whether all were heard whole."""
        for sentence in sentences:
            if not self._early:
                self._early = await self._line.play(sentence, CUTTING if sentence.barge_in else PERSON)
            elif not sentence.barge_in and self._early != PERSON:
                self._early = await self._line.play(sentence, PERSON) or self._early
        return not self._early

    async def ask(self, question: Sequence[Speaking], within_s: float) -> str:
        """Say the sentences of a question and return the key that answers it, early or within this time, or ``''``."""
        last = question[-1] if question else None
        if last is None or not last.barge_in:
            await self.play(question)
            return self.early() or await self._line.key(within_s)
        if await self.play(question[:-1]):
            return await self._line.ask(last, CUTTING, within_s)
        return self.early()

    async def play_back(self, path: Path, seconds: float) -> None:
        """Play a recording until a key cuts it short."""
        if not self._early:
            self._early = await self._line.play_back(path, seconds, CUTTING)

    async def keys(self, most: int, within_s: float) -> str:
        """Return what is keyed after a first key: up to ``most``, until ``#`` or silence."""
        return await self._line.keys(most, within_s)

    def early(self) -> str:
        """Take the early key, if there is one, without waiting."""
        key, self._early = self._early, ""
        return key

    def peek(self) -> str:
        """Return the early key without taking it."""
        return self._early
