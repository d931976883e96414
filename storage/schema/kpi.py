"""Figures: what agents did with their time, and the tally of each quarter of an hour."""

import sqlalchemy as sa

from cti.domain.kpi.tally import BOUNDS_S, SUMS
from cti.domain.kpi.times import Doing
from storage.schema.columns import Time, metadata, one_of

agent_times = sa.Table(
    "agent_times",
    metadata,
    sa.Column("agent", sa.String(64), primary_key=True),
    sa.Column("since", Time, primary_key=True),
    sa.Column("until", Time, nullable=False),
    sa.Column("doing", sa.String(16), nullable=False),
    sa.Column("queue", sa.String(32)),
    one_of("doing", Doing),
    sa.CheckConstraint("until > since", name="until_later"),
)
"""What agents spent their time on. A slice that goes on is written again with a later end."""
sa.Index("ix_agent_times_until", agent_times.c.until)

WAIT_COLUMNS = {
    field: tuple(f"{word}_{name}" for name in (*(f"in_{bound}_s" for bound in BOUNDS_S), "later"))
    for field, word in (("answered_waits", "answered"), ("abandoned_waits", "abandoned"))
}
"""The columns of a tally's buckets, in their order: each counts the waits above the bound before it."""
TALLY_SUMS = (*SUMS, *WAIT_COLUMNS["answered_waits"], *WAIT_COLUMNS["abandoned_waits"])

kpi_intervals = sa.Table(
    "kpi_intervals",
    metadata,
    sa.Column("at", Time, nullable=False),
    sa.Column("queue", sa.String(32)),
    sa.Column("agent", sa.String(64)),
    sa.Column("computed_at", Time, nullable=False),
    sa.Column("longest_wait_s", sa.Integer, nullable=False),
    *(sa.Column(name, sa.Integer, nullable=False) for name in TALLY_SUMS),
    sa.UniqueConstraint("at", "queue", "agent", postgresql_nulls_not_distinct=True),
    sa.CheckConstraint("extract(epoch FROM at)::bigint % 900 = 0", name="at_is_a_quarter"),
)
"""The tally of each quarter of an hour, queue and agent (NULL: none). Computed from calls and agents' times."""
