"""The console's stores on a real PostgreSQL, through the API: what is kept comes out, and no filter breaks anything."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import aiohttp
import pytest

from agent_console.history import KeptHistory
from agent_console.pop import Question, build, gather
from agent_console.server import ConsoleServer
from agent_console.stores import stores_of
from agent_console.wire_live import Match
from config.secrets import Secrets
from config.settings import Settings, Web
from cti.domain.model import Outcome
from cti.sandbox.network import free_port
from cti.services.journal.codec import Codec
from cti.services.journal.replay import Replay
from cti.services.messages import MessageFiles
from ivr.services.publishing import flow_desk
from storage.billing.own import OwnTables
from storage.call_tickets import ticket_id
from storage.calls import CallStore
from storage.engine import Database
from storage.journal import JournalStore
from storage.kpi import KpiStore
from storage.messages import MessageStore
from storage.records import Role
from storage.reported_readings import ReportedReadings
from storage.tickets import TicketStore
from storage.users import UserStore
from tests.console.fake_stores import FakeCallbacks, a_reported_reading
from tests.console.fakes import NOON, WATER, Clock, FakeLive
from tests.console.incident_stores import real_incidents
from tests.postgres import database, database_dsn, postgres_server
from tests.storage.calls import a_call, abandoned, at, ended, in_menu, served

__all__ = ["database", "database_dsn", "postgres_server"]

pytestmark = pytest.mark.postgres

PAYLOADS = [
    "'",
    '"',
    "' OR '1'='1",
    "'; DROP TABLE calls; --",
    "1; SELECT pg_sleep(10)",
    "') UNION SELECT password_hash FROM users --",
    "%' ESCAPE '",
    "\\",
    "%",
    "_",
    "\x00",
    "\ud7ff",
    "\U0010ffff",
    "$1",
    ":name",
    "%s",
    "{}",
    "0x1",
    "١",
    "NaN",
    "infinity",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-infinity",
    "9223372036854775808",
    "A" * 150,
]
FILTERS = ["from", "to", "agent", "queue", "account", "cursor", "limit", "outcome", "status", "category", "q", "sort"]


@dataclass
class Real:
    """A console server on a real database, with a supervisor and an agent in it."""

    origin: str
    http: aiohttp.ClientSession
    database: Database
    calls: CallStore
    tickets: TicketStore
    tokens: dict[str, str]

    async def ask(self, method: str, path: str, user: str = "supervisor1", **rest: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} if user in self.tokens else {}
        async with self.http.request(method, self.origin + path, headers=headers, **rest) as response:
            return response.status, await response.json()


@pytest.fixture
async def real(database: Database, tmp_path: Path, dist: Path) -> AsyncIterator[Real]:
    clock = Clock()
    users, calls = UserStore(database), CallStore(database, now=clock)
    tickets = TicketStore(database, now=clock)
    await users.create("agent1", name="阿一", role=Role.AGENT, password="one", queues=(WATER,))
    await users.create("supervisor1", name="班长", role=Role.SUPERVISOR, password="two")
    settings = Settings(home=tmp_path, web=Web(port=free_port(), push_port=free_port()))
    stores = stores_of(
        users=users,
        calls=calls,
        tickets=tickets,
        customers=OwnTables(database, pin_key="key", now=clock),
        database=database,
        kpis=KpiStore(database, now=clock),
        readings=ReportedReadings(database, now=clock),
        history=KeptHistory(Replay(JournalStore(database), Codec())),
        incidents=real_incidents(database, clock),
        flows=flow_desk(Settings(), database),
        callbacks=FakeCallbacks(),
        messages=MessageStore(database),
        sounds=MessageFiles(tmp_path, MessageStore(database), lambda _fact: None, clock),
    )
    server = ConsoleServer(
        settings, Secrets(), FakeLive(clock), stores, now=clock, monotonic=clock.monotonic, dist=dist
    )
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            made = Real(settings.console_url, http, database, calls, tickets, {})
            for user, password in (("agent1", "one"), ("supervisor1", "two")):
                status, token = await made.ask("POST", "/api/tokens", json={"user": user, "password": password})
                assert status == 200, token
                made.tokens[user] = token["token"]
            yield made
    finally:
        await server.stop()


async def test_calls_come_out_as_they_were_kept_page_by_page(real: Real) -> None:
    for n in range(1, 6):
        await real.calls.save(in_menu(n, started_at=at(n), agent="agent1" if n % 2 else "agent2"))

    seen, path = [], "/api/calls?limit=2"
    while path:
        status, page = await real.ask("GET", path)
        assert status == 200
        seen += [UUID(call["id"]).int for call in page["items"]]
        path = f"/api/calls?limit=2&cursor={page['next']}" if page["next"] else ""
    _, own = await real.ask("GET", "/api/calls", user="agent1")

    assert seen == [5, 4, 3, 2, 1]
    assert {call["agent"] for call in own["items"]} == {"agent1"}


async def test_an_agent_completes_a_ticket_and_another_finds_it_changed(real: Real) -> None:
    call = in_menu(1)
    kept = await real.calls.save(call)
    path = f"/api/tickets/{kept}"
    _, before = await real.ask("GET", path)
    change = {
        "version": before["version"],
        "key": str(uuid4()),
        "category": "repair",
        "disposition": "resolved",
        "subject": "爆管 <b>burst</b>",
        "note": "'; DROP TABLE tickets; --",
        "status": "closed",
    }

    first, after = await real.ask("PATCH", path, user="agent1", json=change)
    again, _ = await real.ask("PATCH", path, user="agent1", json=change)
    late, refusal = await real.ask("PATCH", path, json=change | {"key": str(uuid4())})

    assert kept == ticket_id(call.id)
    assert (first, again, late, refusal["id"]) == (200, 200, 409, "ticket_changed")
    assert (after["status"], after["category"], after["subject"]) == ("closed", "repair", "爆管 <b>burst</b>")
    assert after["entries"][-1]["text"] == "'; DROP TABLE tickets; --"
    assert len([entry for entry in after["entries"] if entry["by"] == "agent1"]) == 1


async def test_callers_to_be_called_back_are_a_list_that_empties_as_it_is_worked_off(real: Real) -> None:
    kept = await real.calls.save(abandoned(1))
    await real.calls.save(served(2, caller_number="15400000002"))

    _, waiting = await real.ask("GET", "/api/tickets?task=call_back&sort=oldest", user="agent1")
    change = {"version": 1, "key": str(uuid4()), "disposition": "resolved", "status": "closed"}
    _, closed = await real.ask("PATCH", f"/api/tickets/{kept}", user="agent1", json=change)
    _, left = await real.ask("GET", "/api/tickets?task=call_back", user="agent1")

    assert [(ticket["id"], ticket["task"]) for ticket in waiting["items"]] == [(str(kept), "call_back")]
    assert closed["task_done_at"] is not None
    assert left["items"] == []


async def test_a_status_that_cannot_follow_is_refused(real: Real) -> None:
    kept = await real.calls.save(a_call(1))

    status, refusal = await real.ask("PATCH", f"/api/tickets/{kept}", json={"version": 1, "status": "done"})

    assert (status, refusal["id"]) == (409, "illegal_status")


async def test_what_is_not_there_is_not_found(real: Real) -> None:
    for path in (f"/api/calls/{UUID(int=7)}", f"/api/tickets/{UUID(int=7)}"):
        assert (await real.ask("GET", path))[0] == 404
    assert (await real.ask("PATCH", f"/api/tickets/{UUID(int=7)}", json={"version": 1}))[0] == 404


async def test_no_payload_in_a_filter_does_anything(real: Real) -> None:
    await real.calls.save(in_menu(1))
    for path, name, payload in itertools.product(("/api/calls", "/api/tickets"), FILTERS, PAYLOADS):
        status, _ = await real.ask("GET", f"{path}?{name}={quote(payload)}")
        assert status in (200, 422), (path, name, payload)

    assert len((await real.ask("GET", "/api/calls"))[1]["items"]) == 1


async def test_no_payload_typed_into_a_ticket_does_anything_but_stand_there(real: Real) -> None:
    kept = await real.calls.save(in_menu(1))
    for version, payload in enumerate(PAYLOADS, start=1):
        status, ticket = await real.ask(
            "PATCH", f"/api/tickets/{kept}", json={"version": version, "note": f"note {payload}", "subject": payload}
        )
        assert status == 200, payload
        assert ticket["entries"][-1]["text"] == f"note {payload}".replace("\x00", "\ufffd")


async def test_payloads_as_user_name_and_password_are_wrong_passwords(real: Real) -> None:
    for payload in PAYLOADS[:14]:
        status, _ = await real.ask("POST", "/api/login", user="", json={"user": payload, "password": payload})
        assert status in (401, 429, 422)


async def test_guessing_is_locked_in_the_database_too(real: Real) -> None:
    statuses = [
        (await real.ask("POST", "/api/login", user="", json={"user": "agent1", "password": "no"}))[0] for _ in range(7)
    ]

    assert (statuses[0], statuses[-1]) == (401, 429)


async def test_a_pop_finds_earlier_contacts_of_the_number(real: Real, tmp_path: Path) -> None:
    await real.calls.save(a_call(1, account="10000012"))
    call = in_menu(2, account=None, ivr_path=(), verified=False)
    await real.calls.save(call)
    question = Question.about(call, "CN")
    stores = stores_of(
        users=UserStore(real.database),
        calls=real.calls,
        tickets=real.tickets,
        customers=OwnTables(real.database, pin_key="key"),
        database=real.database,
        kpis=KpiStore(real.database),
        readings=ReportedReadings(real.database),
        history=KeptHistory(Replay(JournalStore(real.database), Codec())),
        incidents=real_incidents(real.database, lambda: NOON),
        flows=flow_desk(Settings(), real.database),
        callbacks=FakeCallbacks(),
        messages=MessageStore(real.database),
        sounds=MessageFiles(tmp_path, MessageStore(real.database), lambda _fact: None, Clock()),
    )

    pop = build(call, question, await gather(question, stores), queue=WATER, offered_at=NOON)

    assert (pop.match, pop.calls_7_days, pop.ticket_id) == (Match.NONE, 2, ticket_id(call.id))
    assert pop.records_available
    assert [contact.id for contact in pop.last_contacts] == [ticket_id(a_call(1).id)]


async def test_health_tells_of_the_database(real: Real) -> None:
    assert (await real.ask("GET", "/health"))[1]["database"] is True
    await real.database.close()


async def test_the_figures_are_those_of_the_kept_calls(real: Real) -> None:
    await real.calls.save(ended(1))
    await KpiStore(real.database).recompute(NOON, NOON + timedelta(seconds=1))

    status, answer = await real.ask("GET", "/api/kpi?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z")

    assert status == 200
    assert {one["kpi"]: one["value"] for one in answer["total"]}["asa"] == 20


async def test_a_reading_by_telephone_is_listed_until_somebody_decides(real: Real) -> None:
    reading = a_reported_reading()
    await ReportedReadings(real.database).report(reading)

    _, before = await real.ask("GET", "/api/readings", user="agent1")
    status, decided = await real.ask(
        "POST", f"/api/readings/{reading.id}/decision", user="agent1", json={"confirmed": False}
    )
    _, after = await real.ask("GET", "/api/readings", user="agent1")
    unknown, _ = await real.ask(
        "POST", f"/api/readings/{UUID(int=99)}/decision", user="agent1", json={"confirmed": True}
    )

    assert [(one["id"], one["value_m3"], one["state"]) for one in before["items"]] == [
        (str(reading.id), 1_234, "to_confirm")
    ]
    assert (status, decided["state"], decided["decided_by"]) == (200, "refused", "agent1")
    assert after["items"] == []
    assert unknown == 404


async def test_a_flow_is_published_taken_back_and_its_funnel_read(real: Real) -> None:
    await UserStore(real.database).create("admin1", name="管理", role=Role.ADMIN, password="three")
    login = await real.ask("POST", "/api/tokens", "", json={"user": "admin1", "password": "three"})
    real.tokens["admin1"] = login[1]["token"]

    async def ask(method: str, path: str, **rest: Any) -> tuple[int, Any]:
        return await real.ask(method, f"/api/flows{path}", "admin1", **rest)

    text = (await ask("GET", "/water/text"))[1]["text"]
    wanted = {"text": text.replace("first_key_s: 6", "first_key_s: 8"), "based_on": 0, "comment": "more time"}
    status, made = await ask("POST", "/water/versions", json=wanted)
    assert (status, made["version"], made["made_by"]) == (200, 1, "admin1")
    assert (await ask("POST", "/water/versions", json=wanted))[1]["id"] == "flow_changed"
    broken = wanted | {"text": text.replace("start: language", "start: nowhere"), "based_on": 1}
    status, refused = await ask("POST", "/water/versions", json=broken)
    assert (status, refused["id"]) == (422, "flow_faulty")
    assert any("no step 'nowhere'" in told for told in refused["fields"].values())
    judged = (await ask("POST", "/water/check", json={"text": broken["text"]}))[1]
    assert judged["faults"][0]["advice"]
    assert (judged["faults"][0]["what"], judged["faults"][0]["what_zh"]) == (
        "there is no step 'nowhere'",
        "没有步骤“nowhere”",
    )
    status, back = await ask("POST", "/water/back", json={})
    assert (status, back["version"]) == (200, 2)
    versions = (await ask("GET", "/water/versions"))[1]["items"]
    assert [(one["version"], one["back_to"]) for one in versions] == [(2, 0), (1, None)]
    told = (await ask("GET", "/water/text?version=1&against=0"))[1]["difference"]
    assert "+first_key_s: 8" in told
    await real.calls.save(in_menu(7, ivr_version=1, ended_at=NOON, outcome=Outcome.ABANDONED))
    funnel = (await ask("GET", "/water/funnel?day=2026-11-22&version=1"))[1]
    assert (funnel["calls"], [step["step"] for step in funnel["steps"]]) == (1, ["account", "language"])
    picture = (await ask("GET", "/water/picture?day=2026-11-22"))[1]["svg"]
    assert picture.startswith("<svg")
    assert "<script" not in picture
    items = (await ask("GET", ""))[1]["items"]
    assert next(item for item in items if item["flow"] == "water")["version"] == 2
