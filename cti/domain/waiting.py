"""How long somebody will wait who joins a queue now: our own estimate, from live figures. Pure.

Rule. Each caller before them and they themselves need an agent; ``staffed`` agents are done with a call every
``handling_s`` seconds each. So the wait is (people before + 1) x handling ÷ staffed, nothing while an agent is free for
them, and unknown while nobody takes calls. Agents who are free are used up by those before.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cti.domain.ids import QueueName
from cti.domain.model import Agent, Call, CentreState, RoutingStatus

USUAL_HANDLING_S: Final = 240.0
"""What a call takes, talk and wrap-up, until a queue has told us of its own."""
ENOUGH: Final = 5
"""So many calls of late tell what one takes; with fewer the usual figure fills up the rest."""
OF_LATE: Final = timedelta(hours=1)

_TAKES_CALLS: Final = frozenset(
    {RoutingStatus.IDLE, RoutingStatus.RINGING, RoutingStatus.ON_CALL, RoutingStatus.WRAP_UP}
)


def expected_wait_s(before: int, *, free: int, staffed: int, handling_s: float) -> int | None:
    """Return the seconds that somebody with ``before`` people before them will wait; None if nobody can tell."""
    if staffed <= 0:
        return None
    queueing = before + 1 - free
    return 0 if queueing <= 0 else round(queueing * handling_s / staffed)


def handling_s(calls: Iterable[Call], queue: QueueName, *, wrap_up_s: int, now: datetime) -> float:
    """Return what a call of this queue takes of an agent's time, from those that ended of late."""
    known = [
        call.talk_s + call.hold_s + wrap_up_s
        for call in calls
        if call.queue == queue and call.answered_at is not None and call.ended_at and call.ended_at >= now - OF_LATE
    ]
    return (sum(known) + USUAL_HANDLING_S * max(0, ENOUGH - len(known))) / max(ENOUGH, len(known))


def staff(state: CentreState, queue: QueueName) -> tuple[int, int]:
    """Return how many agents would take a call of this queue this moment, and how many take its calls at all."""
    mine = [agent for agent in state.agents.values() if takes_calls_of(agent, queue)]
    return sum(agent.routing is RoutingStatus.IDLE and not _paused(agent, queue) for agent in mine), len(mine)


def takes_calls_of(agent: Agent, queue: QueueName) -> bool:
    """Tell whether this queue's calls come to the agent, now or after the one they are in."""
    return queue in agent.memberships and agent.routing in _TAKES_CALLS


def _paused(agent: Agent, queue: QueueName) -> bool:
    return agent.memberships[queue].paused
