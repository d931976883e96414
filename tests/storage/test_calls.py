"""Call records and the one ticket that each has."""

import asyncio
import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain import values
from cti.domain.ids import AccountNumber, AgentId, CallId, LinkedId, PbxName, QueueName, TicketId
from cti.domain.model import Call, IvrStep, Outcome
from storage.call_tickets import ticket_id
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import BadCursorError, NotFoundError
from storage.records import CallFilter, CallRecord, Disposition, EntryKind, Ticket, TicketChange, TicketStatus
from storage.schema import calls, ticket_entries, tickets
from storage.tickets import TicketStore
from tests.storage.calls import MAIN, NOON, a_call, abandoned, answered, at, ended, in_menu, served

pytestmark = pytest.mark.postgres

LATER = at(1000)


@pytest.fixture
def store(database: Database) -> CallStore:
    return CallStore(database, now=lambda: LATER)


@pytest.fixture
def desk(database: Database) -> TicketStore:
    return TicketStore(database, now=lambda: LATER)


async def count(database: Database, table: sa.Table) -> int:
    async def work(connection: AsyncConnection) -> int:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)

    return await database.run(work)


async def saved(store: CallStore, desk: TicketStore, *steps: Call) -> tuple[CallRecord, Ticket]:
    ids = [await store.save(step) for step in steps]
    assert len(set(ids)) == 1
    return await store.get(steps[0].id), await desk.get(ids[0])


async def test_a_call_that_arrives_has_a_record_and_a_new_ticket(store: CallStore, desk: TicketStore) -> None:
    record, ticket = await saved(store, desk, a_call())
    assert record.ticket_id == ticket.id == ticket_id(a_call().id)
    assert record.caller_name == "王小明"
    assert record.caller_number_e164 == "+8615400000001"
    assert (record.outcome, record.ended_at) == (None, None)
    assert (ticket.status, ticket.version) == (TicketStatus.NEW, 1)
    assert ticket.number == "20261122-000001"
    assert [entry.kind for entry in ticket.entries] == [EntryKind.OPENED]


async def test_the_day_of_a_ticket_number_is_the_day_of_the_site(store: CallStore, desk: TicketStore) -> None:
    evening = NOON.replace(hour=16, minute=30)  # half past midnight in Shanghai
    _, ticket = await saved(store, desk, a_call(started_at=evening, stage_since=evening))
    assert ticket.number.startswith("20261123-")


async def test_a_whole_call_ends_as_one_record_and_one_open_ticket(
    store: CallStore, desk: TicketStore, database: Database
) -> None:
    record, ticket = await saved(store, desk, a_call(), in_menu(), answered(), ended())
    assert await count(database, calls) == await count(database, tickets) == 1
    assert record.outcome is Outcome.ANSWERED
    assert (record.wait_s, record.talk_s, record.hold_s, record.holds) == (20, 110, 10, 1)
    assert record.ivr_path == in_menu().ivr_path
    assert (record.account, record.verified, record.language) == ("10000018", True, "zh")
    assert (ticket.status, ticket.disposition) == (TicketStatus.OPEN, None)
    assert (ticket.account, ticket.agent, ticket.queue, ticket.language) == ("10000018", "agent1", "water", "zh")
    assert [entry.kind for entry in ticket.entries] == [EntryKind.OPENED, EntryKind.CALL]
    assert ticket.entries[1].changes["outcome"] == (None, "answered")
    assert ticket.call == record


async def test_saving_the_same_again_changes_nothing(store: CallStore, desk: TicketStore, database: Database) -> None:
    first = await saved(store, desk, a_call(), in_menu(), answered(), ended())
    again = await saved(store, desk, ended(), ended(), ended())
    assert again == first
    assert await count(database, ticket_entries) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_saves_in_any_order_come_to_the_same(store: CallStore, desk: TicketStore, order: tuple[int, ...]) -> None:
    steps = (a_call(), in_menu(), answered(), ended())
    record, ticket = await saved(store, desk, *(steps[n] for n in order))
    assert record == replace(record, **{name: getattr(ended(), name) for name in ("outcome", "talk_s", "agent")})
    assert record.ivr_path == in_menu().ivr_path
    assert (record.language, record.queue, record.ended_at) == ("zh", "water", at(160))
    assert (ticket.status, ticket.account, ticket.agent) == (TicketStatus.OPEN, "10000018", "agent1")
    assert sorted(entry.kind for entry in ticket.entries) == [EntryKind.CALL, EntryKind.OPENED]


