"""From Asterisk's own account of the calls, CEL and ``queue_log``, to the facts that it is an account of.

What the AMI link could not tell (it was down, or we were) is told by these lines as the same facts, with their real
times, so a call that ended unseen, or came and went unseen, gets the very record that it would have got.

Callers' names and numbers are in the lines. A line that is not exactly as Asterisk writes it is refused: text of a
caller may have become a line of its own.

CEL has microseconds; ``queue_log`` in a file has whole seconds (in a table it has all). Such a line is put as late in
its second as can be, but before the caller's hangup, and where CEL knows better, there (a caller joins the queue when
the application starts). Sources: ``main/cel.c``, ``main/logger.c`` and ``apps/app_queue.c`` of Asterisk 22, and what
22.10 was seen to write.
"""

import csv
import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cti.domain import events
from cti.domain.ids import UNNAMED, BridgeId, CallId, ChannelId, Extension, LinkedId, PbxName, QueueName
from cti.translator import words

CEL_COLUMNS: Final = (
    "eventtype",
    "eventtime",
    "cid_name",
    "cid_num",
    "exten",
    "channame",
    "appname",
    "uniqueid",
    "linkedid",
    "peer",
    "extra",
)
"""What is kept of a CEL event. Never the application's arguments: the menu's hold a secret."""
QUEUE_COLUMNS: Final = ("time", "callid", "queuename", "agent", "event")
LONGEST_LINE: Final = 8192

_TIME = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}")
_EVENT = re.compile(r"[A-Z_]{3,32}")
_AGENT = re.compile(r"[^|\x00-\x1f\x7f]{1,128}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,256}")
_BY_HAND = re.compile(r"[A-Z]{3,16}")
"""What stands for the channel where there is none: ``NONE``, ``MANAGER``, ``REALTIME``, ``CLI`` …"""
_BRIDGE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,7}")
_NOBODY: Final = "NONE"
_ALMOST_A_SECOND: Final = timedelta(microseconds=999_998)
_TICK: Final = timedelta(microseconds=1)
_STARTED: Final = "QUEUESTART"


class ForgedLineError(ValueError):
    """A line that Asterisk does not write. Its text is not told: it may be a caller's."""


@dataclass(frozen=True, slots=True)
class CelLine:
    """One channel event. ``dialled``, ``caller_name`` and ``caller_number`` are whatever the caller sent."""

    event: str
    at: datetime
    caller_name: str
    caller_number: str
    dialled: str
    channel: str
    app: str
    leg: ChannelId
    linkedid: LinkedId
    extra: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One event of a queue. ``exact`` is False where the time is only known to the second."""

    event: str
    at: datetime
    exact: bool
    leg: ChannelId | None
    queue: QueueName | None
    agent: str
    data: tuple[str, ...]


# ------------------------------------------------------------------ reading lines


def cel_line(row: Mapping[str, str]) -> CelLine:
    """Read a CEL event by its columns. Raises :class:`ForgedLineError`."""
    for name in ("cid_name", "cid_num", "exten", "appname", "peer"):
        _whole(_TEXT, row[name])
    return CelLine(
        event=_whole(_EVENT, row["eventtype"]),
        at=_moment(_whole(_TIME, row["eventtime"])),
        caller_name=row["cid_name"],
        caller_number=row["cid_num"],
        dialled=row["exten"],
        channel=_whole(words.CHANNEL_NAME, row["channame"]),
        app=row["appname"],
        leg=ChannelId(_whole(words.UNIQUE, row["uniqueid"])),
        linkedid=LinkedId(_whole(words.UNIQUE, row["linkedid"])),
        extra=_extra(row["extra"]),
    )


def cel_line_of_file(line: str) -> CelLine:
    """Read a line as ``hydrophone-cel_custom.conf`` has it written. Raises :class:`ForgedLineError`."""
    if not (line.startswith('"') and line.endswith('"')) or len(line) > LONGEST_LINE:
        raise ForgedLineError
    try:
        (fields,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        raise ForgedLineError from None
    if len(fields) != len(CEL_COLUMNS):
        raise ForgedLineError
    return cel_line(dict(zip(CEL_COLUMNS, fields, strict=True)))


def queue_line(fields: Sequence[str]) -> QueueLine:
    """Read an event of a queue: time, caller's channel, queue, agent, event, and data. Raises ``ForgedLineError``."""
    if len(fields) < len(QUEUE_COLUMNS):
        raise ForgedLineError
    time, leg, queue, agent, event, *data = fields
    exact = _CLOCK.fullmatch(time) is not None
    for one in data:
        _whole(_TEXT, one)
    return QueueLine(
        event=_whole(_EVENT, event),
        at=datetime.fromisoformat(f"{time}+00:00") if exact else _moment(_whole(_TIME, time)),
        exact=exact,
        leg=None if _BY_HAND.fullmatch(leg) else ChannelId(_whole(words.UNIQUE, leg)),
        queue=None if queue == _NOBODY else QueueName(_whole(words.QUEUE, queue)),
        agent="" if agent == _NOBODY else _whole(_AGENT, agent),
        data=tuple(data),
    )


