"""What goes over the wire to consoles and scripts: the types of the REST API and of the push channel.

The OpenAPI document at ``/api/openapi.json`` and the console's TypeScript types are generated from these.
Times are RFC 3339 in UTC, durations whole seconds, money integer fen, volumes whole cubic metres.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cti.domain.events import DeviceState, Presence
from cti.domain.model import CallStage, Outcome, RoutingStatus, TalkState
from cti.domain.utility import MeterState, ReadingKind

Language = Literal["zh", "en"]


class Wire(BaseModel):
    """Base of every type here: frozen, and nothing beside what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Role(StrEnum):
    """What a user may see and do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class ErrorBody(Wire):
    """What a failed request answers. ``id`` is stable; the texts say what to do."""

    id: str
    zh: str
    en: str
    fields: dict[str, str] = Field(default_factory=dict)


# ------------------------------------------------------------------ who is logged in


class SiteView(Wire):
    """Whose hotline this is: ``GET /api/site``, without login, for the login page, the demo phone and all clocks."""

    name_zh: str
    name_en: str
    hotline: str
    timezone: str
    demo_phone: bool


class LoginRequest(Wire):
    """A user name and a password."""

    user: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class SipPhone(Wire):
    """What the browser's phone registers with."""

    uri: str
    password: str
    ws_url: str
    display_name: str


class Session(Wire):
    """Who is logged in, and where the rest is found."""

    user: str
    name: str
    role: Role
    extension: str | None
    phone: SipPhone | None
    push_url: str
    expires_at: datetime


class Token(Wire):
    """A bearer token for scripts, shown once."""

    token: str
    expires_at: datetime


class PushTicket(Wire):
    """A one-time ticket for the push channel, good for 30 s: ``{push_url}?ticket=…``."""

    ticket: str
    push_url: str


# ------------------------------------------------------------------ the live state


class LinkView(Wire):
    """How far the screen can be trusted for one PBX: ``up``, and when the truth was last checked."""

    pbx: str
    up: bool
    since: datetime
    synced_at: datetime | None
    drift: int


class CallView(Wire):
    """A live call as a supervisor sees it. The caller's number is masked for who may not see it."""

    id: UUID
    stage: CallStage
    stage_since: datetime
    started_at: datetime
    caller_number: str
    caller_name: str
    language: Language | None
    account: str | None
    verified: bool
    ivr_step: str | None
    queue: str | None
    queued_at: datetime | None
    position: int | None
    agent: str | None
    answered_at: datetime | None


class AgentView(Wire):
    """An agent as the live page and their own console show them."""

    id: str
    name: str
    extension: str
    queues: list[str]
    presence: Presence
    presence_since: datetime | None
    pending: Presence | None
    routing: RoutingStatus
    routing_since: datetime | None
    talk: TalkState
    call: UUID | None
    wrap_up_until: datetime | None
    device: DeviceState
    console: bool


class QueueView(Wire):
    """One queue: who waits, and today's figures. Percentages are None when nothing was counted yet."""

    name: str
    waiting: list[UUID]
    longest_wait_since: datetime | None
    offered: int
    answered: int
    abandoned: int
    asa_s: float | None
    service_level_pct: float | None
    service_level_target_s: int


class LiveView(Wire):
    """The whole live state, at ``at``."""

    at: datetime
    links: list[LinkView]
    calls: list[CallView]
    agents: list[AgentView]
    queues: list[QueueView]


# ------------------------------------------------------------------ the pop


class BillView(Wire):
    """One bill."""

    period: date
    usage_m3: int
    amount_fen: int
    due: date
    open_fen: int
    late_fee_fen: int
    estimated: bool


class ReadingView(Wire):
    """One meter reading."""

    on: date
    value_m3: int
    kind: ReadingKind


class ArrearsView(Wire):
    """欠费 by age, in fen."""

    to_30_days: int
    to_90_days: int
    to_365_days: int
    older: int
    total: int


class PaymentView(Wire):
    """The last payment."""

    on: date
    amount_fen: int
    channel: str


