"""Clips that would be good to have and that nobody waits for: rendered one after the other when there is time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from ivr.prompts.catalogue import Clip

MOST: Final = 2000
"""So many are remembered; of more than that the oldest are forgotten, and asked for again when they are missed."""


class Later:
    """A list of wishes, each once."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[str, str, str, float], Clip] = {}
        self._some = asyncio.Event()

    def want(self, clips: Iterable[Clip]) -> None:
        """Note ``clips``."""
        for clip in clips:
            self._wanted.setdefault((clip.language, clip.id, clip.text, clip.pace), clip)
            if len(self._wanted) > MOST:
                del self._wanted[next(iter(self._wanted))]
        if self._wanted:
            self._some.set()

    async def run(self, render: Callable[[Clip], Awaitable[None]]) -> None:
        """Have one after the other rendered, for ever."""
        while True:
            await self._some.wait()
            while self._wanted:
                await render(self._wanted.pop(next(iter(self._wanted))))
            self._some.clear()
