"""Small stores in memory for the console's tests, and samples of what stands in them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from agent_console.errors import InvalidError, NotFoundError, VersionConflictError
from agent_console.flows import funnel_view
from agent_console.ports import Counted, Queued, Stores, StoreUnavailableError, User
from agent_console.wire import Role
from agent_console.wire_flows import (
    FlowFault,
    FlowJudgement,
    FlowList,
    FlowPart,
    FlowPicture,
    FlowText,
    FlowTextQuery,
    FlowVersionList,
    FlowVersionView,
    FlowView,
    FunnelView,
)
from agent_console.wire_kpi import KpiQuery
from agent_console.wire_left import MessageView
from agent_console.wire_records import (
    CallPage,
    CallQuery,
    CallRecord,
    Ticket,
    TicketBrief,
    TicketChange,
    TicketPage,
    TicketQuery,
    TicketStatus,
)
from cti.domain.callbacks import Callback, CallbackId
from cti.domain.ids import (
    AccountNumber,
    AgentId,
    CallId,
    Extension,
)  # fmt: skip
from cti.domain.meter_readings import Doubt, ReportedReading, ReportState
from cti.domain.model import CentreState
from cti.domain.utility import (
    Account,
    AccountSheet,
    Arrears,
    Bill,
    BillingUnavailableError,
    MeterState,
    Payment,
    Reading,
    ReadingKind,
)
from ivr.flow.funnel import Funnel, StepCount
from tests.console.fakes import ACCOUNT, ADMIN1, AGENT1, AGENT2, CALLER, NOON, PBX, SUPERVISOR1, WATER, NotNowError
from tests.console.incident_stores import FakeIncidents


def sheet(number: AccountNumber = ACCOUNT) -> AccountSheet:
    return AccountSheet(
        account=an_account(number),
        balance_fen=-12_345,
        arrears=Arrears(to_30_days=12_345),
        last_payment=Payment(NOON.date(), 5_000, "wechat"),
        next_bill_on=NOON.date(),
        bills=(Bill(NOON.date(), 12, 4_567, NOON.date(), 4_567, 0, estimated=True),),
        readings=(Reading(NOON.date(), 345, ReadingKind.ESTIMATED),),
    )


def an_account(number: AccountNumber = ACCOUNT) -> Account:
    return Account(number, "王小明", "清源路1号", "north", "domestic", "M1", MeterState.IN_SERVICE, False, False, False)


@dataclass
class FakeCustomers:
    """Billing, which can be down, silent, or wrong."""

    accounts: list[Account] = field(default_factory=list)
    answer: AccountSheet | None = field(default_factory=sheet)
    down: bool = False
    gate: asyncio.Event | None = None
    asked: int = 0

    async def sheet(self, account: AccountNumber) -> AccountSheet | None:
        await self._open()
        return self.answer

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        await self._open()
        return self.accounts

    async def _open(self) -> None:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise BillingUnavailableError


USERS = {
    "agent1": User(AGENT1, "阿一", Role.AGENT, Extension("1001")),
    "agent2": User(AGENT2, "阿二", Role.AGENT, Extension("1002")),
    "supervisor1": User(SUPERVISOR1, "班长", Role.SUPERVISOR, None),
    "admin1": User(ADMIN1, "管理员", Role.ADMIN, None),
}
PASSWORD = "right horse"


@dataclass
class FakeUsers:
    users: dict[str, User] = field(default_factory=lambda: dict(USERS))
    down: bool = False

    async def check_password(self, user: str, password: str) -> User | None:
        found = await self.user(user)
        return found if password == PASSWORD else None

    async def user(self, user: str) -> User | None:
        if self.down:
            raise StoreUnavailableError
        return self.users.get(user)


@dataclass
class FakeCalls:
    records: dict[UUID, CallRecord] = field(default_factory=dict)
    queries: list[CallQuery] = field(default_factory=list)
    recent: int = 2
    down: bool = False

    async def page(self, query: CallQuery) -> CallPage:
        self.queries.append(query)
        if self.down:
            raise StoreUnavailableError
        if query.cursor == "bad":
            raise InvalidError(fields={"cursor": "unknown"})
        items = [record for record in self.records.values() if query.agent in (None, record.agent)]
        return CallPage(items=items, next=None)

    async def call(self, call: UUID) -> CallRecord | None:
        return self.records.get(call)

    async def count_recent(self, number: str, *, days: int) -> int:
        if self.down:
            raise StoreUnavailableError
        return self.recent


@dataclass
class FakeTickets:
    tickets: dict[UUID, Ticket] = field(default_factory=dict)
    queries: list[TicketQuery] = field(default_factory=list)
    open: list[TicketBrief] = field(default_factory=list)

    async def page(self, query: TicketQuery) -> TicketPage:
        self.queries.append(query)
        return TicketPage(items=list(self.tickets.values()), next=None)

    async def ticket(self, ticket: UUID) -> Ticket | None:
        return self.tickets.get(ticket)

    async def change(self, ticket: UUID, change: TicketChange, *, by: AgentId) -> Ticket:
        known = self.tickets.get(ticket)
        if known is None:
            raise NotFoundError
        if known.version != change.version:
            raise VersionConflictError
        self.tickets[ticket] = known.model_copy(update={"version": known.version + 1, "agent": by})
        return self.tickets[ticket]

    async def open_of(self, account: str, *, limit: int) -> Sequence[TicketBrief]:
        return self.open[:limit]

    async def last_of(self, *, account: str | None, number: str, limit: int) -> Sequence[TicketBrief]:
        return self.open[:limit]


@dataclass
class FakeKpis:
    counted: list[Counted] = field(default_factory=list)
    queries: list[KpiQuery] = field(default_factory=list)
    down: bool = False

    async def read(self, query: KpiQuery) -> Sequence[Counted]:
        self.queries.append(query)
        if self.down:
            raise StoreUnavailableError
        return self.counted


def a_reported_reading(n: int = 1, account: AccountNumber = ACCOUNT) -> ReportedReading:
    return ReportedReading(
        id=UUID(int=n), account=account, call=CallId(UUID(int=n)), at=NOON, value_m3=1_234, doubt=Doubt.LEAK
    )


@dataclass
class FakeReadings:
    reported: list[ReportedReading] = field(default_factory=lambda: [a_reported_reading()])
    down: bool = False

    async def of_account(self, account: str, *, limit: int) -> Sequence[ReportedReading]:
        if self.down:
            raise StoreUnavailableError
        return [reading for reading in self.reported if reading.account == account][:limit]

    async def to_confirm(self) -> Sequence[ReportedReading]:
        if self.down:
            raise StoreUnavailableError
        return [reading for reading in self.reported if reading.state is ReportState.TO_CONFIRM]

    async def decide(self, reading: UUID, *, confirmed: bool, by: AgentId) -> ReportedReading:
        for place, kept in enumerate(self.reported):
            if kept.id == reading:
                state = ReportState.CONFIRMED if confirmed else ReportState.REFUSED
                self.reported[place] = replace(kept, state=state, decided_by=by, decided_at=NOON)
                return self.reported[place]
        raise NotFoundError


def a_flow(version: int = 3) -> FlowView:
    return FlowView(flow="water", version=version, made_at=NOON, made_by="admin1", comment="shorter")


class FakeFlows:
    """One flow, of which each order is noted down; ``refusal`` is raised by what changes anything."""

    def __init__(self) -> None:
        self.orders: list[tuple[Any, ...]] = []
        self.refusal: Exception | None = None

    def _order(self, *order: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.orders.append(order)

    async def flows(self) -> FlowList:
        return FlowList(items=[a_flow()])

    async def versions(self, flow: str) -> FlowVersionList:
        one = FlowVersionView(flow=flow, version=3, made_at=NOON, made_by="admin1", comment="shorter", back_to=None)
        return FlowVersionList(parts=[FlowPart(flow="bills", version=0)], items=[one])

    async def text(self, flow: str, query: FlowTextQuery) -> FlowText:
        return FlowText(flow=flow, text="flow: water", difference="+a" if query.against is not None else None)

    async def judge(self, flow: str, text: str) -> FlowJudgement:
        fault = FlowFault(
            file="water.yaml", line=3, what="it is wrong", advice="Right it", what_zh="不对", advice_zh="请改正"
        )
        return FlowJudgement(faults=[fault])

    async def publish(self, flow: str, text: str, *, by: AgentId, based_on: int, comment: str) -> FlowView:
        self._order("publish", flow, text, by, based_on, comment)
        return a_flow(based_on + 1)

    async def back(self, flow: str, *, by: AgentId, to: int | None, comment: str) -> FlowView:
        self._order("back", flow, by, to, comment)
        return a_flow(4)

    async def funnel(self, flow: str, day: date, version: int | None) -> FunnelView:
        step = StepCount("main", 10, 12, {"1": 9, "hangup": 1}, 2000, 1500, 4000)
        return funnel_view(flow, day, version, Funnel(10, 6, 3, 1, {"main": step}, {3: 10}))

    async def picture(self, flow: str, day: date | None, version: int | None) -> FlowPicture:
        return FlowPicture(svg="<svg/>")


@dataclass
class FakeCallbacks:
    pending: list[Callback] = field(default_factory=list)
    withdrawn: list[tuple[CallbackId, str]] = field(default_factory=list)
    over: bool = False

    def place_of(self, callback: Callback) -> int:
        return 1 + self.pending.index(callback)

    async def withdraw(self, id_: CallbackId, *, by: str) -> None:
        if self.over:
            raise NotNowError
        self.withdrawn.append((id_, by))


@dataclass
class FakeMessages:
    messages: list[MessageView] = field(default_factory=list)
    agent: AgentId | None = None

    async def of_ticket(self, ticket: UUID) -> Sequence[MessageView]:
        return self.messages

    async def sound(self, message: UUID) -> tuple[bytes, AgentId | None] | None:
        return (b"RIFF", self.agent) if message == UUID(int=1) else None


class FakeDatabase:
    up = True

    async def alive(self) -> bool:
        return self.up


class FakeHistory:
    """One moment of the past, and what waits on disk."""

    def __init__(self) -> None:
        self.waits = Queued()
        self.at: dict[datetime, CentreState] = {}
        self.away = False

    def queued(self) -> Queued:
        return self.waits

    async def state_at(self, at: datetime) -> CentreState | None:
        if self.away:
            raise StoreUnavailableError
        return self.at.get(at)


@dataclass
class FakeStores:
    """All stores, each as its own type so that tests can reach into it."""

    users: FakeUsers = field(default_factory=FakeUsers)
    calls: FakeCalls = field(default_factory=FakeCalls)
    tickets: FakeTickets = field(default_factory=FakeTickets)
    customers: FakeCustomers = field(default_factory=FakeCustomers)
    database: FakeDatabase = field(default_factory=FakeDatabase)
    kpis: FakeKpis = field(default_factory=FakeKpis)
    readings: FakeReadings = field(default_factory=FakeReadings)
    history: FakeHistory = field(default_factory=FakeHistory)
    incidents: FakeIncidents = field(default_factory=FakeIncidents)
    flows: FakeFlows = field(default_factory=FakeFlows)
    callbacks: FakeCallbacks = field(default_factory=FakeCallbacks)
    messages: FakeMessages = field(default_factory=FakeMessages)

    def ports(self) -> Stores:
        return Stores(
            users=self.users,
            calls=self.calls,
            tickets=self.tickets,
            customers=self.customers,
            database=self.database,
            kpis=self.kpis,
            readings=self.readings,
            history=self.history,
            incidents=self.incidents,
            flows=self.flows,
            callbacks=self.callbacks,
            messages=self.messages,
        )


def a_record(n: int = 1, *, agent: str | None = AGENT1, number: str = CALLER, name: str = "王小明") -> CallRecord:
    return CallRecord(
        id=UUID(int=n),
        pbx=PBX,
        linkedid=f"1700000000.{n}",
        started_at=NOON,
        ended_at=NOON,
        caller_number=number,
        caller_name=name,
        dialled="96000",
        language="zh",
        account=ACCOUNT,
        verified=True,
        ivr_flow="water",
        ivr_version=3,
        ivr_path=[],
        queue=WATER,
        wait_s=5,
        talk_s=60,
        hold_s=0,
        holds=0,
        agent=agent,
        outcome=None,
        cause=16,
        ticket_id=UUID(int=100 + n),
    )


def a_ticket(n: int = 1, *, number: str = CALLER) -> Ticket:
    return Ticket(
        id=UUID(int=100 + n),
        number=f"20261122-{n:06d}",
        version=1,
        status=TicketStatus.OPEN,
        category=None,
        subcategory=None,
        disposition=None,
        subject="<script>alert(1)</script>",
        account=ACCOUNT,
        caller_number=number,
        language="zh",
        agent=AGENT1,
        opened_at=NOON,
        updated_at=NOON,
        closed_at=None,
        due_at=None,
        task=None,
        task_done_at=None,
        call=a_record(n, number=number),
        entries=[],
    )
