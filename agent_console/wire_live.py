"""The live state and the pop as they go over the wire, and what an agent orders about themselves."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from agent_console.wire import Language, When, Wire
from agent_console.wire_incidents import IncidentView
from agent_console.wire_records import IvrStepView, TicketBrief
from cti.domain.events import DeviceState, Presence
from cti.domain.meter_readings import Doubt, ReportState
from cti.domain.model import CallStage, RoutingStatus, TalkState
from cti.domain.utility import MeterState, ReadingKind


class LinkView(Wire):
    """How far the screen can be trusted for one PBX: ``up``, and when the truth was last checked."""

    pbx: str
    up: bool
    since: datetime
    synced_at: datetime | None
    drift: int


class CallView(Wire):
    """A live call as a supervisor sees it. The caller's number is masked for who may not see it.

    What is said of it is old while the link to its ``pbx`` is down.
    """

    id: UUID
    pbx: str
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
    """An agent as the live page and their own console show them.

    ``reason`` is why they are away: a code of the site's, or the word that the PBX remembered a pause by.
    """

    id: str
    name: str
    extension: str
    queues: list[str]
    presence: Presence
    reason: str | None
    presence_since: datetime | None
    pending: Presence | None
    pending_reason: str | None
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


class LiveQuery(Wire):
    """Which moment; without ``at`` it is now."""

    at: When | None = Field(default=None, description="The state as it was then; for supervisors and admins.")


class PresenceRequest(Wire):
    """The presence an agent chooses; ``reason`` is the code of one of the site's own, for *away* only."""

    presence: Presence
    reason: Annotated[str, Field(min_length=1, max_length=32)] | None = None


class ExtendRequest(Wire):
    """More wrap-up time."""

    by_s: Annotated[int, Field(ge=10, le=600)] = 60


class PulseView(Wire):
    """How long one PBX took to answer an AMI ping and a SIP OPTIONS; null where no answer came."""

    pbx: str
    well: bool
    ami_ms: float | None
    sip_ms: float | None


class Health(Wire):
    """Whether each part does its work. ``ok``: each PBX is followed, and answers both ways.

    ``queued_bytes`` is what waits on disk for the database. With ``spool_full`` nothing more fits there: orders of
    agents are refused until the database is back.
    """

    ok: bool
    database: bool
    links: list[LinkView]
    pulses: list[PulseView]
    queued_bytes: int = 0
    journal_delay_s: float = 0.0
    spool_full: bool = False


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


class ReportedReadingView(Wire):
    """A reading that the customer keyed on the telephone; it counts once somebody has confirmed it."""

    id: UUID
    account: str
    at: datetime
    value_m3: int
    doubt: Doubt
    state: ReportState
    decided_by: str | None


class ReportedReadings(Wire):
    """Readings that wait for somebody to decide, oldest first."""

    items: list[ReportedReadingView]


class ReadingDecision(Wire):
    """Whether a reported reading is right."""

    confirmed: bool


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
    reported_readings: list[ReportedReadingView] = Field(default_factory=list)
    offered_at: datetime
    records_available: bool = True
    incident: IncidentView | None = None
    """What is wrong with the water at the account's premise."""
    callback_of: UUID | None = None
    """The call in which they asked for this one: we call them back."""


class CurrentPop(Wire):
    """One's own current pop; None when no call is at one's phone and no wrap-up is running."""

    pop: Pop | None
