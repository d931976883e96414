"""Between the socket and whoever wants the events: one bounded queue, one ordered worker.

The reader never waits: the PBX ends a session that does not read. The worker hands each event to its handler by
name, in the order of the stream, and may wait for a handler; meanwhile the queue fills.

What happens when it is full, in this order:

1. above three quarters, display-only events are not let in: *shed* and counted;
2. at the bound, display-only events that wait are thrown out: *shed* and counted;
3. a state event that still finds no room is *dropped*, counted, and in its place stands a gap. When the worker gets
   there it calls ``on_doubt``: from here the truth has to be asked for again.

State changes of the link go through the same queue, so they are in order with the events too. A handler that waits
for a snapshot therefore has the events that happened meanwhile buffered behind it, for nothing.
A handler's error is logged with event name and ids, counted, and raises a doubt; it never reaches the reader.
"""

import asyncio
import inspect
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Final, cast

from cti.ami.errors import ForgedFrameError, FrameError
from cti.ami.messages import Event, fields

_log = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class Doubt:
    """From this place in the stream on, ``count`` messages are missing or were not believed."""

    reason: DoubtReason
    count: int


@dataclass(slots=True)
class Counters:
    """What the intake has seen since it was made."""

    queued: int = 0
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
class Bounds:
    """How much may wait, and how much is done before others have their turn."""

    events: int = 50_000
    bytes: int = 64 * 1024 * 1024
    per_turn: int = 64
