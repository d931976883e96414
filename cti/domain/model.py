"""The call centre as it stands: calls, agents, queues. Frozen values; ``cti.domain.centre`` makes the next ones."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cti.domain import values
from cti.domain.events import DeviceState, Language, MemberSeen, Presence
from cti.domain.ids import (
    AccountNumber,
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    Extension,
    LinkedId,
    PbxName,
    QueueName,
    ReasonCode,
)
from cti.domain.values import Value


class CallStage(StrEnum):
    """Where a live call stands."""

    RINGING = "ringing"
    IN_IVR = "in_ivr"
    QUEUED = "queued"
    OFFERED = "offered"
    TALKING = "talking"
    ON_HOLD = "on_hold"
    PARKED = "parked"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of a call; exactly one per ended call."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SELF_SERVICE = "self_service"
    ANNOUNCEMENT = "announcement"
    CALLBACK = "callback"
    VOICEMAIL = "voicemail"
    OVERFLOWED = "overflowed"
    OUTSIDE_HOURS = "outside_hours"
    REJECTED = "rejected"
    FAILED = "failed"
    PBX_RESTART = "pbx_restart"


class RoutingStatus(StrEnum):
    """What the system makes of an agent."""

    OFF_QUEUE = "off_queue"
    IDLE = "idle"
    RINGING = "ringing"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    NOT_RESPONDING = "not_responding"


class TalkState(StrEnum):
    """What the agent's conversation is doing, while there is one."""

    NONE = "none"
    TALKING = "talking"
    ON_HOLD = "on_hold"
    MUTED = "muted"
    CONSULTING = "consulting"
    IN_CONFERENCE = "in_conference"


class VisitEnd(StrEnum):
    """How a visit to a queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    FLOWED_OUT = "flowed_out"


class TalkKind(StrEnum):
    """With whom an agent talks: with the caller (and whoever else is in the call), or with a colleague about them."""

    CALLER = "caller"
    COLLEAGUE = "colleague"


class IvrStep(Value):
    """One step of the way through the menu. ``keyed`` never holds a PIN.

    At a ``silent`` one the caller neither heard nor chose anything.
    """

    step: str
    way: str
    at: datetime
    took_ms: int
    keyed: str
    silent: bool = False


class Leg(Value):
    """One channel of a call, while it lives. ``left`` is the bridge before this one, ``bridged_at`` the last change."""

    id: ChannelId
    channel: str
    extension: Extension | None
    since: datetime
    up: bool = False
    pair: str = ""
    bridge: BridgeId | None = None
    left: BridgeId | None = None
    bridged_at: datetime | None = None


class Visit(Value):
    """One stay of the caller in a queue. ``end`` is None while they wait, or nobody knows yet how it ended."""

    queue: QueueName
    since: datetime
    until: datetime | None = None
    wait_s: int = 0
    end: VisitEnd | None = None


class Talk(Value):
    """One agent's conversation in a call. ``agent`` is None when nobody is enrolled with that phone.

    The caller is on hold (since ``held_since``) while the agent's phone says so (``on_hold``) or the agent talks
    with a colleague meanwhile (``apart``). ``hold_changed`` is when the phone last said so: what is told of earlier
    is old. ``queue`` is that of the visit before it, if there was one.
    """

    extension: Extension
    agent: AgentId | None
    since: datetime
    until: datetime | None = None
    held_since: datetime | None = None
    hold_s: int = 0
    holds: int = 0
    hold_changed: datetime | None = None
    kind: TalkKind = TalkKind.CALLER
    queue: QueueName | None = None
    on_hold: bool = False
    apart: bool = False


class Offer(Value):
    """This call is about to ring at this agent's phone: time for the pop."""

    call: CallId
    agent: AgentId
    queue: QueueName
    at: datetime


