"""The demo's users: three agents, a supervisor, an administrator. Their passwords are made per install."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cti.domain.ids import AgentId, Extension, QueueName
from storage.errors import NotFoundError
from storage.records import Role, User
from storage.users import UserStore


@dataclass(frozen=True, slots=True)
class Person:
    """A demo user."""

    login: str
    name: str
    role: Role
    extension: Extension | None = None


PEOPLE: Final = (
    Person("agent1", "林晓梅", Role.AGENT, Extension("1001")),
    Person("agent2", "陈志远", Role.AGENT, Extension("1002")),
    Person("agent3", "Emma Carter", Role.AGENT, Extension("1003")),
    Person("supervisor1", "赵敏", Role.SUPERVISOR),
    Person("admin1", "Admin", Role.ADMIN),
)


async def ensure_people(
    users: UserStore, passwords: Mapping[str, str], *, queue: QueueName, reset: bool = True
) -> Sequence[User]:
    """Make the demo's users be there, the agents in ``queue``, with these ``passwords`` (by user name).

    Without ``reset`` those who are there already stay as they are.
    """
    return await asyncio.gather(*(_ensure(users, person, passwords, queue, reset) for person in PEOPLE))


async def _ensure(
    users: UserStore, person: Person, passwords: Mapping[str, str], queue: QueueName, reset: bool
) -> User:
    if not reset:
        with contextlib.suppress(NotFoundError):
            return await users.get(AgentId(person.login))
    return await users.ensure(
        person.login,
        name=person.name,
        role=person.role,
        password=passwords[person.login],
        extension=person.extension,
        queues=(queue,) if person.role is Role.AGENT else (),
    )
