"""Each query that runs while somebody waits finds its rows by an index, not by reading the table."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from cti.domain.ids import AccountNumber, AgentId, CallId, QueueName
from cti.domain.model import Outcome
from storage.billing.own import OwnTables
from storage.calls import CallStore
from storage.cursors import to_cursor
from storage.engine import Database, plain_dsn
from storage.funnel import FunnelStore
from storage.kpi import KpiStore
from storage.records import CallFilter, Category, Task, TicketFilter, TicketSort, TicketStatus
from storage.reported_readings import ReportedReadings
from storage.ticket_enquiries import TicketEnquiries
from storage.tickets import TicketStore
from storage.users import UserStore
from storage.zones import Zones
from tests.postgres import PostgresServer
from tests.storage.calls import MAIN, NOON

pytestmark = pytest.mark.postgres

BIG = {
    "calls",
    "tickets",
    "ticket_entries",
    "bills",
    "readings",
    "payments",
    "accounts",
    "customer_phones",
    "tokens",
    "agent_times",
    "reported_readings",
    "premises",
}

FILL = """
INSERT INTO calls (id, pbx, linkedid, started_at, ended_at, stage_since, caller_number, caller_number_e164, inbound,
                   account, verified, ivr_path, ivr_served, queue, wait_s, agent, talk_s, hold_s, holds, outcome)
SELECT ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, 'main', n::text,
       '2026-11-22T04:00Z'::timestamptz - n * interval '1 minute', CASE WHEN n > 20 THEN now() END, now(), 'x',
       '+86154' || lpad((n % 5000)::text, 8, '0'), true, lpad((n % 5000)::text, 8, '0'), false, '[]', false, 'water',
       0, 'agent' || n % 40, 0, 0, 0,
       CASE WHEN n > 20 THEN (ARRAY['answered','abandoned','self_service'])[n % 3 + 1] END
FROM generate_series(1, 30000) AS n;
INSERT INTO tickets (id, number, call_id, version, status, category, account, caller_number_e164, queue, agent,
                     opened_at, updated_at, closed_at)
SELECT id, linkedid, id, 1, CASE WHEN linkedid::int % 20 = 0 THEN 'open' ELSE 'closed' END,
       (ARRAY['enquiry','repair','complaint'])[linkedid::int % 3 + 1], account, caller_number_e164,
       (ARRAY['water','sales','other'])[linkedid::int % 3 + 1],
       agent, started_at, started_at, CASE WHEN linkedid::int % 20 > 0 THEN now() END
FROM calls;
INSERT INTO ticket_entries (id, ticket_id, at, by, kind)
SELECT gen_random_uuid(), id, opened_at, 'system', kind FROM tickets, (VALUES ('opened'), ('call')) AS kinds (kind);
INSERT INTO zones VALUES ('00000000-0000-0000-0000-000000000001', 'Z', 'z', 'z');
INSERT INTO tariffs VALUES ('00000000-0000-0000-0000-000000000001', 'T', 't', 't');
INSERT INTO customers (id, name) SELECT id, 'c' FROM calls LIMIT 5000;
INSERT INTO customer_phones SELECT id, '+86154' || right(id::text, 8) FROM customers;
INSERT INTO premises SELECT id, '00000000-0000-0000-0000-000000000001', 'a' FROM customers;
INSERT INTO accounts (id, number, customer_id, premise_id, tariff_id)
SELECT id, right(id::text, 8), id, id, '00000000-0000-0000-0000-000000000001' FROM customers;
INSERT INTO account_pins SELECT id, sha256('x') FROM accounts;
INSERT INTO meters SELECT id, id, right(id::text, 12), 'in_service', '2020-01-01' FROM accounts;
INSERT INTO readings SELECT id, '2026-01-01'::date + m, m, 'actual' FROM meters, generate_series(1, 26) AS m;
INSERT INTO bills SELECT id, '2024-01-01'::date + m * interval '1 month', 1, 100, '2026-01-01', 0, 0, false
FROM accounts, generate_series(1, 26) AS m;
INSERT INTO payments SELECT gen_random_uuid(), account_id, period, 100, 'bank' FROM bills;
INSERT INTO reported_readings (id, account, reported_at, value_m3, doubt, state, decided_at)
SELECT gen_random_uuid(), lpad((n % 5000)::text, 8, '0'), '2026-11-22T04:00Z'::timestamptz - n * interval '1 minute', 1,
       'none', CASE WHEN n <= 40 THEN 'to_confirm' ELSE 'confirmed' END, CASE WHEN n > 40 THEN now() END
