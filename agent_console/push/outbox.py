"""What one console still has to be sent. No I/O: the server takes frames out when the line is free.

Policy. What changed is kept as a set of ids, not as a queue of frames, and composed from the state as it is when the
line is free: so a slow console skips what is out of date, and twenty changes of one call cost one entry. What must not
be skipped (pops, their withdrawal, "replaced") goes first, in order. Both have bounds; past them, or when one frame
can't be sent for :data:`SEND_DEADLINE_S`, the console is closed with 1013 and connects again for a fresh snapshot.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agent_console.views import waiting_in
from cti.domain.model import CentreState, Changes

MAX_URGENT = 32
MAX_CHANGED = 5_000
SEND_DEADLINE_S = 10.0
KINDS = ("links", "calls", "agents", "queues")


class OutboxFullError(Exception):
    """The console is too slow for what must be sent to it."""


@dataclass(slots=True)
class Ids:
    """What changed, by kind."""

    links: set[Any] = field(default_factory=set)
    calls: set[Any] = field(default_factory=set)
    agents: set[Any] = field(default_factory=set)
    queues: set[Any] = field(default_factory=set)

    def add(self, changes: Changes) -> None:
        """Take in what one event changed."""
        self.links |= changes.links
        self.calls |= changes.calls
        self.calls.update(call.id for call in changes.ended)
        self.agents |= changes.agents
        self.queues |= changes.queues

    def merge(self, other: "Ids") -> None:
        """Take in what others collected."""
        for kind in KINDS:
            getattr(self, kind).update(getattr(other, kind))

    def copy(self) -> "Ids":
        """Return the same, apart."""
        return Ids(*(set(getattr(self, kind)) for kind in KINDS))

    def __len__(self) -> int:
        return sum(len(getattr(self, kind)) for kind in KINDS)


class Places:
    """Who stood where in a queue when it was last told: when somebody leaves, all behind them have moved."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}

    def complete(self, ids: Ids, state: CentreState) -> None:
        """Add the calls whose place changed, and the queues whose longest wait may have."""
        for call_id in ids.calls:
            call = state.calls.get(call_id)
            if call is None:
                self._places.pop(call_id, None)
            elif call.queue is not None and call_id in waiting_in(call.queue, state):
                ids.queues.add(call.queue)
        for queue in ids.queues:
            ids.calls.update(self._moved(waiting_in(queue, state)))

    def _moved(self, waiting: Iterable[Any]) -> Iterable[Any]:
        for place, call in enumerate(waiting):
            if self._places.get(call) != place:
                self._places[call] = place
                yield call


class Outbox:
    """One console's part of the policy above. Starts with a snapshot due."""

    def __init__(self) -> None:
        self._urgent: deque[bytes] = deque()
        self._changed = Ids()
        self._fresh = True
        self._resync = False

    def urgent(self, body: bytes) -> None:
        """Put a frame before everything that is not one. Raises :class:`OutboxFullError`."""
        if len(self._urgent) >= MAX_URGENT:
            raise OutboxFullError
        self._urgent.append(body)

    def changed(self, ids: Ids) -> None:
        """Note what changed. Raises :class:`OutboxFullError`."""
        self._changed.merge(ids)
        if len(self._changed) > MAX_CHANGED:
            raise OutboxFullError

    def resync(self) -> None:
        """Let a snapshot be next after what is urgent."""
        self._resync = True

    def take_urgent(self) -> bytes | None:
        """Return the next urgent frame; none before the first snapshot."""
        return self._urgent.popleft() if self._urgent and not self._fresh else None

    def take_snapshot(self) -> bool:
        """Tell whether a snapshot is due; it makes all noted changes old."""
        if not (self._fresh or self._resync):
            return False
        self._fresh = self._resync = False
        self._changed = Ids()
        return True

    def take_changed(self) -> Ids | None:
        """Return what changed since the last time, or None."""
        if not len(self._changed):
            return None
        changed, self._changed = self._changed, Ids()
        return changed
