"""The phone menus' routes: who may see and change what, and what is told when something is in the way."""

import logging
from datetime import date

import pytest

from agent_console.errors import FlowChangedError, FlowFaultyError
from tests.console.conftest import House
from tests.console.fake_stores import USERS

ADMIN = USERS["admin1"].id


async def ask(house: House, method: str, path: str, user: str = "admin1", **rest: object) -> tuple[int, object]:
    return await house.ask(method, f"/api/flows/{path}", headers=house.bearer(user), **rest)


async def test_an_admin_publishes_and_the_audit_log_says_who(house: House, caplog: pytest.LogCaptureFixture) -> None:
    body = {"text": "flow: water", "based_on": 3, "comment": "shorter"}
    with caplog.at_level(logging.INFO, "hydrophone.audit"):
        status, answer = await ask(house, "POST", "water/versions", json=body)
    assert status == 200
    assert house.stores.flows.orders == [("publish", "water", "flow: water", ADMIN, 3, "shorter")]
    assert isinstance(answer, dict)
    assert answer["version"] == 4
    assert f"flow water version 4 published by {ADMIN}" in caplog.text


async def test_an_admin_goes_back(house: House) -> None:
    assert (await ask(house, "POST", "water/back", json={}))[0] == 200
    assert (await ask(house, "POST", "water/back", json={"to": 0, "comment": "as shipped"}))[0] == 200
    assert house.stores.flows.orders == [("back", "water", ADMIN, None, ""), ("back", "water", ADMIN, 0, "as shipped")]


@pytest.mark.parametrize("user", ["agent1", "supervisor1"])
async def test_nobody_else_publishes_or_reads_the_text(house: House, user: str) -> None:
    for method, path, body in (
        ("POST", "water/versions", {"text": "x", "based_on": 0}),
        ("POST", "water/back", {}),
        ("POST", "water/check", {"text": "x"}),
        ("GET", "water/text", None),
    ):
        assert (await ask(house, method, path, user, json=body))[0] == 403
    assert house.stores.flows.orders == []


async def test_somebody_was_faster(house: House) -> None:
    house.stores.flows.refusal = FlowChangedError()
    status, answer = await ask(house, "POST", "water/versions", json={"text": "x", "based_on": 2})
    assert isinstance(answer, dict)
    assert (status, answer["id"]) == (409, "flow_changed")


async def test_what_the_linter_finds_is_told_by_line(house: House) -> None:
    house.stores.flows.refusal = FlowFaultyError(fields={"water.yaml:3": "there is no step 'x'. Name a step."})
    status, answer = await ask(house, "POST", "water/versions", json={"text": "x", "based_on": 3})
    assert isinstance(answer, dict)
    assert (status, answer["id"]) == (422, "flow_faulty")
    assert answer["fields"] == {"water.yaml:3": "there is no step 'x'. Name a step."}


async def test_a_supervisor_reads_the_funnel(house: House) -> None:
    status, answer = await ask(house, "GET", "water/funnel?day=2026-11-24&version=3", "supervisor1")
    assert status == 200
    assert isinstance(answer, dict)
    assert (answer["day"], answer["version"], answer["containment"]) == (str(date(2026, 11, 24)), 3, 0.6)
    (step,) = answer["steps"]
    assert (step["calls"], step["gave_up"], step["drop_off"]) == (10, 1, 0.1)
    assert step["ways"] == [{"way": "1", "passes": 9}, {"way": "hangup", "passes": 1}]


@pytest.mark.parametrize("name", ["Water", "..", "water%2F..%2Fx", "a" * 33, "1", "w;ater", "water'--"])
async def test_what_is_no_name_of_a_flow_is_refused(house: House, name: str) -> None:
    status, _ = await ask(house, "GET", f"{name}/versions")
    assert status in (404, 422)


@pytest.mark.parametrize("query", ["", "day=yesterday", "day=2026-11-24&version=-1", "day=2026-11-24&x=1"])
async def test_a_funnel_needs_a_day(house: House, query: str) -> None:
    assert (await ask(house, "GET", f"water/funnel?{query}"))[0] == 422
