"""Tickets by their keyed number: anybody hears the state, their own caller the times."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber
from cti.domain.ticket_progress import Progress, TicketTold
from cti.domain.utility import BillingUnavailableError
from storage.engine import Database
from storage.records import Category, TicketStatus
from storage.schema import tickets
from storage.ticket_enquiries import PROGRESS, WAITING, TicketEnquiries
from tests.storage.calls import NOON

pytestmark = pytest.mark.postgres

DUE = NOON + timedelta(hours=3)
MINE, ACCOUNT = "+8615400000042", AccountNumber("10000004")


async def ticket(
    database: Database, number: str, status: TicketStatus = TicketStatus.DISPATCHED, **rest: object
) -> None:
    over = status in (TicketStatus.CLOSED, TicketStatus.CANCELLED)
    row = {
        "id": uuid4(),
        "number": number,
        "version": 1,
        "status": status,
        "opened_at": NOON,
        "updated_at": NOON,
        "closed_at": NOON if over else None,
        "due_at": DUE,
        "caller_number_e164": MINE,
        "account": ACCOUNT,
        "category": Category.REPAIR,
    } | rest

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(tickets).values(row))

    await database.run(work)


@pytest.mark.parametrize("status", TicketStatus)
async def test_every_state_is_told_and_times_only_while_there_is_something_to_wait_for(
    database: Database, status: TicketStatus
) -> None:
    await ticket(database, "20261122-000101", status)
    told = await TicketEnquiries(database).find("20261122000101", number=MINE, account=None)
    assert told is not None
    assert told.progress is PROGRESS[status]
    assert told.arrival_by == (DUE if told.progress in WAITING else None)
    assert told.due_at is None


async def test_a_crew_arrives_and_anything_else_is_settled(database: Database) -> None:
    await ticket(database, "20261122-000101", category=Category.COMPLAINT)
    told = await TicketEnquiries(database).find("20261122000101", number=MINE, account=None)
    assert told == TicketTold(Progress.ASSIGNED, theirs=True, due_at=DUE)


@pytest.mark.parametrize(
    ("number", "account", "theirs"),
    [
        (MINE, None, True),
        ("15400000042", None, True),
        ("", ACCOUNT, True),
        ("+8615400000043", None, False),
        ("", AccountNumber("10000012"), False),
        ("anonymous", None, False),
    ],
)
async def test_times_are_for_the_tickets_own_number_or_proved_account(
    database: Database, number: str, account: AccountNumber | None, theirs: bool
) -> None:
    await ticket(database, "20261122-000101")
    told = await TicketEnquiries(database).find("20261122000101", number=number, account=account)
    assert told == TicketTold(Progress.ASSIGNED, theirs=theirs, arrival_by=DUE if theirs else None)
    by_tail = await TicketEnquiries(database).find("000101", number=number, account=account)
    assert by_tail == (told if theirs else None), "six digits find nobody else's"


async def test_a_ticket_without_number_and_account_is_nobodys(database: Database) -> None:
    await ticket(database, "20261122-000101", caller_number_e164=None, account=None)
    told = await TicketEnquiries(database).find("20261122000101", number="", account=None)
    assert told == TicketTold(Progress.ASSIGNED, theirs=False)


@pytest.mark.parametrize("digits", ["", "1", "00101", "20261122000999", "2026112200010", "%%%%%%", "000_01", "0" * 40])
async def test_what_names_no_ticket_finds_none(database: Database, digits: str) -> None:
    await ticket(database, "20261122-000101")
    assert await TicketEnquiries(database).find(digits, number=MINE, account=ACCOUNT) is None


async def test_without_a_database_there_is_no_answer() -> None:
    gone = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", connect_timeout_s=0.2)
    with pytest.raises(BillingUnavailableError):
        await TicketEnquiries(gone).find("000101", number=MINE, account=None)
    await gone.close()
