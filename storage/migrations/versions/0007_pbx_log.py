"""What a PBX elsewhere writes of its calls itself, and calls whose end nobody saw."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CEL = ("cid_name", "cid_num", "exten", "channame", "appname", "uniqueid", "linkedid", "peer", "extra")
QUEUE = ("time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5")


def upgrade() -> None:
    """Go to this step."""
    op.add_column("calls", sa.Column("end_assumed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    _make("pbx_cel", _said("eventtype"), sa.Column("eventtime", sa.Double(), nullable=False), *map(_said, CEL))
    _make("pbx_queue_log", *map(_said, QUEUE))


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("pbx_queue_log")
    op.drop_table("pbx_cel")
    op.drop_column("calls", "end_assumed")


def _said(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _make(name: str, *columns: "sa.Column[str]") -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("pbx", sa.Text(), server_default=sa.text("CURRENT_USER"), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_place", name, ["pbx", "id"])
