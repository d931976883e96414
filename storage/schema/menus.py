"""The phone menus, version by version."""

import sqlalchemy as sa

from storage.schema.columns import Time, metadata

flow_versions = sa.Table(
    "flow_versions",
    metadata,
    sa.Column("flow", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("made_at", Time, nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("comment", sa.String(200), nullable=False, server_default=""),
    sa.Column("back_to", sa.Integer),
    sa.CheckConstraint("version > 0", name="version_positive"),
    sa.CheckConstraint("back_to < version", name="back_to_earlier"),
)

FLOWS_APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_to_rewrite_flows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'versions of flows are never changed or deleted' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER flow_versions_append_only BEFORE UPDATE OR DELETE ON flow_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_flows()
    """,
)
"""What keeps a version as it was published, whoever writes to the table."""

for _statement in FLOWS_APPEND_ONLY:
    sa.event.listen(flow_versions, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]
