"""What an agent does with the call they have, and to whom it can go, as it goes over the wire."""

from typing import Annotated

from pydantic import Field

from agent_console.wire import QueueText, UserName, Wire
from cti.domain.events import Presence


class QueueTarget(Wire):
    """A queue that callers can be sent to."""

    name: str
    waiting: int


class ColleagueTarget(Wire):
    """A colleague whom one can ask, or give a caller. ``free`` tells whether they can take one now."""

    id: str
    name: str
    presence: Presence
    free: bool


class Targets(Wire):
    """Where one's caller can go: to these and nowhere else."""

    queues: list[QueueTarget]
    colleagues: list[ColleagueTarget]


class ToQueue(Wire):
    """A queue of this site."""

    queue: QueueText


class ToColleague(Wire):
    """Another agent."""

    agent: UserName


class MuteReport(Wire):
    """Whether the browser's microphone is off: only the browser knows."""

    muted: Annotated[bool, Field(strict=True)]
