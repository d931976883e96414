"""What of the time before our start is taken up again, from the journal.

The calls that were live, with all that happened in them; agents as they were, with what was left of their wrap-up; the
day's sums of the queues. The PBX is asked afterwards and has the last word on what still is. After a longer time away
(:data:`FRESH`) only the day's sums are worth anything: people have gone home.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

from cti.domain import queues
from cti.domain.model import CentreState
from cti.domain.restored import CentreRestored
from cti.services.journal import canon
from cti.services.journal.replay import Fold, NothingKnownError
from storage.journal import JournalRow

_log = logging.getLogger(__name__)

FRESH: Final = timedelta(minutes=10)
ENDED_LATELY: Final = timedelta(minutes=10)


class History(Protocol):
    """Folds the journal."""

    async def upto(self, position: int) -> Fold:
        """Return the fold up to a position."""


class Last(Protocol):
    """Knows the journal's end."""

    async def last_row(self, upto: int) -> JournalRow | None:
        """Return the last event up to a position."""


async def before_us(
    history: History, store: Last, first: int, now: Callable[[], datetime], zone: tzinfo
) -> CentreRestored | None:
    """Return what is taken up of the runs before position ``first``; None if there is nothing."""
    last = await store.last_row(first - 1)
    if last is None:
        return None
    try:
        fold = await history.upto(last.position)
    except NothingKnownError:
        return None
    state = worth_keeping(fold.state, last.at, now(), zone)
    _log.info(
        "from the journal: %d calls, %d agents, %d queues", len(state.calls), len(state.agents), len(state.queues)
    )
    return CentreRestored(at=now(), state=state)


def worth_keeping(state: CentreState, at: datetime, now: datetime, zone: tzinfo) -> CentreState:
    """Return what of the state of ``at`` still means something at ``now``."""
    state = canon.copy(state)
    state.links.clear()
    state.unclaimed.clear()
    fresh = now - at <= FRESH
    if not fresh:
        state.calls.clear()
        state.agents.clear()
        state.recent.clear()
    ended = {id_: call for id_, call in state.recent.items() if call.ended_at and call.ended_at >= at - ENDED_LATELY}
    state.recent.clear()
    state.recent.update(ended)
    same_day = at.astimezone(zone).date() == now.astimezone(zone).date()
    for name, queue in list(state.queues.items()):
        state.queues[name] = queue if same_day else queues.new_day(queue)
    for name, line in list(state.lines.items()):
        state.lines[name] = {call: None for call in line if call in state.calls}
    return state