class Call(Value):
    """Everything under one Linkedid, from the first ring to the last hangup. Durations are whole seconds.

    An ended call has ``ended_at`` and ``outcome``; a live one has neither. ``offers`` are those still ringing and
    ``offered_to`` is the latest of them; ``visits`` are all stays in queues, ``queue`` and ``queued_at`` tell of the
    latest; ``talks`` are all conversations, ``agent`` had the latest one with the caller. ``wait_s`` is the wait until
    an agent first answered, until then that of the latest visit. ``talk_s``, ``hold_s`` and ``holds`` sum up the
    conversations with the caller. ``caller_leg`` is the caller's if it is not the leg that Asterisk named the call
    after; ``merged_into`` is the call that this one became a part of. ``boot`` is
    the PBX's start under which the call was first seen, None if only the menu knew of it. ``counted`` means that
    the present visit to the queue is in the day's sums. ``legs_over`` remembers hangups, because a hangup wins
    over whatever is told late of that leg. ``end_assumed``: nobody saw the end and nothing tells of it, so time and
    outcome are the best that can be said.
    """

    id: CallId
    pbx: PbxName
    linkedid: LinkedId
    started_at: datetime
    stage: CallStage
    stage_since: datetime
    caller_number: str = ""
    caller_name: str = ""
    dialled: str = ""
    inbound: bool = True
    legs: dict[ChannelId, Leg] = values.field(default_factory=dict)
    language: Language | None = None
    account: AccountNumber | None = None
    verified: bool = False
    ivr_flow: str | None = None
    ivr_version: int | None = None
    ivr_path: tuple[IvrStep, ...] = ()
    ivr_served: bool = False
    queue: QueueName | None = None
    queued_at: datetime | None = None
    wait_s: int = 0
    offered_to: AgentId | None = None
    offered_at: datetime | None = None
    agent: AgentId | None = None
    answered_at: datetime | None = None
    talk_s: int = 0
    hold_s: int = 0
    holds: int = 0
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    boot: int | None = None
    legs_over: frozenset[ChannelId] = frozenset()
    offers: tuple[Offer, ...] = ()
    talks: tuple[Talk, ...] = ()
    counted: bool = False
    abandoned: bool = False
    ivr_result: str | None = None
    end_assumed: bool = False
    left: Outcome | None = None
    """What the caller left in place of waiting: a wish to be called back, or a message."""
    heard: Outcome | None = None
    """What became of the caller by what they heard in the menu, if nothing else did: an announcement, closed doors."""
    callback_of: CallId | None = None
    """The call in which somebody asked for this one."""
    visits: tuple[Visit, ...] = ()
    parked: str | None = None
    caller_leg: ChannelId | None = None
    merged_into: CallId | None = None

    @property
    def first_leg(self) -> ChannelId:
        """The caller's leg: that which the call began with and is named after, unless two calls became one."""
        return self.caller_leg or ChannelId(self.linkedid)

    @property
    def age(self) -> tuple[int, int]:
        """What tells the older of two calls of one PBX: seconds and counter of the Linkedid."""
        second, _, count = self.linkedid.rpartition("-")[2].partition(".")
        return int(second), int(count)


class Membership(Value):
    """An agent's phone in one queue, as the PBX sees it."""

    paused: bool
    reason: str


class Agent(Value):
    """A person who takes calls: presence, routing status and talk state are three separate things.

    ``reason`` says more exactly why they are away, in the site's own words. ``call`` is the call at their phone,
    ``talks_in`` are all in which they talk now: two, while a desk phone asks a colleague in a call of its own.
    ``owed_wrap_up_s`` is the wrap-up that is due once the last of them is over.
    ``offer_over`` is the last offer that ended unanswered, until the agent does or chooses something: the PBX may
    tell us afterwards that it was missed.
    """

    id: AgentId
    name: str
    extension: Extension
    queues: tuple[QueueName, ...]
    presence: Presence = Presence.OFFLINE
    presence_since: datetime | None = None
    pending: Presence | None = None
    routing: RoutingStatus = RoutingStatus.OFF_QUEUE
    routing_since: datetime | None = None
    talk: TalkState = TalkState.NONE
    call: CallId | None = None
    wrap_up_until: datetime | None = None
    device: DeviceState = DeviceState.UNKNOWN
    console: bool = False
    in_queues: frozenset[QueueName] = frozenset()
    memberships: dict[QueueName, Membership] = values.field(default_factory=dict)
    offer_over: Offer | None = None
    offer_over_at: datetime | None = None
    reason: ReasonCode | None = None
    pending_reason: ReasonCode | None = None
    muted: bool = False
    talks_in: tuple[CallId, ...] = ()
    owed_wrap_up_s: int | None = None


class Queue(Value):
    """Where callers wait for one skill: its settings and today's sums. Who waits is in ``CentreState.lines``."""

    name: QueueName
    wrap_up_s: int = 30
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    wait_of_answered_s: int = 0
    answered_in_target: int = 0


class Link(Value):
    """How far what we know of one PBX can be trusted."""

    pbx: PbxName
    up: bool
    since: datetime
    boot: int | None = None
    synced_at: datetime | None = None
    drift: int = 0


@dataclass(slots=True)
class CentreState:
    """Everything that is so now. Only ``cti.domain.centre`` writes to it; everybody else reads.

    ``recent`` are the calls that ended last, oldest first: late facts still belong to them, and none of them may
    begin again. ``lines`` are the callers who wait in each queue, in the PBX's order: the first is next. They are
    dicts without values so that joining and leaving cost the same however many wait. ``unclaimed`` are phones in
    queues that no agent is enrolled with, as yet.
    """

    calls: dict[CallId, Call] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    queues: dict[QueueName, Queue] = field(default_factory=dict)
    links: dict[PbxName, Link] = field(default_factory=dict)
    recent: dict[CallId, Call] = field(default_factory=dict)
    unclaimed: dict[Extension, dict[QueueName, MemberSeen]] = field(default_factory=dict)
    lines: dict[QueueName, dict[CallId, None]] = field(default_factory=dict)

    def waiting(self, queue: QueueName) -> tuple[CallId, ...]:
        """Return who waits in this queue, the next one first."""
        return tuple(self.lines.get(queue, ()))


class Changes(Value):
    """What one event changed: the ids to look up in the state, and the calls that ended as they were at last.

    A call can be among ``ended`` twice: a late fact of the menu makes its record more exact.
    ``offers_over`` are offers that ended without an answer.
    """

    calls: frozenset[CallId] = frozenset()
    agents: frozenset[AgentId] = frozenset()
    queues: frozenset[QueueName] = frozenset()
    links: frozenset[PbxName] = frozenset()
    ended: tuple[Call, ...] = ()
    offers: tuple[Offer, ...] = ()
    offers_over: tuple[Offer, ...] = ()
