"""Who may log in: passwords, locks, tokens."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from cti.domain.ids import AgentId, Extension, QueueName
from storage.engine import Database
from storage.errors import DuplicateError, NotFoundError
from storage.records import Role, TokenKind
from storage.schema import tokens, tries, users
from storage.tries import LOGIN_TRIES
from storage.users import UserStore
from tests.storage.calls import NOON

pytestmark = pytest.mark.postgres

PASSWORD = "correct horse"
WATER = QueueName("water")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database: Database, clock: Clock) -> UserStore:
    made = UserStore(database, now=clock)
    await made.create(
        "agent1", name="林晓梅", role=Role.AGENT, password=PASSWORD, extension=Extension("1001"), queues=[WATER]
    )
    return made


async def test_the_right_password_lets_in_and_the_wrong_one_does_not(store: UserStore) -> None:
    login = await store.verify("agent1", PASSWORD)
    assert login.user is not None
    assert (login.user.id, login.user.role, login.user.queues) == ("agent1", Role.AGENT, ("water",))
    assert (await store.verify("agent1", "wrong")).user is None
    assert (await store.verify("nobody", PASSWORD)).user is None


async def test_the_password_is_kept_as_argon2id_only(store: UserStore, database: Database) -> None:
    async with database.engine.connect() as connection:
        kept = await connection.scalar(sa.select(users.c.password_hash))
    assert kept is not None
    assert kept.startswith("$argon2id$")


@pytest.mark.parametrize("login", ["agent1", "nobody"])
async def test_five_wrong_passwords_lock_with_growing_delay_whether_the_user_exists_or_not(
    store: UserStore, clock: Clock, login: str
) -> None:
    for _ in range(LOGIN_TRIES.free):
        assert (await store.verify(login, "wrong")).locked_s == 0
    locked = await store.verify(login, PASSWORD)
    assert (locked.user, locked.locked_s) == (None, 30)
    clock.now += timedelta(seconds=31)
    assert (await store.verify(login, "wrong")).locked_s == 0
    assert (await store.verify(login, PASSWORD)).locked_s == 60


async def test_the_right_password_after_the_lock_lets_in_and_forgets_the_failures(
    store: UserStore, clock: Clock
) -> None:
    for _ in range(LOGIN_TRIES.free):
        await store.verify("agent1", "wrong")
    clock.now += timedelta(seconds=31)
    assert (await store.verify("agent1", PASSWORD)).user is not None
    for _ in range(LOGIN_TRIES.free - 1):
        await store.verify("agent1", "wrong")
    assert (await store.verify("agent1", PASSWORD)).user is not None


async def test_many_tries_at_once_are_no_more_tries(store: UserStore) -> None:
    logins = await asyncio.gather(*(store.verify("agent1", f"guess {n}") for n in range(12)))
    assert sum(login.locked_s == 0 for login in logins) == LOGIN_TRIES.free


async def test_what_was_typed_as_a_user_name_is_not_kept(store: UserStore, database: Database) -> None:
    await store.verify("my-password-by-mistake", "x")
    async with database.engine.connect() as connection:
        kept = (await connection.execute(sa.select(tries))).all()
    assert "my-password-by-mistake" not in repr(kept)


async def test_user_names_and_extensions_are_given_once(store: UserStore) -> None:
    with pytest.raises(DuplicateError, match="user name"):
        await store.create("agent1", name="x", role=Role.AGENT, password="p")
    with pytest.raises(DuplicateError, match="extension"):
        await store.create("agent9", name="x", role=Role.AGENT, password="p", extension=Extension("1001"))


async def test_ensuring_a_user_twice_leaves_one_with_the_last_password(store: UserStore) -> None:
    for password in ("first", "second"):
        await store.ensure("admin1", name="Admin", role=Role.ADMIN, password=password, queues=[WATER])
    assert (await store.verify("admin1", "first")).user is None
    login = await store.verify("admin1", "second")
    assert login.user == await store.get(AgentId("admin1"))


async def test_agents_are_those_with_a_phone_and_their_queues(store: UserStore) -> None:
    await store.create("supervisor1", name="赵敏", role=Role.SUPERVISOR, password="p")
    await store.create(
        "agent2",
        name="陈志远",
        role=Role.AGENT,
        password="p",
        extension=Extension("1002"),
        queues=[WATER, QueueName("a")],
    )
    agents = await store.agents()
    assert [(agent.id, agent.extension, agent.queues) for agent in agents] == [
        ("agent1", "1001", ("water",)),
        ("agent2", "1002", ("a", "water")),
    ]


async def test_a_token_opens_until_it_expires(store: UserStore, clock: Clock) -> None:
    made = await store.open_token(AgentId("agent1"), TokenKind.SESSION, lifetime=timedelta(hours=12))
    session = await store.lookup(made.token)
    assert session is not None
    assert (session.user.id, session.kind, session.expires_at) == ("agent1", TokenKind.SESSION, made.expires_at)
    assert await store.lookup(made.token + "x") is None
    clock.now += timedelta(hours=12)
    assert await store.lookup(made.token) is None


async def test_a_revoked_token_opens_nothing(store: UserStore) -> None:
    one = await store.open_token(AgentId("agent1"), TokenKind.SESSION, lifetime=timedelta(hours=1))
    two = await store.open_token(AgentId("agent1"), TokenKind.BEARER, lifetime=timedelta(hours=1))
    await store.revoke(one.token)
    await store.revoke(one.token)
    assert await store.lookup(one.token) is None
    assert await store.lookup(two.token) is not None
    await store.revoke_all(AgentId("agent1"))
    assert await store.lookup(two.token) is None


async def test_of_a_token_only_its_hash_is_kept_and_its_text_is_not_shown(store: UserStore, database: Database) -> None:
    made = await store.open_token(AgentId("agent1"), TokenKind.SESSION, lifetime=timedelta(hours=1))
    async with database.engine.connect() as connection:
        row = (await connection.execute(sa.select(tokens))).one()
    assert made.token not in repr(row)
    assert made.token not in repr(made)


async def test_nobody_gets_no_token(store: UserStore) -> None:
    with pytest.raises(NotFoundError):
        await store.open_token(AgentId("nobody"), TokenKind.SESSION, lifetime=timedelta(hours=1))


async def test_a_user_who_is_no_longer_active_is_out_at_once(store: UserStore, database: Database) -> None:
    made = await store.open_token(AgentId("agent1"), TokenKind.SESSION, lifetime=timedelta(hours=1))
    async with database.engine.begin() as connection:
        await connection.execute(sa.update(users).values(active=False))
    assert await store.lookup(made.token) is None
    assert (await store.verify("agent1", PASSWORD)).user is None
    assert await store.agents() == []


async def test_housekeeping_removes_what_is_over_and_nothing_else(
    store: UserStore, database: Database, clock: Clock
) -> None:
    await store.open_token(AgentId("agent1"), TokenKind.SESSION, lifetime=timedelta(hours=1))
    kept = await store.open_token(AgentId("agent1"), TokenKind.BEARER, lifetime=timedelta(days=9))
    await store.verify("agent1", "wrong")
    clock.now += timedelta(days=2)
    await store.housekeep()
    assert await store.lookup(kept.token) is not None
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(tokens)) == 1
        assert await connection.scalar(sa.select(sa.func.count()).select_from(tries)) == 0
