"""Calls keep each visit to a queue and each conversation, and which call they became part of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    for name in ("visits", "talks"):
        op.add_column("calls", sa.Column(name, pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")))
    op.add_column("calls", sa.Column("merged_into", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Go back from this step."""
    for name in ("merged_into", "talks", "visits"):
        op.drop_column("calls", name)
