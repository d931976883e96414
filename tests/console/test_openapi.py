"""The description is valid, and what routes really answer is what it says."""

import json
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from agent_console.api.openapi import openapi_document
from agent_console.api.routes import ROUTES
from tests.console.conftest import House, user_of
from tests.console.fake_stores import PASSWORD, a_record, a_ticket
from tests.console.samples import BODIES, filled

DOCUMENT = openapi_document()


def checker(schema: dict[str, Any]) -> Draft202012Validator:
    whole = schema | {"components": DOCUMENT["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_document_is_valid_openapi_3_1() -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]

    assert errors == []


def test_every_route_is_described_with_who_may_ask() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]

        assert operation["operationId"] == route.name
        assert bool(operation["security"]) is not route.public


def test_operation_ids_are_unique() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_push_frames_are_told_apart_by_a_type_that_is_always_there() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    for name in ("Push", "PushCommand"):
        for part in schemas[name]["oneOf"]:
            assert "type" in schemas[part["$ref"].rsplit("/", 1)[1]]["required"]


def test_the_command_writes_the_document_without_a_server() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "agent_console.api.openapi"], check=True, capture_output=True, timeout=30
    )

    assert json.loads(written.stdout) == DOCUMENT


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_real_answers_are_as_described(house: House, route: Any) -> None:
    house.stores.calls.records[UUID(int=1)] = a_record(1)
    house.stores.tickets.tickets[UUID(int=101)] = a_ticket(1)
    house.live.arrive()
    house.live.queue()
    house.live.offer()
    role = next(iter(sorted(route.allowed)), None)
    headers = house.bearer(user_of(role)) if role is not None else {}
    body = BODIES.get(route.name)
    if route.name in ("logIn", "makeToken"):
        body = {"user": "agent1", "password": PASSWORD}

    status, answer = await house.ask(route.method, filled(route), headers=headers, json=body)

    described = DOCUMENT["paths"][route.path][route.method.lower()]["responses"][str(status)]
    assert status in (200, 204), answer
    if status == 200:
        assert list(checker(described["content"]["application/json"]["schema"]).iter_errors(answer)) == []


async def test_the_served_document_is_the_same(house: House) -> None:
    assert await house.ask("GET", "/api/openapi.json") == (200, DOCUMENT)
