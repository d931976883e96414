"""The OpenAPI 3.1 document, made from the route table and the wire types.

``python -m agent_console.api.openapi > openapi.json`` writes it without a running server; the console's TypeScript
types are generated from that. The frames of the push channel are in it as component schemas ``Push`` (what the
server sends) and ``PushCommand`` (what it takes).
"""

import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from agent_console.api.route import FLOW_NAME, NOTHING, Route
from agent_console.api.routes import ROUTES
from agent_console.errors import ConsoleError
from agent_console.wire import ErrorBody
from agent_console.wire_push import Push, PushCommand

SESSION_COOKIE = "hydrophone_session"
REF = "#/components/schemas/{model}"
Json = dict[str, Any]


@cache
def openapi_document() -> Json:
    """Return the document."""
    found, components = _schemas()
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, found)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hydrophone",
            "version": version("hydrophone"),
            "description": (
                "Times are RFC 3339 in UTC, durations whole seconds, money integer fen, volumes whole cubic metres. "
                "Scripts log in with POST /api/tokens. The push channel sends `Push` and takes `PushCommand`."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _schemas() -> tuple[dict[Any, Json], Json]:
    inputs = [(key, mode, TypeAdapter(kind)) for key, mode, kind in _types()]
    found, shared = TypeAdapter.json_schemas(inputs, ref_template=REF)
    components: Json = dict(shared.get("$defs", {}))
    components["Push"] = found["Push", "serialization"]
    components["PushCommand"] = found["PushCommand", "serialization"]
    return {key: schema for (key, _), schema in found.items()}, dict(sorted(components.items()))


def _types() -> Iterator[tuple[Any, JsonSchemaMode, Any]]:
    yield "Push", "serialization", Push
    yield "PushCommand", "serialization", PushCommand  # as who sends it sees it: its type always given
    yield ErrorBody, "serialization", ErrorBody
    for kind in dict.fromkeys(route.answer for route in ROUTES):
        if kind is not None:
            yield kind, "serialization", kind
    for kind in dict.fromkeys(kind for route in ROUTES for kind in (route.query, route.body)):
        if kind is not NOTHING:
            yield kind, "validation", kind


def _operation(route: Route[Any, Any], found: dict[Any, Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, found),
        "security": [] if route.public else [{"cookie": []}, {"bearer": []}],
        "x-roles": ["anybody"] if route.public else sorted(route.allowed),
    }
    if route.body is not NOTHING:
        operation["requestBody"] = {"required": True, "content": _json(found[route.body])}
    return operation


def _path_parameters(route: Route[Any, Any]) -> list[Json]:
    schemas: dict[str, Json] = {
        "id": {"type": "string", "format": "uuid"},
        "flow": {"type": "string", "pattern": f"^{FLOW_NAME.pattern}$"},
    }
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in schemas.items()
        if f"{{{name}}}" in route.path
    ]


def _query_parameters(route: Route[Any, Any]) -> list[Json]:
    if route.query is NOTHING:
        return []
    schema = TypeAdapter(route.query).json_schema(ref_template=REF)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(field)}
        for name, field in schema["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """Return a filter's schema as a query string can say it: left out, never null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default") or not kinds}
    return {**kinds[0], **rest} if len(kinds) == 1 else schema


def _responses(route: Route[Any, Any], found: dict[Any, Json]) -> Json:
    if route.answer is None:
        responses: Json = {"204": {"description": "Done."}}
    else:
        responses = {"200": {"description": route.summary + ".", "content": _json(found[route.answer])}}
    for status in sorted({*_usual_refusals(route), *route.refusals}):
        responses[str(status)] = {"description": _meaning(status), "content": _json(found[ErrorBody])}
    return responses


def _usual_refusals(route: Route[Any, Any]) -> Iterator[int]:
    yield 500
    yield 422
    if not route.public:
        yield from (401, 403)
    if route.changes:
        yield from (403, 400, 408, 413, 415)


def _meaning(status: int) -> str:
    return next(
        (f"{kind.__doc__ or kind.id} (`{kind.id}`)" for kind in _kinds(ConsoleError) if kind.status == status),
        "Refused.",
    )


def _kinds(base: type[ConsoleError]) -> Iterator[type[ConsoleError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(openapi_document(), option=orjson.OPT_INDENT_2) + b"\n")
