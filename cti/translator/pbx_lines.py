"""Asterisk's own account of the calls, CEL and ``queue_log``, line by line.

Callers' names and numbers are in the lines. A line that is not exactly as Asterisk writes it is refused: text of a
caller may have become a line of its own. Sources: ``main/cel.c`` and ``main/logger.c`` of Asterisk 22, and what 22.10
was seen to write.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cti.domain.ids import ChannelId, LinkedId, QueueName
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
_NOBODY: Final = "NONE"


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
