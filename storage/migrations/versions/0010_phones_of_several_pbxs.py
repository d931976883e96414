"""An agent's phone may be on a further PBX: ``1001@east``."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SHAPE = "ck_users_extension_shape"


def upgrade() -> None:
    """Go to this step."""
    op.drop_constraint(op.f(SHAPE), "users", type_="check")
    op.alter_column("users", "extension", type_=sa.String(48), existing_type=sa.String(16))
    op.create_check_constraint(op.f(SHAPE), "users", "extension ~ '^[0-9]{2,15}(@[a-z0-9-]{1,32})?$'")


def downgrade() -> None:
    """Go back to the step before; phones of further PBXs are forgotten."""
    op.drop_constraint(op.f(SHAPE), "users", type_="check")
    op.execute("UPDATE users SET extension = NULL WHERE extension LIKE '%@%'")
    op.alter_column("users", "extension", type_=sa.String(16), existing_type=sa.String(48))
    op.create_check_constraint(op.f(SHAPE), "users", "extension ~ '^[0-9]{2,15}$'")
