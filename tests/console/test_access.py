"""Deny by default: every route, as nobody, with what is expired, forged or closed, and as each role."""

import base64
from typing import Any
from uuid import UUID

import orjson
import pytest

from agent_console.api.routes import ROUTES
from agent_console.ports import User
from agent_console.wire import Role
from cti.domain.ids import AgentId
from tests.console.conftest import House, user_of
from tests.console.fake_stores import USERS, a_record, a_ticket
from tests.console.fakes import AGENT1
from tests.console.samples import BODIES, filled

CLOSED_ROUTES = [route for route in ROUTES if not route.public]
named = pytest.mark.parametrize("route", CLOSED_ROUTES, ids=lambda route: route.name)


async def ask(house: House, route: Any, headers: dict[str, str]) -> tuple[int, Any]:
    house.stores.calls.records[UUID(int=1)] = a_record(1)
    house.stores.tickets.tickets[UUID(int=101)] = a_ticket(1)
    return await house.ask(route.method, filled(route), headers=headers, json=BODIES.get(route.name))


def test_only_these_routes_are_public() -> None:
    assert {r.name for r in ROUTES if r.public} == {"logIn", "makeToken", "getSite", "getHealth", "getDemoPhone"}


@named
async def test_nobody_gets_in(house: House, route: Any) -> None:
    status, body = await ask(house, route, {})

    assert (status, body["id"]) == (401, "not_logged_in")
    assert house.live.orders == []


@named
async def test_an_expired_session_is_nobodys(house: House, route: Any) -> None:
    headers = house.bearer("agent1")
    house.clock.move(12 * 3600 + 1)

    assert (await ask(house, route, headers))[0] == 401


@named
@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_the_table_says(house: House, route: Any, role: Role) -> None:
    status, body = await ask(house, route, house.bearer(user_of(role)))

    if role in route.allowed:
        assert status in (200, 204), body
    else:
        assert (status, body["id"]) == (403, "forbidden")
        assert house.live.orders == []


@named
async def test_a_forged_session_is_nobodys(house: House, route: Any) -> None:
    payload, _, signature = house.token("agent1").partition(".")
    said = orjson.loads(base64.urlsafe_b64decode(payload + "==")) | {"r": "admin"}
    forged = base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")

    assert (await ask(house, route, {"Authorization": f"Bearer {forged}.{signature}"}))[0] == 401


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "é.é", "x" * 5_000, "eyJ9.AAAA", "....", "\\x00.\\x00", "e30.", "bnVsbA.bnVsbA"]
)
async def test_a_garbled_token_is_nobodys(house: House, token: str) -> None:
    assert (await house.ask("GET", "/api/session", headers={"Authorization": f"Bearer {token}"}))[0] == 401


async def test_a_closed_session_is_over_for_cookie_and_token_and_after_a_restart(house: House) -> None:
    headers = house.bearer("agent1")
    assert (await house.ask("POST", "/api/logout", headers=headers))[0] == 204

    assert (await house.ask("GET", "/api/session", headers=headers))[0] == 401
    house.server.backend.sessions._closed.clear()
    await house.server.backend.sessions.load()
    assert (await house.ask("GET", "/api/session", headers=headers))[0] == 401


async def test_a_user_who_may_log_in_no_longer_is_out_within_a_minute(house: House) -> None:
    headers = house.bearer("agent1")
    assert (await house.ask("GET", "/api/session", headers=headers))[0] == 200
    del house.stores.users.users["agent1"]
    house.clock.move(61)

    assert (await house.ask("GET", "/api/session", headers=headers))[0] == 401


async def test_a_user_whose_role_was_taken_away_has_it_no_longer(house: House) -> None:
    headers = house.bearer("supervisor1")
    house.stores.users.users["supervisor1"] = User(AgentId("supervisor1"), "x", Role.AGENT, None)

    assert (await house.ask("GET", "/api/live", headers=headers))[0] == 401


