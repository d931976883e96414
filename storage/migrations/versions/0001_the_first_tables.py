"""The first tables: the utility's customers, users, calls and tickets."""

# ruff: noqa: E501

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.execute(
        sa.schema.CreateSequence(sa.Sequence("ticket_numbers", start=1, minvalue=1, maxvalue=999_999, cycle=True))
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pbx", sa.String(length=32), nullable=False),
        sa.Column("linkedid", sa.String(length=150), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("stage_since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("caller_number", sa.Text(), server_default="", nullable=False),
        sa.Column("caller_number_e164", sa.String(length=16), nullable=True),
        sa.Column("caller_name", sa.Text(), server_default="", nullable=False),
        sa.Column("dialled", sa.Text(), server_default="", nullable=False),
        sa.Column("inbound", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("account", sa.String(length=32), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("ivr_flow", sa.Text(), nullable=True),
        sa.Column("ivr_path", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ivr_served", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=True),
        sa.Column("queued_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("wait_s", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("talk_s", sa.Integer(), nullable=False),
        sa.Column("hold_s", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_calls_language_known")),
        sa.CheckConstraint(
            "outcome IN ('answered', 'abandoned', 'self_service', 'announcement', 'callback', 'voicemail', 'overflowed', 'outside_hours', 'rejected', 'failed', 'pbx_restart')",
            name=op.f("ck_calls_outcome_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_calls_ended_has_outcome")),
        sa.CheckConstraint("hold_s >= 0", name=op.f("ck_calls_hold_s_not_negative")),
        sa.CheckConstraint("holds >= 0", name=op.f("ck_calls_holds_not_negative")),
        sa.CheckConstraint("talk_s >= 0", name=op.f("ck_calls_talk_s_not_negative")),
        sa.CheckConstraint("wait_s >= 0", name=op.f("ck_calls_wait_s_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index(
        "ix_calls_account",
        "calls",
        ["account", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_calls_agent",
        "calls",
        ["agent", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_calls_newest", "calls", [sa.literal_column("started_at DESC"), sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_calls_number",
        "calls",
        ["caller_number_e164", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_calls_outcome",
        "calls",
        ["outcome", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_calls_unfinished",
        "calls",
        ["pbx", "started_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), server_default="zh", nullable=False),
        sa.Column("vulnerable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("key_account", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_customers_language_known")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_customers_name_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_table(
        "demo_loads",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("key_check", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_demo_loads_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_loads")),
    )
    op.create_table(
        "tariffs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariffs")),
        sa.UniqueConstraint("code", name=op.f("uq_tariffs_code")),
    )
    op.create_table(
        "tries",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("locked_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('pin', 'login')", name=op.f("ck_tries_kind_known")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_tries_failures_not_negative")),
        sa.PrimaryKeyConstraint("kind", "subject_sha256", name=op.f("pk_tries")),
    )
    op.create_index("ix_tries_failed_at", "tries", ["failed_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("extension ~ '^[0-9]{2,15}$'", name=op.f("ck_users_extension_shape")),
        sa.CheckConstraint("login <> ''", name=op.f("ck_users_login_given")),
        sa.CheckConstraint("role IN ('agent', 'supervisor', 'admin')", name=op.f("ck_users_role_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("extension", name=op.f("uq_users_extension")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "zones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zones")),
        sa.UniqueConstraint("code", name=op.f("uq_zones_code")),
    )
    op.create_table(
        "customer_phones",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.CheckConstraint("e164 ~ '^\\+[1-9][0-9]{3,14}$'", name=op.f("ck_customer_phones_e164_shape")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_phones_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "e164", name=op.f("pk_customer_phones")),
    )
    op.create_index("ix_customer_phones_e164", "customer_phones", ["e164"], unique=False)
    op.create_table(
        "premises",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name=op.f("fk_premises_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premises")),
    )
    op.create_index("ix_premises_zone_id", "premises", ["zone_id"], unique=False)
    op.create_table(
        "tariff_steps",
        sa.Column("tariff_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("above_m3", sa.Integer(), nullable=False),
        sa.Column("fen_per_m3", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("above_m3 >= 0", name=op.f("ck_tariff_steps_above_m3_not_negative")),
        sa.CheckConstraint("fen_per_m3 >= 0", name=op.f("ck_tariff_steps_fen_per_m3_not_negative")),
        sa.CheckConstraint("step BETWEEN 1 AND 3", name=op.f("ck_tariff_steps_step_known")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariffs.id"], name=op.f("fk_tariff_steps_tariff_id")),
        sa.PrimaryKeyConstraint("tariff_id", "step", name=op.f("pk_tariff_steps")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=True),
        sa.Column("subcategory", sa.String(length=64), nullable=True),
        sa.Column("disposition", sa.String(length=16), nullable=True),
        sa.Column("subject", sa.String(length=200), server_default="", nullable=False),
        sa.Column("account", sa.String(length=32), nullable=True),
        sa.Column("caller_number", sa.Text(), server_default="", nullable=False),
        sa.Column("caller_number_e164", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("queue", sa.String(length=32), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("call_ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("by_hand", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "(status IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", name=op.f("ck_tickets_closed_has_time")
        ),
        sa.CheckConstraint(
            "category IN ('enquiry', 'repair', 'complaint', 'suggestion', 'report', 'service_request')",
            name=op.f("ck_tickets_category_known"),
        ),
        sa.CheckConstraint(
            "disposition IN ('resolved', 'informed', 'call_back', 'escalated', 'wrong_number', 'no_answer')",
            name=op.f("ck_tickets_disposition_known"),
        ),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_tickets_language_known")),
        sa.CheckConstraint(
            "status IN ('new', 'open', 'dispatched', 'accepted', 'in_progress', 'done', 'follow_up', 'closed', 'cancelled')",
            name=op.f("ck_tickets_status_known"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_tickets_version_from_one")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_tickets_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("call_id", name=op.f("uq_tickets_call_id")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(
        "ix_tickets_account",
        "tickets",
        ["account", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_agent",
        "tickets",
        ["agent", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_category",
        "tickets",
        ["category", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_last_changed",
        "tickets",
        [sa.literal_column("updated_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_newest",
        "tickets",
        [sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_number",
        "tickets",
        ["caller_number_e164", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_queue",
        "tickets",
        ["queue", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_tickets_status",
        "tickets",
        ["status", sa.literal_column("opened_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "tokens",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('session', 'bearer')", name=op.f("ck_tokens_kind_known")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_tokens_expires_later")),
        sa.CheckConstraint("length(token_sha256) = 32", name=op.f("ck_tokens_token_is_sha256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_tokens")),
    )
    op.create_index("ix_tokens_expires_at", "tokens", ["expires_at"], unique=False)
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"], unique=False)
    op.create_table(
        "user_queues",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_queues_user_id")),
        sa.PrimaryKeyConstraint("user_id", "queue", name=op.f("pk_user_queues")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("premise_id", sa.Uuid(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=False),
        sa.Column("cut_off", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_bill_on", sa.Date(), nullable=True),
        sa.CheckConstraint("number ~ '^[0-9]{8}$'", name=op.f("ck_accounts_number_shape")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_accounts_customer_id")),
        sa.ForeignKeyConstraint(["premise_id"], ["premises.id"], name=op.f("fk_accounts_premise_id")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariffs.id"], name=op.f("fk_accounts_tariff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("number", name=op.f("uq_accounts_number")),
    )
    op.create_index("ix_accounts_customer_id", "accounts", ["customer_id"], unique=False)
    op.create_index("ix_accounts_premise_id", "accounts", ["premise_id"], unique=False)
    op.create_table(
        "ticket_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'note', 'changed', 'closed', 'call')", name=op.f("ck_ticket_entries_kind_known")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_entries_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_entries")),
    )
    op.create_index("ix_ticket_entries_ticket_id_seq", "ticket_entries", ["ticket_id", "seq"], unique=False)
    op.create_table(
        "account_pins",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("pin_hmac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(pin_hmac) = 32", name=op.f("ck_account_pins_pin_hmac_is_sha256")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_pins_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_pins")),
    )
    op.create_table(
        "bills",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("usage_m3", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("open_fen", sa.BigInteger(), nullable=False),
        sa.Column("late_fee_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_bills_amount_fen_not_negative")),
        sa.CheckConstraint("extract(day FROM period) = 1", name=op.f("ck_bills_period_is_a_month")),
        sa.CheckConstraint("late_fee_fen >= 0", name=op.f("ck_bills_late_fee_fen_not_negative")),
        sa.CheckConstraint("open_fen <= amount_fen + late_fee_fen", name=op.f("ck_bills_open_at_most_billed")),
        sa.CheckConstraint("open_fen >= 0", name=op.f("ck_bills_open_fen_not_negative")),
        sa.CheckConstraint("usage_m3 >= 0", name=op.f("ck_bills_usage_m3_not_negative")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_bills_account_id")),
        sa.PrimaryKeyConstraint("account_id", "period", name=op.f("pk_bills")),
    )
    op.create_table(
        "meters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("state IN ('in_service', 'faulty', 'removed')", name=op.f("ck_meters_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_meters_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
        sa.UniqueConstraint("number", name=op.f("uq_meters_number")),
    )
    op.create_index(
        "ix_meters_account_id", "meters", ["account_id", sa.literal_column("installed_on DESC")], unique=False
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payments_amount_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_payments_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(
        "ix_payments_account_id_paid_on", "payments", ["account_id", sa.literal_column("paid_on DESC")], unique=False
    )
    op.create_table(
        "readings",
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("value_m3", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.CheckConstraint("kind IN ('actual', 'estimated', 'customer')", name=op.f("ck_readings_kind_known")),
        sa.CheckConstraint("value_m3 >= 0", name=op.f("ck_readings_value_m3_not_negative")),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_readings_meter_id")),
        sa.PrimaryKeyConstraint("meter_id", "read_on", name=op.f("pk_readings")),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'ticket entries are never changed or deleted' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER ticket_entries_append_only BEFORE UPDATE OR DELETE ON ticket_entries
        FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()
        """
    )


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("readings")
    op.drop_index("ix_payments_account_id_paid_on", table_name="payments")
    op.drop_table("payments")
    op.drop_index("ix_meters_account_id", table_name="meters")
    op.drop_table("meters")
    op.drop_table("bills")
    op.drop_table("account_pins")
    op.drop_index("ix_ticket_entries_ticket_id_seq", table_name="ticket_entries")
    op.drop_table("ticket_entries")
    op.drop_index("ix_accounts_premise_id", table_name="accounts")
    op.drop_index("ix_accounts_customer_id", table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("user_queues")
    op.drop_index("ix_tokens_user_id", table_name="tokens")
    op.drop_index("ix_tokens_expires_at", table_name="tokens")
    op.drop_table("tokens")
    op.drop_index("ix_tickets_status", table_name="tickets")
    op.drop_index("ix_tickets_queue", table_name="tickets")
    op.drop_index("ix_tickets_number", table_name="tickets")
    op.drop_index("ix_tickets_newest", table_name="tickets")
    op.drop_index("ix_tickets_last_changed", table_name="tickets")
    op.drop_index("ix_tickets_category", table_name="tickets")
    op.drop_index("ix_tickets_agent", table_name="tickets")
    op.drop_index("ix_tickets_account", table_name="tickets")
    op.drop_table("tickets")
    op.drop_table("tariff_steps")
    op.drop_index("ix_premises_zone_id", table_name="premises")
    op.drop_table("premises")
    op.drop_index("ix_customer_phones_e164", table_name="customer_phones")
    op.drop_table("customer_phones")
    op.drop_table("zones")
    op.drop_table("users")
    op.drop_index("ix_tries_failed_at", table_name="tries")
    op.drop_table("tries")
    op.drop_table("tariffs")
    op.drop_table("demo_loads")
    op.drop_table("customers")
    op.drop_index("ix_calls_unfinished", table_name="calls", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_calls_outcome", table_name="calls")
    op.drop_index("ix_calls_number", table_name="calls")
    op.drop_index("ix_calls_newest", table_name="calls")
    op.drop_index("ix_calls_agent", table_name="calls")
    op.drop_index("ix_calls_account", table_name="calls")
    op.drop_table("calls")
    op.execute("DROP FUNCTION refuse_to_rewrite()")
    op.execute("DROP SEQUENCE ticket_numbers")
