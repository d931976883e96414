"""The past facts that the call centre is made of.

Everything that live screens, records and figures show is a fold of these, in order. Two sources: the PBX,
through ``cti.translator``, and ourselves (the IVR, the agents, the clock). Times are aware UTC.
Caller names, numbers and digits in them were written by whoever called: text, never markup, never logged.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from cti.domain.ids import (
    UNNAMED,
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

Language = Literal["zh", "en"]


class Event(Value, kw_only=True):
    """Something that happened, and when."""

    at: datetime


# ------------------------------------------------------------------ what the PBX says


class PbxEvent(Event, kw_only=True):
    """A fact about one PBX."""

    pbx: PbxName


class LinkUp(PbxEvent, kw_only=True):
    """The AMI link is logged in; ``boot`` is the PBX's start (seconds since the epoch). Truth follows.

    ``lost_at``: when the PBX's life before this one ended, if anything tells.
    """

    boot: int
    lost_at: datetime | None = None


class LinkDown(PbxEvent, kw_only=True):
    """The AMI link is gone: what we know of this PBX ages from now on."""

    reason: str


class Resynced(PbxEvent, kw_only=True):
    """A whole snapshot has been applied: ``live`` are the calls that still exist, all others have ended."""

    live: frozenset[CallId]
    drift: int


class TruthChecked(PbxEvent, kw_only=True):
    """While the link was up, the PBX was asked for everything, and ``drift`` differences were put right."""

    drift: int


class CallGone(PbxEvent, kw_only=True):
    """The PBX has this call no longer, and no event told of its end.

    ``assumed``: nor does anything else tell how it ended, so what is said of it is what was known before.
    ``restart``: it was lost when the PBX's life ended in which it was.
    """

    call: CallId
    assumed: bool
    restart: bool = False


class LegEvent(PbxEvent, kw_only=True):
    """A fact about one channel of one call."""

    call: CallId
    leg: ChannelId


class LegStarted(LegEvent, kw_only=True):
    """A channel came to be. The first leg of a call is the caller's (``leg == linkedid``).

    ``extension`` is set when the channel is a phone's (``PJSIP/1001-…``). ``pair`` is what the two halves of a local
    channel have in common: what enters one half comes out of the other.
    """

    linkedid: LinkedId
    channel: str
    caller_number: str
    caller_name: str
    dialled: str
    inbound: bool
    extension: Extension | None = None
    pair: str = ""


class LegAnswered(LegEvent, kw_only=True):
    """The channel is up."""


class LegBridged(LegEvent, kw_only=True):
    """The channel is in this bridge: it hears, and is heard by, all others in it.

    A snapshot tells only that it is so; ``since`` is the earliest that it can have begun.
    """

    bridge: BridgeId = UNNAMED
    since: datetime | None = None


class LegUnbridged(LegEvent, kw_only=True):
    """The channel is in this bridge no longer, or, where none is named, in no bridge at all."""

    bridge: BridgeId = UNNAMED


class CallerParked(LegEvent, kw_only=True):
    """The leg waits in a parking space for somebody to fetch it."""

    space: str


class CallerUnparked(LegEvent, kw_only=True):
    """The leg is parked no longer: it was fetched, waited too long, or gave up."""


class LegHeld(LegEvent, kw_only=True):
    """This leg put the other side on hold."""


class LegResumed(LegEvent, kw_only=True):
    """This leg took the other side off hold."""


class LegEnded(LegEvent, kw_only=True):
    """The channel is gone; ``cause`` is the Q.850 number that Asterisk gives."""

    cause: int


class CallerQueued(LegEvent, kw_only=True):
    """The caller waits in ``queue``, ``position`` from 1."""

    queue: QueueName
    position: int


class CallerFoundServed(LegEvent, kw_only=True):
    """A snapshot has the caller with ``queue`` but no longer waiting. How long they waited nobody can tell."""

    queue: QueueName


class CallerLeftQueue(LegEvent, kw_only=True):
    """The caller waits no longer, for whatever reason."""

    queue: QueueName


class CallerAbandoned(LegEvent, kw_only=True):
    """The caller hung up while waiting, after ``wait_s`` whole seconds."""

    queue: QueueName
    wait_s: int


class AgentOffered(LegEvent, kw_only=True):
    """The queue is about to ring, or rings, this agent's phone for the call (``leg`` is the caller's)."""

    queue: QueueName
    extension: Extension


class OfferEnded(LegEvent, kw_only=True):
    """The agent's phone stopped ringing unanswered; ``missed`` if it was the agent who did not answer."""

    queue: QueueName
    extension: Extension
    missed: bool


class AgentConnected(LegEvent, kw_only=True):
    """The agent answered the queued caller."""

    queue: QueueName
    extension: Extension
    wait_s: int
    ring_s: int


class AgentCompleted(LegEvent, kw_only=True):
    """The conversation is over, as the queue tells it. It does go missing; never the only evidence."""

    queue: QueueName
    extension: Extension
    talk_s: int


