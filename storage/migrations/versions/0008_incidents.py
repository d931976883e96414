"""Incidents: what is wrong with the water of a zone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=16), nullable=True),
        sa.Column("streets_zh", sa.Text(), nullable=False),
        sa.Column("streets_en", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "kind IN ('do_not_drink', 'burst', 'no_water', 'turbid', 'low_pressure', 'planned')",
            name=op.f("ck_incidents_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_newest", "incidents", [sa.literal_column("since DESC"), sa.literal_column("id DESC")])
    op.create_index("ix_incidents_going_on", "incidents", ["since"], postgresql_where=sa.text("ended_at IS NULL"))


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("incidents")
