"""The places of callers who hold the line, from the moment they began to wait: kept when they are out of the queue.

Whoever presses a key while waiting is out of Asterisk's queue until they come back; what we remember here is what
they come back to. A restart of ours loses no more than the priorities: since when somebody waits is in their record.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from cti.domain.callbacks import Place, position
from cti.domain.ids import CallId, QueueName
from cti.domain.model import Changes
from cti.services.live import Live


class Places:
    """Owns what is known of each live call's place, until the call is over."""

    def __init__(self, live: Live, now: Callable[[], datetime]) -> None:
        self._live = live
        self._now = now
        self._priorities: dict[CallId, int] = {}
        self._kept: dict[CallId, datetime] = {}

    def on_changes(self, changes: Changes) -> None:
        """Forget the calls that ended."""
        for call in changes.ended:
            self._priorities.pop(call.id, None)
            self._kept.pop(call.id, None)

    def give(self, call: CallId, priority: int) -> None:
        """Note the priority with which a caller waits."""
        self._priorities[call] = priority

    def keep(self, call: CallId, place: Place) -> None:
        """Give somebody who is called back the place that they had."""
        self._priorities[call] = place.priority
        self._kept[call] = place.since

    def of(self, call: CallId) -> Place:
        """Return a caller's place; one who has not waited yet begins now."""
        known = self._live.state.calls.get(call)
        since = known.queued_at if known is not None and known.queued_at is not None else self._now()
        return Place(self._kept.get(call, since), self._priorities.get(call, 0))

    def waiting(self, queue: QueueName, *, without: CallId | None = None) -> Sequence[Place]:
        """Return the places of those who wait in a queue, in its order."""
        return [self.of(call) for call in self._live.state.waiting(queue) if call != without]

    def position(self, place: Place, queue: QueueName, *, call: CallId | None = None) -> int:
        """Return at which position of a queue, from 1, this place is now among the others.

        Of ``call``, whose place it is, the menu may know sooner than the PBX tells that it is out of the queue.
        """
        return position(place, self.waiting(queue, without=call))
