"""The passages of a call, as JSON in its row: its visits to queues, and its conversations.

What is only of use while the call lives (whether somebody is on hold just now) is not kept.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Talk, TalkKind, Visit, VisitEnd

Json = Mapping[str, Any]


def visit_rows(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Return visits as they are kept."""
    return [
        {
            "queue": visit.queue,
            "since": visit.since.isoformat(),
            "until": _text(visit.until),
            "wait_s": visit.wait_s,
            "end": visit.end,
        }
        for visit in visits
    ]


def talk_rows(talks: Sequence[Talk]) -> list[dict[str, Any]]:
    """Return conversations as they are kept."""
    return [
        {
            "extension": talk.extension,
            "agent": talk.agent,
            "since": talk.since.isoformat(),
            "until": _text(talk.until),
            "hold_s": talk.hold_s,
            "holds": talk.holds,
            "kind": talk.kind,
            "queue": talk.queue,
        }
        for talk in talks
    ]


def visits_of(rows: Sequence[Json]) -> tuple[Visit, ...]:
    """Return visits from how they are kept."""
    return tuple(
        Visit(
            queue=QueueName(row["queue"]),
            since=datetime.fromisoformat(row["since"]),
            until=_time(row["until"]),
            wait_s=row["wait_s"],
            end=None if row["end"] is None else VisitEnd(row["end"]),
        )
        for row in rows
    )


def talks_of(rows: Sequence[Json]) -> tuple[Talk, ...]:
    """Return conversations from how they are kept."""
    return tuple(
        Talk(
            extension=Extension(row["extension"]),
            agent=None if row["agent"] is None else AgentId(row["agent"]),
            since=datetime.fromisoformat(row["since"]),
            until=_time(row["until"]),
            hold_s=row["hold_s"],
            holds=row["holds"],
            kind=TalkKind(row["kind"]),
            queue=None if row["queue"] is None else QueueName(row["queue"]),
        )
        for row in rows
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
