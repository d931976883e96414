"""The call centre as a fold: ``Centre(state).apply(event)`` makes the next state and says what changed.

Every event has one handler; the tables of this package are the whole behaviour. Nothing here waits, reads a clock
or raises for what the PBX says: a fact that does not fit (repeated, late, of a call that is over) changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cti.domain import on_agents, on_callbacks, on_legs, on_links, on_menu, on_queues, on_start
from cti.domain.events import Event, LegEvent
from cti.domain.model import CentreState, Changes
from cti.domain.work import Rules, Work

HANDLERS: Mapping[type[Event], Callable[..., None]] = {
    **on_links.HANDLERS,
    **on_legs.HANDLERS,
    **on_queues.HANDLERS,
    **on_menu.HANDLERS,
    **on_callbacks.HANDLERS,
    **on_agents.HANDLERS,
    **on_start.HANDLERS,
}

LEG_KINDS = frozenset(kind for kind in HANDLERS if issubclass(kind, LegEvent))


class Centre:
    """Owns the live state from start to stop; the only one that writes to it."""

    def __init__(self, state: CentreState | None = None, rules: Rules | None = None) -> None:
        self._work = Work(state if state is not None else CentreState(), rules or Rules())

    @property
    def state(self) -> CentreState:
        """The state as it stands."""
        return self._work.state

    def apply(self, event: Event) -> Changes:
        """Apply one event and return what it changed. Raises ``KeyError`` for an event that nobody handles."""
        kind = type(event)
        if kind in LEG_KINDS:
            if TYPE_CHECKING:
                assert isinstance(event, LegEvent)
            known = self._work.by_leg.get((event.pbx, event.leg))
            if known is not None and known is not event.call:  # seldom; an id is made once for each call
                on_links.relocate(self._work, known, event)
        HANDLERS[kind](self._work, event)
        return self._work.done()
