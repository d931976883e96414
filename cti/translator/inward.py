"""From AMI events to facts. One row per event that we act on: its exact keys, and what it means.

Texts of callers are passed on as they are. A message whose keys or values are not those that Asterisk writes raises
``ForgedFrameError``; one that is of no interest (a queue's member that is no phone of ours) means nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cti.ami.errors import ForgedFrameError
from cti.ami.messages import Event
from cti.domain import events
from cti.domain.ids import CallId, ChannelId, Extension, LinkedId, PbxName, QueueName, extension_at, pbx_of
from cti.domain.values import replace
from cti.translator import words

CallIds = Callable[[LinkedId], CallId]
Facts = tuple[events.Event, ...]
Fact = TypeVar("Fact", bound=events.Event)


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates what one PBX says; ``call_ids`` knows our id of a call.

    ``further``: it is not the site's first PBX, so its phones go by its name, too: ``1001@east``.
    """

    pbx: PbxName
    call_ids: CallIds
    further: bool = False

    def facts(self, message: Event) -> Facts:
        """Return what this message means. Raises ``ForgedFrameError``, and ``KeyError`` for one not in ``NAMES``."""
        row = _ROWS[message.name]
        message.expect(row.keys, row.optional)
        facts = row.meaning(self, message)
        return tuple(map(self.here, facts)) if self.further else facts

    def here(self, fact: Fact) -> Fact:
        """Return the fact with its phone as one of this PBX."""
        number = getattr(fact, "extension", None) if self.further else None
        return fact if number is None else replace(fact, extension=extension_at(number, self.pbx))

    def has(self, extension: Extension) -> bool:
        """Tell whether this phone is one of this PBX."""
        return pbx_of(extension) == (self.pbx if self.further else None)

    def call(self, message: Event) -> CallId:
        """Return our id of the call that this message is about."""
        return self.call_ids(words.linkedid(message))


# ------------------------------------------------------------------ channels


def leg_started(of: Translator, message: Event) -> events.LegStarted:
    """Read a channel snapshot as the start of a leg, now."""
    leg, linkedid, name = words.leg(message), words.linkedid(message), words.channel_name(message)
    dialled = words.text(message, "Exten")
    return events.LegStarted(
        at=message.at,
        pbx=of.pbx,
        call=of.call_ids(linkedid),
        leg=leg,
        linkedid=linkedid,
        channel=name,
        caller_number=words.text(message, "CallerIDNum"),
        caller_name=words.name(message, "CallerIDName"),
        dialled=dialled,
        inbound=leg == ChannelId(linkedid) and dialled not in ("", "s"),
        extension=words.phone_of_channel(name),
        pair=words.pair_of_channel(name),
    )


def _newchannel(of: Translator, message: Event) -> Facts:
    return (leg_started(of, message),)


def _newstate(of: Translator, message: Event) -> Facts:
    if message["ChannelState"] != words.UP:
        return ()
    return (events.LegAnswered(at=message.at, pbx=of.pbx, call=of.call(message), leg=words.leg(message)),)


def _bridge_enter(of: Translator, message: Event) -> Facts:
    leg, bridge = words.leg(message), words.bridge(message)
    return (events.LegBridged(at=message.at, pbx=of.pbx, call=of.call(message), leg=leg, bridge=bridge),)


def _bridge_leave(of: Translator, message: Event) -> Facts:
    leg, bridge = words.leg(message), words.bridge(message)
    return (events.LegUnbridged(at=message.at, pbx=of.pbx, call=of.call(message), leg=leg, bridge=bridge),)


def _parked_call(of: Translator, message: Event) -> Facts:
    call, leg = of.call_ids(words.linkedid(message, "ParkeeLinkedid")), words.leg(message, "ParkeeUniqueid")
    space = str(words.number(message, "ParkingSpace"))
    return (events.CallerParked(at=message.at, pbx=of.pbx, call=call, leg=leg, space=space),)