class AccountView(Wire):
    """An account with all that its agent needs."""

    number: str
    name: str
    address: str
    zone: str
    tariff: str
    meter_number: str
    meter_state: MeterState
    vulnerable: bool
    cut_off: bool
    key_account: bool
    balance_fen: int
    arrears: ArrearsView
    last_payment: PaymentView | None
    next_bill_on: date | None
    bills: list[BillView]
    readings: list[ReadingView]


class AccountChoice(Wire):
    """One of several accounts that the caller's number belongs to."""

    number: str
    name: str
    address: str


class Match(StrEnum):
    """How sure it is that the account is the caller's."""

    PIN = "pin"
    KEYED = "keyed"
    CALLER_ID = "caller_id"
    SEVERAL = "several"
    NONE = "none"
    WITHHELD = "withheld"


class IvrStepView(Wire):
    """One step of the way through the menu; never a PIN."""

    step: str
    way: str
    keyed: str
    took_ms: int


class TicketBrief(Wire):
    """An open ticket or a past contact in one line."""

    id: UUID
    number: str
    category: "Category | None"
    status: "TicketStatus"
    subject: str
    opened_at: datetime
    due_at: datetime | None


class Pop(Wire):
    """弹屏: all an agent should see before the phone rings. ``account`` is None when unknown or billing is down.

    ``calls_7_days`` counts this call too; the other lists leave its own ticket out.
    Without ``records_available`` our own tables could not be asked in time: tickets, contacts and count are unknown.
    """

    call_id: UUID
    ticket_id: UUID | None
    queue: str
    wait_s: int
    caller_number: str
    caller_number_e164: str | None
    caller_name: str
    match: Match
    choices: list[AccountChoice]
    account: AccountView | None
    account_keyed: str | None
    billing_available: bool
    language: Language | None
    ivr_path: list[IvrStepView]
    ivr_ms: int
    open_tickets: list[TicketBrief]
    last_contacts: list[TicketBrief]
    calls_7_days: int
    offered_at: datetime
    records_available: bool = True


class CurrentPop(Wire):
    """One's own current pop; None when no call is at one's phone and no wrap-up is running."""

    pop: Pop | None


# ------------------------------------------------------------------ calls and tickets


class Category(StrEnum):
    """What a ticket is about."""

    ENQUIRY = "enquiry"
    REPAIR = "repair"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    REPORT = "report"
    SERVICE_REQUEST = "service_request"


class TicketStatus(StrEnum):
    """Where a ticket is in its life."""

    NEW = "new"
    OPEN = "open"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Disposition(StrEnum):
    """How the agent closed the call."""

    RESOLVED = "resolved"
    INFORMED = "informed"
    CALL_BACK = "call_back"
    ESCALATED = "escalated"
    WRONG_NUMBER = "wrong_number"
    NO_ANSWER = "no_answer"


class CallRecord(Wire):
    """One call, ended or not. ``outcome`` is None while it lives."""

    id: UUID
    pbx: str
    linkedid: str
    started_at: datetime
    ended_at: datetime | None
    caller_number: str
    caller_name: str
    dialled: str
    language: Language | None
    account: str | None
    verified: bool
    ivr_flow: str | None
    ivr_path: list[IvrStepView]
    queue: str | None
    wait_s: int
    talk_s: int
    hold_s: int
    holds: int
    agent: str | None
    outcome: Outcome | None
    cause: int | None
    ticket_id: UUID | None


class TicketEntry(Wire):
    """One change of a ticket: who, when, what. Nothing is ever overwritten."""

    at: datetime
    by: str
    kind: Literal["opened", "note", "changed", "closed", "call"]
    text: str
    changes: dict[str, list[str | None]] = Field(default_factory=dict)


class Ticket(Wire):
    """工单: the record of one customer matter. ``version`` counts its changes."""

    id: UUID
    number: str
    version: int
    status: TicketStatus
    category: Category | None
    subcategory: str | None
    disposition: Disposition | None
    subject: str
    account: str | None
    caller_number: str
    language: Language | None
    agent: str | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    call: CallRecord | None
    entries: list[TicketEntry]


