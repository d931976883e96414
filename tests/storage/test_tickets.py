"""What people do with tickets: read, list, change."""

import asyncio
from itertools import product
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from cti.domain.ids import AccountNumber, AgentId, QueueName, TicketId
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import (
    BadCursorError,
    IllegalStatusError,
    NotFoundError,
    RefusedError,
    VersionConflictError,
)
from storage.records import (
    Category,
    Disposition,
    EntryKind,
    TicketChange,
    TicketFilter,
    TicketSort,
    TicketStatus,
)
from storage.schema import ticket_entries, tickets
from storage.tickets import OVER, TRANSITIONS, TicketStore
from tests.storage.calls import a_call, abandoned, answered, at, ended, served

pytestmark = pytest.mark.postgres

AGENT = AgentId("agent1")


@pytest.fixture
def centre(database: Database) -> CallStore:
    return CallStore(database, now=lambda: at(500))


@pytest.fixture
def desk(database: Database) -> TicketStore:
    return TicketStore(database, now=lambda: at(1000))


@pytest.fixture
async def ticket(centre: CallStore) -> TicketId:
    return await centre.save(ended())


async def test_completing_a_ticket_tells_who_when_and_what(desk: TicketStore, ticket: TicketId) -> None:
    change = TicketChange(
        category=Category.REPAIR,
        subcategory="burst",
        disposition=Disposition.RESOLVED,
        subject="清泉路水管爆裂",
        note="抢修队 40 分钟到",
        status=TicketStatus.CLOSED,
    )
    after = await desk.change(ticket, change, by=AGENT, version=1)
    assert (after.category, after.disposition, after.subject) == (
        Category.REPAIR,
        Disposition.RESOLVED,
        "清泉路水管爆裂",
    )
    assert (after.status, after.closed_at, after.updated_at) == (TicketStatus.CLOSED, at(1000), at(1000))
    assert after.version == 2
    entry = after.entries[-1]
    assert (entry.kind, entry.by, entry.at, entry.text) == (EntryKind.CLOSED, "agent1", at(1000), "抢修队 40 分钟到")
    assert entry.changes["status"] == ("open", "closed")
    assert entry.changes["category"] == (None, "repair")
    assert after == await desk.get(ticket)


async def test_a_note_alone_is_an_entry_and_changes_no_field(desk: TicketStore, ticket: TicketId) -> None:
    before = await desk.get(ticket)
    after = await desk.change(ticket, TicketChange(note="客户会再打来"), by=AGENT, version=1)
    assert after.entries[-1].kind is EntryKind.NOTE
    assert (after.subject, after.status, after.category) == (before.subject, before.status, before.category)


async def test_a_change_that_changes_nothing_makes_no_entry(desk: TicketStore, ticket: TicketId) -> None:
    before = await desk.get(ticket)
    assert await desk.change(ticket, TicketChange(status=TicketStatus.OPEN), by=AGENT, version=1) == before


async def test_who_saw_an_older_version_is_told_so(desk: TicketStore, ticket: TicketId) -> None:
    await desk.change(ticket, TicketChange(subject="one"), by=AGENT, version=1)
    with pytest.raises(VersionConflictError) as caught:
        await desk.change(ticket, TicketChange(subject="two"), by=AgentId("agent2"), version=1)
    assert (caught.value.seen, caught.value.current) == (1, 2)
    assert (await desk.get(ticket)).subject == "one"


async def test_of_two_who_change_at_once_one_wins_and_one_is_told(desk: TicketStore, ticket: TicketId) -> None:
    results = await asyncio.gather(
        *(desk.change(ticket, TicketChange(subject=f"s{n}"), by=AGENT, version=1) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, VersionConflictError) for result in results) == 4
    after = await desk.get(ticket)
    assert (after.version, len(after.entries)) == (2, 3)


async def test_the_same_key_changes_once(desk: TicketStore, ticket: TicketId) -> None:
    key = uuid4()
    change = TicketChange(note="once")
    first = await desk.change(ticket, change, by=AGENT, version=1, key=key)
    again = await desk.change(ticket, change, by=AGENT, version=1, key=key)
    assert first == again


async def test_a_ticket_that_is_not_there_is_not_found(desk: TicketStore) -> None:
    with pytest.raises(NotFoundError):
        await desk.get(TicketId(UUID(int=1)))
    with pytest.raises(NotFoundError):
        await desk.change(TicketId(UUID(int=1)), TicketChange(note="x"), by=AGENT, version=1)


async def test_every_pair_of_statuses_is_allowed_or_refused_as_the_table_says(
    desk: TicketStore, ticket: TicketId, database: Database
) -> None:
    for before, after in product(TicketStatus, TicketStatus):
        version = (await desk.get(ticket)).version
        closed_at = at(900) if before in OVER else None
        async with database.engine.begin() as connection:
            await connection.execute(sa.update(tickets).values(status=before, closed_at=closed_at))
        work = desk.change(ticket, TicketChange(status=after), by=AGENT, version=version)
        if after in TRANSITIONS[before] or before is after:
            assert (await work).status is after
        else:
            with pytest.raises(IllegalStatusError):
                await work


