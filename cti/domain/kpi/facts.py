"""What one ended call brings to the figures.

One call counts once, whatever it went through: where it was answered, it is answered, even if its PBX was killed
afterwards or the queue had sent it on before. It belongs to the queue it visited last, to the agent who had it last,
and to the quarter of an hour in which it arrived.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from cti.domain.ids import AccountNumber, AgentId, CallId, QueueName
from cti.domain.model import Outcome


class Fate(StrEnum):
    """What became of a caller who wanted a person."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    CALLBACK = "callback"
    FLOWED_OUT = "flowed_out"


class Rating(StrEnum):
    """What the caller said of it afterwards."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    FAIR = "fair"
    DISSATISFIED = "dissatisfied"


class KnownCall(Protocol):
    """What the figures read of a call: the centre's own, and the record that storage keeps, have the same names."""

    @property
    def id(self) -> CallId: ...  # noqa: D102
    @property
    def started_at(self) -> datetime: ...  # noqa: D102
    @property
    def inbound(self) -> bool: ...  # noqa: D102
    @property
    def ivr_flow(self) -> str | None: ...  # noqa: D102
    @property
    def queue(self) -> QueueName | None: ...  # noqa: D102
    @property
    def agent(self) -> AgentId | None: ...  # noqa: D102
    @property
    def answered_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def wait_s(self) -> int: ...  # noqa: D102
    @property
    def talk_s(self) -> int: ...  # noqa: D102
    @property
    def hold_s(self) -> int: ...  # noqa: D102
    @property
    def outcome(self) -> Outcome | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One ended call from outside. ``fate`` is None when nobody was asked for.

    ``came_back`` is whether the same account called again about the same category; None when either is unknown.
    """

    call: CallId
    at: datetime
    queue: QueueName | None = None
    agent: AgentId | None = None
    into_ivr: bool = False
    self_served: bool = False
    announced: bool = False
    fate: Fate | None = None
    wait_s: int = 0
    talk_s: int = 0
    hold_s: int = 0
    came_back: bool | None = None
    asked: bool = False
    rating: Rating | None = None


def facts_of(
    call: KnownCall, *, came_back: bool | None = None, asked: bool = False, rating: Rating | None = None
) -> CallFacts | None:
    """Return what ``call`` brings to the figures; None for one that has not ended or that we made ourselves."""
    if call.outcome is None or not call.inbound:
        return None
    fate = fate_of(call)
    return CallFacts(
        call=call.id,
        at=call.started_at,
        queue=call.queue,
        agent=call.agent if fate is Fate.ANSWERED else None,
        into_ivr=call.ivr_flow is not None,
        self_served=fate is None and call.outcome is Outcome.SELF_SERVICE,
        announced=fate is None and call.outcome is Outcome.ANNOUNCEMENT,
        fate=fate,
        wait_s=call.wait_s if fate is not None else 0,
        talk_s=call.talk_s,
        hold_s=call.hold_s,
        came_back=came_back,
        asked=asked or rating is not None,
        rating=rating,
    )


def fate_of(call: KnownCall) -> Fate | None:
    """Say what became of a caller who wanted a person. Who hung up in the menu wanted none, as far as one can tell."""
    if call.answered_at is not None:
        return Fate.ANSWERED
    if call.queue is None:
        return None
    return _FATES.get(call.outcome, Fate.FLOWED_OUT)


_FATES: dict[Outcome | None, Fate] = {Outcome.ABANDONED: Fate.ABANDONED, Outcome.CALLBACK: Fate.CALLBACK}


# ------------------------------------------------------------------ first contact resolution

Matter = tuple[AccountNumber, str]
"""Whose matter it was and of which category: who calls about it again was not helped the first time."""


def came_back(contacts: Iterable[tuple[CallId, datetime, Matter]], *, within: timedelta) -> frozenset[CallId]:
    """Return the calls after which the same account called again about the same category within that time."""
    matters: dict[Matter, list[tuple[datetime, CallId]]] = defaultdict(list)
    for call, at, matter in contacts:
        matters[matter].append((at, call))
    return frozenset(
        call
        for of_one in matters.values()
        for (at, call), (later, _) in pairwise(sorted(of_one))
        if later - at <= within
    )