async def test_a_centre_that_restarted_in_the_call_forgets_nothing_that_was_kept(
    store: CallStore, desk: TicketStore
) -> None:
    await store.save(in_menu())
    poor = values.replace(
        ended(), language=None, account=None, verified=False, ivr_path=(), ivr_flow=None, caller_name=""
    )
    record, ticket = await saved(store, desk, poor)
    assert (record.language, record.account, record.verified) == ("zh", "10000018", True)
    assert record.ivr_path == in_menu().ivr_path
    assert record.caller_name == "王小明"
    assert (record.outcome, ticket.account) == (Outcome.ANSWERED, "10000018")


async def test_another_account_keyed_later_is_not_verified_by_the_first_ones_pin(
    store: CallStore, desk: TicketStore
) -> None:
    other = in_menu(stage_since=at(30), account=AccountNumber("20000019"), verified=False)
    record, _ = await saved(store, desk, in_menu(), other)
    assert (record.account, record.verified) == ("20000019", False)


async def test_a_call_that_self_service_ended_completes_its_ticket_by_itself(
    store: CallStore, desk: TicketStore
) -> None:
    record, ticket = await saved(store, desk, a_call(), in_menu(), served())
    assert record.ivr_served
    assert (ticket.status, ticket.disposition, ticket.closed_at) == (
        TicketStatus.CLOSED,
        Disposition.INFORMED,
        at(160),
    )
    assert [entry.kind for entry in ticket.entries] == [EntryKind.OPENED, EntryKind.CALL, EntryKind.CLOSED]
    assert ticket.entries[-1].by == "system"


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if "self" not in outcome and "ann" not in outcome])
async def test_every_other_end_leaves_the_ticket_open_as_a_task(
    store: CallStore, desk: TicketStore, outcome: Outcome
) -> None:
    _, ticket = await saved(store, desk, a_call(), abandoned(outcome=outcome))
    assert (ticket.status, ticket.closed_at) == (TicketStatus.OPEN, None)


async def test_what_an_agent_wrote_is_never_overwritten_by_the_call(store: CallStore, desk: TicketStore) -> None:
    _, ticket = await saved(store, desk, a_call(), answered())
    change = TicketChange(
        account=AccountNumber("20000019"), subject="漏水", status=TicketStatus.CLOSED, disposition=Disposition.RESOLVED
    )
    await desk.change(ticket.id, change, by=AgentId("agent1"), version=1)
    _, after = await saved(store, desk, ended(), served(stage_since=at(200), ended_at=at(200)))
    assert (after.account, after.subject, after.status) == ("20000019", "漏水", TicketStatus.CLOSED)
    assert after.disposition is Disposition.RESOLVED
    assert after.closed_at == LATER


async def test_the_end_of_the_call_does_not_refuse_the_form_that_the_agent_is_filling_in(
    store: CallStore, desk: TicketStore
) -> None:
    _, seen = await saved(store, desk, a_call(), answered())
    await store.save(ended())
    after = await desk.change(seen.id, TicketChange(subject="账单疑问"), by=AgentId("agent1"), version=seen.version)
    assert after.version == seen.version + 1


async def test_concurrent_saves_make_one_call_one_ticket_and_each_entry_once(
    store: CallStore, desk: TicketStore, database: Database
) -> None:
    steps = [a_call(), in_menu(), answered(), ended()] * 5
    random.Random(7).shuffle(steps)
    made = await asyncio.gather(*(store.save(step) for step in steps))
    assert len(set(made)) == 1
    assert await count(database, calls) == await count(database, tickets) == 1
    assert await count(database, ticket_entries) == 2
    ticket = await desk.get(made[0])
    assert ticket.call is not None
    assert ticket.call.outcome is Outcome.ANSWERED


async def test_a_hundred_calls_at_once_have_a_hundred_ticket_numbers(store: CallStore, desk: TicketStore) -> None:
    made = await asyncio.gather(*(store.save(a_call(number)) for number in range(1, 101)))
    numbers = {(await desk.get(ticket)).number for ticket in made}
    assert len(numbers) == 100


