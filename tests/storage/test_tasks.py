"""A caller whom nobody spoke with is a task until somebody called back, or until they reached us."""

import itertools
from datetime import timedelta

import pytest

from cti.domain.ids import AccountNumber, AgentId, TicketId
from cti.domain.model import Call, Outcome
from cti.domain.values import replace
from storage.calls import CallStore
from storage.engine import Database
from storage.records import EntryKind, Task, Ticket, TicketChange, TicketFilter, TicketStatus
from storage.tickets import TicketStore
from tests.storage.calls import NOON, abandoned, answered, at, ended, served

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Database) -> CallStore:
    return CallStore(database, now=lambda: at(9000))


@pytest.fixture
def desk(database: Database) -> TicketStore:
    return TicketStore(database, now=lambda: at(9000))


def an_hour_later(call: Call) -> dict[str, object]:
    times = ("started_at", "stage_since", "queued_at", "answered_at", "ended_at")
    return {name: getattr(call, name) + HOUR for name in times if getattr(call, name) is not None}


async def waiting(desk: TicketStore) -> list[TicketId]:
    page = await desk.page(TicketFilter(task=Task.CALL_BACK))
    return [ticket.id for ticket in page.items]


async def kept(store: CallStore, desk: TicketStore, call: Call) -> Ticket:
    return await desk.get(await store.save(call))


async def test_who_gave_up_waiting_is_to_be_called_back(store: CallStore, desk: TicketStore) -> None:
    ticket = await kept(store, desk, abandoned())
    assert (ticket.status, ticket.task, ticket.task_done_at) == (TicketStatus.OPEN, Task.CALL_BACK, None)
    assert await waiting(desk) == [ticket.id]
    assert ticket.entries[-1].changes["task"] == (None, "call_back")


@pytest.mark.parametrize("call", [ended(), served(), abandoned(queue=None), abandoned(inbound=False)])
async def test_nobody_else_is(store: CallStore, desk: TicketStore, call: Call) -> None:
    assert (await kept(store, desk, call)).task is None
    assert await waiting(desk) == []


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PBX_RESTART])
async def test_whom_we_lost_in_the_menu_is_too(store: CallStore, desk: TicketStore, outcome: Outcome) -> None:
    assert (await kept(store, desk, abandoned(queue=None, outcome=outcome))).task is Task.CALL_BACK


async def test_nobody_can_call_who_withheld_their_number(store: CallStore, desk: TicketStore) -> None:
    ticket = await kept(store, desk, abandoned(caller_number="", account=None, verified=False))
    assert (ticket.status, ticket.task) == (TicketStatus.CLOSED, None)


later_ones = [ended(2), served(2), answered(2), served(2, caller_number="")]


@pytest.mark.parametrize("later", later_ones, ids=["answered", "by the menu", "at once", "by account and PIN"])
@pytest.mark.parametrize("in_order", [True, False])
async def test_who_reached_us_later_need_not_be_called(
    store: CallStore, desk: TicketStore, later: Call, in_order: bool
) -> None:
    second = _moved(later)
    calls = [abandoned(1), second] if in_order else [second, abandoned(1)]
    tickets = {call.id: await store.save(call) for call in calls}
    first = await desk.get(tickets[abandoned(1).id])
    assert await waiting(desk) == []
    assert first.status is TicketStatus.CLOSED
    if in_order:
        number = (await desk.get(tickets[second.id])).number
        assert first.entries[-1].kind is EntryKind.CLOSED
        assert first.entries[-1].changes["reached_in"] == (None, number)


async def test_an_earlier_call_of_theirs_does_not_help(store: CallStore, desk: TicketStore) -> None:
    await store.save(ended(1))
    second = await store.save(_moved(abandoned(2)))
    assert await waiting(desk) == [second]


async def test_a_call_of_somebody_else_does_not_help(store: CallStore, desk: TicketStore) -> None:
    first = await store.save(abandoned(1))
    await store.save(_moved(ended(2, caller_number="15400000002", account=AccountNumber("20000019"))))
    assert await waiting(desk) == [first]


async def test_keying_their_account_without_its_pin_does_not_help(store: CallStore, desk: TicketStore) -> None:
    first = await store.save(abandoned(1))
    await store.save(_moved(ended(2, caller_number="15400000002", verified=False)))
    assert await waiting(desk) == [first]


async def test_who_gave_up_twice_is_helped_by_one_call(store: CallStore, desk: TicketStore) -> None:
    for number in (1, 2):
        await store.save(abandoned(number))
    await store.save(_moved(ended(3)))
    assert await waiting(desk) == []


async def test_closing_the_ticket_does_the_task(store: CallStore, desk: TicketStore) -> None:
    ticket = await store.save(abandoned())
    change = TicketChange(status=TicketStatus.CLOSED, note="called back")
    closed = await desk.change(ticket, change, by=AgentId("agent1"), version=1)
    assert closed.task_done_at == at(9000)
    assert await waiting(desk) == []


async def test_what_a_person_set_stays_when_the_caller_reaches_us(store: CallStore, desk: TicketStore) -> None:
    ticket = await store.save(abandoned())
    await desk.change(ticket, TicketChange(status=TicketStatus.FOLLOW_UP), by=AgentId("agent1"), version=1)
    await store.save(_moved(ended(2)))
    after = await desk.get(ticket)
    assert (after.status, after.task_done_at is None) == (TicketStatus.FOLLOW_UP, False)
    assert await waiting(desk) == []


async def test_telling_it_again_changes_nothing(store: CallStore, desk: TicketStore) -> None:
    ticket = await store.save(abandoned(1))
    later = _moved(ended(2))
    for call in itertools.chain([later] * 2, [abandoned(1)] * 2):
        await store.save(call)
    after = await desk.get(ticket)
    assert [entry.kind for entry in after.entries] == [EntryKind.OPENED, EntryKind.CALL, EntryKind.CLOSED]


def _moved(call: Call) -> Call:
    return replace(call, **an_hour_later(call))


def test_the_later_calls_are_later() -> None:
    assert _moved(ended(2)).started_at == NOON + HOUR
