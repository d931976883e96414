"""Promises to call back, kept: one per number, changed once, and what becomes of the ticket."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from cti.domain import callbacks
from cti.domain.callbacks import Callback, CallbackState, Place, Rules, linked_id
from cti.domain.ids import CallId
from cti.domain.model import Outcome
from storage.call_tickets import ticket_id
from storage.callbacks import CallbackStore
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import NotFoundError
from storage.kpi import KpiStore, Period
from storage.messages import KeptMessage, MessageStore
from storage.ratings import RatingStore
from storage.records import Task, TicketStatus
from storage.tickets import TicketStore
from tests.storage.calls import NOON, WATER, abandoned, at, ended

pytestmark = pytest.mark.postgres

RULES = Rules(attempts=2)


@pytest.fixture
def store(database: Database) -> CallbackStore:
    return CallbackStore(database)


@pytest.fixture
def calls(database: Database) -> CallStore:
    return CallStore(database, now=lambda: at(9000))


@pytest.fixture
def tickets(database: Database) -> TicketStore:
    return TicketStore(database, now=lambda: at(9000))


def a_callback(number: int = 1, phone: str = "+8613800000001", *, since: float = 20) -> Callback:
    call = CallId(UUID(int=number))
    return callbacks.asked(call, WATER, Place(at(since), 5), phone, at(60), language="zh")


async def test_what_is_kept_is_what_was_asked_for_and_asking_again_changes_nothing(store: CallbackStore) -> None:
    first = await store.add(a_callback())
    assert first == a_callback()
    assert await store.add(a_callback()) == first
    assert await store.add(a_callback(2)) == first, "the same number has one promise, with the better place"
    other = await store.add(a_callback(3, "+8613800000003", since=10))
    assert await store.open() == [other, first]


async def test_whoever_saw_an_older_state_changes_nothing(store: CallbackStore) -> None:
    callback = await store.add(a_callback())
    dialled = callbacks.dialled(callback, at(70))
    assert await store.change(callback, dialled)
    assert await store.change(callback, dialled), "repeated after a lost answer"
    assert not await store.change(callback, callbacks.withdrawn(callback, at(71)))
    assert await store.open() == [dialled]


async def test_whom_nobody_reached_is_a_task_for_a_person(
    store: CallbackStore, calls: CallStore, tickets: TicketStore
) -> None:
    await calls.save(abandoned(outcome=Outcome.CALLBACK))
    callback = await store.add(a_callback())
    for second in (70, 80):
        dialled = callbacks.dialled(callback, at(second))
        assert await store.change(callback, dialled)
        callback = callbacks.failed(dialled, at(second + 5), RULES)
        assert await store.change(dialled, callback)
    ticket = await tickets.get(ticket_id(callback.call))
    assert (callback.state, ticket.task, ticket.status) == (CallbackState.UNREACHED, Task.CALL_BACK, TicketStatus.OPEN)
    assert ticket.entries[-1].changes == {"callback": (None, "unreached"), "task": (None, "call_back")}
    assert await store.open() == []
    assert await store.add(a_callback(4)) != callback, "a promise that is over does not stand in the way of a new one"


async def test_the_call_back_is_on_the_first_calls_ticket(
    store: CallbackStore, calls: CallStore, tickets: TicketStore
) -> None:
    first = abandoned(outcome=Outcome.CALLBACK)
    await calls.save(first)
    dialled = callbacks.dialled(await store.add(a_callback()), at(70))
    assert not await store.was_reached(dialled)
    placed = ended(2, inbound=False, linkedid=linked_id(dialled), callback_of=first.id)
    assert await calls.save(placed) == ticket_id(first.id)
    assert await calls.save(placed) == ticket_id(first.id)
    assert await store.was_reached(dialled)
    ticket = await tickets.get(ticket_id(first.id))
    assert (ticket.agent, ticket.task) == ("agent1", None)
    assert [entry.changes.get("outcome") for entry in ticket.entries[1:]] == [(None, "callback"), (None, "answered")]
    record = await calls.get(placed.id)
    assert (record.callback_of, record.ticket_id) == (first.id, ticket_id(first.id))


async def test_an_attempt_that_reached_nobody_is_not_taken_for_one_that_did(
    store: CallbackStore, calls: CallStore
) -> None:
    await calls.save(abandoned(outcome=Outcome.CALLBACK))
    dialled = callbacks.dialled(await store.add(a_callback()), at(70))
    nobody = abandoned(
        2, queue=None, queued_at=None, inbound=False, linkedid=linked_id(dialled),
        callback_of=dialled.call, outcome=Outcome.FAILED,
    )  # fmt: skip
    await calls.save(nobody)
    assert not await store.was_reached(dialled)


# ------------------------------------------------------------------ ratings


async def test_a_low_mark_has_the_ticket_followed_up(
    database: Database, calls: CallStore, tickets: TicketStore
) -> None:
    ratings = RatingStore(database, now=lambda: at(170))
    call = ended()
    await calls.save(call)
    await ratings.mark(call.id, "after_call", "satisfied", 5, "zh")
    assert (await tickets.get(ticket_id(call.id))).status is TicketStatus.OPEN
    for _ in range(2):
        await ratings.mark(call.id, "after_call", "satisfied", 1, "zh")
    ticket = await tickets.get(ticket_id(call.id))
    assert ticket.status is TicketStatus.FOLLOW_UP
    assert ticket.entries[-1].changes == {"mark": (None, "1"), "status": ("open", "follow_up")}


async def test_figures_count_who_was_asked_and_what_they_said(database: Database, calls: CallStore) -> None:
    ratings = RatingStore(database, now=lambda: at(170))
    marks: dict[int, int | None] = {1: 5, 2: 4, 3: 2, 4: None}
    for number, mark in marks.items():
        await calls.save(ended(number))
        await ratings.decided(CallId(UUID(int=number)), asked=True)
        if mark is not None:
            await ratings.mark(CallId(UUID(int=number)), "after_call", "satisfied", mark, "zh")
    await calls.save(ended(5))
    await ratings.decided(CallId(UUID(int=5)), asked=False)
    await calls.save(abandoned(6, outcome=Outcome.CALLBACK))
    await calls.save(ended(7, inbound=False, callback_of=CallId(UUID(int=6))))
    await ratings.decided(CallId(UUID(int=7)), asked=True)
    await ratings.mark(CallId(UUID(int=7)), "after_call", "satisfied", 4, "zh")
    kpis = KpiStore(database, now=lambda: NOON)
    await kpis.recompute(NOON, at(600))
    (point,) = await kpis.read(Period(since=NOON, until=at(900)))
    tally = point.tally
    assert (tally.asked, tally.rated, tally.satisfied, tally.very_satisfied) == (5, 4, 2, 1)
    assert (tally.callbacks, tally.answered) == (1, 5)


# ------------------------------------------------------------------ messages


async def test_a_message_is_found_by_its_ticket_and_by_its_id(database: Database, calls: CallStore) -> None:
    messages = MessageStore(database)
    call = abandoned(outcome=Outcome.VOICEMAIL)
    await calls.save(call)
    kept = KeptMessage(
        id=uuid4(),
        call_id=call.id,
        purpose="voicemail",
        language="zh",
        seconds=4.5,
        account=None,
        at=NOON + timedelta(1),
    )
    for _ in range(2):
        await messages.keep(kept)
    assert await messages.of_ticket(ticket_id(call.id)) == [kept]
    assert await messages.get(kept.id) == (kept, None)
    with pytest.raises(NotFoundError):
        await messages.get(uuid4())
