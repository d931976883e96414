"""What callers leave with us: promises to call back, ratings, messages."""

import sqlalchemy as sa

from cti.domain.callbacks import OPEN, CallbackState
from storage.schema.columns import E164, Time, key, metadata, not_negative, one_of

callbacks = sa.Table(
    "callbacks",
    metadata,
    key(),
    sa.Column("call_id", sa.Uuid(), nullable=False, unique=True),
    sa.Column("queue", sa.String(32), nullable=False),
    sa.Column("since", Time, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("number_e164", E164, nullable=False),
    sa.Column("language", sa.String(2)),
    sa.Column("account", sa.String(32)),
    sa.Column("asked_at", Time, nullable=False),
    sa.Column("next_at", Time, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("state_since", Time, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    one_of("state", CallbackState),
    one_of("language", ("zh", "en")),
    *not_negative("attempts", "priority"),
)
"""Promises to call back. A call is not referred to by key: its record may be written later than the promise."""
_OPEN = callbacks.c.state.in_(sorted(OPEN))
sa.Index("uq_callbacks_number_open", callbacks.c.number_e164, unique=True, postgresql_where=_OPEN)
sa.Index("ix_callbacks_open", callbacks.c.since, callbacks.c.id, postgresql_where=_OPEN)

surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("call_id", sa.Uuid(), primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("asked", sa.Boolean, nullable=False),
)
"""Callers who could have been asked for a rating, and whether they were: the others are the hold-out."""

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("call_id", sa.Uuid(), primary_key=True),
    sa.Column("survey", sa.String(64), primary_key=True),
    sa.Column("question", sa.String(32), primary_key=True),
    sa.Column("mark", sa.SmallInteger, nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.CheckConstraint("mark BETWEEN 1 AND 5", name="mark_known"),
    one_of("language", ("zh", "en")),
)

messages = sa.Table(
    "messages",
    metadata,
    key(),
    sa.Column("call_id", sa.Uuid(), nullable=False),
    sa.Column("purpose", sa.String(64), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("account", sa.String(32)),
    sa.Column("at", Time, nullable=False),
    one_of("language", ("zh", "en")),
    *not_negative("seconds"),
)
"""What callers said after a tone. The sound is a file of the same id; see ``cti.services.messages``."""
sa.Index("ix_messages_call_id", messages.c.call_id)
