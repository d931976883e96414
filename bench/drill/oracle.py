"""The oracle: every source joined to every other, and whatever has no partner or contradicts another is a finding.

Callers' own logs ⨝ CEL ⨝ ``queue_log`` ⨝ our calls ⨝ our tickets, agents' phones ⨝ our calls, acknowledged notes ⨝ kept
notes. Pure: evidence in, verdict out, so that tests can spoil one row and see it found.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from bench.drill.evidence import CallerLog, CallRow, CelCall, Evidence, PhoneLeg

END_S = 5.0
"""How far our end of a call may be from Asterisk's: a hangup in a gap is known by CEL, to the second."""

ONCE = frozenset({"ENTERQUEUE", "CONNECT", "ABANDON"})
"""What can't happen to one caller twice within a second, with nothing in between."""
GLIMPSE_S = 1.0
"""A phone may answer in the very moment in which the PBX gives up on it; such a leg is over at once."""

Item = TypeVar("Item")


class Kind(StrEnum):
    """What sort of fault a finding is."""

    LOST_CALL = "lost call"
    LOST_TICKET = "lost ticket"
    DUPLICATE = "duplicate"
    DRIFT = "drift"
    CUT = "cut"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that has no partner, or says something else than its partner."""

    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle found. Nothing found is what is promised."""

    findings: tuple[Finding, ...]
    calls: int

    def count(self, *kinds: Kind) -> int:
        """Return how many findings there are of these kinds."""
        return sum(finding.kind in kinds for finding in self.findings)


def judge(evidence: Evidence) -> Verdict:
    """Join everything."""
    checks = (_callers, _records, _tickets, _queues, _ends, _conversations, _notes)
    findings = (finding for check in checks for finding in check(evidence))
    return Verdict(tuple(dict.fromkeys(findings)), len(evidence.callers))


def _by(items: Iterable[Item], key: Callable[[Item], Hashable]) -> Mapping[Hashable, Sequence[Item]]:
    grouped: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        grouped[key(item)].append(item)
    return grouped


def _callers(evidence: Evidence) -> Iterator[Finding]:
    """Callers ⨝ CEL: each answered call is in CEL once, and CEL has no caller whom nobody played."""
    cel = _by(evidence.cel, lambda call: call.number)
    played = _by(evidence.callers, lambda caller: caller.number)
    for number, callers in played.items():
        found = len(cel.get(number, ()))
        answered = [caller for caller in callers if caller.answered_at is not None]
        if answered and not found:
            yield Finding(Kind.UNMATCHED, f"caller {number} is not in CEL")
        if found > 1 or len(callers) > 1:
            yield Finding(Kind.DUPLICATE, f"caller {number} is in CEL {found} times, called {len(callers)} times")
    for number in cel:
        if number not in played:
            yield Finding(Kind.UNMATCHED, f"CEL has caller {number}, whom nobody played")


def _records(evidence: Evidence) -> Iterator[Finding]:
    """CEL ⨝ our calls: one record each, with a terminal outcome."""
    rows = _by(evidence.calls, lambda row: row.linkedid)
    known = {call.linkedid for call in evidence.cel}
    for call in evidence.cel:
        found = rows.get(call.linkedid, ())
        if not found:
            yield Finding(Kind.LOST_CALL, f"call {call.linkedid} has no record")
        if len(found) > 1:
            yield Finding(Kind.DUPLICATE, f"call {call.linkedid} has {len(found)} records")
        for row in found:
            if row.outcome is None:
                yield Finding(Kind.LOST_CALL, f"the record of call {call.linkedid} has no outcome")
            if row.number != call.number:
                yield Finding(Kind.DRIFT, f"the record of call {call.linkedid} has another caller than CEL")
    for row in evidence.calls:
        if row.linkedid not in known:
            yield Finding(Kind.UNMATCHED, f"our call {row.linkedid} is not in CEL")


def _tickets(evidence: Evidence) -> Iterator[Finding]:
    """Our calls ⨝ our tickets: one each, both ways."""
    tickets = _by(evidence.tickets, lambda ticket: ticket.call)
    known = {row.id for row in evidence.calls}
    for row in evidence.calls:
        found = len(tickets.get(row.id, ()))
        if found == 0:
            yield Finding(Kind.LOST_TICKET, f"call {row.linkedid} has no ticket")
        if found > 1:
            yield Finding(Kind.DUPLICATE, f"call {row.linkedid} has {found} tickets")
    for call in tickets:
        if call not in known:
            yield Finding(Kind.UNMATCHED, f"a ticket is of call {call}, of which there is no record")


def _queues(evidence: Evidence) -> Iterator[Finding]:
    """``queue_log`` ⨝ CEL and our calls: who waited, who was connected, who gave up."""
    verbs = _by(evidence.queue_log, lambda event: event.callid)
    cel = {call.linkedid: call for call in evidence.cel}
    for callid, events in verbs.items():
        if callid not in cel:
            yield Finding(Kind.UNMATCHED, f"queue_log has call {callid}, which CEL has not")
        for before, event in pairwise(events):
            if event.at < before.at or (event == before and event.verb in ONCE):
                yield Finding(Kind.DUPLICATE, f"queue_log says {event.verb} of call {callid} again")
    for row in evidence.calls:
        said = {event.verb for event in verbs.get(row.linkedid, ())}
        known = cel.get(row.linkedid)
        if known is not None and row.outcome is not None:
            yield from _contradictions(row, known, said, evidence.pbx_deaths)


