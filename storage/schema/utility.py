"""The utility's customers: where they live, what they used and owe, and what is wrong with their water."""

import sqlalchemy as sa

from cti.domain.incidents import IncidentKind
from cti.domain.meter_readings import Doubt, ReportState
from cti.domain.utility import MeterState, ReadingKind
from storage.schema.columns import E164, Fen, Number, Time, key, metadata, newest, not_negative, one_of, ref

zones = sa.Table(
    "zones",
    metadata,
    key(),
    sa.Column("code", sa.String(16), nullable=False, unique=True),
    sa.Column("name_zh", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
)

zone_postcodes = sa.Table(
    "zone_postcodes",
    metadata,
    sa.Column("postcode", sa.String(6), primary_key=True),
    ref("zone_id", "zones.id"),
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
    *not_negative("turbidity_ntu", "chlorine_mg_l", "hardness_mg_l"),
)

tariffs = sa.Table(
    "tariffs",
    metadata,
    key(),
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
    *not_negative("above_m3", "fen_per_m3"),
)

customers = sa.Table(
    "customers",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.String(2), nullable=False, server_default="zh"),
    sa.Column("vulnerable", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("key_account", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("name <> ''", name="name_given"),
    one_of("language", ("zh", "en")),
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
    key(),
    ref("zone_id", "zones.id"),
    sa.Column("address", sa.Text, nullable=False),
)
sa.Index("ix_premises_zone_id", premises.c.zone_id)

accounts = sa.Table(
    "accounts",
    metadata,
    key(),
    sa.Column("number", Number, nullable=False, unique=True),
    ref("customer_id", "customers.id"),
    ref("premise_id", "premises.id"),
    ref("tariff_id", "tariffs.id"),
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
    key(),
    ref("account_id", "accounts.id"),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("installed_on", sa.Date, nullable=False),
    one_of("state", MeterState),
)
sa.Index("ix_meters_account_id", meters.c.account_id, meters.c.installed_on.desc())

readings = sa.Table(
    "readings",
    metadata,
    sa.Column("meter_id", sa.Uuid(), sa.ForeignKey("meters.id"), primary_key=True),
    sa.Column("read_on", sa.Date, primary_key=True),
    sa.Column("value_m3", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    *not_negative("value_m3"),
    one_of("kind", ReadingKind),
)

reported_readings = sa.Table(
    "reported_readings",
    metadata,
    key(),
    sa.Column("account", sa.String(32), nullable=False),
    sa.Column("call_id", sa.Uuid()),
    sa.Column("reported_at", Time, nullable=False),
    sa.Column("value_m3", sa.Integer, nullable=False),
    sa.Column("doubt", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("decided_by", sa.String(64)),
    sa.Column("decided_at", Time),
    *not_negative("value_m3"),
    one_of("doubt", Doubt),
    one_of("state", ReportState),
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
    *not_negative("usage_m3", "amount_fen", "open_fen", "late_fee_fen"),
)

payments = sa.Table(
    "payments",
    metadata,
    key(),
    ref("account_id", "accounts.id"),
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
    key(),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("zone", sa.String(16)),
    sa.Column("streets_zh", sa.Text, nullable=False),
    sa.Column("streets_en", sa.Text, nullable=False),
    sa.Column("since", Time, nullable=False),
    sa.Column("until", Time),
    sa.Column("ended_at", Time),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("ended_by", sa.String(64)),
    one_of("kind", IncidentKind),
)
"""What is wrong with the water of a zone, or everywhere."""
newest("ix_incidents_newest", (), incidents.c.since, incidents.c.id)
sa.Index("ix_incidents_going_on", incidents.c.since, postgresql_where=incidents.c.ended_at.is_(None))
