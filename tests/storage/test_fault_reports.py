"""A fault that a caller reports makes the call's ticket a repair, once, and touches nothing that a person wrote."""

from datetime import timedelta

import pytest

from cti.domain.ids import AgentId, CallId
from cti.domain.promises import Fault
from cti.domain.utility import BillingUnavailableError
from storage.calls import CallStore
from storage.engine import Database
from storage.fault_reports import FaultReports
from storage.records import Category, EntryKind, TicketChange, TicketStatus
from storage.tickets import TicketStore
from tests.storage.calls import NOON, a_call, at, in_menu, served

pytestmark = pytest.mark.postgres

DUE = NOON + timedelta(hours=1)


async def test_the_ticket_becomes_a_repair_with_its_deadline(database: Database) -> None:
    ticket = await CallStore(database).save(in_menu(1))
    reports = FaultReports(database, now=lambda: at(60))
    number = await reports.report(in_menu(1).id, Fault.BURST, due_at=DUE)
    again = await reports.report(in_menu(1).id, Fault.BURST, due_at=DUE + timedelta(hours=1))

    kept = await TicketStore(database).get(ticket)
    assert number == again == kept.number
    assert (kept.category, kept.subcategory, kept.status) == (Category.REPAIR, "burst_main", TicketStatus.OPEN)
    assert kept.due_at == DUE
    assert [entry.kind for entry in kept.entries] == [EntryKind.OPENED, EntryKind.CHANGED]


async def test_a_repair_stays_open_when_the_menu_has_served_the_caller(database: Database) -> None:
    calls = CallStore(database)
    ticket = await calls.save(in_menu(1))
    await FaultReports(database).report(in_menu(1).id, Fault.LEAK, due_at=DUE)
    await calls.save(served(1))
    assert (await TicketStore(database).get(ticket)).status is TicketStatus.OPEN


async def test_what_an_agent_wrote_stays(database: Database) -> None:
    ticket = await CallStore(database).save(in_menu(1))
    desk = TicketStore(database)
    change = TicketChange(category=Category.COMPLAINT, status=TicketStatus.FOLLOW_UP)
    await desk.change(ticket, change, by=AgentId("agent1"), version=1)
    await FaultReports(database).report(in_menu(1).id, Fault.LEAK, due_at=DUE)
    kept = await desk.get(ticket)
    assert (kept.category, kept.status, kept.due_at) == (Category.COMPLAINT, TicketStatus.FOLLOW_UP, DUE)


async def test_a_call_whose_ticket_is_not_there_yet_promises_nothing(database: Database) -> None:
    with pytest.raises(BillingUnavailableError):
        await FaultReports(database).report(CallId(a_call(9).id), Fault.LEAK, due_at=DUE)
