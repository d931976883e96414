"""The tables. What the migrations build is exactly this; a test compares the two.

Ids are uuids made by us, money is whole fen (``bigint``), times are ``timestamptz``. Words of a fixed set are
text with a check, so that adding one is a small migration. A call keeps account numbers and agents as text without
a foreign key: it must be written whatever the caller keyed, and a site's accounts may live in another system.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from cti.domain.callbacks import OPEN, CallbackState
from cti.domain.incidents import IncidentKind
from cti.domain.kpi.tally import BOUNDS_S, SUMS
from cti.domain.kpi.times import Doing
from cti.domain.meter_readings import Doubt, ReportState
from cti.domain.model import Outcome
from cti.domain.utility import MeterState, ReadingKind
from storage.records import Category, Disposition, EntryKind, Role, Task, TicketStatus, TokenKind

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Fen = sa.BigInteger
Time = sa.TIMESTAMP(timezone=True)
E164 = sa.String(16)
Number = sa.String(8)


def _id(name: str = "id") -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), primary_key=True)


def _ref(name: str, target: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(target), nullable=False, **options)


def _one_of(column: str, words: Iterable[StrEnum | str]) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(repr(str(word)) for word in words)})", name=f"{column}_known")


def _not_negative(*columns: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]


def _newest(name: str, table_columns: Iterable[sa.Column[Any]], time: sa.Column[Any], key: sa.Column[Any]) -> sa.Index:
    return sa.Index(name, *table_columns, time.desc(), key.desc())


# ------------------------------------------------------------------ the utility's customers

zones = sa.Table(
    "zones",
    metadata,
    _id(),
    sa.Column("code", sa.String(16), nullable=False, unique=True),
    sa.Column("name_zh", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
)

zone_postcodes = sa.Table(
    "zone_postcodes",
    metadata,
    sa.Column("postcode", sa.String(6), primary_key=True),
    _ref("zone_id", "zones.id"),
    sa.CheckConstraint("postcode ~ '^[0-9]{6}$'", name="postcode_shape"),
)
"""Which zone a postcode lies in, so that any caller can name theirs by keys."""

water_quality = sa.Table(
    "water_quality",
    metadata,
    sa.Column("zone_id", sa.Uuid(), sa.ForeignKey("zones.id"), primary_key=True),
    sa.Column("sampled_on", sa.Date, primary_key=True),
    sa.Column("published_on", sa.Date, nullable=False),
    sa.Column("turbidity_ntu", sa.Numeric(7, 2), nullable=False),
    sa.Column("chlorine_mg_l", sa.Numeric(7, 2), nullable=False),
    sa.Column("ph", sa.Numeric(4, 2), nullable=False),
    sa.Column("hardness_mg_l", sa.Numeric(7, 2), nullable=False),
    sa.CheckConstraint("published_on >= sampled_on", name="published_after_sampled"),
    sa.CheckConstraint("ph BETWEEN 0 AND 14", name="ph_known"),
    *_not_negative("turbidity_ntu", "chlorine_mg_l", "hardness_mg_l"),
)

tariffs = sa.Table(
    "tariffs",
    metadata,
    _id(),
    sa.Column("code", sa.String(32), nullable=False, unique=True),
    sa.Column("name_zh", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
)

tariff_steps = sa.Table(
    "tariff_steps",
    metadata,
    sa.Column("tariff_id", sa.Uuid(), sa.ForeignKey("tariffs.id"), primary_key=True),
    sa.Column("step", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("above_m3", sa.Integer, nullable=False),
    sa.Column("fen_per_m3", Fen, nullable=False),
    sa.CheckConstraint("step BETWEEN 1 AND 3", name="step_known"),
    *_not_negative("above_m3", "fen_per_m3"),
)

customers = sa.Table(
    "customers",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.String(2), nullable=False, server_default="zh"),
    sa.Column("vulnerable", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("key_account", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("name <> ''", name="name_given"),
    _one_of("language", ("zh", "en")),
)

customer_phones = sa.Table(
    "customer_phones",
    metadata,
    sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("e164", E164, primary_key=True),
    sa.CheckConstraint(r"e164 ~ '^\+[1-9][0-9]{3,14}$'", name="e164_shape"),
)
sa.Index("ix_customer_phones_e164", customer_phones.c.e164)

premises = sa.Table(
    "premises",
    metadata,
    _id(),
    _ref("zone_id", "zones.id"),
    sa.Column("address", sa.Text, nullable=False),
)
sa.Index("ix_premises_zone_id", premises.c.zone_id)

accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    sa.Column("number", Number, nullable=False, unique=True),
    _ref("customer_id", "customers.id"),
    _ref("premise_id", "premises.id"),
    _ref("tariff_id", "tariffs.id"),
    sa.Column("cut_off", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("next_bill_on", sa.Date),
    sa.CheckConstraint("number ~ '^[0-9]{8}$'", name="number_shape"),
)
sa.Index("ix_accounts_customer_id", accounts.c.customer_id)
sa.Index("ix_accounts_premise_id", accounts.c.premise_id)

account_pins = sa.Table(
    "account_pins",
    metadata,
    sa.Column("account_id", sa.Uuid(), sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("pin_hmac", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("length(pin_hmac) = 32", name="pin_hmac_is_sha256"),
)

meters = sa.Table(
    "meters",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("installed_on", sa.Date, nullable=False),
    _one_of("state", MeterState),
)
sa.Index("ix_meters_account_id", meters.c.account_id, meters.c.installed_on.desc())

readings = sa.Table(
    "readings",
    metadata,
    sa.Column("meter_id", sa.Uuid(), sa.ForeignKey("meters.id"), primary_key=True),
    sa.Column("read_on", sa.Date, primary_key=True),
    sa.Column("value_m3", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    *_not_negative("value_m3"),
    _one_of("kind", ReadingKind),
)

reported_readings = sa.Table(
    "reported_readings",
    metadata,
    _id(),
    sa.Column("account", sa.String(32), nullable=False),
    sa.Column("call_id", sa.Uuid()),
    sa.Column("reported_at", Time, nullable=False),
    sa.Column("value_m3", sa.Integer, nullable=False),
    sa.Column("doubt", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("decided_by", sa.String(64)),
    sa.Column("decided_at", Time),
    *_not_negative("value_m3"),
    _one_of("doubt", Doubt),
    _one_of("state", ReportState),
    sa.CheckConstraint("(state = 'to_confirm') = (decided_at IS NULL)", name="decided_has_time"),
)
"""What customers keyed as their meter's reading. It becomes a reading only when somebody confirms it."""
sa.Index("ix_reported_readings_account", reported_readings.c.account, reported_readings.c.reported_at.desc())
sa.Index(
    "ix_reported_readings_to_confirm",
    reported_readings.c.reported_at,
    postgresql_where=reported_readings.c.state == "to_confirm",
)

