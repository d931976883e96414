"""What a route is: the one declaration that the handler, the access check and the OpenAPI document are made from."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar
from uuid import UUID

from agent_console.auth import Login
from agent_console.backend import Backend
from agent_console.errors import NotLoggedInError
from agent_console.wire import Role, Wire

Q = TypeVar("Q", bound=Wire | None)
B = TypeVar("B", bound=Wire | None)

FLOW_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
NOTHING: Final = type(None)
"""What a route without query or body declares."""
AGENTS = frozenset({Role.AGENT})
ADMINS = frozenset({Role.ADMIN})
SUPERVISORS = frozenset({Role.SUPERVISOR, Role.ADMIN})
EVERYBODY = frozenset(Role)
PUBLIC: frozenset[Role] = frozenset()
"""No login needed. Written out at each such route; a route without ``allowed`` does not exist."""


class Method(StrEnum):
    """The methods we use."""

    GET = "GET"
    POST = "POST"
    PATCH = "PATCH"


@dataclass(slots=True)
class CookieWish:
    """What a handler wants done with the session cookie."""

    keep: str | None = None
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """One request, checked: who asks for what. ``query`` and ``body`` are as the route declares them."""

    query: Q
    body: B
    login: Login | None
    address: str
    id: UUID | None = None
    flow: str | None = None
    cookie: CookieWish = field(default_factory=CookieWish)

    @property
    def who(self) -> Login:
        """Who is logged in; on a route that is not public there always is somebody."""
        if self.login is None:
            raise NotLoggedInError
        return self.login

    @property
    def entity(self) -> UUID:
        """The id in the path."""
        if self.id is None:
            raise LookupError("this route has no id in its path")
        return self.id

    @property
    def flow_name(self) -> str:
        """The phone menu in the path."""
        if self.flow is None:
            raise LookupError("this route has no phone menu in its path")
        return self.flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, B]):
    """One thing that can be asked for."""

    method: Method
    path: str
    name: str
    summary: str
    allowed: frozenset[Role]
    run: Callable[[Backend, Asked[Q, B]], Awaitable[Wire | None]]
    query: type[Q]
    body: type[B]
    answer: type[Wire] | None
    refusals: tuple[int, ...] = ()

    @property
    def public(self) -> bool:
        """Whether it needs no login."""
        return self.allowed == PUBLIC

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.method is not Method.GET
