"""The record of every call, whatever became of it."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from cti.domain.model import Outcome
from storage.schema.columns import E164, Time, key, metadata, newest, not_negative, one_of

calls = sa.Table(
    "calls",
    metadata,
    key(),
    sa.Column("pbx", sa.String(32), nullable=False),
    sa.Column("linkedid", sa.String(150), nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("ended_at", Time),
    sa.Column("stage_since", Time, nullable=False),
    sa.Column("caller_number", sa.Text, nullable=False, server_default=""),
    sa.Column("caller_number_e164", E164),
    sa.Column("caller_name", sa.Text, nullable=False, server_default=""),
    sa.Column("dialled", sa.Text, nullable=False, server_default=""),
    sa.Column("inbound", sa.Boolean, nullable=False),
    sa.Column("language", sa.String(2)),
    sa.Column("account", sa.String(32)),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("ivr_flow", sa.Text),
    sa.Column("ivr_path", pg.JSONB, nullable=False),
    sa.Column("ivr_served", sa.Boolean, nullable=False),
    sa.Column("queue", sa.String(32)),
    sa.Column("queued_at", Time),
    sa.Column("wait_s", sa.Integer, nullable=False),
    sa.Column("agent", sa.String(64)),
    sa.Column("answered_at", Time),
    sa.Column("talk_s", sa.Integer, nullable=False),
    sa.Column("hold_s", sa.Integer, nullable=False),
    sa.Column("holds", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("cause", sa.Integer),
    sa.Column("callback_of", sa.Uuid()),
    sa.Column("end_assumed", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("ivr_version", sa.Integer),
    sa.Column("visits", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("talks", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("merged_into", sa.Uuid()),
    one_of("language", ("zh", "en")),
    one_of("outcome", Outcome),
    sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_has_outcome"),
    *not_negative("wait_s", "talk_s", "hold_s", "holds"),
)
newest("ix_calls_newest", (), calls.c.started_at, calls.c.id)
newest("ix_calls_number", (calls.c.caller_number_e164,), calls.c.started_at, calls.c.id)
newest("ix_calls_account", (calls.c.account,), calls.c.started_at, calls.c.id)
newest("ix_calls_agent", (calls.c.agent,), calls.c.started_at, calls.c.id)
sa.Index("ix_calls_ivr", calls.c.ivr_flow, calls.c.started_at, postgresql_where=calls.c.ivr_flow.is_not(None))
sa.Index("ix_calls_callback_of", calls.c.callback_of, postgresql_where=calls.c.callback_of.is_not(None))
newest("ix_calls_outcome", (calls.c.outcome,), calls.c.started_at, calls.c.id)
sa.Index("ix_calls_unfinished", calls.c.pbx, calls.c.started_at, postgresql_where=calls.c.ended_at.is_(None))
