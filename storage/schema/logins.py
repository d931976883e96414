"""Who may log in, and who tried to."""

import sqlalchemy as sa

from storage.records import Role, TokenKind
from storage.schema.columns import Time, key, metadata, not_negative, one_of, ref

users = sa.Table(
    "users",
    metadata,
    key(),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("extension", sa.String(48), unique=True),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    one_of("role", Role),
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
    ref("user_id", "users.id"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("revoked_at", Time),
    one_of("kind", TokenKind),
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
    one_of("kind", ("pin", "login")),
    *not_negative("failures"),
)
sa.Index("ix_tries_failed_at", tries.c.failed_at)
