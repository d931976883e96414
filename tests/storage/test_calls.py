"""Call records and the one ticket that each has."""

import pytest

from storage.call_tickets import ticket_id
from storage.calls import CallStore
from storage.engine import Database
from tests.storage.calls import a_call, at

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(database: Database) -> CallStore:
    return CallStore(database, now=lambda: at(1000))


async def test_a_call_that_arrives_has_a_record_and_a_new_ticket(store: CallStore, database: Database) -> None:
    ticket = await store.save(a_call())
    record = await store.get(a_call().id)
    assert record.ticket_id == ticket == ticket_id(a_call().id)
    assert record.caller_name == "王小明"
    assert record.caller_number_e164 == "+8615400000001"
    assert record.outcome is None
