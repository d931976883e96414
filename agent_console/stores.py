"""What ``storage`` keeps, as the console's ports ask for it: wire types out, storage's errors as ours.

:func:`stores_of` plugs it together for the composition root.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol
from uuid import UUID

from agent_console.errors import (
    NotFoundError,
    TooManyTriesError,
)
from agent_console.flows import KeptFlows
from agent_console.ports import Callbacks, Counted, Customers, History, Incidents, Stores, User
from agent_console.storage_errors import as_ours
from agent_console.views import path_view
from agent_console.wire import Role
from agent_console.wire_kpi import KpiQuery
from agent_console.wire_left import MessageView
from agent_console.wire_records import (
    CallPage,
    CallQuery,
    CallRecord,
    Category,
    Disposition,
    TalkView,
    Task,
    Ticket,
    TicketBrief,
    TicketChange,
    TicketEntry,
    TicketPage,
    TicketQuery,
    TicketStatus,
    VisitView,
)
from cti.domain.callbacks import Callback, CallbackId
from cti.domain.ids import AccountNumber, AgentId, CallId, QueueName, TicketId
from cti.domain.meter_readings import ReportedReading
from ivr.services.publishing import FlowDesk
from storage import records
from storage.calls import CallStore
from storage.kpi import KpiStore, Period, aligned
from storage.messages import MessageStore
from storage.reported_readings import ReportedReadings
from storage.tickets import TicketStore
from storage.users import UserStore


class Alive(Protocol):
    """The part of ``storage.engine.Database`` that health asks."""

    async def check(self) -> bool:
        """Ask for a sign of life."""


class Sounds(Protocol):
    """Where the sound of messages lies."""

    async def read(self, message: UUID) -> bytes | None:
        """Return the WAV file of a message, None when it is gone."""


def stores_of(
    *,
    users: UserStore,
    calls: CallStore,
    tickets: TicketStore,
    customers: Customers,
    database: Alive,
    kpis: KpiStore,
    readings: ReportedReadings,
    history: History,
    incidents: Incidents,
    flows: FlowDesk,
    callbacks: Callbacks,
    messages: MessageStore,
    sounds: Sounds,
) -> Stores:
    """Return the console's stores on these repositories."""
    return Stores(
        users=KeptUsers(users),
        calls=KeptCalls(calls),
        tickets=KeptTickets(tickets),
        customers=customers,
        database=KeptDatabase(database),
        kpis=KeptKpis(kpis),
        readings=KeptReadings(readings),
        history=history,
        incidents=incidents,
        flows=KeptFlows(flows),
        callbacks=OpenCallbacks(callbacks),
        messages=KeptMessages(messages, sounds),
    )


class KeptUsers:
    """The users."""

    def __init__(self, store: UserStore) -> None:
        self._store = store

    async def check_password(self, user: str, password: str) -> User | None:
        """Return the user if the password is theirs. Raises :class:`TooManyTriesError` while they are locked."""
        with as_ours():
            login = await self._store.verify(user, password)
        if login.locked_s:
            raise TooManyTriesError(retry_after_s=login.locked_s)
        return _user(login.user) if login.user is not None else None

    async def user(self, user: str) -> User | None:
        """Return the user if they may still log in."""
        try:
            with as_ours():
                found = await self._store.get(AgentId(user))
        except NotFoundError:
            return None
        return _user(found) if found.active else None


def _user(kept: records.User) -> User:
    return User(kept.id, kept.name, Role(kept.role.value), kept.extension)


class KeptReadings:
    """The readings that customers reported."""

    def __init__(self, store: ReportedReadings) -> None:
        self._store = store

    async def of_account(self, account: str, *, limit: int) -> Sequence[ReportedReading]:
        """Return what was reported for the account, newest first."""
        with as_ours():
            return await self._store.of_account(AccountNumber(account), limit=limit)

    async def to_confirm(self) -> Sequence[ReportedReading]:
        """Return what waits for somebody to decide, oldest first."""
        with as_ours():
            return await self._store.to_confirm()

    async def decide(self, reading: UUID, *, confirmed: bool, by: AgentId) -> ReportedReading:
        """Confirm or refuse it."""
        with as_ours():
            return await self._store.decide(reading, confirmed=confirmed, by=by)


