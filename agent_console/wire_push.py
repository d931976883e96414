"""Pushes to the browser, and what the browser answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent_console.wire import Wire
from agent_console.wire_live import AgentView, CallView, LinkView, LiveView, Pop, QueueView


class Frame(Wire):
    """Every push. ``seq`` counts up by one per connection; a gap means: ask for a snapshot."""

    seq: int
    at: datetime


class Snapshot(Frame):
    """Everything this user may see. First frame of a connection, and the answer to ``resync``."""

    type: Literal["snapshot"] = "snapshot"
    live: LiveView
    me: AgentView | None
    pop: Pop | None


class Upsert(Frame):
    """These are new or changed; whole values, by id. An agent gets only their own ``agents`` entry."""

    type: Literal["upsert"] = "upsert"
    links: list[LinkView] = Field(default_factory=list)
    calls: list[CallView] = Field(default_factory=list)
    agents: list[AgentView] = Field(default_factory=list)
    queues: list[QueueView] = Field(default_factory=list)
    gone_calls: list[UUID] = Field(default_factory=list)


class PopFrame(Frame):
    """A call is about to ring at this agent's phone. Answer with :class:`PopShown`."""

    type: Literal["pop"] = "pop"
    pop: Pop


class PopWithdrawn(Frame):
    """The offer is over without an answer."""

    type: Literal["pop_withdrawn"] = "pop_withdrawn"
    call_id: UUID


class Replaced(Frame):
    """A newer console of the same agent has taken over; this one is about to be closed."""

    type: Literal["replaced"] = "replaced"


class Heartbeat(Frame):
    """Every 5 s when nothing else was sent, so that a gap at the end is seen too."""

    type: Literal["heartbeat"] = "heartbeat"


Push = Annotated[Snapshot | Upsert | PopFrame | PopWithdrawn | Replaced | Heartbeat, Field(discriminator="type")]


class PopShown(Wire):
    """The browser showed the pop; ``shown_ms`` is how long after the frame arrived."""

    type: Literal["pop_shown"] = "pop_shown"
    call_id: UUID
    shown_ms: Annotated[int, Field(ge=0, le=600_000)]


class ResyncRequest(Wire):
    """The browser missed a frame."""

    type: Literal["resync"] = "resync"


PushCommand = Annotated[PopShown | ResyncRequest, Field(discriminator="type")]
