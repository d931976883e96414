"""Between the socket and whoever wants the events: one bounded queue, one ordered worker.

The reader never waits: the PBX ends a session that does not read. The worker hands each event to its handler by
name, in the order of the stream, and may wait for a handler; meanwhile the queue fills. When it is full:

1. above three quarters, display-only events are not let in: *shed* and counted;
2. at the bound, display-only events that wait are thrown out: *shed* and counted;
3. a state event that still finds no room is *dropped*, counted, and a doubt stands in the queue. When the worker
   gets there it calls ``on_doubt``: from here the truth has to be asked for again.

Changes of the link's own state go through the same queue, so they are in order with the events. A handler that waits
for a snapshot therefore has what happened meanwhile buffered behind it.

A handler's error is logged with event name and ids, counted, and raises a doubt; it never reaches the reader.
A doubt that already waits takes in the next one of its kind: the snapshot it leads to is younger than both.
"""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count, repeat
from operator import itemgetter
from typing import Final

from cti.ami.errors import ForgedFrameError, FrameError
from cti.ami.frames import Frame
from cti.ami.layouts import EventReader
from cti.ami.messages import Event

_log = logging.getLogger(__name__)
_security = logging.getLogger("security.ami")

Handler = Callable[[Event], Awaitable[None] | None]


class DoubtReason(StrEnum):
    """Why what we know of the PBX may be wrong."""

    DROPPED = "dropped"
    """The queue was full and state events had to go."""
    DAMAGED = "damaged"
    """Something came that was no message."""
    FORGED = "forged"
    """A message had keys that Asterisk does not write."""
    HANDLER_FAILED = "handler_failed"


@dataclass(slots=True)
class Doubt:
    """``count`` messages before this place in the stream are missing or were not believed."""

    reason: DoubtReason
    count: int = 1


