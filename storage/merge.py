"""How a save of a call meets what is kept of it already.

Saves may come late, twice, in the wrong order, and after a restart from a centre that knows only the second half of
the call. So what was learned is never unlearned: a known value gives way to a newer known value only, counters never
shrink, and an end stays an end.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.dml import ReturningInsert

from storage.prepared import Prepared
from storage.schema import calls

NEWER_WINS = (
    "language", "account", "ivr_flow", "ivr_version", "queue", "queued_at", "agent", "answered_at",
    "caller_number_e164", "callback_of", "merged_into",
)  # fmt: skip
"""Unknown is NULL: a newer value replaces an older one, nothing replaces a value by NULL."""
NEWER_TEXT_WINS = ("caller_number", "caller_name", "dialled")
"""Unknown is the empty string."""
GROWS = ("wait_s", "talk_s", "hold_s", "holds")
END = ("ended_at", "outcome", "cause", "end_assumed")


def _upsert() -> ReturningInsert[Any]:
    insert = pg.insert(calls)
    new: Any = insert.excluded
    newer = sa.or_(
        sa.and_(new.ended_at.is_not(None), calls.c.ended_at.is_(None)),
        sa.and_(
            new.ended_at.is_not(None) == calls.c.ended_at.is_not(None),
            new.stage_since >= calls.c.stage_since,
        ),
    )
    return insert.on_conflict_do_update(index_elements=[calls.c.id], set_=_merged(new, newer)).returning(calls)


def _merged(new: Any, newer: sa.ColumnElement[bool]) -> dict[str, Any]:
    old = calls.c
    merged: dict[str, Any] = {name: _prefer(newer, new[name], old[name]) for name in NEWER_WINS}
    for name in NEWER_TEXT_WINS:
        merged[name] = sa.func.coalesce(_prefer(newer, _known(new[name]), _known(old[name])), "")
    for name in GROWS:
        merged[name] = sa.func.greatest(new[name], old[name])
    longer = sa.func.jsonb_array_length(new.ivr_path) >= sa.func.jsonb_array_length(old.ivr_path)
    merged["ivr_path"] = sa.case((longer, new.ivr_path), else_=old.ivr_path)
    for name in ("visits", "talks"):
        merged[name] = _fuller(newer, new[name], old[name])
    merged["ivr_served"] = sa.or_(new.ivr_served, old.ivr_served)
    merged["verified"] = _verified(new, newer)
    merged["started_at"] = sa.func.least(new.started_at, old.started_at)
    merged["stage_since"] = sa.case((newer, new.stage_since), else_=old.stage_since)
    ends = sa.and_(newer, new.ended_at.is_not(None))
    merged |= {name: sa.case((ends, new[name]), else_=old[name]) for name in END}
    return merged


def _verified(new: Any, newer: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A PIN stays checked as long as the account stays the same."""
    old = calls.c
    return sa.case(
        (new.account.is_(None), old.verified),
        (old.account.is_(None), new.verified),
        (new.account == old.account, sa.or_(new.verified, old.verified)),
        (newer, new.verified),
        else_=old.verified,
    )


def _fuller(newer: sa.ColumnElement[bool], new: Any, old: Any) -> sa.ColumnElement[Any]:
    """A list that only grows: the longer one has it all, of equal ones the newer has the ends."""
    new_length, old_length = sa.func.jsonb_array_length(new), sa.func.jsonb_array_length(old)
    wins = sa.or_(new_length > old_length, sa.and_(new_length == old_length, newer))
    return sa.case((wins, new), else_=old)


def _prefer(newer: sa.ColumnElement[bool], new: Any, old: Any) -> sa.ColumnElement[Any]:
    return sa.case((newer, sa.func.coalesce(new, old)), else_=sa.func.coalesce(old, new))


def _known(text: Any) -> Any:
    return sa.func.nullif(text, "")


UPSERT: Final = Prepared(_upsert())
"""Adds a row to the calls or merges it with the one that is there; returns what is then kept. Long, so built once."""
