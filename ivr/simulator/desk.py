"""Whoever takes what callers leave, in memory: as good or as bad as one likes."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cti.domain.ids import CallId
from ivr.ports import (
    CallbackVerdict,
    CallbackWish,
    Desk,
    DeskUnavailableError,
    Mark,
    Message,
    RecordingId,
)
from ivr.simulator.billing import NEVER_S, Behaviour


@dataclass(slots=True)
class PretendDesk:
    """Keeps what callers leave, as :class:`ivr.ports.Recordings`, ``Callbacks`` and ``Surveys``.

    Numbers in ``refused`` are not called back, those in ``already`` have a callback.
    """

    behaviour: Behaviour = 0.0
    refused: Collection[str] = ()
    already: Collection[str] = ()
    messages: list[Message] = field(default_factory=list)
    dropped: list[RecordingId] = field(default_factory=list)
    wishes: list[CallbackWish] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _placed: int = 0

    @property
    def desk(self) -> Desk:
        """This desk, as flows have it."""
        return Desk(self, self, self)

    async def place(self, call: CallId) -> tuple[RecordingId, Path]:
        """Return a new name."""
        await self._behave()
        self._placed += 1
        recording = RecordingId(UUID(int=self._placed))
        return recording, Path("/messages") / str(recording)

    async def keep(self, message: Message) -> None:
        """Keep a message."""
        await self._behave()
        self.messages.append(message)

    async def drop(self, recording: RecordingId) -> None:
        """Forget a recording."""
        await self._behave()
        self.dropped.append(recording)

    async def request(self, wish: CallbackWish) -> CallbackVerdict:
        """Take a wish."""
        await self._behave()
        if wish.number in self.refused:
            return CallbackVerdict.REFUSED
        self.wishes.append(wish)
        return CallbackVerdict.ALREADY if wish.number in self.already else CallbackVerdict.ARRANGED

    async def mark(self, mark: Mark) -> None:
        """Take a mark."""
        await self._behave()
        self.marks.append(mark)

    async def _behave(self) -> None:
        match self.behaviour:
            case "down":
                raise DeskUnavailableError
            case "broken":
                raise RuntimeError("the desk of this call is broken")
            case "silent":
                await asyncio.sleep(NEVER_S)
            case seconds:
                await asyncio.sleep(seconds)