def _contradictions(row: CallRow, cel: CelCall, said: set[str], deaths: Sequence[float]) -> Iterator[Finding]:
    name = f"call {row.linkedid}"
    if row.queued != ("ENTERQUEUE" in said):
        yield Finding(Kind.DRIFT, f"{name}: our queue and queue_log's ENTERQUEUE do not agree")
    if died(cel, deaths):
        if row.outcome != "pbx_restart":
            yield Finding(Kind.DRIFT, f"{name} was up when the PBX died; our outcome is {row.outcome}")
        return
    talked = "CONNECT" in said
    if talked and not cel.bridged:
        yield Finding(Kind.UNMATCHED, f"{name}: queue_log has CONNECT, CEL no bridge")
    if cel.bridged != (row.outcome == "answered"):
        yield Finding(Kind.DRIFT, f"{name}: bridged is {cel.bridged} in CEL; our outcome is {row.outcome}")
    if row.queued and not talked and ("ABANDON" in said) != (row.outcome == "abandoned"):
        yield Finding(Kind.DRIFT, f"{name}: queue_log has {' '.join(sorted(said))}; our outcome is {row.outcome}")
    if cel.bridged and "ENTERQUEUE" in said and not talked:
        yield Finding(Kind.UNMATCHED, f"{name}: CEL has a bridge, queue_log no CONNECT")


def died(cel: CelCall, deaths: Sequence[float]) -> bool:
    """Tell whether this call was up when the PBX was killed: nothing more was written of it."""
    return cel.ended_at is None and any(cel.started_at <= death for death in deaths)


def _ends(evidence: Evidence) -> Iterator[Finding]:
    """When it was over: the caller, CEL and our record agree."""
    rows = {row.linkedid: row for row in evidence.calls}
    callers = {caller.number: caller for caller in evidence.callers}
    for call in evidence.cel:
        if died(call, evidence.pbx_deaths):
            continue
        caller, row = callers.get(call.number), rows.get(call.linkedid)
        if call.ended_at is None:
            yield Finding(Kind.UNMATCHED, f"CEL has no end of call {call.linkedid}")
            continue
        if row is not None and row.ended_at is not None and abs(row.ended_at - call.ended_at) > END_S:
            off = row.ended_at - call.ended_at
            yield Finding(Kind.DRIFT, f"call {call.linkedid} ended {off:+.0f} s from when CEL has it")
        if caller is not None and caller.ended_at is not None and abs(caller.ended_at - call.ended_at) > END_S:
            off = caller.ended_at - call.ended_at
            yield Finding(Kind.UNMATCHED, f"caller {call.number} ended {off:+.0f} s from when CEL has it")


def _conversations(evidence: Evidence) -> Iterator[Finding]:
    """Phones ⨝ CEL, ``queue_log`` and callers: the same conversations, and only a caller or an agent ends one."""
    taken = _by((leg for leg in evidence.phones if leg.answered_at is not None), lambda leg: leg.linkedid)
    connects = Counter(event.callid for event in evidence.queue_log if event.verb == "CONNECT")
    callers = {caller.number: caller for caller in evidence.callers}
    cel = {call.linkedid: call for call in evidence.cel}
    for linkedid in taken:
        if linkedid not in cel:
            yield Finding(Kind.UNMATCHED, f"a phone took call {linkedid}, which CEL has not")
    for call in evidence.cel:
        legs = taken.get(call.linkedid, ())
        if died(call, evidence.pbx_deaths):
            continue
        if not len([leg for leg in legs if not _is_glimpse(leg)]) <= connects[call.linkedid] <= len(legs):
            told = f"{len(legs)} phones took it, queue_log has {connects[call.linkedid]} CONNECT"
            yield Finding(Kind.UNMATCHED, f"call {call.linkedid}: {told}")
        if legs and _was_cut(callers.get(call.number), legs):
            yield Finding(Kind.CUT, f"nobody hung up call {call.linkedid}, and it was over")


def _is_glimpse(leg: PhoneLeg) -> bool:
    return leg.answered_at is not None and leg.ended_at is not None and leg.ended_at - leg.answered_at < GLIMPSE_S


def _was_cut(caller: CallerLog | None, legs: Sequence[PhoneLeg]) -> bool:
    return caller is not None and caller.ended_by == "hotline" and all(leg.ended_by == "pbx" for leg in legs)


def _notes(evidence: Evidence) -> Iterator[Finding]:
    """What agents were told is kept ⨝ what is kept: once, on that ticket."""
    kept = _by(evidence.notes, lambda note: note.text)
    tickets = {ticket.id: ticket for ticket in evidence.tickets}
    for ticket, text in evidence.acknowledged:
        found = kept.get(text, ())
        if not any(note.ticket == ticket for note in found):
            yield Finding(Kind.LOST_TICKET, f"an acknowledged note on ticket {ticket} is gone")
        if len(found) > 1:
            yield Finding(Kind.DUPLICATE, f"a note on ticket {ticket} is there {len(found)} times")
        row = tickets.get(ticket)
        if row is not None and evidence.disposition and row.disposition != evidence.disposition:
            yield Finding(Kind.LOST_TICKET, f"the acknowledged disposition of ticket {ticket} is gone")