async def test_text_that_postgresql_refuses_is_kept_as_well_as_it_can_be(store: CallStore) -> None:
    await store.save(a_call(caller_name="a\0b\ud800c" + "长" * 900, caller_number="\0"))
    record = await store.get(a_call().id)
    assert record.caller_name.startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c长")
    assert len(record.caller_name) == 256
    assert record.caller_number_e164 is None


async def test_a_call_is_kept_however_long_the_names_are_that_the_pbx_gives(store: CallStore) -> None:
    long = "x\0" * 500
    step = IvrStep(step=long, way=long, at=NOON, took_ms=1, keyed=long)
    await store.save(
        answered(
            linkedid=LinkedId(long),
            queue=QueueName(long),
            agent=AgentId(long),
            account=AccountNumber(long),
            ivr_flow=long,
            ivr_path=(step,),
        )
    )
    record = await store.get(a_call().id)
    assert record.queue is not None
    assert (len(record.linkedid), len(record.queue), len(record.ivr_path[0].keyed)) == (150, 32, 64)


async def test_a_call_that_is_not_there_is_not_found(store: CallStore) -> None:
    with pytest.raises(NotFoundError):
        await store.get(a_call(99).id)


async def test_pages_show_every_call_once_newest_first(store: CallStore) -> None:
    for number in range(1, 24):
        start = NOON + timedelta(seconds=number // 2)  # several start together
        await store.save(a_call(number, started_at=start))
    seen: list[CallRecord] = []
    cursor: str | None = None
    while True:
        page = await store.page(CallFilter(), cursor=cursor, limit=5)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len({record.id for record in seen}) == 23
    assert [record.started_at for record in seen] == sorted((record.started_at for record in seen), reverse=True)


async def test_filters_narrow_the_list(store: CallStore) -> None:
    await store.save(ended(1))
    await store.save(abandoned(2, started_at=at(5)))
    await store.save(served(3, started_at=at(10), account=AccountNumber("20000019"), caller_number="15400000002"))

    async def found(chosen: CallFilter) -> list[CallId]:
        return [record.id for record in (await store.page(chosen)).items]

    one, two, three = (a_call(number).id for number in (1, 2, 3))
    assert await found(CallFilter()) == [three, two, one]
    assert await found(CallFilter(outcome=Outcome.ABANDONED)) == [two]
    assert await found(CallFilter(account=AccountNumber("20000019"))) == [three]
    assert await found(CallFilter(agent=AgentId("agent1"))) == [one]
    assert await found(CallFilter(number_e164="+8615400000002")) == [three]
    assert await found(CallFilter(since=at(5), until=at(10))) == [two]


@pytest.mark.parametrize("cursor", ["", "x", "%", "A" * 500, "Y2FsbHN8MXx4", "dGlja2V0c3wxfDE", "é", "\0"])
async def test_a_cursor_that_we_did_not_make_is_refused(store: CallStore, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await store.page(CallFilter(), cursor=cursor)


async def test_calls_of_a_number_are_counted_however_it_is_spelled(store: CallStore) -> None:
    spellings = ("15400000001", "+8615400000001", "0086 154 0000 0001")
    for number, spelling in enumerate(spellings, start=1):
        await store.save(a_call(number, caller_number=spelling, started_at=NOON - timedelta(days=number)))
    await store.save(a_call(8, started_at=NOON - timedelta(days=9)))
    await store.save(a_call(9, caller_number="anonymous"))
    assert await store.count_recent("15400000001") == 3
    assert await store.count_recent("+8615400000001", days=2) == 1
    assert await store.count_recent("anonymous") == 0
    assert await store.count_recent("") == 0


async def test_only_calls_without_an_end_on_this_pbx_are_unfinished(store: CallStore) -> None:
    await store.save(ended(1))
    await store.save(answered(2))
    await store.save(a_call(3, started_at=at(-5)))
    await store.save(a_call(4, pbx=PbxName("other")))
    assert [record.id for record in await store.unfinished(MAIN)] == [a_call(3).id, a_call(2).id]


def test_the_ticket_of_a_call_is_known_before_it_is_written() -> None:
    assert ticket_id(a_call(1).id) == ticket_id(a_call(1).id) != ticket_id(a_call(2).id)
    assert isinstance(TicketId(ticket_id(a_call().id)).hex, str)