async def test_reopening_clears_the_time_of_closing(desk: TicketStore, ticket: TicketId) -> None:
    await desk.change(ticket, TicketChange(status=TicketStatus.CLOSED), by=AGENT, version=1)
    after = await desk.change(ticket, TicketChange(status=TicketStatus.OPEN), by=AGENT, version=2)
    assert after.closed_at is None


async def test_who_works_on_a_ticket_without_an_agent_becomes_its_agent(desk: TicketStore, centre: CallStore) -> None:
    made = await centre.save(abandoned())
    after = await desk.change(made, TicketChange(note="called back"), by=AgentId("agent2"), version=1)
    assert after.agent == "agent2"
    assert after.entries[-1].changes == {"agent": (None, "agent2")}


@pytest.mark.parametrize("statement", [sa.delete(ticket_entries), sa.update(ticket_entries).values(text="forged")])
async def test_entries_can_be_neither_changed_nor_deleted(
    database: Database, ticket: TicketId, statement: sa.Executable
) -> None:
    async def work(connection: object) -> None:
        await connection.execute(statement)  # type: ignore[attr-defined]

    with pytest.raises(RefusedError) as caught:
        await database.run(work)
    assert caught.value.sqlstate == "23001"


async def test_filters_and_free_text_narrow_the_list(desk: TicketStore, centre: CallStore) -> None:
    one = await centre.save(ended(1))
    two = await centre.save(abandoned(2, started_at=at(5)))
    three = await centre.save(
        served(3, started_at=at(10), account=AccountNumber("20000019"), caller_number="15400000003")
    )
    change = TicketChange(subject="100%漏水_Leak", category=Category.REPAIR)
    number = (await desk.change(one, change, by=AGENT, version=1)).number

    async def found(**chosen: object) -> list[TicketId]:
        page = await desk.page(TicketFilter(**chosen))  # type: ignore[arg-type]
        return [ticket.id for ticket in page.items]

    assert await found() == [three, two, one]
    assert await found(status=TicketStatus.CLOSED) == [three]
    assert await found(category=Category.REPAIR) == [one]
    assert await found(account=AccountNumber("20000019")) == [three]
    assert await found(agent=AGENT) == [one]
    assert await found(queue=QueueName("water")) == [two, one]
    assert await found(since=at(5), until=at(10)) == [two]
    for text in ("漏水", "leak", "100%", "_l", number):
        assert await found(text=text) == [one], text
    for text in ("%", "_"):
        assert await found(text=text) == [one]
    assert await found(text="a%b") == []


@pytest.mark.parametrize("sort", TicketSort)
async def test_pages_show_every_ticket_once_in_each_order(
    desk: TicketStore, centre: CallStore, sort: TicketSort
) -> None:
    for number in range(1, 18):
        await centre.save(a_call(number, started_at=at(number // 3)))
    seen: list[TicketId] = []
    cursor: str | None = None
    while True:
        page = await desk.page(TicketFilter(), sort=sort, cursor=cursor, limit=4)
        seen += [ticket.id for ticket in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 17


async def test_a_cursor_of_another_order_is_refused(desk: TicketStore, centre: CallStore) -> None:
    for number in (1, 2):
        await centre.save(a_call(number))
    page = await desk.page(TicketFilter(), limit=1)
    with pytest.raises(BadCursorError):
        await desk.page(TicketFilter(), sort=TicketSort.OLDEST, cursor=page.next)


async def test_open_tickets_and_last_contacts_of_a_caller(desk: TicketStore, centre: CallStore) -> None:
    account = AccountNumber("10000018")
    by_account = await centre.save(ended(1, caller_number="15400000009"))
    closed = await centre.save(served(2, started_at=at(5), caller_number="15400000009"))
    by_number = await centre.save(abandoned(3, started_at=at(10), account=AccountNumber("20000019")))
    now = await centre.save(answered(4, started_at=at(20)))

    def ids(briefs: object) -> list[TicketId]:
        return [brief.id for brief in briefs]  # type: ignore[attr-defined]

    assert ids(await desk.open_for_account(account)) == [now, by_account]
    contacts = await desk.last_contacts(account=account, number="15400000001", besides=now)
    assert ids(contacts) == [by_number, closed, by_account]
    assert ids(await desk.last_contacts(number="+86 154 0000 0001", besides=now)) == [by_number]
    assert ids(await desk.last_contacts(account=account, limit=1)) == [now]
    assert ids(await desk.last_contacts(number="anonymous")) == []
