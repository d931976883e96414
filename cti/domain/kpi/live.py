"""The figures that exist only now: who waits, for how long, and what the agents are doing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cti.domain.ids import QueueName
from cti.domain.model import CallStage, CentreState, RoutingStatus


@dataclass(frozen=True, slots=True)
class Now:
    """A moment of the call centre, counted."""

    waiting: Mapping[QueueName, int]
    longest_wait_s: Mapping[QueueName, int]
    calls: Mapping[CallStage, int]
    agents: Mapping[RoutingStatus, int]


def now(state: CentreState, at: datetime) -> Now:
    """Count the state as it is at ``at``. Every stage and status is there, with 0 where there is nobody."""
    calls = Counter(call.stage for call in state.calls.values())
    agents = Counter(agent.routing for agent in state.agents.values())
    return Now(
        waiting={name: len(state.lines.get(name, ())) for name in state.queues},
        longest_wait_s={name: _longest_wait_s(name, state, at) for name in state.queues},
        calls={stage: calls[stage] for stage in CallStage if stage is not CallStage.ENDED},
        agents={routing: agents[routing] for routing in RoutingStatus},
    )


def _longest_wait_s(queue: QueueName, state: CentreState, at: datetime) -> int:
    waiting = (state.calls.get(call) for call in state.waiting(queue))
    since = min((call.queued_at for call in waiting if call is not None and call.queued_at is not None), default=at)
    return max(0, int((at - since).total_seconds()))