def queue_line_of_file(line: str) -> QueueLine:
    """Read a line of the file ``queue_log``. Raises :class:`ForgedLineError`."""
    if len(line) > LONGEST_LINE:
        raise ForgedLineError
    return queue_line(line.split("|"))


def _whole(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ForgedLineError
    return text


def _moment(seconds: str) -> datetime:
    """Return the time of seconds since the epoch. A float would round it."""
    whole, _, fraction = seconds.partition(".")
    return datetime.fromtimestamp(int(whole), UTC) + timedelta(microseconds=int(f"{fraction:0<6}"[:6]))


def _extra(text: str) -> Mapping[str, object]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ForgedLineError from None
    if not isinstance(found, dict):
        raise ForgedLineError
    return found


# ------------------------------------------------------------------ retelling


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the lines tell, oldest first. ``restarts`` are the starts of the PBX among them."""

    facts: tuple[events.LegEvent | events.CallGone, ...] = ()
    restarts: tuple[datetime, ...] = ()

    @property
    def calls(self) -> frozenset[CallId]:
        """The calls that it tells of."""
        return frozenset(fact.call for fact in self.facts)

    def split(self) -> "tuple[Chapter, Chapter]":
        """Return what was before the PBX's last start, and what was after it."""
        if not self.restarts:
            return Chapter(), self
        at = bisect_left(self.facts, self.restarts[-1], key=lambda fact: fact.at)
        return Chapter(self.facts[:at], self.restarts), Chapter(self.facts[at:])

    def only(self, wanted: Callable[[CallId], bool]) -> "Chapter":
        """Return the chapter with some calls' facts only."""
        return replace(self, facts=tuple(fact for fact in self.facts if wanted(fact.call)))


@dataclass(frozen=True, slots=True)
class Teller:
    """Knows whose calls, phones and ids the lines speak of.

    ``call_id`` gives our id of a call, told whether it was in the PBX's present life; ``phone`` the phone of a member
    by the name that the queue logs, None if it is nobody's we know.
    """

    pbx: PbxName
    call_id: Callable[[LinkedId, bool], CallId]
    phone: Callable[[str], Extension | None]
    extension: Callable[[Extension | None], Extension | None] = lambda extension: extension
    """Returns a phone of a channel's as one of this PBX."""

    def chapter(self, cel: Sequence[CelLine], queue: Sequence[QueueLine]) -> Chapter:
        """Return the facts that these lines are an account of."""
        restarts = tuple(line.at for line in queue if line.event == _STARTED)
        present_since = restarts[-1] if restarts else None
        places = _Places(cel)
        facts = [
            *(fact for line in cel for fact in self._of_channel(line, present_since)),
            *(fact for line, at in places.of(queue) for fact in self._of_queue(line, at, places, present_since)),
        ]
        facts.sort(key=lambda fact: fact.at)
        return Chapter(tuple(facts), restarts)

    def _of_channel(self, line: CelLine, present_since: datetime | None) -> Iterator[events.LegEvent | events.CallGone]:
        call = self._call(line.linkedid, line.at, present_since)
        match line.event:
            case "CHAN_START":
                yield self._started(line, call)
            case "ANSWER":
                yield events.LegAnswered(at=line.at, pbx=self.pbx, call=call, leg=line.leg)
            case "BRIDGE_ENTER":
                yield events.LegBridged(at=line.at, pbx=self.pbx, call=call, leg=line.leg, bridge=_bridge(line))
            case "BRIDGE_EXIT":
                yield events.LegUnbridged(at=line.at, pbx=self.pbx, call=call, leg=line.leg, bridge=_bridge(line))
            case "HANGUP":
                cause = line.extra.get("hangupcause", 0)
                known = cause if isinstance(cause, int) else 0
                yield events.LegEnded(at=line.at, pbx=self.pbx, call=call, leg=line.leg, cause=known)
            case "LINKEDID_END":
                yield events.CallGone(at=line.at + _TICK, pbx=self.pbx, call=call, assumed=False)

    def _started(self, line: CelLine, call: CallId) -> events.LegStarted:
        return events.LegStarted(
            at=line.at,
            pbx=self.pbx,
            call=call,
            leg=line.leg,
            linkedid=line.linkedid,
            channel=line.channel,
            caller_number=line.caller_number,
            caller_name=line.caller_name,
            dialled=line.dialled,
            inbound=line.leg == ChannelId(line.linkedid) and line.dialled not in ("", "s"),
            extension=self.extension(words.phone_of_channel(line.channel)),
            pair=words.pair_of_channel(line.channel),
        )

    def _of_queue(
        self, line: QueueLine, at: datetime, places: "_Places", present_since: datetime | None
    ) -> Iterator[events.LegEvent]:
        if line.leg is None or line.queue is None:
            return
        call = self._call(places.linkedid(line.leg), line.at, present_since)
        of: dict[str, Any] = {"at": at, "pbx": self.pbx, "call": call, "leg": line.leg, "queue": line.queue}
        phone = self.phone(line.agent) if line.agent else None
        match line.event:
            case "ENTERQUEUE":
                yield events.CallerQueued(**of, position=_number(line, 2))
            case "ABANDON":
                yield events.CallerAbandoned(**of, wait_s=_number(line, 2))
            case "EXITWITHTIMEOUT" | "EXITWITHKEY" | "EXITEMPTY" | "WITHDRAW":
                yield events.CallerLeftQueue(**of)
            case "RINGNOANSWER" if phone is not None:
                yield events.OfferEnded(**of, extension=phone, missed=True)
            case "CONNECT" if phone is not None:
                yield events.AgentConnected(**of, extension=phone, wait_s=_number(line, 0), ring_s=_number(line, 2))
            case "COMPLETEAGENT" | "COMPLETECALLER" if phone is not None:
                yield events.AgentCompleted(**of, extension=phone, talk_s=_number(line, 1))

    def _call(self, linkedid: LinkedId, at: datetime, present_since: datetime | None) -> CallId:
        return self.call_id(linkedid, present_since is None or at >= present_since)


def _bridge(line: CelLine) -> BridgeId:
    """Return the bridge that a channel entered or left."""
    found = line.extra.get("bridge_id")
    return BridgeId(found) if isinstance(found, str) and _BRIDGE.fullmatch(found) else UNNAMED


def _number(line: QueueLine, place: int) -> int:
    """Return a number of seconds or a position; 0 where the line has none."""
    text = line.data[place] if place < len(line.data) else ""
    return int(text) if _SECONDS.fullmatch(text) else 0


class _Places:
    """Where in CEL's time the queues' lines belong."""

    def __init__(self, cel: Iterable[CelLine]) -> None:
        self._linkedids: dict[ChannelId, LinkedId] = {}
        self._starts: dict[ChannelId, datetime] = {}
        self._ends: dict[ChannelId, datetime] = {}
        self._joins: dict[ChannelId, list[datetime]] = defaultdict(list)
        for line in cel:
            self._linkedids[line.leg] = line.linkedid
            match line.event:
                case "CHAN_START":
                    self._starts[line.leg] = line.at
                case "HANGUP":
                    self._ends.setdefault(line.leg, line.at)
                case "APP_START" if line.app == "Queue":
                    self._joins[line.leg].append(line.at)

    def linkedid(self, leg: ChannelId) -> LinkedId:
        """Return the call that a caller's channel belonged to last."""
        return self._linkedids.get(leg, LinkedId(leg))

    def of(self, lines: Iterable[QueueLine]) -> Iterator[tuple[QueueLine, datetime]]:
        """Yield the lines with their times. The order that they have per caller stays as it is."""
        latest: dict[ChannelId, datetime] = {}
        for line in lines:
            at = line.at
            if line.leg is not None and not line.exact:
                at = self._placed(line, line.leg)
                at = max(at, latest.get(line.leg, at))
                latest[line.leg] = at
            yield line, at

    def _placed(self, line: QueueLine, leg: ChannelId) -> datetime:
        until = line.at + _ALMOST_A_SECOND
        if line.event == "ENTERQUEUE":
            joined = (at + _TICK for at in self._joins[leg] if line.at - timedelta(seconds=1) <= at <= until)
            return next(joined, max(line.at, self._starts.get(leg, line.at) + _TICK))
        end = self._ends.get(leg)
        return until if end is None else min(until, end - _TICK)
