"""Tickets and what became of them, entry by entry."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from storage.records import Category, Disposition, EntryKind, Task, TicketStatus
from storage.schema.columns import E164, Time, key, metadata, newest, one_of, ref

ticket_numbers = sa.Sequence("ticket_numbers", metadata=metadata, start=1, minvalue=1, maxvalue=999_999, cycle=True)

tickets = sa.Table(
    "tickets",
    metadata,
    key(),
    sa.Column("number", sa.String(20), nullable=False, unique=True),
    sa.Column("call_id", sa.Uuid(), sa.ForeignKey("calls.id"), unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("category", sa.String(16)),
    sa.Column("subcategory", sa.String(64)),
    sa.Column("disposition", sa.String(16)),
    sa.Column("subject", sa.String(200), nullable=False, server_default=""),
    sa.Column("account", sa.String(32)),
    sa.Column("caller_number", sa.Text, nullable=False, server_default=""),
    sa.Column("caller_number_e164", E164),
    sa.Column("language", sa.String(2)),
    sa.Column("queue", sa.String(32)),
    sa.Column("agent", sa.String(64)),
    sa.Column("opened_at", Time, nullable=False),
    sa.Column("updated_at", Time, nullable=False),
    sa.Column("closed_at", Time),
    sa.Column("due_at", Time),
    sa.Column("call_ended_at", Time),
    sa.Column("by_hand", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("task", sa.String(16)),
    sa.Column("task_done_at", Time),
    one_of("status", TicketStatus),
    one_of("task", Task),
    one_of("category", Category),
    one_of("disposition", Disposition),
    one_of("language", ("zh", "en")),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint("(status IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", name="closed_has_time"),
)
newest("ix_tickets_newest", (), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_status", (tickets.c.status,), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_category", (tickets.c.category,), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_account", (tickets.c.account,), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_agent", (tickets.c.agent,), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_queue", (tickets.c.queue,), tickets.c.opened_at, tickets.c.id)
newest("ix_tickets_number", (tickets.c.caller_number_e164,), tickets.c.opened_at, tickets.c.id)
_WAITS = sa.and_(tickets.c.task.is_not(None), tickets.c.task_done_at.is_(None))
sa.Index("ix_tickets_tasks", tickets.c.opened_at, tickets.c.id, postgresql_where=_WAITS)
sa.Index("ix_tickets_tasks_number", tickets.c.caller_number_e164, postgresql_where=_WAITS)
sa.Index("ix_tickets_tasks_account", tickets.c.account, postgresql_where=_WAITS)
newest("ix_tickets_last_changed", (), tickets.c.updated_at, tickets.c.id)

ticket_entries = sa.Table(
    "ticket_entries",
    metadata,
    key(),
    ref("ticket_id", "tickets.id"),
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("changes", pg.JSONB, nullable=False, server_default="{}"),
    one_of("kind", EntryKind),
)
sa.Index("ix_ticket_entries_ticket_id_seq", ticket_entries.c.ticket_id, ticket_entries.c.seq)

APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'ticket entries are never changed or deleted' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER ticket_entries_append_only BEFORE UPDATE OR DELETE ON ticket_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()
    """,
)
"""What keeps the entries of a ticket from being overwritten, whoever writes to the table."""

for _statement in APPEND_ONLY:
    sa.event.listen(ticket_entries, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]