class TicketChange(Wire):
    """What an agent fills in. Only what is given changes; ``version`` must be the one they saw.

    With a ``key`` (made by the client, new for each change) sending it again after a lost answer does no harm.
    """

    version: Annotated[int, Field(ge=0, le=2_000_000_000)]
    key: UUID | None = None
    category: Category | None = None
    subcategory: Annotated[str, Field(max_length=64)] | None = None
    disposition: Disposition | None = None
    subject: Annotated[str, Field(max_length=200)] | None = None
    account: Annotated[str, Field(pattern=r"^[0-9]{8}$")] | None = None
    note: Annotated[str, Field(max_length=4000)] | None = None
    status: TicketStatus | None = None


class TicketSort(StrEnum):
    """What a list of tickets is ordered by."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LAST_CHANGED = "last_changed"


Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$", description="`next` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=200)]
AccountText = Annotated[str, Field(pattern=r"^[0-9]{8}$")]
UserName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
When = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
QueueText = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class Query(Wire):
    """Base of the filters. An unknown name is an error, so that a slip never means "no filter"."""

    from_: When | None = Field(default=None, alias="from", description="At or after this time.")
    to: When | None = Field(default=None, description="Before this time.")
    agent: UserName | None = None
    queue: QueueText | None = None
    account: AccountText | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class CallQuery(Query):
    """Which calls to list."""

    outcome: Outcome | None = None


class TicketQuery(Query):
    """Which tickets to list. ``q`` is looked for in number, subject and account, as plain text."""

    status: TicketStatus | None = None
    category: Category | None = None
    q: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    sort: TicketSort = TicketSort.NEWEST


class CallPage(Wire):
    """A page of calls, newest first; ``next`` is the cursor of the page after, None at the end."""

    items: list[CallRecord]
    next: str | None


class TicketPage(Wire):
    """A page of tickets, newest first; entries are left out."""

    items: list[Ticket]
    next: str | None


class PresenceRequest(Wire):
    """The presence an agent chooses."""

    presence: Presence


class ExtendRequest(Wire):
    """More wrap-up time."""

    by_s: Annotated[int, Field(ge=10, le=600)] = 60


class DemoPhone(Wire):
    """What the demo page ``/phone`` dials with."""

    phone: SipPhone
    hotline: str


class Health(Wire):
    """Whether each part does its work."""

    ok: bool
    database: bool
    links: list[LinkView]


# ------------------------------------------------------------------ pushes to the browser


class Frame(Wire):
    """Every push. ``seq`` counts up by one per connection; a gap means: ask for a snapshot."""

    seq: int
    at: datetime


class Snapshot(Frame):
    """Everything this user may see. First frame of a connection, and the answer to ``resync``."""

    type: Literal["snapshot"] = "snapshot"
    live: LiveView
    me: AgentView | None
    pop: Pop | None


class Upsert(Frame):
    """These are new or changed; whole values, by id. An agent gets only their own ``agents`` entry."""

    type: Literal["upsert"] = "upsert"
    links: list[LinkView] = Field(default_factory=list)
    calls: list[CallView] = Field(default_factory=list)
    agents: list[AgentView] = Field(default_factory=list)
    queues: list[QueueView] = Field(default_factory=list)
    gone_calls: list[UUID] = Field(default_factory=list)


class PopFrame(Frame):
    """A call is about to ring at this agent's phone. Answer with :class:`PopShown`."""

    type: Literal["pop"] = "pop"
    pop: Pop


class PopWithdrawn(Frame):
    """The offer is over without an answer."""

    type: Literal["pop_withdrawn"] = "pop_withdrawn"
    call_id: UUID


class Replaced(Frame):
    """A newer console of the same agent has taken over; this one is about to be closed."""

    type: Literal["replaced"] = "replaced"


class Heartbeat(Frame):
    """Every 5 s when nothing else was sent, so that a gap at the end is seen too."""

    type: Literal["heartbeat"] = "heartbeat"


Push = Annotated[Snapshot | Upsert | PopFrame | PopWithdrawn | Replaced | Heartbeat, Field(discriminator="type")]


class PopShown(Wire):
    """The browser showed the pop; ``shown_ms`` is how long after the frame arrived."""

    type: Literal["pop_shown"] = "pop_shown"
    call_id: UUID
    shown_ms: Annotated[int, Field(ge=0, le=600_000)]


class ResyncRequest(Wire):
    """The browser missed a frame."""

    type: Literal["resync"] = "resync"


PushCommand = Annotated[PopShown | ResyncRequest, Field(discriminator="type")]
