"""The journal: every event of the centre, by month, and snapshots to begin from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "journal",
        sa.Column("pbx", sa.String(length=32), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("linkedid", sa.String(length=160), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("body", pg.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "boot", "linkedid", "position", "at", name=op.f("pk_journal")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_journal_at_position", "journal", ["at", "position"], unique=False)
    op.create_index("ix_journal_position", "journal", ["position"], unique=False)
    op.create_index(
        "ix_journal_starts",
        "journal",
        ["kind", "position"],
        unique=False,
        postgresql_where=sa.text("kind = 'CentreStarted'"),
    )
    op.execute("CREATE TABLE journal_rest PARTITION OF journal DEFAULT")
    op.create_table(
        "journal_snapshots",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_journal_snapshots")),
    )
    op.create_index("ix_journal_snapshots_at", "journal_snapshots", ["at"], unique=False)


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("journal_snapshots")
    op.drop_table("journal")
