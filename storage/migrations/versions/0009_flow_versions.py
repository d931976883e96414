"""Versions of the phone menus, and which one a call went through."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "flow_versions",
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=200), server_default="", nullable=False),
        sa.Column("back_to", sa.Integer(), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_flow_versions_version_positive")),
        sa.CheckConstraint("back_to < version", name=op.f("ck_flow_versions_back_to_earlier")),
        sa.PrimaryKeyConstraint("flow", "version", name=op.f("pk_flow_versions")),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_to_rewrite_flows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'versions of flows are never changed or deleted' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER flow_versions_append_only BEFORE UPDATE OR DELETE ON flow_versions
        FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_flows()
        """
    )
    op.add_column("calls", sa.Column("ivr_version", sa.Integer(), nullable=True))
    op.create_index(
        "ix_calls_ivr", "calls", ["ivr_flow", "started_at"], postgresql_where=sa.text("ivr_flow IS NOT NULL")
    )


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_index("ix_calls_ivr", table_name="calls")
    op.drop_column("calls", "ivr_version")
    op.drop_table("flow_versions")
    op.execute("DROP FUNCTION refuse_to_rewrite_flows()")
