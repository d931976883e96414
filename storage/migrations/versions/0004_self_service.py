"""Self-service by phone: water quality by zone, postcodes, and readings that customers report."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this step."""
    op.create_table(
        "zone_postcodes",
        sa.Column("postcode", sa.String(length=6), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("postcode ~ '^[0-9]{6}$'", name=op.f("ck_zone_postcodes_postcode_shape")),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name=op.f("fk_zone_postcodes_zone_id")),
        sa.PrimaryKeyConstraint("postcode", name=op.f("pk_zone_postcodes")),
    )
    op.create_table(
        "water_quality",
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("sampled_on", sa.Date(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("turbidity_ntu", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("chlorine_mg_l", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("ph", sa.Numeric(precision=4, scale=2), nullable=False),
        sa.Column("hardness_mg_l", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.CheckConstraint("published_on >= sampled_on", name=op.f("ck_water_quality_published_after_sampled")),
        sa.CheckConstraint("ph BETWEEN 0 AND 14", name=op.f("ck_water_quality_ph_known")),
        sa.CheckConstraint("turbidity_ntu >= 0", name=op.f("ck_water_quality_turbidity_ntu_not_negative")),
        sa.CheckConstraint("chlorine_mg_l >= 0", name=op.f("ck_water_quality_chlorine_mg_l_not_negative")),
        sa.CheckConstraint("hardness_mg_l >= 0", name=op.f("ck_water_quality_hardness_mg_l_not_negative")),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name=op.f("fk_water_quality_zone_id")),
        sa.PrimaryKeyConstraint("zone_id", "sampled_on", name=op.f("pk_water_quality")),
    )
    op.create_table(
        "reported_readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("value_m3", sa.Integer(), nullable=False),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("value_m3 >= 0", name=op.f("ck_reported_readings_value_m3_not_negative")),
        sa.CheckConstraint(
            "doubt IN ('none', 'below_last', 'swapped', 'leak')", name=op.f("ck_reported_readings_doubt_known")
        ),
        sa.CheckConstraint(
            "state IN ('to_confirm', 'confirmed', 'refused')", name=op.f("ck_reported_readings_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'to_confirm') = (decided_at IS NULL)", name=op.f("ck_reported_readings_decided_has_time")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_readings")),
    )
    op.create_index(
        "ix_reported_readings_account", "reported_readings", ["account", sa.literal_column("reported_at DESC")]
    )
    op.create_index(
        "ix_reported_readings_to_confirm",
        "reported_readings",
        ["reported_at"],
        postgresql_where=sa.text("state = 'to_confirm'"),
    )


def downgrade() -> None:
    """Go back to the step before."""
    op.drop_table("reported_readings")
    op.drop_table("water_quality")
    op.drop_table("zone_postcodes")
