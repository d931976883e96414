"""A live centre on the real fold, and small stores in memory, for the console's tests."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
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
from cti.domain import events
from cti.domain.callbacks import Callback, CallbackId
from cti.domain.centre import Centre
from cti.domain.events import Event, Presence
from cti.domain.ids import (
    AccountNumber,
    AgentId,
    CallId,
    ChannelId,
    Extension,
    LinkedId,
    PbxName,
    QueueName,
    ReasonCode,
    call_id,
)  # fmt: skip
from cti.domain.meter_readings import Doubt, ReportedReading, ReportState
from cti.domain.model import CentreState, Changes
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
from tests.console.incident_stores import FakeIncidents

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PBX = PbxName("main")
WATER = QueueName("water")
ACCOUNT = AccountNumber("10000012")
CALLER = "13800138000"
AGENT1, AGENT2, SUPERVISOR1, ADMIN1 = AgentId("agent1"), AgentId("agent2"), AgentId("supervisor1"), AgentId("admin1")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON).total_seconds()

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class NotNowError(Exception):
    """What the live centre raises for an order that it can't follow."""

    id = "not_now"
    zh = "现在不行。"
    en = "Not now."


class FakeLive:
    """The live centre: the real fold, fed by tests."""

    def __init__(self, clock: Clock) -> None:
        self.centre = Centre()
        self.clock = clock
        self.listeners: list[Callable[[Changes], None]] = []
        self.orders: list[tuple[Any, ...]] = []
        self.consoles: list[tuple[str, AgentId]] = []
        self.refuse = False

    @property
    def state(self) -> CentreState:
        return self.centre.state

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, *facts: Event) -> None:
        for fact in facts:
            changes = self.centre.apply(fact)
            for listener in list(self.listeners):
                listener(changes)

    def _order(self, *order: Any) -> None:
        if self.refuse:
            raise NotNowError
        self.orders.append(order)

    async def choose_presence(
        self, agent: AgentId, presence: Presence, *, by: AgentId, reason: ReasonCode | None = None
    ) -> None:
        self._order("presence", agent, presence, by)
        self.tell(events.PresenceChosen(at=self.clock(), agent=agent, presence=presence, by=by, reason=reason))

    @property
    def handling(self) -> "FakeLive":
        return self

    async def transfer_to_queue(self, agent: AgentId, queue: QueueName) -> None:
        self._order("to_queue", agent, queue)

    async def transfer_to_agent(self, agent: AgentId, colleague: AgentId) -> None:
        self._order("to_agent", agent, colleague)

    async def consult(self, agent: AgentId, colleague: AgentId) -> None:
        self._order("consult", agent, colleague)

    async def take_back(self, agent: AgentId) -> None:
        self._order("take_back", agent)

    async def hand_over(self, agent: AgentId) -> None:
        self._order("hand_over", agent)

    async def join(self, agent: AgentId) -> None:
        self._order("join", agent)

    async def mute(self, agent: AgentId, *, muted: bool) -> None:
        self._order("mute", agent, muted)

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        self._order("extend", agent, by_s)

    async def finish_wrap_up(self, agent: AgentId) -> None:
        self._order("finish", agent)

    def console_opened(self, agent: AgentId) -> None:
        self.consoles.append(("opened", agent))

    def console_closed(self, agent: AgentId) -> None:
        self.consoles.append(("closed", agent))

    # ---------------------------------------------------------- a day at the hotline

    def open_house(self) -> None:
        """The PBX is up, two agents are there and available."""
        at = self.clock()
        self.tell(
            events.LinkUp(at=at, pbx=PBX, boot=1),
            events.Resynced(at=at, pbx=PBX, live=frozenset(), drift=0),
            events.QueueOpened(at=at, queue=WATER, wrap_up_s=30),
        )
        for agent, extension in ((AGENT1, "1001"), (AGENT2, "1002")):
            self.tell(
                events.AgentEnrolled(at=at, agent=agent, name=agent, extension=Extension(extension), queues=(WATER,)),
                events.PresenceChosen(at=at, agent=agent, presence=Presence.AVAILABLE, by=agent),
            )

    def arrive(self, n: int = 1, *, number: str = CALLER, name: str = "王小明") -> CallId:
        """A caller reaches the menu."""
        linkedid = LinkedId(f"1700000000.{n}")
        call = call_id(PBX, 1, linkedid)
        self.tell(
            events.LegStarted(
                at=self.clock(),
                pbx=PBX,
                call=call,
                leg=ChannelId(linkedid),
                linkedid=linkedid,
                channel=f"PJSIP/trunk-{n}",
                caller_number=number,
                caller_name=name,
                dialled="96000",
                inbound=True,
            ),
            events.IvrEntered(
                at=self.clock(),
                call=call,
                pbx=PBX,
                linkedid=linkedid,
                caller_number=number,
                caller_name=name,
                dialled="96000",
                flow="water",
            ),
        )
        return call

    def key(self, call: CallId, digits: str, *, step: str = "account", way: str = "ok") -> None:
        """The caller keys something."""
        self.tell(events.IvrStepPassed(at=self.clock(), call=call, step=step, way=way, took_ms=1_000, keyed=digits))

    def look_up(self, call: CallId, step: str, way: str) -> None:
        """The menu looks something up, which the caller does not notice."""
        self.tell(events.IvrStepPassed(at=self.clock(), call=call, step=step, way=way, took_ms=700, silent=True))

    def claim(self, call: CallId, *, verified: bool) -> None:
        """The caller's account is known."""
        self.tell(events.AccountClaimed(at=self.clock(), call=call, account=ACCOUNT, verified=verified))

    def queue(self, n: int = 1, *, position: int = 1) -> None:
        """The caller waits."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.CallerQueued(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                position=position,
            )
        )

    def offer(self, n: int = 1, extension: str = "1001") -> None:
        """The call is about to ring at an agent's phone."""
        linkedid = LinkedId(f"1700000000.{n}")
        call = call_id(PBX, 1, linkedid)
        self.tell(
            events.AgentOffered(
                at=self.clock(),
                pbx=PBX,
                call=call,
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
            )
        )

    def unanswered(self, n: int = 1, extension: str = "1001") -> None:
        """The agent's phone stopped ringing."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.OfferEnded(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
                missed=True,
            )
        )

    def answer(self, n: int = 1, extension: str = "1001") -> None:
        """The agent answered."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.AgentConnected(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
                wait_s=5,
                ring_s=1,
            )
        )

    def hang_up(self, n: int = 1) -> None:
        """The caller is gone."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.LegEnded(at=self.clock(), pbx=PBX, call=call_id(PBX, 1, linkedid), leg=ChannelId(linkedid), cause=16)
        )

    def finish(self, agent: AgentId = AGENT1) -> None:
        """The agent's wrap-up is over."""
        self.tell(events.WrapUpEnded(at=self.clock(), agent=agent, timed_out=False))


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
        return FlowJudgement(faults=[FlowFault(file="water.yaml", line=3, what="it is wrong", advice="Right it")])

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