def _unparked_call(of: Translator, message: Event) -> Facts:
    call, leg = of.call_ids(words.linkedid(message, "ParkeeLinkedid")), words.leg(message, "ParkeeUniqueid")
    return (events.CallerUnparked(at=message.at, pbx=of.pbx, call=call, leg=leg),)


def _hold(of: Translator, message: Event) -> Facts:
    return (events.LegHeld(at=message.at, pbx=of.pbx, call=of.call(message), leg=words.leg(message)),)


def _unhold(of: Translator, message: Event) -> Facts:
    return (events.LegResumed(at=message.at, pbx=of.pbx, call=of.call(message), leg=words.leg(message)),)


def _hangup(of: Translator, message: Event) -> Facts:
    cause = words.number(message, "Cause")
    return (events.LegEnded(at=message.at, pbx=of.pbx, call=of.call(message), leg=words.leg(message), cause=cause),)


# ------------------------------------------------------------------ queues: callers


def _queue_caller_join(of: Translator, message: Event) -> Facts:
    return (
        events.CallerQueued(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            position=words.number(message, "Position"),
        ),
    )


def _queue_caller_leave(of: Translator, message: Event) -> Facts:
    queue = words.queue_name(message)
    return (
        events.CallerLeftQueue(at=message.at, pbx=of.pbx, call=of.call(message), leg=words.leg(message), queue=queue),
    )


def _queue_caller_abandon(of: Translator, message: Event) -> Facts:
    return (
        events.CallerAbandoned(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            wait_s=words.number(message, "HoldTime"),
        ),
    )


# ------------------------------------------------------------------ queues: offers


def _agent_called(of: Translator, message: Event) -> Facts:
    extension = words.phone(message["Interface"])
    if extension is None:
        return ()
    return (
        events.AgentOffered(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            extension=extension,
        ),
    )


def _agent_ring_no_answer(of: Translator, message: Event) -> Facts:
    extension = words.phone(message["Interface"])
    if extension is None:
        return ()
    return (
        events.OfferEnded(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            extension=extension,
            missed=True,
        ),
    )


def _agent_connect(of: Translator, message: Event) -> Facts:
    extension = words.phone(message["Interface"])
    if extension is None:
        return ()
    return (
        events.AgentConnected(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            extension=extension,
            wait_s=words.number(message, "HoldTime"),
            ring_s=words.number(message, "RingTime"),
        ),
    )


def _agent_complete(of: Translator, message: Event) -> Facts:
    extension = words.phone(message["Interface"])
    if extension is None:
        return ()
    return (
        events.AgentCompleted(
            at=message.at,
            pbx=of.pbx,
            call=of.call(message),
            leg=words.leg(message),
            queue=words.queue_name(message),
            extension=extension,
            talk_s=words.number(message, "TalkTime"),
        ),
    )


# ------------------------------------------------------------------ queues: members


def member_seen(of: Translator, message: Event, interface: str) -> Facts:
    """Read how a queue has a member."""
    extension = words.phone(interface)
    status = words.number(message, "Status")
    if extension is None:
        return ()
    if status >= len(words.DEVICES):
        raise ForgedFrameError(message.name, "Status is none of Asterisk's")
    return (
        events.MemberSeen(
            at=message.at,
            pbx=of.pbx,
            queue=words.queue_name(message),
            extension=extension,
            paused=message["Paused"] == "1",
            device=words.DEVICES[status],
            reason=words.text(message, "PausedReason"),
        ),
    )


def _queue_member(of: Translator, message: Event) -> Facts:
    return member_seen(of, message, message["Interface"])


def _queue_member_removed(of: Translator, message: Event) -> Facts:
    extension = words.phone(message["Interface"])
    if extension is None:
        return ()
    queue: QueueName = words.queue_name(message)
    return (events.MemberGone(at=message.at, pbx=of.pbx, queue=queue, extension=extension),)


