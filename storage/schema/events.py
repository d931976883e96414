"""The journal and the snapshots that save reading all of it."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from storage.schema.columns import Time, metadata

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("pbx", sa.String(32), primary_key=True),
    sa.Column("boot", sa.BigInteger, primary_key=True),
    sa.Column("linkedid", sa.String(160), primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("at", Time, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("body", pg.JSON, nullable=False),
    postgresql_partition_by="RANGE (at)",
)
"""Every event of the centre, once. ``position`` alone is their order; ``at`` is when we applied it, by our clock.

``json`` and not ``jsonb``, because the latter refuses a NUL that a caller may have in their name.
"""
sa.Index("ix_journal_position", journal.c.position)
sa.Index("ix_journal_at_position", journal.c.at, journal.c.position)
sa.Index("ix_journal_starts", journal.c.kind, journal.c.position, postgresql_where=journal.c.kind == "CentreStarted")

JOURNAL_REST = "CREATE TABLE journal_rest PARTITION OF journal DEFAULT"
"""Takes the rows of months that have no partition yet, so that none is ever refused."""
sa.event.listen(journal, "after_create", sa.DDL(JOURNAL_REST))  # type: ignore[no-untyped-call]

journal_snapshots = sa.Table(
    "journal_snapshots",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
"""The centre as it was once the event at ``position`` had been applied: packed JSON, and a hash to compare by."""
sa.Index("ix_journal_snapshots_at", journal_snapshots.c.at)
