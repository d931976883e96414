"""Who may log in, and the sessions and tokens they hold. Of a token only its SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AgentId, Extension, QueueName
from storage.engine import Database
from storage.errors import DuplicateError, NotFoundError, RefusedError
from storage.passwords import Passwords
from storage.records import Login, NewToken, Role, SessionRecord, TokenKind, User
from storage.schema import tokens, user_queues, users
from storage.text import storable
from storage.tries import LOGIN_TRIES, PIN_TRIES, forget_old, forgive, take_try

_TAKEN: Final = {"uq_users_login": "user name", "uq_users_extension": "extension"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class UserStore:
    """Users, their passwords, sessions and tokens."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._passwords = Passwords()
        self._now = now

    async def create(
        self,
        login: str,
        *,
        name: str,
        role: Role,
        password: str,
        extension: Extension | None = None,
        queues: Sequence[QueueName] = (),
    ) -> User:
        """Add a user. Raises ``DuplicateError`` when the user name or the extension is taken."""
        row = {"id": uuid4(), "login": login, "name": name, "role": role, "extension": extension}
        row["password_hash"] = await self._passwords.hash(password)

        async def work(connection: AsyncConnection) -> User:
            await connection.execute(sa.insert(users).values(row))
            if queues:
                await connection.execute(
                    sa.insert(user_queues), [{"user_id": row["id"], "queue": queue} for queue in queues]
                )
            return await _user(connection, users.c.login == login)

        try:
            return await self._database.run(work, attempts=1)
        except RefusedError as error:
            if error.constraint in _TAKEN:
                raise DuplicateError(_TAKEN[error.constraint]) from error
            raise

    async def ensure(
        self,
        login: str,
        *,
        name: str,
        role: Role,
        password: str,
        extension: Extension | None = None,
        queues: Sequence[QueueName] = (),
    ) -> User:
        """Add the user, or make the one with this name be so; the password is set too."""
        row = {"login": login, "name": name, "role": role, "extension": extension, "active": True}
        row["password_hash"] = await self._passwords.hash(password)

        async def work(connection: AsyncConnection) -> User:
            upsert = pg.insert(users).values(id=uuid4(), **row)
            user_id = await connection.scalar(
                upsert.on_conflict_do_update(index_elements=[users.c.login], set_=row).returning(users.c.id)
            )
            await connection.execute(sa.delete(user_queues).where(user_queues.c.user_id == user_id))
            if queues:
                rows = [{"user_id": user_id, "queue": queue} for queue in queues]
                await connection.execute(sa.insert(user_queues), rows)
            return await _user(connection, users.c.login == login)

        return await self._database.run(work)

    async def get(self, login: AgentId) -> User:
        """Return the user. Raises ``NotFoundError``."""

        async def work(connection: AsyncConnection) -> User:
            return await _user(connection, users.c.login == storable(login))

        return await self._database.run(work)

    async def agents(self) -> Sequence[User]:
        """Return every active agent with a phone, with their queues, in the order of their names."""

        async def work(connection: AsyncConnection) -> list[User]:
            return await _users(
                connection, sa.and_(users.c.active, users.c.role == Role.AGENT, users.c.extension.is_not(None))
            )

        return await self._database.run(work)

    async def verify(self, login: str, password: str) -> Login:
        """Check a password: as slow for a user who is not there, and locked for a while after five failures."""

        async def before(connection: AsyncConnection) -> tuple[int, str | None]:
            locked_s = await take_try(connection, LOGIN_TRIES, login, self._now())
            query = sa.select(users.c.password_hash).where(users.c.login == storable(login), users.c.active)
            return locked_s, await connection.scalar(query)

        locked_s, kept = await self._database.run(before)
        right = await self._passwords.verify(kept, password)
        if locked_s:
            return Login(user=None, locked_s=locked_s)
        if not right:
            return Login(user=None)

        async def welcome(connection: AsyncConnection) -> User:
            await forgive(connection, LOGIN_TRIES, login)
            return await _user(connection, users.c.login == login)

        return Login(user=await self._database.run(welcome))

    async def open_token(self, login: AgentId, kind: TokenKind, *, lifetime: timedelta) -> NewToken:
        """Make a session or token for the user. Raises ``NotFoundError``."""
        token, created_at = secrets.token_urlsafe(32), self._now()
        row = {"token_sha256": _sha256(token), "kind": kind, "created_at": created_at}
        row["expires_at"] = created_at + lifetime

        async def work(connection: AsyncConnection) -> None:
            query = sa.select(users.c.id).where(users.c.login == storable(login), users.c.active)
            user_id = await connection.scalar(query)
            if user_id is None:
                raise NotFoundError("user")
            await connection.execute(pg.insert(tokens).values(row | {"user_id": user_id}).on_conflict_do_nothing())

        await self._database.run(work)
        return NewToken(token=token, expires_at=created_at + lifetime)

    async def lookup(self, token: str) -> SessionRecord | None:
        """Return whose token this is; None when unknown, expired, revoked, or its user is no longer active."""

        async def work(connection: AsyncConnection) -> SessionRecord | None:
            query = sa.select(tokens).where(
                tokens.c.token_sha256 == _sha256(token),
                tokens.c.expires_at > self._now(),
                tokens.c.revoked_at.is_(None),
            )
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            found = await _users(connection, sa.and_(users.c.id == row["user_id"], users.c.active))
            if not found:
                return None
            return SessionRecord(
                user=found[0], kind=TokenKind(row["kind"]), created_at=row["created_at"], expires_at=row["expires_at"]
            )

        return await self._database.run(work)

    async def revoke(self, token: str) -> None:
        """End this session or token; one that is not there is as good as ended."""
        await self._revoke(tokens.c.token_sha256 == _sha256(token))

    async def revoke_all(self, login: AgentId) -> None:
        """End every session and token of the user."""
        mine = sa.select(users.c.id).where(users.c.login == storable(login)).scalar_subquery()
        await self._revoke(tokens.c.user_id == mine)

    async def _revoke(self, which: sa.ColumnElement[bool]) -> None:
        async def work(connection: AsyncConnection) -> None:
            revoked = sa.update(tokens).where(which, tokens.c.revoked_at.is_(None)).values(revoked_at=self._now())
            await connection.execute(revoked)

        await self._database.run(work)

    async def housekeep(self) -> None:
        """Delete tokens that have expired and counts of tries that no longer count."""

        async def work(connection: AsyncConnection) -> None:
            now = self._now()
            await connection.execute(sa.delete(tokens).where(tokens.c.expires_at < now))
            for policy in (PIN_TRIES, LOGIN_TRIES):
                await forget_old(connection, policy, now)

        await self._database.run(work)


async def _user(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> User:
    found = await _users(connection, which)
    if not found:
        raise NotFoundError("user")
    return found[0]


async def _users(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> list[User]:
    queues = (
        sa.select(sa.func.array_agg(pg.aggregate_order_by(user_queues.c.queue, user_queues.c.queue)))
        .where(user_queues.c.user_id == users.c.id)
        .scalar_subquery()
    )
    query = sa.select(users, queues.label("queues")).where(which).order_by(users.c.login)
    return [_record(row) for row in (await connection.execute(query)).mappings()]


def _record(row: sa.RowMapping) -> User:
    values: dict[str, Any] = {name: row[name] for name in ("name", "extension", "active")}
    return User(id=AgentId(row["login"]), role=Role(row["role"]), queues=tuple(row["queues"] or ()), **values)


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
