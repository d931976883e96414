"""From Asterisk's own account of the calls, CEL and ``queue_log``, to the facts that it is an account of.

What the AMI link could not tell (it was down, or we were) is told by these lines as the same facts, with their real
times, so a call that ended unseen, or came and went unseen, gets the very record that it would have got.

CEL has microseconds; ``queue_log`` in a file has whole seconds (in a table it has all). Such a line is put as late in
its second as can be, but before the caller's hangup, and where CEL knows better, there (a caller joins the queue when
the application starts). Sources: ``main/cel.c``, ``main/logger.c`` and ``apps/app_queue.c`` of Asterisk 22, and what
22.10 was seen to write.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from cti.domain import events
from cti.domain.ids import UNNAMED, BridgeId, CallId, ChannelId, Extension, LinkedId, PbxName
from cti.translator import words
from cti.translator.pbx_lines import CelLine, QueueLine
from cti.translator.pbx_lives import Lives

_BRIDGE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,7}")
_ALMOST_A_SECOND: Final = timedelta(microseconds=999_998)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the lines tell, oldest first.

    ``former`` are the calls that were in a life of the PBX before its present one. Those of them that had not ended by
    then end with it: they are lost, and that is told last of them. ``lost_at``: when the first of those lives ended.
    """

    facts: tuple[events.LegEvent | events.CallGone, ...] = ()
    former: frozenset[CallId] = frozenset()
    lost_at: datetime | None = None

    @property
    def calls(self) -> frozenset[CallId]:
        """The calls that it tells of."""
        return frozenset(fact.call for fact in self.facts)

    def split(self) -> "tuple[Chapter, Chapter]":
        """Return what is told of calls in former lives of the PBX, and of those in its present one."""
        return self.only(lambda call: call in self.former), self.only(lambda call: call not in self.former)

    def only(self, wanted: Callable[[CallId], bool]) -> "Chapter":
        """Return the chapter with some calls' facts only."""
        return replace(self, facts=tuple(fact for fact in self.facts if wanted(fact.call)))


@dataclass(frozen=True, slots=True)
class Teller:
    """Knows whose calls, phones and ids the lines speak of.

    ``call_id`` gives our id of a call, told whether it is in the PBX's present life; ``phone`` the phone of a member
    by the name that the queue logs, None if it is nobody's we know.
    """

    pbx: PbxName
    call_id: Callable[[LinkedId, bool], CallId]
    phone: Callable[[str], Extension | None]
    extension: Callable[[Extension | None], Extension | None] = lambda extension: extension
    """Returns a phone of a channel's as one of this PBX."""

    def chapter(
        self, cel: Sequence[CelLine], queue: Sequence[QueueLine], *, seen_until: datetime | None = None
    ) -> Chapter:
        """Return the facts that these lines are an account of.

        ``seen_until``: when a link that is down now ended, which the PBX may have lived to see.
        """
        lives, places = Lives(cel, queue, seen_until=seen_until), _Places(cel)
        facts = [
            *(fact for line in cel for fact in self._of_channel(line, lives)),
            *(fact for line, at in places.of(queue) for fact in self._of_queue(line, at, places, lives)),
        ]
        facts.sort(key=lambda fact: fact.at)
        lost = tuple(self._lost(cel, lives))
        linkedids = {line.linkedid for line in cel} | {places.linkedid(line.leg) for line in queue if line.leg}
        former = frozenset(self._call(of, lives) for of in linkedids if lives.lost_with(of) is not None)
        return Chapter((*facts, *lost), former, lives.lost_at)

    def _lost(self, cel: Sequence[CelLine], lives: Lives) -> Iterator[events.CallGone]:
        """Yield the end of each call that had none when the PBX died."""
        ended = {line.linkedid for line in cel if line.event == "LINKEDID_END"}
        for linkedid in dict.fromkeys(line.linkedid for line in cel):
            at = lives.lost_with(linkedid)
            if at is not None and linkedid not in ended:
                call = self._call(linkedid, lives)
                yield events.CallGone(at=at, pbx=self.pbx, call=call, assumed=False, restart=True)

    def _of_channel(self, line: CelLine, lives: Lives) -> Iterator[events.LegEvent | events.CallGone]:
        call = self._call(line.linkedid, lives)
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

    def _of_queue(self, line: QueueLine, at: datetime, places: "_Places", lives: Lives) -> Iterator[events.LegEvent]:
        if line.leg is None or line.queue is None:
            return
        call = self._call(places.linkedid(line.leg), lives)
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

    def _call(self, linkedid: LinkedId, lives: Lives) -> CallId:
        return self.call_id(linkedid, lives.lost_with(linkedid) is None)


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
