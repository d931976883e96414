"""What storage hands out and takes: frozen values, named as the REST API names them.

Nothing here knows SQL. Times are aware UTC, durations whole seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from cti.domain.events import Language
from cti.domain.ids import AccountNumber, AgentId, CallId, Extension, LinkedId, PbxName, QueueName, TicketId
from cti.domain.model import IvrStep, Outcome, Talk, Visit

Item = TypeVar("Item")


class Role(StrEnum):
    """What a user may see and do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


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
    """How the call was closed."""

    RESOLVED = "resolved"
    INFORMED = "informed"
    CALL_BACK = "call_back"
    ESCALATED = "escalated"
    WRONG_NUMBER = "wrong_number"
    NO_ANSWER = "no_answer"


class Task(StrEnum):
    """What somebody still has to do for a caller whom nobody spoke with."""

    CALL_BACK = "call_back"


class EntryKind(StrEnum):
    """What an entry of a ticket tells."""

    OPENED = "opened"
    NOTE = "note"
    CHANGED = "changed"
    CLOSED = "closed"
    CALL = "call"


class TokenKind(StrEnum):
    """Who holds the token: a browser (cookie) or a script (bearer)."""

    SESSION = "session"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows of a list; ``next`` is the cursor of the page after, None at the end."""

    items: tuple[Item, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, ended or not. ``outcome`` is None while it lives; ``end_assumed``: nobody saw how it ended."""

    id: CallId
    pbx: PbxName
    linkedid: LinkedId
    started_at: datetime
    ended_at: datetime | None
    caller_number: str
    caller_number_e164: str | None
    caller_name: str
    dialled: str
    inbound: bool
    language: Language | None
    account: AccountNumber | None
    verified: bool
    ivr_flow: str | None
    ivr_version: int | None
    ivr_path: tuple[IvrStep, ...]
    visits: tuple[Visit, ...]
    talks: tuple[Talk, ...]
    merged_into: CallId | None
    ivr_served: bool
    queue: QueueName | None
    queued_at: datetime | None
    answered_at: datetime | None
    wait_s: int
    talk_s: int
    hold_s: int
    holds: int
    agent: AgentId | None
    outcome: Outcome | None
    cause: int | None
    end_assumed: bool
    callback_of: CallId | None
    ticket_id: TicketId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls to list; what is None does not matter. ``since`` ≤ started_at < ``until``."""

    outcome: Outcome | None = None
    account: AccountNumber | None = None
    agent: AgentId | None = None
    queue: QueueName | None = None
    number_e164: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEntry:
    """One change of a ticket: who, when, what. ``changes`` maps a field to its text before and after."""

    at: datetime
    by: str
    kind: EntryKind
    text: str
    changes: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """工单. ``version`` counts what people changed; ``entries`` is empty in lists.

    A ``task`` waits for somebody until ``task_done_at``.
    """

    id: TicketId
    number: str
    version: int
    status: TicketStatus
    category: Category | None
    subcategory: str | None
    disposition: Disposition | None
    subject: str
    account: AccountNumber | None
    caller_number: str
    language: Language | None
    queue: QueueName | None
    agent: AgentId | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    task: Task | None
    task_done_at: datetime | None
    call: CallRecord | None
    entries: tuple[TicketEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketBrief:
    """A ticket in one line."""

    id: TicketId
    number: str
    category: Category | None
    status: TicketStatus
    subject: str
    opened_at: datetime
    due_at: datetime | None


class TicketSort(StrEnum):
    """The orders that a list of tickets can have."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LAST_CHANGED = "last_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets to list; what is None does not matter. ``since`` ≤ opened_at < ``until``.

    ``task`` finds those whose task still waits.
    """

    task: Task | None = None
    status: TicketStatus | None = None
    category: Category | None = None
    account: AccountNumber | None = None
    agent: AgentId | None = None
    queue: QueueName | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """What a person changes on a ticket; None leaves a field as it is."""

    category: Category | None = None
    subcategory: str | None = None
    disposition: Disposition | None = None
    subject: str | None = None
    account: AccountNumber | None = None
    note: str | None = None
    status: TicketStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may log in. ``id`` is the user name, and for agents their :class:`AgentId`."""

    id: AgentId
    name: str
    role: Role
    extension: Extension | None
    queues: tuple[QueueName, ...]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What came of a login. ``user`` is None when refused; ``locked_s`` is how long to wait then, 0 if not."""

    user: User | None
    locked_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session or token that is still good. The token itself is kept nowhere."""

    user: User
    kind: TokenKind
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A fresh token: the only time that its text exists on our side."""

    token: str = field(repr=False)
    expires_at: datetime
