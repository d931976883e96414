"""What the call centre asks of a PBX. ``cti.translator`` knows how to say it."""

from dataclasses import dataclass

from cti.domain.ids import AgentId, Extension, QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something to be done about one agent's phone in one queue."""

    queue: QueueName
    extension: Extension


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMember(Order):
    """Put the phone into the queue, paused from the start if need be."""

    agent: AgentId
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMember(Order):
    """Take the phone out of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseMember(Order):
    """Offer this phone nothing; ``reason`` is kept by the queue, and read back after a restart of ours."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpauseMember(Order):
    """Offer this phone calls again."""