FROM generate_series(1, 30000) AS n;
INSERT INTO users VALUES ('00000000-0000-0000-0000-000000000001', 'u', 'u', 'agent', 'x', NULL, true);
INSERT INTO tokens SELECT sha256(n::text::bytea), '00000000-0000-0000-0000-000000000001', 'session', now(), now() + '1d'
FROM generate_series(1, 5000) AS n;
INSERT INTO agent_times
SELECT 'agent' || n % 40, '2026-11-22T04:00Z'::timestamptz - n * interval '1 minute',
       '2026-11-22T04:01Z'::timestamptz - n * interval '1 minute', 'available'
FROM generate_series(1, 30000) AS n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def filled(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create()

    async def fill() -> None:
        connection = await asyncpg.connect(postgres_server.embedded.plain_dsn_of(name))
        await connection.execute(FILL)
        await connection.close()

    postgres_server.run(fill())
    yield postgres_server.embedded.dsn_of(name)
    postgres_server.drop(name)


@pytest.fixture
async def busy(filled: str) -> AsyncIterator[Database]:
    opened = Database(filled, pool_size=1)
    yield opened
    await opened.close()


NUMBER = "+8615400000042"
ACCOUNT = AccountNumber("00000042")
ONE = CallId(UUID("00000000-0000-0000-0001-000000000001"))
PLACE = (NOON, ONE)

QUERIES: dict[str, Callable[[Database], Awaitable[object]]] = {
    "calls, all": lambda db: CallStore(db).page(CallFilter()),
    "calls, next page": lambda db: CallStore(db).page(CallFilter(), cursor=to_cursor("calls", *PLACE)),
    "calls of an account": lambda db: CallStore(db).page(CallFilter(account=ACCOUNT)),
    "calls of an agent": lambda db: CallStore(db).page(CallFilter(agent=AgentId("agent7"))),
    "calls of a number": lambda db: CallStore(db).page(CallFilter(number_e164=NUMBER)),
    "calls by outcome": lambda db: CallStore(db).page(CallFilter(outcome=Outcome.ABANDONED)),
    "calls in a time": lambda db: CallStore(db).page(CallFilter(since=NOON, until=NOON)),
    "one call": lambda db: CallStore(db).get(ONE),
    "repeat calls": lambda db: CallStore(db).count_recent(NUMBER),
    "unfinished calls": lambda db: CallStore(db).unfinished(MAIN),
    "tickets, newest": lambda db: TicketStore(db).page(TicketFilter()),
    "tickets, oldest": lambda db: TicketStore(db).page(TicketFilter(), sort=TicketSort.OLDEST),
    "tickets, last changed": lambda db: TicketStore(db).page(TicketFilter(), sort=TicketSort.LAST_CHANGED),
    "tickets, next page": lambda db: TicketStore(db).page(TicketFilter(), cursor=to_cursor("newest", *PLACE)),
    "tickets by status": lambda db: TicketStore(db).page(TicketFilter(status=TicketStatus.OPEN)),
    "tickets by category": lambda db: TicketStore(db).page(TicketFilter(category=Category.REPAIR)),
    "tickets of an account": lambda db: TicketStore(db).page(TicketFilter(account=ACCOUNT)),
    "tickets of an agent": lambda db: TicketStore(db).page(TicketFilter(agent=AgentId("agent7"))),
    "tickets of a queue": lambda db: TicketStore(db).page(TicketFilter(queue=QueueName("sales"))),
    "tickets in a time": lambda db: TicketStore(db).page(TicketFilter(since=NOON, until=NOON)),
    "tasks": lambda db: TicketStore(db).page(TicketFilter(task=Task.CALL_BACK), sort=TicketSort.OLDEST),
    "open tickets": lambda db: TicketStore(db).open_for_account(ACCOUNT),
    "last contacts": lambda db: TicketStore(db).last_contacts(account=ACCOUNT, number=NUMBER),
    "an account": lambda db: OwnTables(db, pin_key="k").account(ACCOUNT),
    "bills": lambda db: OwnTables(db, pin_key="k").bills(ACCOUNT, limit=3),
    "a sheet": lambda db: OwnTables(db, pin_key="k").sheet(ACCOUNT),
    "accounts of a number": lambda db: OwnTables(db, pin_key="k").accounts_of_number(NUMBER),
    "a last payment": lambda db: OwnTables(db, pin_key="k").last_payment(ACCOUNT),
    "readings": lambda db: OwnTables(db, pin_key="k").readings(ACCOUNT, limit=26),
    "a tariff": lambda db: OwnTables(db, pin_key="k").tariff(ACCOUNT),
    "reported readings of an account": lambda db: ReportedReadings(db).of_account(ACCOUNT),
    "reported readings to confirm": lambda db: ReportedReadings(db).to_confirm(),
    "the zone of a number": lambda db: Zones(db).of_number(NUMBER),
    "the zone of an account": lambda db: Zones(db).of_account(ACCOUNT),
    "a ticket by its number": lambda db: TicketEnquiries(db).find("20261122000042", number="", account=None),
    "one's own ticket by six digits": lambda db: TicketEnquiries(db).find("000042", number=NUMBER, account=ACCOUNT),
    "a PIN": lambda db: OwnTables(db, pin_key="k").check_pin(ACCOUNT, "000000"),
    "figures computed": lambda db: KpiStore(db).recompute(NOON - timedelta(hours=2), NOON),
    "a day's callers of a flow": lambda db: FunnelStore(db).read("water", NOON - timedelta(days=1), NOON),
    "a token": lambda db: UserStore(db).lookup("x"),
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("name", QUERIES)
async def test_it_finds_its_rows_by_an_index(busy: Database, filled: str, name: str) -> None:
    seen: list[tuple[str, tuple[Any, ...]]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        seen.append((statement, tuple(parameters)))

    fetch = asyncpg.Connection.fetch

    async def noted_fetch(self: Any, statement: str, *given: Any) -> Any:
        seen.append((statement, given))
        return await fetch(self, statement, *given)

    sa.event.listen(busy.engine.sync_engine, "before_cursor_execute", note)
    try:
        with patch.object(asyncpg.Connection, "fetch", noted_fetch):  # what storage.prepared executes
            await QUERIES[name](busy)
    finally:
        sa.event.remove(busy.engine.sync_engine, "before_cursor_execute", note)
    connection = await asyncpg.connect(plain_dsn(filled))
    try:
        selects = [(statement, given) for statement, given in seen if statement.startswith("SELECT")]
        assert selects
        for statement, given in selects:
            text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *given)
            check_plan(statement, json.loads(text)[0]["Plan"])
    finally:
        await connection.close()


def check_plan(statement: str, plan: dict[str, Any]) -> None:
    for node in nodes(plan):
        scans_all = node["Node Type"] == "Seq Scan" and node.get("Relation Name") in BIG
        assert not scans_all, f"reads all of {node.get('Relation Name')}: {statement}"
        assert node["Node Type"] != "Sort" or node["Plan Rows"] < 500, f"sorts {node['Plan Rows']} rows: {statement}"
