"""Figures: what agents spent their time on, and the tallies of each quarter of an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "agent_times",
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("doing", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=True),
        sa.CheckConstraint("doing IN ('available', 'on_call', 'wrap_up')", name=op.f("ck_agent_times_doing_known")),
        sa.CheckConstraint("until > since", name=op.f("ck_agent_times_until_later")),
        sa.PrimaryKeyConstraint("agent", "since", name=op.f("pk_agent_times")),
    )
    op.create_index("ix_agent_times_until", "agent_times", ["until"], unique=False)
    op.create_table(
        "kpi_intervals",
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("computed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("longest_wait_s", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("into_ivr", sa.Integer(), nullable=False),
        sa.Column("self_served", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("flowed_out", sa.Integer(), nullable=False),
        sa.Column("callbacks", sa.Integer(), nullable=False),
        sa.Column("wait_answered_s", sa.Integer(), nullable=False),
        sa.Column("wait_abandoned_s", sa.Integer(), nullable=False),
        sa.Column("wait_flowed_out_s", sa.Integer(), nullable=False),
        sa.Column("talk_s", sa.Integer(), nullable=False),
        sa.Column("hold_s", sa.Integer(), nullable=False),
        sa.Column("wrap_up_s", sa.Integer(), nullable=False),
        sa.Column("on_call_s", sa.Integer(), nullable=False),
        sa.Column("available_s", sa.Integer(), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("rated", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("very_satisfied", sa.Integer(), nullable=False),
        sa.Column("answered_in_5_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_10_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_15_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_20_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_30_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_45_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_60_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_90_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_120_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_180_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_300_s", sa.Integer(), nullable=False),
        sa.Column("answered_in_600_s", sa.Integer(), nullable=False),
        sa.Column("answered_later", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_5_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_10_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_15_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_20_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_30_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_45_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_60_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_90_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_120_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_180_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_300_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_in_600_s", sa.Integer(), nullable=False),
        sa.Column("abandoned_later", sa.Integer(), nullable=False),
        sa.CheckConstraint("extract(epoch FROM at)::bigint % 900 = 0", name=op.f("ck_kpi_intervals_at_is_a_quarter")),
        sa.UniqueConstraint(
            "at", "queue", "agent", name=op.f("uq_kpi_intervals_at_queue_agent"), postgresql_nulls_not_distinct=True
        ),
    )


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("kpi_intervals")
    op.drop_index("ix_agent_times_until", table_name="agent_times")
    op.drop_table("agent_times")
