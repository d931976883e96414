"""Who calls: many callers in one process, each with a number of their own, who write down what happened to them."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Literal

from cti.caller.errors import NotAnsweredError, SoundError
from cti.caller.phone import Caller, PhoneCall, dial
from cti.caller.quiet import QuietSound

PERSON_KEYS = ((0.4, "1"), (0.8, "0"), (8.0, "0"))
"""Chinese, then a person; a key may be pressed while the menu speaks. Who is not with the queue by then tries again."""
MENU_KEYS = ((0.4, "1"),)


class Wish(StrEnum):
    """What the caller came for."""

    PERSON = "person"
    MENU = "menu"


@dataclass(slots=True)
class Placed:
    """One call as its caller lived it. Times are seconds since the epoch."""

    number: str
    wish: Wish
    dialled_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: Literal["caller", "hotline", ""] = ""
    refused: str = ""
    leave: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Crowd:
    """Everybody who ever called, from :meth:`place` on; :meth:`stop` sends them home."""

    def __init__(self, uri: str, *, first: int = 0) -> None:
        self.placed: list[Placed] = []
        self._uri = uri
        self._numbers = count(first)
        self._calls: dict[int, asyncio.Task[None]] = {}

    def place(self, wish: Wish, *, patience_s: float = 600.0) -> Placed:
        """Place a call now. The caller stays until the other side hangs up, told to leave, or out of patience."""
        placed = Placed(f"139{next(self._numbers):08d}", wish, time.time())
        self.placed.append(placed)
        task = asyncio.get_running_loop().create_task(self._live(placed, patience_s))
        self._calls[id(placed)] = task
        return placed

    async def arrive(self, wishes: Sequence[Wish], *, per_s: float) -> list[Placed]:
        """Place several calls, one after the other."""
        placed = []
        for wish in wishes:
            placed.append(self.place(wish))
            await asyncio.sleep(1 / per_s)
        return placed

    def up(self) -> list[Placed]:
        """Return who is on the line."""
        return [one for one in self.placed if one.answered_at is not None and one.ended_at is None]

    async def over(self, placed: Iterable[Placed], timeout_s: float) -> bool:
        """Wait until all of these calls are over; tells whether they were in time."""
        tasks = [task for one in placed if (task := self._calls.get(id(one))) is not None]
        if not tasks:
            return True
        _done, pending = await asyncio.wait(tasks, timeout=timeout_s)
        return not pending

    async def send_home(self, placed: Iterable[Placed]) -> None:
        """Let these callers hang up, and wait until they have."""
        leaving = list(placed)
        for one in leaving:
            one.leave.set()
        await self.over(leaving, 15.0)

    async def stop(self) -> None:
        """End whatever is left."""
        await self.send_home(self.placed)
        for task in self._calls.values():
            task.cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)

    async def _live(self, placed: Placed, patience_s: float) -> None:
        caller = Caller(placed.number)
        try:
            async with dial(caller, self._uri, make_sound=QuietSound) as call:
                placed.answered_at = time.time()
                await _go(call, MENU_KEYS if placed.wish is Wish.MENU else PERSON_KEYS)
                await _stay(call, placed.leave, patience_s)
                placed.ended_by = "hotline" if call.ended.is_set() else "caller"
                placed.ended_at = time.time()
        except NotAnsweredError as refusal:
            placed.refused = str(refusal)
            placed.ended_at = time.time()
            placed.ended_by = "hotline"


async def _go(call: PhoneCall, keys: Iterable[tuple[float, str]]) -> None:
    for wait_s, key in keys:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call.ended.wait(), wait_s)
        if call.ended.is_set():
            return
        with contextlib.suppress(SoundError):
            await call.key(key)


async def _stay(call: PhoneCall, leave: asyncio.Event, patience_s: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (call.ended, leave)]
    try:
        await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