class KeptCalls:
    """The records of calls."""

    def __init__(self, store: CallStore) -> None:
        self._store = store

    async def page(self, query: CallQuery) -> CallPage:
        """Return one page, newest first."""
        chosen = records.CallFilter(
            outcome=query.outcome,
            account=AccountNumber(query.account) if query.account is not None else None,
            agent=AgentId(query.agent) if query.agent is not None else None,
            queue=QueueName(query.queue) if query.queue is not None else None,
            since=query.from_,
            until=query.to,
        )
        with as_ours():
            page = await self._store.page(chosen, cursor=query.cursor, limit=query.limit)
        return CallPage(items=[call_record(record) for record in page.items], next=page.next)

    async def call(self, call: UUID) -> CallRecord | None:
        """Return one record."""
        try:
            with as_ours():
                return call_record(await self._store.get(CallId(call)))
        except NotFoundError:
            return None

    async def count_recent(self, number: str, *, days: int) -> int:
        """Count the calls from this number in the last days."""
        with as_ours():
            return await self._store.count_recent(number, days=days)


class KeptTickets:
    """The tickets."""

    def __init__(self, store: TicketStore) -> None:
        self._store = store

    async def page(self, query: TicketQuery) -> TicketPage:
        """Return one page, without entries."""
        chosen = records.TicketFilter(
            status=records.TicketStatus(query.status.value) if query.status is not None else None,
            category=records.Category(query.category.value) if query.category is not None else None,
            account=AccountNumber(query.account) if query.account is not None else None,
            agent=AgentId(query.agent) if query.agent is not None else None,
            queue=QueueName(query.queue) if query.queue is not None else None,
            text=query.q,
            task=records.Task(query.task.value) if query.task is not None else None,
            since=query.from_,
            until=query.to,
        )
        sort = records.TicketSort(query.sort.value)
        with as_ours():
            page = await self._store.page(chosen, sort=sort, cursor=query.cursor, limit=query.limit)
        return TicketPage(items=[ticket(kept) for kept in page.items], next=page.next)

    async def ticket(self, ticket_id: UUID) -> Ticket | None:
        """Return one ticket, whole."""
        try:
            with as_ours():
                return ticket(await self._store.get(TicketId(ticket_id)))
        except NotFoundError:
            return None

    async def change(self, ticket_id: UUID, change: TicketChange, *, by: AgentId) -> Ticket:
        """Change a ticket and return it whole."""
        wanted = records.TicketChange(
            category=records.Category(change.category.value) if change.category is not None else None,
            subcategory=change.subcategory,
            disposition=records.Disposition(change.disposition.value) if change.disposition is not None else None,
            subject=change.subject,
            account=AccountNumber(change.account) if change.account is not None else None,
            note=change.note,
            status=records.TicketStatus(change.status.value) if change.status is not None else None,
        )
        with as_ours():
            changed = await self._store.change(
                TicketId(ticket_id), wanted, by=by, version=change.version, key=change.key
            )
        return ticket(changed)

    async def open_of(self, account: str, *, limit: int) -> Sequence[TicketBrief]:
        """Return the account's open tickets."""
        with as_ours():
            found = await self._store.open_for_account(AccountNumber(account), limit=limit)
        return [TicketBrief.model_validate(asdict(brief)) for brief in found]

    async def last_of(self, *, account: str | None, number: str, limit: int) -> Sequence[TicketBrief]:
        """Return the last contacts."""
        known = AccountNumber(account) if account is not None else None
        with as_ours():
            found = await self._store.last_contacts(account=known, number=number, limit=limit)
        return [TicketBrief.model_validate(asdict(brief)) for brief in found]


class KeptKpis:
    """What was counted."""

    def __init__(self, store: KpiStore) -> None:
        self._store = store

    async def read(self, query: KpiQuery) -> Sequence[Counted]:
        """Return each step of the period in which there was anything to count."""
        since, until = aligned(query.from_, query.to)
        period = Period(
            since=since,
            until=until,
            step=query.step,
            queue=QueueName(query.queue) if query.queue is not None else None,
            agent=AgentId(query.agent) if query.agent is not None else None,
        )
        with as_ours():
            points = await self._store.read(period)
        return [Counted(point.at, point.tally, point.computed_at) for point in points]