bills = sa.Table(
    "bills",
    metadata,
    sa.Column("account_id", sa.Uuid(), sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("period", sa.Date, primary_key=True),
    sa.Column("usage_m3", sa.Integer, nullable=False),
    sa.Column("amount_fen", Fen, nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("open_fen", Fen, nullable=False),
    sa.Column("late_fee_fen", Fen, nullable=False, server_default="0"),
    sa.Column("estimated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("extract(day FROM period) = 1", name="period_is_a_month"),
    sa.CheckConstraint("open_fen <= amount_fen + late_fee_fen", name="open_at_most_billed"),
    *_not_negative("usage_m3", "amount_fen", "open_fen", "late_fee_fen"),
)

payments = sa.Table(
    "payments",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    sa.Column("paid_on", sa.Date, nullable=False),
    sa.Column("amount_fen", Fen, nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
)
sa.Index("ix_payments_account_id_paid_on", payments.c.account_id, payments.c.paid_on.desc())

demo_loads = sa.Table(
    "demo_loads",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("accounts", sa.Integer, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("key_check", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("id = 1", name="only_one"),
)
"""Which demo data the tables above hold; empty at a real utility."""

incidents = sa.Table(
    "incidents",
    metadata,
    _id(),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("zone", sa.String(16)),
    sa.Column("streets_zh", sa.Text, nullable=False),
    sa.Column("streets_en", sa.Text, nullable=False),
    sa.Column("since", Time, nullable=False),
    sa.Column("until", Time),
    sa.Column("ended_at", Time),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("ended_by", sa.String(64)),
    _one_of("kind", IncidentKind),
)
"""What is wrong with the water of a zone, or everywhere."""
_newest("ix_incidents_newest", (), incidents.c.since, incidents.c.id)
sa.Index("ix_incidents_going_on", incidents.c.since, postgresql_where=incidents.c.ended_at.is_(None))

# ------------------------------------------------------------------ who may log in

users = sa.Table(
    "users",
    metadata,
    _id(),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("extension", sa.String(48), unique=True),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    _one_of("role", Role),
    sa.CheckConstraint("login <> ''", name="login_given"),
    sa.CheckConstraint("extension ~ '^[0-9]{2,15}(@[a-z0-9-]{1,32})?$'", name="extension_shape"),
)

user_queues = sa.Table(
    "user_queues",
    metadata,
    sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("queue", sa.String(32), primary_key=True),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("token_sha256", sa.LargeBinary, primary_key=True),
    _ref("user_id", "users.id"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("revoked_at", Time),
    _one_of("kind", TokenKind),
    sa.CheckConstraint("length(token_sha256) = 32", name="token_is_sha256"),
    sa.CheckConstraint("expires_at > created_at", name="expires_later"),
)
sa.Index("ix_tokens_user_id", tokens.c.user_id)
sa.Index("ix_tokens_expires_at", tokens.c.expires_at)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("subject_sha256", sa.LargeBinary, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failed_at", Time, nullable=False),
    sa.Column("locked_until", Time),
    _one_of("kind", ("pin", "login")),
    *_not_negative("failures"),
)
sa.Index("ix_tries_failed_at", tries.c.failed_at)

# ------------------------------------------------------------------ calls and their tickets

calls = sa.Table(
    "calls",
    metadata,
    _id(),
    sa.Column("pbx", sa.String(32), nullable=False),
    sa.Column("linkedid", sa.String(150), nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("ended_at", Time),
    sa.Column("stage_since", Time, nullable=False),
    sa.Column("caller_number", sa.Text, nullable=False, server_default=""),
    sa.Column("caller_number_e164", E164),
    sa.Column("caller_name", sa.Text, nullable=False, server_default=""),
    sa.Column("dialled", sa.Text, nullable=False, server_default=""),
    sa.Column("inbound", sa.Boolean, nullable=False),
    sa.Column("language", sa.String(2)),
    sa.Column("account", sa.String(32)),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("ivr_flow", sa.Text),
    sa.Column("ivr_path", pg.JSONB, nullable=False),
    sa.Column("ivr_served", sa.Boolean, nullable=False),
    sa.Column("queue", sa.String(32)),
    sa.Column("queued_at", Time),
    sa.Column("wait_s", sa.Integer, nullable=False),
    sa.Column("agent", sa.String(64)),
    sa.Column("answered_at", Time),
    sa.Column("talk_s", sa.Integer, nullable=False),
    sa.Column("hold_s", sa.Integer, nullable=False),
    sa.Column("holds", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("cause", sa.Integer),
    sa.Column("callback_of", sa.Uuid()),
    sa.Column("end_assumed", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("ivr_version", sa.Integer),
    sa.Column("visits", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("talks", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("merged_into", sa.Uuid()),
    _one_of("language", ("zh", "en")),
    _one_of("outcome", Outcome),
    sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_has_outcome"),
    *_not_negative("wait_s", "talk_s", "hold_s", "holds"),
)
_newest("ix_calls_newest", (), calls.c.started_at, calls.c.id)
_newest("ix_calls_number", (calls.c.caller_number_e164,), calls.c.started_at, calls.c.id)
_newest("ix_calls_account", (calls.c.account,), calls.c.started_at, calls.c.id)
_newest("ix_calls_agent", (calls.c.agent,), calls.c.started_at, calls.c.id)
sa.Index("ix_calls_ivr", calls.c.ivr_flow, calls.c.started_at, postgresql_where=calls.c.ivr_flow.is_not(None))
sa.Index("ix_calls_callback_of", calls.c.callback_of, postgresql_where=calls.c.callback_of.is_not(None))
_newest("ix_calls_outcome", (calls.c.outcome,), calls.c.started_at, calls.c.id)
sa.Index("ix_calls_unfinished", calls.c.pbx, calls.c.started_at, postgresql_where=calls.c.ended_at.is_(None))

ticket_numbers = sa.Sequence("ticket_numbers", metadata=metadata, start=1, minvalue=1, maxvalue=999_999, cycle=True)

tickets = sa.Table(
    "tickets",
    metadata,
    _id(),
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
    _one_of("status", TicketStatus),
    _one_of("task", Task),
    _one_of("category", Category),
    _one_of("disposition", Disposition),
    _one_of("language", ("zh", "en")),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint("(status IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", name="closed_has_time"),
)
_newest("ix_tickets_newest", (), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_status", (tickets.c.status,), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_category", (tickets.c.category,), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_account", (tickets.c.account,), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_agent", (tickets.c.agent,), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_queue", (tickets.c.queue,), tickets.c.opened_at, tickets.c.id)
_newest("ix_tickets_number", (tickets.c.caller_number_e164,), tickets.c.opened_at, tickets.c.id)
_WAITS = sa.and_(tickets.c.task.is_not(None), tickets.c.task_done_at.is_(None))
sa.Index("ix_tickets_tasks", tickets.c.opened_at, tickets.c.id, postgresql_where=_WAITS)
sa.Index("ix_tickets_tasks_number", tickets.c.caller_number_e164, postgresql_where=_WAITS)
sa.Index("ix_tickets_tasks_account", tickets.c.account, postgresql_where=_WAITS)
_newest("ix_tickets_last_changed", (), tickets.c.updated_at, tickets.c.id)

ticket_entries = sa.Table(
    "ticket_entries",
    metadata,
    _id(),
    _ref("ticket_id", "tickets.id"),
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("changes", pg.JSONB, nullable=False, server_default="{}"),
    _one_of("kind", EntryKind),
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

# ------------------------------------------------------------------ what callers leave with us

callbacks = sa.Table(
    "callbacks",
    metadata,
    _id(),
    sa.Column("call_id", sa.Uuid(), nullable=False, unique=True),
    sa.Column("queue", sa.String(32), nullable=False),
    sa.Column("since", Time, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("number_e164", E164, nullable=False),
    sa.Column("language", sa.String(2)),
    sa.Column("account", sa.String(32)),
    sa.Column("asked_at", Time, nullable=False),
    sa.Column("next_at", Time, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("state_since", Time, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    _one_of("state", CallbackState),
    _one_of("language", ("zh", "en")),
    *_not_negative("attempts", "priority"),
)
"""Promises to call back. A call is not referred to by key: its record may be written later than the promise."""
_OPEN = callbacks.c.state.in_(sorted(OPEN))
sa.Index("uq_callbacks_number_open", callbacks.c.number_e164, unique=True, postgresql_where=_OPEN)
sa.Index("ix_callbacks_open", callbacks.c.since, callbacks.c.id, postgresql_where=_OPEN)

surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("call_id", sa.Uuid(), primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("asked", sa.Boolean, nullable=False),
)
"""Callers who could have been asked for a rating, and whether they were: the others are the hold-out."""

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("call_id", sa.Uuid(), primary_key=True),
    sa.Column("survey", sa.String(64), primary_key=True),
    sa.Column("question", sa.String(32), primary_key=True),
    sa.Column("mark", sa.SmallInteger, nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.CheckConstraint("mark BETWEEN 1 AND 5", name="mark_known"),
    _one_of("language", ("zh", "en")),
)

messages = sa.Table(
    "messages",
    metadata,
    _id(),
    sa.Column("call_id", sa.Uuid(), nullable=False),
    sa.Column("purpose", sa.String(64), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("account", sa.String(32)),
    sa.Column("at", Time, nullable=False),
    _one_of("language", ("zh", "en")),
    *_not_negative("seconds"),
)
"""What callers said after a tone. The sound is a file of the same id; see ``cti.services.messages``."""
sa.Index("ix_messages_call_id", messages.c.call_id)

# ------------------------------------------------------------------ figures

agent_times = sa.Table(
    "agent_times",
    metadata,
    sa.Column("agent", sa.String(64), primary_key=True),
    sa.Column("since", Time, primary_key=True),
    sa.Column("until", Time, nullable=False),
    sa.Column("doing", sa.String(16), nullable=False),
    sa.Column("queue", sa.String(32)),
    _one_of("doing", Doing),
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

# ------------------------------------------------------------------ the journal

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

# ------------------------------------------------------------------ what a PBX elsewhere writes of its calls


def _pbx_log(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Return a table that Asterisk's own backend fills: it takes the columns that it knows the names of.

    Each PBX logs in as a role of its own, ``pbx_NAME``, which may insert and nothing else; so ``pbx`` is not for it
    to say.
    """
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False, server_default=sa.text("CURRENT_USER")),
        sa.Column("received_at", Time, nullable=False, server_default=sa.func.now()),
        *columns,
    )


def _said(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


pbx_cel = _pbx_log(
    "pbx_cel",
    _said("eventtype"),
    sa.Column("eventtime", sa.Double, nullable=False),
    *map(_said, ("cid_name", "cid_num", "exten", "channame", "appname", "uniqueid", "linkedid", "peer", "extra")),
)
pbx_queue_log = _pbx_log(
    "pbx_queue_log",
    *map(_said, ("time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5")),
)
sa.Index("ix_pbx_cel_place", pbx_cel.c.pbx, pbx_cel.c.id)
sa.Index("ix_pbx_queue_log_place", pbx_queue_log.c.pbx, pbx_queue_log.c.id)

# ------------------------------------------------------------------ the phone menus

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
