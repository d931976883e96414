"""From the PBX's own lists to facts: what is so now, in an order that the call centre can take in.

The lists are asked for one after the other, so a caller may be in one and not in the other. Whatever happened
meanwhile was told as an event too, and is applied after the snapshot.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cti.ami.errors import ForgedFrameError
from cti.ami.messages import Event, Response
from cti.domain import events
from cti.domain.ids import CallId, ChannelId, Extension, QueueName
from cti.domain.values import replace
from cti.translator import words
from cti.translator.inward import Facts, Translator, device_seen, leg_started, member_seen

_LISTED = frozenset({"ActionID"})
_SHOWN = words.CHANNEL | {"Application", "ApplicationData", "Duration", "BridgeId"}
_ENTRY = frozenset(
    {
        "Queue",
        "Position",
        "Channel",
        "Uniqueid",
        "CallerIDNum",
        "CallerIDName",
        "ConnectedLineNum",
        "ConnectedLineName",
        "Wait",
        "Priority",
    }
)
_LISTED_MEMBER = words.MEMBER | {"Name", "Location"}
_QUEUE_APPLICATION = "Queue"
_ROOMS_OWN = ("CBAnn/", "CBRec/")
"""Channels that a ConfBridge room has for itself, to announce and to record; no event tells of them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one PBX has now. The sets tell what is no more.

    ``facts`` are in the order to apply: members first, because an agent must be known to be available before a call
    can be found ringing at their phone.
    """

    facts: Facts
    calls: frozenset[CallId]
    legs: frozenset[ChannelId]
    members: frozenset[tuple[QueueName, Extension]]
    queues: frozenset[QueueName]


def boot_time(status: Response) -> int:
    """Return when the PBX was started, as ``CoreStatus`` has it. Raises ``ForgedFrameError``.

    The PBX writes it in its own time zone, without saying which. It only tells one run from another, so it is read
    as UTC.
    """
    try:
        started = datetime.fromisoformat(f"{status['CoreStartupDate']}T{status['CoreStartupTime']}+00:00")
    except (KeyError, ValueError):
        raise ForgedFrameError("CoreStatus", "no time of start") from None
    return int(started.timestamp())


def snapshot(of: Translator, channels: Sequence[Event], queues: Sequence[Event], devices: Sequence[Event]) -> Snapshot:
    """Read the lists of channels, queues and devices. Raises ``ForgedFrameError``."""
    for channel in channels:
        channel.expect(_SHOWN, _LISTED | words.VARIABLES)
    channels = [channel for channel in channels if not channel["Channel"].startswith(_ROOMS_OWN)]
    legs = {words.leg(channel): _since(leg_started(of, channel), channel) for channel in channels}
    first = [leg for leg in legs.values() if leg.leg == ChannelId(leg.linkedid)]
    later = [leg for leg in legs.values() if leg.leg != ChannelId(leg.linkedid)]
    entries = [_entry(of, item, legs) for item in queues if item.name == "QueueEntry"]
    waiting = sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.position)
    members = [fact for item in queues if item.name == "QueueMember" for fact in _member(of, item)]
    seen = tuple(fact for item in devices for fact in _device(of, item))
    names = {words.queue_name(item): item.at for item in queues if item.name == "QueueParams"}
    facts: Facts = (
        *members,
        *first,
        *waiting,
        *_served(of, channels, {entry.leg for entry in waiting}),
        *later,
        *_talking(of, channels, legs),
        *(_order(of, name, at, waiting) for name, at in names.items()),
        *seen,
    )
    return Snapshot(
        facts=tuple(map(of.here, facts)),
        calls=frozenset(leg.call for leg in legs.values()),
        legs=frozenset(legs),
        members=frozenset((member.queue, of.here(member).extension) for member in members),
        queues=frozenset(names),
    )


def _since(leg: events.LegStarted, channel: Event) -> events.LegStarted:
    """Return the leg at its real beginning. A snapshot shows where it is now, which seldom is what was dialled."""
    return replace(
        leg,
        at=leg.at - timedelta(seconds=words.seconds(channel, "Duration")),
        dialled=leg.dialled if leg.dialled.isdigit() else "",
        inbound=leg.leg == ChannelId(leg.linkedid),
    )


def _entry(of: Translator, item: Event, legs: dict[ChannelId, events.LegStarted]) -> events.CallerQueued | None:
    item.expect(_ENTRY, _LISTED)
    leg = legs.get(words.leg(item))
    if leg is None:
        return None
    return events.CallerQueued(
        at=item.at - timedelta(seconds=words.number(item, "Wait")),
        pbx=of.pbx,
        call=leg.call,
        leg=leg.leg,
        queue=words.queue_name(item),
        position=words.number(item, "Position"),
    )


def _served(of: Translator, channels: Iterable[Event], waiting: set[ChannelId]) -> Iterable[events.CallerFoundServed]:
    """Yield who is in the queue's application but does not wait: they talk with an agent of that queue."""
    for channel in channels:
        leg = words.leg(channel)
        queue = words.queue_asked_for(channel) if channel["Application"] == _QUEUE_APPLICATION else None
        if queue and channel["BridgeId"] and leg not in waiting:
            yield events.CallerFoundServed(at=channel.at, pbx=of.pbx, call=of.call(channel), leg=leg, queue=queue)


def _talking(
    of: Translator, channels: Iterable[Event], legs: dict[ChannelId, events.LegStarted]
) -> Iterable[events.LegEvent]:
    for channel in channels:
        leg = legs[words.leg(channel)]
        if channel["ChannelState"] == words.UP:
            yield events.LegAnswered(at=leg.at, pbx=of.pbx, call=leg.call, leg=leg.leg)
        if channel["BridgeId"]:
            bridge = words.bridge(channel, "BridgeId")
            yield events.LegBridged(at=channel.at, pbx=of.pbx, call=leg.call, leg=leg.leg, bridge=bridge, since=leg.at)
        else:
            yield events.LegUnbridged(at=channel.at, pbx=of.pbx, call=leg.call, leg=leg.leg)


def _order(of: Translator, queue: QueueName, at: datetime, waiting: Sequence[events.CallerQueued]) -> events.QueueSeen:
    return events.QueueSeen(
        at=at, pbx=of.pbx, queue=queue, waiting=tuple(entry.call for entry in waiting if entry.queue == queue)
    )


def _member(of: Translator, item: Event) -> Iterable[events.MemberSeen]:
    item.expect(_LISTED_MEMBER, _LISTED)
    return (fact for fact in member_seen(of, item, item["Location"]) if isinstance(fact, events.MemberSeen))


def _device(of: Translator, item: Event) -> Facts:
    item.expect(frozenset({"Device", "State"}), _LISTED)
    return device_seen(of, item)