class OpenCallbacks:
    """Who is to be called back."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    @property
    def pending(self) -> Sequence[Callback]:
        """The open promises, the best place first."""
        return self._callbacks.pending

    def place_of(self, callback: Callback) -> int:
        """Return the place in the line, from 1."""
        return self._callbacks.place_of(callback)

    async def withdraw(self, id_: CallbackId, *, by: str) -> None:
        """Call somebody back no more."""
        with as_ours():
            await self._callbacks.withdraw(id_, by=by)


class NoCallbacks:
    """Nobody is to be called back: of the past there is nothing left to do."""

    pending: Sequence[Callback] = ()

    def place_of(self, callback: Callback) -> int:
        """Return nothing: there are no callbacks."""
        raise LookupError(callback.id)

    async def withdraw(self, id_: CallbackId, *, by: str) -> None:
        """Find nothing to withdraw."""
        raise NotFoundError


class KeptMessages:
    """The messages."""

    def __init__(self, store: MessageStore, sounds: Sounds) -> None:
        self._store = store
        self._sounds = sounds

    async def of_ticket(self, ticket: UUID) -> Sequence[MessageView]:
        """Return a ticket's messages, oldest first."""
        with as_ours():
            kept = await self._store.of_ticket(TicketId(ticket))
        return [
            MessageView(
                id=one.id,
                call_id=one.call_id,
                purpose=one.purpose,
                language=one.language,
                seconds=round(one.seconds, 1),
                at=one.at,
            )
            for one in kept
        ]

    async def sound(self, message: UUID) -> tuple[bytes, AgentId | None] | None:
        """Return a message's sound and whose ticket it is on; None when there is none."""
        with as_ours():
            _, agent = await self._store.get(message)
        sound = await self._sounds.read(message)
        return None if sound is None else (sound, agent)


class KeptDatabase:
    """Whether the database answers."""

    def __init__(self, database: Alive) -> None:
        self._database = database

    async def alive(self) -> bool:
        """Ask it, for a second at most."""
        try:
            async with asyncio.timeout(1.0):
                return await self._database.check()
        except TimeoutError:
            return False


def call_record(kept: records.CallRecord) -> CallRecord:
    """Return a call's record as it goes over the wire."""
    return CallRecord(
        id=kept.id,
        pbx=kept.pbx,
        linkedid=kept.linkedid,
        started_at=kept.started_at,
        ended_at=kept.ended_at,
        caller_number=kept.caller_number,
        caller_name=kept.caller_name,
        dialled=kept.dialled,
        language=kept.language,
        account=kept.account,
        verified=kept.verified,
        ivr_flow=kept.ivr_flow,
        ivr_version=kept.ivr_version,
        ivr_path=path_view(kept.ivr_path),
        queue=kept.queue,
        wait_s=kept.wait_s,
        talk_s=kept.talk_s,
        hold_s=kept.hold_s,
        holds=kept.holds,
        agent=kept.agent,
        outcome=kept.outcome,
        cause=kept.cause,
        end_assumed=kept.end_assumed,
        ticket_id=kept.ticket_id,
        visits=[
            VisitView(queue=visit.queue, since=visit.since, until=visit.until, wait_s=visit.wait_s, end=visit.end)
            for visit in kept.visits
        ],
        talks=[
            TalkView(
                agent=talk.agent,
                kind=talk.kind,
                queue=talk.queue,
                since=talk.since,
                until=talk.until,
                hold_s=talk.hold_s,
                holds=talk.holds,
            )
            for talk in kept.talks
        ],
    )


def ticket(kept: records.Ticket) -> Ticket:
    """Return a ticket as it goes over the wire."""
    return Ticket(
        id=kept.id,
        number=kept.number,
        version=kept.version,
        status=TicketStatus(kept.status.value),
        category=Category(kept.category.value) if kept.category is not None else None,
        subcategory=kept.subcategory,
        disposition=Disposition(kept.disposition.value) if kept.disposition is not None else None,
        subject=kept.subject,
        account=kept.account,
        caller_number=kept.caller_number,
        language=kept.language,
        agent=kept.agent,
        opened_at=kept.opened_at,
        updated_at=kept.updated_at,
        closed_at=kept.closed_at,
        due_at=kept.due_at,
        task=Task(kept.task.value) if kept.task is not None else None,
        task_done_at=kept.task_done_at,
        call=call_record(kept.call) if kept.call is not None else None,
        entries=[entry(kept_entry) for kept_entry in kept.entries],
    )


def entry(kept: records.TicketEntry) -> TicketEntry:
    """Return one entry as it goes over the wire."""
    changes = {name: [before, after] for name, (before, after) in kept.changes.items()}
    return TicketEntry(at=kept.at, by=kept.by, kind=kept.kind.value, text=kept.text, changes=changes)
