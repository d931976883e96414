"""The live centre: the one ordered path from facts to whoever shows or does something about them.

Everything passes through :meth:`Live.apply`, on the event loop, one fact after the other: what the PBX said, what the
caller did in the menu, what agents chose. A fact that a listener makes of a change waits its turn.
"""

import logging
from collections import deque
from collections.abc import Callable

from cti.domain.centre import Centre
from cti.domain.events import CallEvent, Event
from cti.domain.model import CentreState, Changes
from cti.domain.work import NOTHING

_log = logging.getLogger(__name__)

Listener = Callable[[Changes], None]


class Live:
    """Owns the centre and the list of who listens. ``note`` is told each fact as soon as it has been applied."""

    def __init__(self, centre: Centre, note: Callable[[Event], None] | None = None) -> None:
        self._centre = centre
        self.note = note
        self._listeners: list[Listener] = []
        self._waiting: deque[Event] = deque()
        self._busy = False
        self.listener_errors = 0
        self.fact_errors = 0

    @property
    def state(self) -> CentreState:
        """The state now; read it at once, in the same turn of the loop."""
        return self._centre.state

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each change, in order; returns the function that stops it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def apply(self, event: Event) -> Changes:
        """Apply a fact and tell everybody; returns what it changed, nothing if it has to wait its turn."""
        if self._busy:
            self._waiting.append(event)
            return NOTHING
        self._busy = True
        try:
            changes = self._one(event)
            while self._waiting:
                self._one(self._waiting.popleft())
        finally:
            self._busy = False
        return changes

    def fact(self, fact: CallEvent) -> None:
        """Apply a fact of the phone menu; a fault of ours is logged here and never reaches the caller's line."""
        try:
            self.apply(fact)
        except Exception:  # noqa: BLE001 - the boundary towards the caller's line
            self.fact_errors += 1
            _log.exception("a fact of the menu could not be applied: %s of call %s", type(fact).__name__, fact.call)

    def _one(self, event: Event) -> Changes:
        try:
            changes = self._centre.apply(event)
        finally:
            if self.note is not None:
                self.note(event)
        if changes is not NOTHING:
            for listener in tuple(self._listeners):
                self._tell(listener, changes)
        return changes

    def _tell(self, listener: Listener, changes: Changes) -> None:
        try:
            listener(changes)
        except Exception:  # noqa: BLE001 - one listener's fault is not the others'
            self.listener_errors += 1
            _log.exception("a listener failed")
