"""Calls and tickets as they go over the wire, and the filters of their lists."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent_console.wire import AccountText, Cursor, Language, Limit, QueueText, UserName, When, Wire
from cti.domain.model import Outcome, TalkKind, VisitEnd


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


class IvrStepView(Wire):
    """One step of the way through the menu; never a PIN."""

    step: str
    way: str
    keyed: str
    took_ms: int


class Task(StrEnum):
    """What somebody still has to do for a caller whom nobody spoke with."""

    CALL_BACK = "call_back"


class VisitView(Wire):
    """One stay in a queue; ``end`` is None while the caller waits."""

    queue: str
    since: datetime
    until: datetime | None
    wait_s: int
    end: VisitEnd | None


class TalkView(Wire):
    """One agent's conversation: with the caller, or with a colleague about them. ``hold_s`` is part of its time."""

    agent: str | None
    kind: TalkKind
    queue: str | None
    since: datetime
    until: datetime | None
    hold_s: int
    holds: int


class CallRecord(Wire):
    """One call, ended or not. ``outcome`` is None while it lives; ``end_assumed``: nobody saw how it ended."""

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
    ivr_version: int | None
    ivr_path: list[IvrStepView]
    queue: str | None
    wait_s: int
    talk_s: int
    hold_s: int
    holds: int
    agent: str | None
    outcome: Outcome | None
    cause: int | None
    end_assumed: bool = False
    ticket_id: UUID | None
    visits: list[VisitView] = Field(default_factory=list)
    talks: list[TalkView] = Field(default_factory=list)


class TicketBrief(Wire):
    """An open ticket or a past contact in one line."""

    id: UUID
    number: str
    category: Category | None
    status: TicketStatus
    subject: str
    opened_at: datetime
    due_at: datetime | None


class TicketEntry(Wire):
    """One change of a ticket: who, when, what. Nothing is ever overwritten."""

    at: datetime
    by: str
    kind: Literal["opened", "note", "changed", "closed", "call"]
    text: str
    changes: dict[str, list[str | None]] = Field(default_factory=dict)


class Ticket(Wire):
    """工单: the record of one customer matter. ``version`` counts its changes.

    A ``task`` waits for somebody until ``task_done_at``.
    """

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
    task: Task | None
    task_done_at: datetime | None
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
    """Which tickets to list. ``q`` is looked for in number, subject and account, as plain text.

    ``task`` finds tickets whose task still waits.
    """

    task: Task | None = None
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
