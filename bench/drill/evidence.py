"""What everybody wrote down about the same calls: Asterisk in CEL and ``queue_log``, we in our tables.

Nothing is judged here, and no code of the product is used: files are read as Asterisk writes them, tables with SQL.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

TRUNK = "PJSIP/trunk-"


@dataclass(slots=True)
class CelCall:
    """One call from outside as CEL has it. ``bridged``: somebody talked with the caller."""

    linkedid: str
    number: str = ""
    started_at: float = 0.0
    ended_at: float | None = None
    bridged: bool = False


@dataclass(frozen=True, slots=True)
class QueueEvent:
    """One line of ``queue_log`` about a caller."""

    at: float
    callid: str
    verb: str


@dataclass(frozen=True, slots=True)
class CallRow:
    """One of our call records."""

    id: str
    linkedid: str
    number: str
    outcome: str | None
    queued: bool
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One of our tickets of a call."""

    id: str
    call: str
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note on one of our tickets."""

    ticket: str
    text: str


@dataclass(frozen=True, slots=True)
class PhoneLeg:
    """A call that an agent's phone took, as the phone has it."""

    linkedid: str
    answered_at: float | None
    ended_at: float | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class CallerLog:
    """A call as its caller has it."""

    number: str
    dialled_at: float
    answered_at: float | None
    ended_at: float | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it, about one stretch of time. ``acknowledged`` are (ticket, text) that agents were told are kept."""

    callers: tuple[CallerLog, ...]
    phones: tuple[PhoneLeg, ...]
    cel: tuple[CelCall, ...]
    queue_log: tuple[QueueEvent, ...]
    calls: tuple[CallRow, ...]
    tickets: tuple[TicketRow, ...]
    notes: tuple[NoteRow, ...]
    acknowledged: tuple[tuple[str, str], ...]
    disposition: str = ""
    pbx_deaths: tuple[float, ...] = ()


@dataclass(slots=True)
class _Cel:
    calls: dict[str, CelCall] = field(default_factory=dict)

    def take(self, row: list[str]) -> None:
        kind, at, number, channel, uniqueid, linkedid = row[0], float(row[1]), row[3], row[6], row[8], row[9]
        first = uniqueid == linkedid
        if first and channel.startswith(TRUNK):
            call = self.calls.setdefault(linkedid, CelCall(linkedid, started_at=at))
            call.number = call.number or number
            call.bridged |= kind == "BRIDGE_ENTER"
        known = self.calls.get(linkedid)
        if kind == "LINKEDID_END" and known is not None:
            known.ended_at = at


def read_cel(path: Path) -> tuple[CelCall, ...]:
    """Return the calls that came over the trunk. The last line may have been cut off by a killed Asterisk."""
    cel = _Cel()
    for row in csv.reader(io.StringIO(_text(path))):
        if len(row) >= 10:
            cel.take(row)
    return tuple(cel.calls.values())


def read_queue_log(path: Path) -> tuple[QueueEvent, ...]:
    """Return the lines about callers. Who made ``queue_log`` has no escape for ``|``, so only whole heads count."""
    return tuple(_queue_events(_text(path).splitlines()))


def _queue_events(lines: Iterable[str]) -> Iterator[QueueEvent]:
    for line in lines:
        fields = line.split("|")
        if len(fields) >= 5 and fields[1] not in ("", "NONE", "MANAGER", "REALTIME") and _is_number(fields[0]):
            yield QueueEvent(float(fields[0]), fields[1], fields[4])


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b"").decode(errors="replace")
    except FileNotFoundError:
        return ""


CALLS = """
SELECT id::text, linkedid, caller_number, outcome, queue IS NOT NULL AS queued,
       extract(epoch FROM ended_at)::float8 AS ended_at
FROM calls
"""
TICKETS = "SELECT id::text, call_id::text, disposition FROM tickets WHERE call_id IS NOT NULL"
NOTES = "SELECT ticket_id::text, text FROM ticket_entries WHERE text <> ''"