DoubtHandler = Callable[[Doubt], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and how long is worked before others in the loop have their turn."""

    events: int = 50_000
    bytes: int = 64 * 1024 * 1024
    turn_s: float = 0.004


@dataclass(slots=True)
class Counters:
    """What the intake has seen since it was made. ``lag_s``: from the socket to the end of the handler."""

    handled: int = 0
    shed: int = 0
    dropped: int = 0
    damaged: int = 0
    forged: int = 0
    stale: int = 0
    handler_errors: int = 0
    lag_s: float = 0.0
    lag_max_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a read came: by the wall for the record, by the monotonic clock for the lag."""

    at: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class _Notice:
    """Something other than an event whose place in the order matters."""

    what: str
    call: Callable[[], Awaitable[None] | None]


_Item = tuple[Frame, Arrival, int]
_NOTICE: Final = b"\r\nnotice"
"""Stands in for an event's name where the next notice has its place."""
_BYTES: Final = itemgetter(1)


def utc_now() -> datetime:
    """Return the time of the wall."""
    return datetime.now(UTC)


class Intake:
    """The queue of one link. It outlives connections, and is worked off by whoever runs :meth:`run`."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        display_only: Set[str] = frozenset(),
        on_doubt: DoubtHandler | None = None,
        is_ours: Callable[[str], bool] = lambda action_id: False,
        bounds: Bounds | None = None,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hand events to ``handlers`` by name. ``is_ours`` says whether we made an ActionID lately."""
        self.counters = Counters()
        self.position = 0
        self._handlers = {name.encode(): (name, handler) for name, handler in handlers.items()}
        self._display_only = frozenset(name.encode() for name in display_only)
        self._on_doubt = on_doubt
        self._is_ours = is_ours
        self._bounds = bounds or Bounds()
        self._tight = self._bounds.events * 3 // 4
        self._now = now
        self._monotonic = monotonic
        self._queue: deque[_Item] = deque()
        self._notices: deque[_Notice] = deque()
        self._bytes = 0
        self._purged = False
        self._doubts: dict[DoubtReason, Doubt] = {}
        self._arrived = asyncio.Event()
        self._reader = EventReader()

    @property
    def names(self) -> frozenset[bytes]:
        """The events that anybody handles."""
        return frozenset(self._handlers)

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._queue)

    # -------------------------------------------------------------- the reader's side: never waits

    def arrival(self) -> Arrival:
        """Return the stamp that everything of one read shares."""
        return Arrival(self._now(), self._monotonic())

    def put(self, frames: Sequence[Frame], arrival: Arrival) -> None:
        """Queue the events of one read, all of them handled ones."""
        size = sum(map(len, map(_BYTES, frames)))
        if len(self._queue) + len(frames) <= self._tight and self._bytes + size <= self._bounds.bytes:
            self._purged = False
            first = self.position + 1
            self.position += len(frames)
            self._bytes += size
            self._queue.extend(zip(frames, repeat(arrival), count(first), strict=False))
        else:
            for frame in frames:
                self._put_tightly(frame, arrival)
        self._arrived.set()

    def damaged(self) -> None:
        """Take note of something that was no message, in its place."""
        self.counters.damaged += 1
        self.doubt(DoubtReason.DAMAGED)

    def doubt(self, reason: DoubtReason) -> None:
        """Let the worker say, when it gets there, that something is missing or not believed."""
        waiting = self._doubts.get(reason)
        if waiting is not None:
            waiting.count += 1
            return
        if reason in (DoubtReason.FORGED, DoubtReason.DAMAGED):
            _security.warning("AMI: %s message refused, position %d", reason, self.position)
        self._doubts[reason] = doubt = Doubt(reason)
        self.notice(f"doubt ({reason})", lambda: self._raise(doubt))

    def notice(self, what: str, call: Callable[[], Awaitable[None] | None]) -> None:
        """Let the worker make a call when it gets there. Never refused: there are few, and they are the truth."""
        self._notices.append(_Notice(what, call))
        self._queue.append(((_NOTICE, b""), self.arrival(), self.position))
        self._arrived.set()

    def _put_tightly(self, frame: Frame, arrival: Arrival) -> None:
        is_tight = len(self._queue) >= self._tight or self._bytes >= self._bounds.bytes
        if is_tight and frame[0] in self._display_only:
            self.counters.shed += 1
            return
        if self._is_full() and not self._purged:
            self._throw_out_display_only()
        if self._is_full():
            self.counters.dropped += 1
            self.doubt(DoubtReason.DROPPED)
        else:
            self.position += 1
            self._bytes += len(frame[1])
            self._queue.append((frame, arrival, self.position))

    def _is_full(self) -> bool:
        return len(self._queue) >= self._bounds.events or self._bytes >= self._bounds.bytes

    def _throw_out_display_only(self) -> None:
        kept = [item for item in self._queue if item[0][0] not in self._display_only]
        self.counters.shed += len(self._queue) - len(kept)
        self._queue = deque(kept)
        self._bytes = sum(len(item[0][1]) for item in kept)
        self._purged = True

    # -------------------------------------------------------------- the worker's side

    async def run(self) -> None:
        """Work the queue off, in order, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                await self._turn()
                await asyncio.sleep(0)

    async def _turn(self) -> None:
        """Handle events for a few milliseconds, then let others have their turn."""
        handlers, monotonic, reader = self._handlers, self._monotonic, self._reader
        now = monotonic()
        ends = now + self._bounds.turn_s
        arrival = self._queue[0][1]
        self._note_lag(now, arrival)
        while self._queue and now < ends:
            (name, frame), arrival, position = self._queue.popleft()
            if name is _NOTICE:
                await self._deliver(self._notices.popleft())
                continue
            self._bytes -= len(frame)
            event = None
            try:
                event = reader.read(name, frame)
                event.name, handler = handlers[name]
                event.at = arrival.at
                event.position = position
                # a layout is learned only from what names no action
                if type(event) is Event and "ActionID" in event:
                    self._refuse_answer(event)
                    continue
                unfinished = handler(event)
                if unfinished is not None:
                    await unfinished
            except FrameError as error:
                self._refuse(error)
            except Exception as error:  # noqa: BLE001 - the one boundary of this loop
                self._failed(name.decode(), event, error)
            else:
                self.counters.handled += 1
                if type(event) is Event:
                    reader.learn(name, event)
            now = monotonic()
        self._note_lag(now, arrival)

    def _note_lag(self, now: float, arrival: Arrival) -> None:
        """Note how late the oldest is when a turn begins, and the last one when it ends."""
        self.counters.lag_s = now - arrival.monotonic
        self.counters.lag_max_s = max(self.counters.lag_max_s, self.counters.lag_s)

    def _refuse_answer(self, event: Event) -> None:
        """Drop what names an action: nobody waits for it any longer, or somebody made the header up."""
        if self._is_ours(event["ActionID"]):
            self.counters.stale += 1
        else:
            self._refuse(ForgedFrameError(event.name, "an unknown ActionID"))

    def _refuse(self, error: FrameError) -> None:
        if isinstance(error, ForgedFrameError):
            self.counters.forged += 1
            self.doubt(DoubtReason.FORGED)
        else:
            self.counters.damaged += 1
            self.doubt(DoubtReason.DAMAGED)

    def _failed(self, name: str, event: Event | None, error: Exception) -> None:
        self.counters.handler_errors += 1
        _log.error("the handler of %s failed: %s (%s)", name, _described(error), _ids(event or {}))
        self.doubt(DoubtReason.HANDLER_FAILED)

    async def _deliver(self, notice: _Notice) -> None:
        try:
            unfinished = notice.call()
            if unfinished is not None:
                await unfinished
        except Exception as error:  # noqa: BLE001 - the other half of the same boundary
            self.counters.handler_errors += 1
            _log.error("the handler of %s failed: %s", notice.what, _described(error))

    def _raise(self, doubt: Doubt) -> Awaitable[None] | None:
        del self._doubts[doubt.reason]
        return None if self._on_doubt is None else self._on_doubt(doubt)


_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")


def _ids(event: Mapping[str, str]) -> str:
    """Return the ids of a call for the log, or a question mark for what does not look like one."""
    found = ((key, event.get(key)) for key in ("Uniqueid", "Linkedid", "Queue"))
    return ", ".join(f"{key} {value if _ID.fullmatch(value) else '?'}" for key, value in found if value is not None)


def _described(error: BaseException) -> str:
    """Say what failed and where, without the error's own text: it may quote what a caller typed."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__}{where}"
