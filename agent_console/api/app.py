"""The HTTP shell around the route table: one handler for all routes, one boundary for all errors.

Logs name the route and the status, never the address as it was asked for: filters hold account numbers.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from agent_console.api.guard import security_headers
from agent_console.api.openapi import openapi_document
from agent_console.api.request import MAX_BODY_BYTES, checked, cookie_name
from agent_console.api.route import CookieWish, Route
from agent_console.api.routes import ROUTES
from agent_console.api.static import DIST, Pages
from agent_console.backend import Backend
from agent_console.errors import (
    ConsoleError,
    InternalError,
    NotFoundError,
    NotPossibleNowError,
    TooLargeError,
    UnavailableError,
    WrongMethodError,
)
from agent_console.metrics import PATH as METRICS_PATH
from agent_console.metrics import MetricsPage
from agent_console.ports import StoreUnavailableError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API_PREFIXES: Final = ("/api", "/health", METRICS_PATH)
NO_STORE: Final = {"Cache-Control": "no-store"}


def make_app(
    backend: Backend,
    *,
    refusals: tuple[type[Exception], ...] = (),
    dist: Any = DIST,
    metrics: MetricsPage | None = None,
) -> web.Application:
    """Return the application. ``refusals`` are what the live centre raises for an order it can't follow now."""
    headers = security_headers(backend.settings)

    @web.middleware
    async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _answered(request, handler, refusals)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.path.startswith(API_PREFIXES):
            response.headers.update(NO_STORE)
        return response

    app = web.Application(middlewares=[boundary], client_max_size=MAX_BODY_BYTES)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(route, backend))
    app.router.add_get("/api/openapi.json", _openapi)
    if metrics is not None:
        app.router.add_get(METRICS_PATH, metrics.serve)
    app.router.add_get("/{page:.*}", Pages.found(dist, backend.settings).serve)
    return app


def _handler(route: Route[Any, Any], backend: Backend) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked = await checked(route, request, backend)
        answer = await route.run(backend, asked)
        if answer is None:
            response = web.Response(status=204)
        else:
            response = web.Response(body=answer.model_dump_json().encode(), content_type="application/json")
        _set_cookie(response, asked.cookie, backend)
        return response

    return handle


def _set_cookie(response: web.Response, wish: CookieWish, backend: Backend) -> None:
    name = cookie_name(backend)
    if wish.keep is not None:
        response.set_cookie(
            name,
            wish.keep,
            max_age=backend.settings.web.session_hours * 3600,
            httponly=True,
            samesite="Strict",
            secure=backend.secure,
            path="/",
        )
    if wish.forget:
        response.del_cookie(name, path="/", secure=backend.secure, httponly=True, samesite="Strict")


async def _openapi(request: web.Request) -> web.StreamResponse:
    return web.Response(body=orjson.dumps(openapi_document()), content_type="application/json")


async def _answered(
    request: web.Request, handler: Handler, refusals: tuple[type[Exception], ...]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except ConsoleError as refusal:
        return _refused(refusal)
    except StoreUnavailableError:
        return _refused(UnavailableError())
    except refusals as refusal:
        return _refused(NotPossibleNowError.saying(refusal))
    except web.HTTPException as error:
        return _refused(_OURS.get(error.status, ConsoleError)())
    except Exception:
        log.exception("%s %s failed", request.method, _route_name(request))
        return _refused(InternalError())


_OURS: Final[dict[int, type[ConsoleError]]] = {404: NotFoundError, 405: WrongMethodError, 413: TooLargeError}


def _route_name(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "an unknown path"


def _refused(refusal: ConsoleError) -> web.Response:
    response = web.Response(
        status=int(refusal.status), body=refusal.body.model_dump_json().encode(), content_type="application/json"
    )
    if refusal.retry_after_s is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response
