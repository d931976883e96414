"""What agents spend their time on, as slices that are cut where they must be.

Rules. An agent is available while idle or ringing; on call while they talk, whoever called; in wrap-up after it. All
else (break, off the queue, not responding) is no time of the hotline and makes no slice. Time on a call and after it
belongs to that call's queue, available time to none, because an agent may serve several.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from cti.domain.ids import AgentId, QueueName
from cti.domain.model import Agent, RoutingStatus

INTERVAL: Final = timedelta(minutes=15)
"""What figures are kept by. Every time zone's hours and days are made of whole ones."""


class Doing(StrEnum):
    """What an agent's time is counted as."""

    AVAILABLE = "available"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"


DOING: Final = {
    RoutingStatus.IDLE: Doing.AVAILABLE,
    RoutingStatus.RINGING: Doing.AVAILABLE,
    RoutingStatus.ON_CALL: Doing.ON_CALL,
    RoutingStatus.WRAP_UP: Doing.WRAP_UP,
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One agent doing one thing for a while."""

    agent: AgentId
    doing: Doing
    since: datetime
    until: datetime
    queue: QueueName | None = None


def interval_of(at: datetime) -> datetime:
    """Return the start of the quarter of an hour that ``at`` is in, in UTC."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def pieces(whole: Slice) -> Iterator[tuple[datetime, int]]:
    """Yield each interval of a slice, and how many of its seconds are in it; they add up to the slice's."""
    since = whole.since
    while since < whole.until:
        interval = interval_of(since)
        until = min(whole.until, interval + INTERVAL)
        yield interval, int(until.timestamp()) - int(since.timestamp())
        since = until


class Timesheet:
    """Follows the agents and owns the slices that are still open."""

    def __init__(self) -> None:
        self._open: dict[AgentId, tuple[RoutingStatus, Slice]] = {}

    def note(self, agent: Agent, queue: QueueName | None) -> Slice | None:
        """Take an agent as they are now, with the queue of their call; returns the slice that is over, if one is."""
        routing, since = agent.routing, agent.routing_since
        before = self._open.get(agent.id)
        if since is None or (before is not None and before[0] is routing and since <= before[1].since):
            return None
        self._open.pop(agent.id, None)
        doing = DOING.get(routing)
        if doing is not None:
            belongs_to = None if doing is Doing.AVAILABLE else queue
            self._open[agent.id] = routing, Slice(agent.id, doing, since, since, belongs_to)
        return None if before is None else _until(before[1], since)

    def so_far(self, at: datetime) -> list[Slice]:
        """Return the open slices as they are at ``at``."""
        return [cut for _, slice_ in self._open.values() if (cut := _until(slice_, at)) is not None]


def _until(slice_: Slice, at: datetime) -> Slice | None:
    return replace(slice_, until=at) if at > slice_.since else None
