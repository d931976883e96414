"""What callers leave with us: wishes to be called back, ratings, messages."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('dialling', 'waiting')")
_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Go to this step."""
    op.add_column("calls", sa.Column("callback_of", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_calls_callback_of", "calls", ["callback_of"], postgresql_where=sa.text("callback_of IS NOT NULL")
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("number_e164", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("account", sa.String(length=32), nullable=True),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", _TIME, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'dialling', 'reached', 'unreached', 'cancelled')",
            name=op.f("ck_callbacks_state_known"),
        ),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_callbacks_language_known")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_callbacks_attempts_not_negative")),
        sa.CheckConstraint("priority >= 0", name=op.f("ck_callbacks_priority_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("call_id", name=op.f("uq_callbacks_call_id")),
    )
    op.create_index("uq_callbacks_number_open", "callbacks", ["number_e164"], unique=True, postgresql_where=_OPEN)
    op.create_index("ix_callbacks_open", "callbacks", ["since", "id"], postgresql_where=_OPEN)
    op.create_table(
        "surveys",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_surveys")),
    )
    op.create_table(
        "ratings",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("survey", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_ratings_mark_known")),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_ratings_language_known")),
        sa.PrimaryKeyConstraint("call_id", "survey", "question", name=op.f("pk_ratings")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_messages_language_known")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_messages_seconds_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_call_id", "messages", ["call_id"])


def downgrade() -> None:
    """Go back to the step before."""
    for table in ("messages", "ratings", "surveys", "callbacks"):
        op.drop_table(table)
    op.drop_index("ix_calls_callback_of", table_name="calls")
    op.drop_column("calls", "callback_of")