class QueueSeen(PbxEvent, kw_only=True):
    """Who waits in this queue on this PBX, the next one first; whoever is not among them waits no longer."""

    queue: QueueName
    waiting: tuple[CallId, ...]


class MemberSeen(PbxEvent, kw_only=True):
    """How the queue sees an agent's phone now. ``reason`` is the word it was paused with, which is ours."""

    queue: QueueName
    extension: Extension
    paused: bool
    device: "DeviceState"
    reason: str = ""


class MemberGone(PbxEvent, kw_only=True):
    """The agent's phone is in the queue no longer."""

    queue: QueueName
    extension: Extension


class DeviceSeen(PbxEvent, kw_only=True):
    """What a phone is doing, as the PBX knows it."""

    extension: Extension
    device: "DeviceState"


class DeviceState(StrEnum):
    """Asterisk's device states (``include/asterisk/devicestate.h``)."""

    UNKNOWN = "unknown"
    NOT_IN_USE = "not_in_use"
    IN_USE = "in_use"
    BUSY = "busy"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    RINGING = "ringing"
    RING_IN_USE = "ring_in_use"
    ON_HOLD = "on_hold"


# ------------------------------------------------------------------ what our own parts say


class CentreStarted(Event, kw_only=True):
    """We started, and know nothing: everything so far is over, what is still true will be told again."""


class QueueOpened(Event, kw_only=True):
    """This site has this queue, with ``wrap_up_s`` seconds for its agents after each call."""

    queue: QueueName
    wrap_up_s: int


class DayBegan(Event, kw_only=True):
    """A new day began at this site: the day's sums start from nothing."""


class CallEvent(Event, kw_only=True):
    """A fact about one call."""

    call: CallId


class IvrEntered(CallEvent, kw_only=True):
    """The caller reached our menu. Carries enough to open a call that AMI has not told us of."""

    pbx: PbxName
    linkedid: LinkedId
    caller_number: str
    caller_name: str
    dialled: str
    flow: str
    version: int = 0
    """What the flow was published as; 0 for the one that ships with us."""


class IvrStepPassed(CallEvent, kw_only=True):
    """The caller went through one step of the flow and left it by ``way`` (``ok``, ``1``, ``no_input`` …).

    ``keyed`` is what the agent may see of the digits: never a PIN. At a ``silent`` one the caller neither heard nor
    chose anything: something was looked up in time, or another flow gone to, whose own steps are told.
    """

    step: str
    way: str
    took_ms: int
    keyed: str = ""
    silent: bool = False


class LanguageChosen(CallEvent, kw_only=True):
    """The caller chose a language."""

    language: Language


class AccountClaimed(CallEvent, kw_only=True):
    """The caller keyed an account, or caller ID proposed it; ``verified`` only after the right PIN."""

    account: AccountNumber
    verified: bool


class IvrLeft(CallEvent, kw_only=True):
    """The flow is over. ``served`` if it finished what the caller came for.

    ``leaves_as`` is set for who left, with no other wish, having heard an announcement or that nobody is there now.
    """

    result: Literal["person", "done", "hangup", "failed", "transfer"]
    served: bool
    leaves_as: Literal["announcement", "outside_hours"] | None = None


class CallbackAsked(CallEvent, kw_only=True):
    """The caller waits no longer: they will be called back, and keep their place."""


class MessageLeft(CallEvent, kw_only=True):
    """The caller waits no longer: they left a message in place of talking to somebody."""


class Presence(StrEnum):
    """What an agent chose, or a supervisor for them."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    BREAK = "break"
    LUNCH = "lunch"
    TRAINING = "training"
    MEETING = "meeting"
    AWAY = "away"


class AgentEvent(Event, kw_only=True):
    """A fact about one agent."""

    agent: AgentId


class AgentEnrolled(AgentEvent, kw_only=True):
    """This person is an agent here, with this phone and these queues."""

    name: str
    extension: Extension
    queues: tuple[QueueName, ...]


class PresenceChosen(AgentEvent, kw_only=True):
    """A presence was chosen. During a call or wrap-up it is pending until after wrap-up.

    ``reason`` is one of the site's own codes, which goes with *away*.
    """

    presence: Presence
    by: AgentId
    reason: ReasonCode | None = None


class ConsoleOpened(AgentEvent, kw_only=True):
    """The agent has a console connected."""


class ConsoleLost(AgentEvent, kw_only=True):
    """The agent's last console has been gone for longer than the grace time."""


class AgentMuted(AgentEvent, kw_only=True):
    """The agent's console says whether its microphone is off: the PBX does not know."""

    muted: bool


class WrapUpExtended(AgentEvent, kw_only=True):
    """The agent asked for more time after the call."""

    by_s: int


class WrapUpEnded(AgentEvent, kw_only=True):
    """The agent finished wrap-up, or its time ran out."""

    timed_out: bool
