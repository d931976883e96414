"""Rows of the tables as the records that we hand out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from asyncpg import Record

from cti.domain.model import Call, IvrStep, Outcome
from storage.passages import talk_rows, talks_of, visit_rows, visits_of
from storage.records import (
    CallRecord,
    Category,
    Disposition,
    EntryKind,
    Task,
    Ticket,
    TicketBrief,
    TicketEntry,
    TicketStatus,
)
from storage.schema import calls, tickets
from storage.text import storable

CALL_COLUMNS = tuple(column for column in calls.c if column.name != "stage_since")
CALL_WITH_TICKET = (*CALL_COLUMNS, tickets.c.id.label("ticket_id"))
_UNSEEN_OF_TICKET = ("call_id", "by_hand", "caller_number_e164", "call_ended_at")
TICKET_COLUMNS = tuple(column for column in tickets.c if column.name not in _UNSEEN_OF_TICKET)
BRIEF_COLUMNS = tuple(tickets.c[name] for name in TicketBrief.__dataclass_fields__)

Row = sa.RowMapping | Record | Mapping[str, Any]

_LONGEST_TEXT = 256
_SMALL_TEXT = 64


def call_row(call: Call, number_e164: str | None) -> dict[str, Any]:
    """Return what is kept of ``call``. What callers wrote is cut to a bound and made storable."""
    return {
        "id": call.id,
        "pbx": call.pbx,
        "linkedid": storable(call.linkedid, 150),
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "stage_since": call.stage_since,
        "caller_number": storable(call.caller_number, _LONGEST_TEXT),
        "caller_number_e164": number_e164,
        "caller_name": storable(call.caller_name, _LONGEST_TEXT),
        "dialled": storable(call.dialled, _LONGEST_TEXT),
        "inbound": call.inbound,
        "language": call.language,
        "account": _bounded(call.account, 32),
        "verified": call.verified,
        "ivr_flow": _bounded(call.ivr_flow, _SMALL_TEXT),
        "ivr_version": call.ivr_version,
        "ivr_path": [_step_row(step) for step in call.ivr_path],
        "visits": visit_rows(call.visits),
        "talks": talk_rows(call.talks),
        "merged_into": call.merged_into,
        "ivr_served": call.ivr_served,
        "queue": _bounded(call.queue, 32),
        "queued_at": call.queued_at,
        "wait_s": max(call.wait_s, 0),
        "agent": _bounded(call.agent, _SMALL_TEXT),
        "answered_at": call.answered_at,
        "talk_s": max(call.talk_s, 0),
        "hold_s": max(call.hold_s, 0),
        "holds": call.holds,
        "outcome": call.outcome,
        "cause": call.cause,
        "end_assumed": call.end_assumed,
        "callback_of": call.callback_of,
    }


def _bounded(text: str | None, longest: int) -> str | None:
    return None if text is None else storable(text, longest)


def _step_row(step: IvrStep) -> dict[str, Any]:
    return {
        "step": storable(step.step, _SMALL_TEXT),
        "way": storable(step.way, _SMALL_TEXT),
        "at": step.at.isoformat(),
        "took_ms": step.took_ms,
        "keyed": storable(step.keyed, _SMALL_TEXT),
        "silent": step.silent,
    }


def call_record(row: Row) -> CallRecord:
    """Return the record of a row of ``CALL_WITH_TICKET``."""
    values = {name: row[name] for name in CallRecord.__dataclass_fields__}
    values["ivr_path"] = tuple(IvrStep(**step | {"at": datetime.fromisoformat(step["at"])}) for step in row["ivr_path"])
    values["visits"], values["talks"] = visits_of(row["visits"]), talks_of(row["talks"])
    values["outcome"] = None if row["outcome"] is None else Outcome(row["outcome"])
    return CallRecord(**values)


def ticket_record(row: Row, call: CallRecord | None, entries: tuple[TicketEntry, ...] = ()) -> Ticket:
    """Return the record of a row of ``TICKET_COLUMNS``."""
    values = {column.name: row[column.name] for column in TICKET_COLUMNS}
    values["category"] = None if row["category"] is None else Category(row["category"])
    values["disposition"] = None if row["disposition"] is None else Disposition(row["disposition"])
    values["status"] = TicketStatus(row["status"])
    values["task"] = None if row["task"] is None else Task(row["task"])
    return Ticket(**values, call=call, entries=entries)


def ticket_brief(row: Row) -> TicketBrief:
    """Return the record of a row of ``BRIEF_COLUMNS``."""
    values = {column.name: row[column.name] for column in BRIEF_COLUMNS}
    values["category"] = None if row["category"] is None else Category(row["category"])
    values["status"] = TicketStatus(row["status"])
    return TicketBrief(**values)


def ticket_entry(row: sa.RowMapping) -> TicketEntry:
    """Return the record of a row of ``ticket_entries``."""
    changes = {name: (before, after) for name, (before, after) in row["changes"].items()}
    return TicketEntry(at=row["at"], by=row["by"], kind=EntryKind(row["kind"]), text=row["text"], changes=changes)