def device_seen(of: Translator, message: Event) -> Facts:
    """Read what a device is doing."""
    extension = words.phone(message["Device"])
    device = words.DEVICE_NAMES.get(message["State"])
    if extension is None:
        return ()
    if device is None:
        raise ForgedFrameError(message.name, "State is none of Asterisk's")
    return (events.DeviceSeen(at=message.at, pbx=of.pbx, extension=extension, device=device),)


# ------------------------------------------------------------------ the table


@dataclass(frozen=True, slots=True)
class _Row:
    meaning: Callable[[Translator, Event], Facts]
    keys: frozenset[str]
    more: frozenset[str] = frozenset()
    optional: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "optional", self.more | words.VARIABLES)


_CALLER = words.CHANNEL | {"Queue", "Position"}
_AGENT = words.CHANNEL | {"Queue", "Interface", "MemberName"}
_OFFER = _AGENT | words.DESTINATION
_PARKED = words.PARKEE | {"ParkerDialString", "Parkinglot", "ParkingSpace", "ParkingTimeout", "ParkingDuration"}
_PARKERS = frozenset(f"{who}{key}" for who in ("Parker", "Retriever") for key in words.CHANNEL)
_MEMBER = words.MEMBER | {"MemberName", "Interface", "Ringinuse"}

_ROWS: Mapping[str, _Row] = {
    "Newchannel": _Row(_newchannel, words.CHANNEL),
    "Newstate": _Row(_newstate, words.CHANNEL),
    "BridgeEnter": _Row(_bridge_enter, words.CHANNEL | words.BRIDGE, frozenset({"SwapUniqueid", "BridgeVideoSource"})),
    "BridgeLeave": _Row(_bridge_leave, words.CHANNEL | words.BRIDGE, frozenset({"BridgeVideoSource"})),
    "ParkedCall": _Row(_parked_call, _PARKED, _PARKERS),
    "UnParkedCall": _Row(_unparked_call, _PARKED, _PARKERS),
    "ParkedCallTimeOut": _Row(_unparked_call, _PARKED, _PARKERS),
    "ParkedCallGiveUp": _Row(_unparked_call, _PARKED, _PARKERS),
    "Hold": _Row(_hold, words.CHANNEL, frozenset({"MusicClass"})),
    "Unhold": _Row(_unhold, words.CHANNEL),
    "Hangup": _Row(_hangup, words.CHANNEL | {"Cause", "Cause-txt"}, frozenset({"TechCause"})),
    "QueueCallerJoin": _Row(_queue_caller_join, _CALLER | {"Count"}),
    "QueueCallerLeave": _Row(_queue_caller_leave, _CALLER | {"Count"}),
    "QueueCallerAbandon": _Row(_queue_caller_abandon, _CALLER | {"OriginalPosition", "HoldTime"}),
    "AgentCalled": _Row(_agent_called, _OFFER),
    "AgentRingNoAnswer": _Row(_agent_ring_no_answer, _OFFER | {"RingTime"}),
    "AgentConnect": _Row(_agent_connect, _OFFER | {"HoldTime", "RingTime"}),
    # without the agent's channel when that was gone before (app_queue.c, queue_agent_cb; recorded on 22.10)
    "AgentComplete": _Row(_agent_complete, _AGENT | {"HoldTime", "TalkTime", "Reason"}, words.DESTINATION),
    "QueueMemberAdded": _Row(_queue_member, _MEMBER),
    "QueueMemberStatus": _Row(_queue_member, _MEMBER),
    "QueueMemberPause": _Row(_queue_member, _MEMBER),
    "QueueMemberRemoved": _Row(_queue_member_removed, _MEMBER),
    "DeviceStateChange": _Row(device_seen, frozenset({"Device", "State"})),
}

NAMES = frozenset(_ROWS)
"""The events that mean something to us."""
