"""The live centre: the one ordered path from facts to whoever shows or does something about them.

Everything passes through :meth:`Live.apply`, on the event loop, one fact after the other: what the PBX said, what the
caller did in the menu, what agents chose. A fact that a listener makes of a change waits its turn.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cti.domain.centre import Centre
from cti.domain.events import CallEvent, Event, PbxEvent
from cti.domain.ids import PbxName
from cti.domain.model import CentreState, Changes, Offer
from cti.domain.values import replace
from cti.domain.work import NOTHING

_log = logging.getLogger(__name__)

Listener = Callable[[Changes], None]


class Live:
    """Owns the centre and the list of who listens. ``note`` is told each fact as soon as it has been applied."""

    def __init__(self, centre: Centre, note: Callable[[Event], None] | None = None) -> None:
        self._centre = centre
        self.note = note
        self._listeners: tuple[Listener, ...] = ()
        self._waiting: deque[Event] = deque()
        self._busy = False
        self._retelling: dict[PbxName, list[Offer]] = {}
        self.listener_errors = 0
        self.fact_errors = 0

    @property
    def state(self) -> CentreState:
        """The state now; read it at once, in the same turn of the loop."""
        return self._centre.state

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each change, in order; returns the function that stops it."""
        self._listeners += (listener,)

        def stop() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return stop

    def apply(self, event: Event) -> Changes:
        """Apply a fact and tell everybody; returns what it changed, nothing if it has to wait its turn."""
        if self._busy:
            self._waiting.append(event)
            return NOTHING
        self._busy = True
        first = None
        try:
            while True:
                try:
                    changes = self._centre.apply(event)
                finally:
                    if self.note is not None:
                        self.note(event)
                if self._retelling:
                    changes = self._without_past_offers(event, changes)
                if changes is not NOTHING:
                    self._tell_all(changes)
                first = changes if first is None else first
                if not self._waiting:
                    return first
                event = self._waiting.popleft()
        finally:
            self._busy = False

    @contextmanager
    def retelling(self, pbx: PbxName) -> Iterator[None]:
        """Take what is applied of this PBX meanwhile for past: an offer that is over by the end of it is no news.

        Else every agent's console would pop up calls that were answered long ago.
        """
        self._retelling[pbx] = []
        try:
            yield
        finally:
            offers = self._retelling.pop(pbx)
            still = tuple(offer for offer in offers if self._still_rings(offer))
            if still:
                self._tell_all(Changes(offers=still))

    def _still_rings(self, offer: Offer) -> bool:
        call = self.state.calls.get(offer.call)
        return call is not None and offer in call.offers

    def fact(self, fact: CallEvent) -> None:
        """Apply a fact of the phone menu; a fault of ours is logged here and never reaches the caller's line."""
        try:
            self.apply(fact)
        except Exception:  # noqa: BLE001 - the boundary towards the caller's line
            self.fact_errors += 1
            _log.exception("a fact of the menu could not be applied: %s of call %s", type(fact).__name__, fact.call)

    def _without_past_offers(self, event: Event, changes: Changes) -> Changes:
        held_back = self._retelling.get(event.pbx) if isinstance(event, PbxEvent) else None
        if held_back is None or not (changes.offers or changes.offers_over):
            return changes
        held_back.extend(changes.offers)
        over = tuple(offer for offer in changes.offers_over if offer not in held_back)
        return replace(changes, offers=(), offers_over=over)

    def _tell_all(self, changes: Changes) -> None:
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception:  # noqa: BLE001 - one listener's fault is not the others'
                self.listener_errors += 1
                _log.exception("a listener failed")
