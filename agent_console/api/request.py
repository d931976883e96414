"""From an HTTP request to what a handler takes: who asks, whether they may, and what was sent, checked.

The order is fixed: known, allowed, from our own page, well-formed. Nothing that was sent comes back in a refusal.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent_console.api.openapi import SESSION_COOKIE
from agent_console.api.route import FLOW_NAME, NOTHING, Asked, Route
from agent_console.auth import Login
from agent_console.backend import Backend
from agent_console.errors import (
    ConsoleError,
    ForbiddenError,
    ForeignOriginError,
    InvalidError,
    NotJsonError,
    NotLoggedInError,
    ReplayOnlyError,
    TooLargeError,
    TooSlowError,
)
from agent_console.wire import Wire

MAX_BODY_BYTES: Final = 64 * 1024
BODY_DEADLINE_S: Final = 10.0
IN_A_REPLAY: Final = frozenset({"logIn", "logOut", "makeToken", "makePushTicket"})
"""What may be ordered while the past is shown; nothing else."""
SECURE_COOKIE: Final = f"__Host-{SESSION_COOKIE}"
"""The cookie's name under https; the prefix makes browsers refuse one that another host or path set."""


def cookie_name(backend: Backend) -> str:
    """Return the name of the session cookie."""
    return SECURE_COOKIE if backend.secure else SESSION_COOKIE


async def checked(route: Route[Any, Any], request: web.Request, backend: Backend) -> Asked[Any, Any]:
    """Return what is asked, or raise the refusal."""
    login, by_cookie = _who(request, backend)
    if not route.public:
        if login is None:
            raise NotLoggedInError
        _check_allowed(route, login)
        await backend.standing.check(login)
    if route.changes and backend.replay is not None and route.name not in IN_A_REPLAY:
        raise ReplayOnlyError
    if route.changes:
        _check_origin(request, backend, needed=by_cookie and not route.public)
    return Asked(
        query=_query(route, request),
        body=await _body(route, request),
        login=login,
        address=request.remote or "",
        id=_id(request),
        flow=_flow(request),
    )


def _who(request: web.Request, backend: Backend) -> tuple[Login | None, bool]:
    """Return who asks, and whether a cookie says so. A bearer token goes before a cookie; a bad one is nobody."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    by_cookie = scheme.lower() != "bearer"
    if by_cookie:
        token = request.cookies.get(cookie_name(backend), "")
    try:
        return backend.sessions.who(token.strip()), by_cookie
    except NotLoggedInError:
        return None, by_cookie


def _check_allowed(route: Route[Any, Any], login: Login) -> None:
    if login.role not in route.allowed:
        raise ForbiddenError


def _check_origin(request: web.Request, backend: Backend, *, needed: bool) -> None:
    """Refuse another site's page; a browser always tells where a changing request comes from."""
    origins = request.headers.getall("Origin", [])
    if (needed or origins) and (len(origins) != 1 or origins[0] not in backend.origins):
        raise ForeignOriginError


def _query(route: Route[Any, Any], request: web.Request) -> Wire | None:
    if route.query is NOTHING:
        if request.query:
            raise InvalidError(fields=dict.fromkeys(["query"], "unexpected"))
        return None
    if len(request.query) != len(set(request.query)):
        raise InvalidError(fields={"query": "given twice"})
    return _parsed(route.query, dict(request.query))


async def _body(route: Route[Any, Any], request: web.Request) -> Wire | None:
    if not route.changes:
        return None
    raw = await _read(request)
    if route.body is NOTHING and not raw:
        return None
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise NotJsonError
    if route.body is NOTHING:
        if raw.strip() != b"{}":
            raise InvalidError(fields={"body": "unexpected"})
        return None
    return _parsed(route.body, raw)


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            return await request.read()
    except TimeoutError:
        raise TooSlowError from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLargeError from None


def _id(request: web.Request) -> UUID | None:
    text = request.match_info.get("id")
    if text is None:
        return None
    try:
        if len(text) != len("00000000-0000-0000-0000-000000000000"):
            raise ValueError
        return UUID(text)
    except ValueError:
        raise InvalidError(fields={"id": "uuid"}) from None


def _flow(request: web.Request) -> str | None:
    name = request.match_info.get("flow")
    if name is not None and not FLOW_NAME.fullmatch(name):
        raise InvalidError(fields={"flow": "no such name"})
    return name


def _parsed(kind: type[Wire], raw: bytes | Mapping[str, str]) -> Wire:
    try:
        return kind.model_validate_json(raw) if isinstance(raw, bytes) else kind.model_validate_strings(raw)
    except ValidationError as error:
        raise _invalid(kind, error) from None


def _invalid(kind: type[Wire], error: ValidationError) -> ConsoleError:
    """Name the fields and the rules they break: our own words only, since a key may be anything that was sent."""
    ours = {field.alias or name for name, field in kind.model_fields.items()}
    return InvalidError(fields=dict(_fault(fault, ours) for fault in error.errors(include_input=False)))


def _fault(fault: ErrorDetails, ours: set[str]) -> tuple[str, str]:
    name = str(fault["loc"][0]) if fault["loc"] else "body"
    return (name if name in ours or name == "body" else "unknown"), fault["type"]
