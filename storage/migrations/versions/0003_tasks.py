"""Tasks on tickets: callers whom nobody spoke with are called back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WAITS = sa.text("task IS NOT NULL AND task_done_at IS NULL")


def upgrade() -> None:
    """Go to this step."""
    op.add_column("tickets", sa.Column("task", sa.String(length=16), nullable=True))
    op.add_column("tickets", sa.Column("task_done_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_tickets_task_known"), "tickets", "task IN ('call_back')")
    op.create_index("ix_tickets_tasks", "tickets", ["opened_at", "id"], postgresql_where=_WAITS)
    op.create_index("ix_tickets_tasks_number", "tickets", ["caller_number_e164"], postgresql_where=_WAITS)
    op.create_index("ix_tickets_tasks_account", "tickets", ["account"], postgresql_where=_WAITS)


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_index("ix_tickets_tasks_account", table_name="tickets")
    op.drop_index("ix_tickets_tasks_number", table_name="tickets")
    op.drop_index("ix_tickets_tasks", table_name="tickets")
    op.drop_constraint(op.f("ck_tickets_task_known"), "tickets")
    op.drop_column("tickets", "task_done_at")
    op.drop_column("tickets", "task")