async def test_sessions_go_on_while_the_database_is_down(house: House) -> None:
    house.stores.users.down = True

    assert (await house.ask("GET", "/api/live", headers=house.bearer("agent1")))[0] == 200


async def test_a_session_of_another_install_is_nobodys(house: House) -> None:
    other = type(house.server.backend.sessions)(
        "another key", house.clock, lifetime=house.clock.time - house.clock.time
    )
    token, _ = other.open(USERS["agent1"])

    assert (await house.ask("GET", "/api/session", headers={"Authorization": f"Bearer {token}"}))[0] == 401


# ------------------------------------------------------------------ whose is it


async def test_an_agent_lists_only_their_own_calls(house: House) -> None:
    house.stores.calls.records = {UUID(int=1): a_record(1), UUID(int=2): a_record(2, agent="agent2")}

    _, page = await house.ask("GET", "/api/calls", headers=house.bearer("agent1"))

    assert [call["agent"] for call in page["items"]] == ["agent1"]
    assert house.stores.calls.queries[-1].agent == AGENT1


@pytest.mark.parametrize("path", ["/api/calls?agent=agent2", f"/api/calls/{UUID(int=2)}"])
async def test_an_agent_asking_for_anothers_call_is_refused_and_that_is_audited(
    house: House, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.stores.calls.records = {UUID(int=2): a_record(2, agent="agent2")}

    with caplog.at_level("INFO", "hydrophone.audit"):
        status, _ = await house.ask("GET", path, headers=house.bearer("agent1"))

    assert status == 403
    assert "agent1" in caplog.text


async def test_numbers_are_masked_for_agents_but_not_for_supervisors(house: House) -> None:
    house.stores.tickets.tickets[UUID(int=101)] = a_ticket(1)
    house.stores.calls.records[UUID(int=1)] = a_record(1)

    for path in ("/api/tickets", f"/api/tickets/{UUID(int=101)}", "/api/calls", f"/api/calls/{UUID(int=1)}"):
        _, seen_by_agent = await house.ask("GET", path, headers=house.bearer("agent1"))
        _, seen_by_supervisor = await house.ask("GET", path, headers=house.bearer("supervisor1"))

        assert "13800138000" not in str(seen_by_agent)
        assert "13800138000" in str(seen_by_supervisor)


async def test_an_agent_sees_the_number_of_the_call_on_their_phone(house: House) -> None:
    call = house.live.arrive()
    house.live.queue()
    house.live.offer()
    whole = a_ticket(1)
    assert whole.call is not None
    house.stores.tickets.tickets[whole.id] = whole.model_copy(
        update={"call": whole.call.model_copy(update={"id": call})}
    )

    _, mine = await house.ask("GET", f"/api/tickets/{whole.id}", headers=house.bearer("agent1"))
    _, theirs = await house.ask("GET", f"/api/tickets/{whole.id}", headers=house.bearer("agent2"))

    assert mine["caller_number"] == "13800138000"
    assert "13800138000" not in str(theirs)


async def test_an_agent_sees_only_themselves_and_their_own_calls_live(house: House) -> None:
    house.live.arrive(1)
    house.live.queue(1)
    house.live.arrive(2)
    house.live.queue(2, position=2)
    house.live.offer(1)

    _, seen = await house.ask("GET", "/api/live", headers=house.bearer("agent1"))
    _, all_of_it = await house.ask("GET", "/api/live", headers=house.bearer("supervisor1"))

    assert [agent["id"] for agent in seen["agents"]] == ["agent1"]
    assert len(seen["calls"]) == 1
    assert len(all_of_it["agents"]) == 2
    assert len(all_of_it["calls"]) == 2


async def test_the_phones_password_is_given_only_to_its_agent(house: House) -> None:
    _, mine = await house.ask("GET", "/api/session", headers=house.bearer("agent1"))
    _, supervisors = await house.ask("GET", "/api/session", headers=house.bearer("supervisor1"))

    assert mine["phone"]["password"] == "one"
    assert mine["phone"]["uri"] == "sip:1001@127.0.0.1"
    assert supervisors["phone"] is None
