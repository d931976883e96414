"""What the consoles need from the rest: the live call centre, and what is kept.

``cti.services`` is the live centre, ``agent_console.stores`` turns what ``storage`` keeps into wire types;
tests put small ones in their place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from agent_console.wire import Role
from agent_console.wire_flows import (
    FlowJudgement,
    FlowList,
    FlowPicture,
    FlowText,
    FlowTextQuery,
    FlowVersionList,
    FlowView,
    FunnelView,
)
from agent_console.wire_incidents import IncidentChange, NewIncident
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
)
from cti.domain.callbacks import Callback, CallbackId
from cti.domain.events import Presence
from cti.domain.ids import AccountNumber, AgentId, Extension, QueueName, ReasonCode
from cti.domain.incidents import Incident
from cti.domain.kpi.tally import Tally
from cti.domain.meter_readings import ReportedReading
from cti.domain.model import CentreState, Changes
from cti.domain.utility import Account, AccountSheet


class CallHandling(Protocol):
    """What agents do with the calls they have. Each raises a ``CentreError`` when it can't be done now."""

    async def transfer_to_queue(self, agent: AgentId, queue: QueueName) -> None:
        """Send the agent's caller into a queue."""

    async def transfer_to_agent(self, agent: AgentId, colleague: AgentId) -> None:
        """Send the agent's caller to a colleague."""

    async def consult(self, agent: AgentId, colleague: AgentId) -> None:
        """Ring a colleague while the caller waits."""

    async def take_back(self, agent: AgentId) -> None:
        """End the consultation; the agent has the caller again."""

    async def hand_over(self, agent: AgentId) -> None:
        """End the consultation; the colleague has the caller."""

    async def join(self, agent: AgentId) -> None:
        """Make a conference of the consultation."""

    async def mute(self, agent: AgentId, *, muted: bool) -> None:
        """Note whether the agent's microphone is off."""


class LiveCentre(Protocol):
    """The live state and the orders that a console may give."""

    @property
    def handling(self) -> CallHandling:
        """What agents do with their calls."""

    @property
    def state(self) -> CentreState:
        """The state now; read it at once, in the same turn of the loop."""

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``listener`` after each change, in order; returns the function that stops it. It must not block."""

    async def choose_presence(
        self, agent: AgentId, presence: Presence, *, by: AgentId, reason: ReasonCode | None = None
    ) -> None:
        """Set or, during a call or wrap-up, note down the agent's presence. Raises a ``CentreError``."""

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        """Give the agent more time after the call. Raises a ``CentreError`` when there is no wrap-up."""

    async def finish_wrap_up(self, agent: AgentId) -> None:
        """End the agent's wrap-up now. Raises a ``CentreError`` when there is none."""

    def console_opened(self, agent: AgentId) -> None:
        """Note that the agent has a console connected."""

    def console_closed(self, agent: AgentId) -> None:
        """Note that the agent's console is gone; after the grace time that is a ``ConsoleLost``."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. ``extension`` is set for who has a phone here."""

    id: AgentId
    name: str
    role: Role
    extension: Extension | None


class Users(Protocol):
    """Who may log in. Every store here raises :class:`StoreUnavailableError` when it can't be asked."""

    async def check_password(self, user: str, password: str) -> User | None:
        """Return the user if the password is theirs; takes as long for an unknown user."""

    async def user(self, user: str) -> User | None:
        """Return the user if they may still log in."""


class Calls(Protocol):
    """The records of calls."""

    async def page(self, query: CallQuery) -> CallPage:
        """Return one page, newest first. Raises ``InvalidError`` for a cursor that isn't one."""

    async def call(self, call: UUID) -> CallRecord | None:
        """Return one record."""

    async def count_recent(self, number: str, *, days: int) -> int:
        """Count the calls from this number, as it was given, in the last days; 0 for a withheld one."""


class Tickets(Protocol):
    """The tickets."""

    async def page(self, query: TicketQuery) -> TicketPage:
        """Return one page without entries. Raises ``InvalidError`` for a cursor that isn't one."""

    async def ticket(self, ticket: UUID) -> Ticket | None:
        """Return one ticket, whole."""

    async def change(self, ticket: UUID, change: TicketChange, *, by: AgentId) -> Ticket:
        """Apply and return it whole. Raises ``VersionConflictError``, ``NotFoundError``, ``InvalidError``."""

    async def open_of(self, account: str, *, limit: int) -> Sequence[TicketBrief]:
        """Return the account's tickets that are still open, most urgent first."""

    async def last_of(self, *, account: str | None, number: str, limit: int) -> Sequence[TicketBrief]:
        """Return the last contacts of the account, or of the number if there is no account; newest first."""


class Customers(Protocol):
    """The utility's customers. Raises ``BillingUnavailableError``."""

    async def sheet(self, account: AccountNumber) -> AccountSheet | None:
        """Return all of one account that a pop shows."""

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        """Return the accounts that this E.164 number belongs to."""


class Readings(Protocol):
    """The readings that customers keyed on the telephone."""

    async def of_account(self, account: str, *, limit: int) -> Sequence[ReportedReading]:
        """Return what was reported for the account, newest first."""

    async def to_confirm(self) -> Sequence[ReportedReading]:
        """Return what waits for somebody to decide, oldest first."""

    async def decide(self, reading: UUID, *, confirmed: bool, by: AgentId) -> ReportedReading:
        """Confirm or refuse it; what was decided stays. Raises ``NotFoundError``."""


class Zone(Protocol):
    """A supply area."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def name_zh(self) -> str: ...  # noqa: D102
    @property
    def name_en(self) -> str: ...  # noqa: D102


class Incidents(Protocol):
    """What is wrong with the water, and where."""

    def is_spoken(self, incident: Incident) -> bool:
        """Tell whether callers hear its streets, too."""

    async def of_late(self) -> Sequence[Incident]:
        """Return the latest, over or not."""

    async def zones(self) -> Sequence[Zone]:
        """Return the supply areas."""

    async def open(self, new: NewIncident, *, by: AgentId, at: datetime) -> Incident:
        """Keep a new one, once for its id. Raises ``NotFoundError`` for an unknown zone."""

    async def change(self, incident: UUID, change: IncidentChange, *, by: AgentId) -> Incident:
        """Say when it should be over, or that it is. Raises ``NotFoundError``."""

    async def at_account(self, account: str) -> Incident | None:
        """Return what goes on at the account's premise, None for nothing. Raises ``BillingUnavailableError``."""


class Callbacks(Protocol):
    """Who is to be called back: live, like the centre."""

    @property
    def pending(self) -> Sequence[Callback]:
        """The open promises, the best place first."""

    def place_of(self, callback: Callback) -> int:
        """Return the place in the line, from 1."""

    async def withdraw(self, id_: CallbackId, *, by: str) -> None:
        """Call somebody back no more. Raises a ``CentreError`` when it is too late for that."""


class Messages(Protocol):
    """What callers said after the tone."""

    async def of_ticket(self, ticket: UUID) -> Sequence[MessageView]:
        """Return a ticket's messages, oldest first."""

    async def sound(self, message: UUID) -> tuple[bytes, AgentId | None] | None:
        """Return a message's WAV file and the agent whose ticket it is on; None when there is none."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in one step of a period, and when that was last computed."""

    at: datetime
    tally: Tally
    computed_at: datetime


class Kpis(Protocol):
    """What was counted."""

    async def read(self, query: KpiQuery) -> Sequence[Counted]:
        """Return each step of the period in which there was anything to count, oldest first."""


class Flows(Protocol):
    """The phone menus. Raises ``NotFoundError``, ``FlowChangedError``, ``FlowFaultyError``."""

    async def flows(self) -> FlowList:
        """Return every flow as it stands."""

    async def versions(self, flow: str) -> FlowVersionList:
        """Return the versions of a flow and of those that it calls, newest first."""

    async def text(self, flow: str, query: FlowTextQuery) -> FlowText:
        """Return the text of a version, and what it differs in from another."""

    async def judge(self, flow: str, text: str) -> FlowJudgement:
        """Return what the linter finds in a draft."""

    async def publish(self, flow: str, text: str, *, by: AgentId, based_on: int, comment: str) -> FlowView:
        """Publish a text that the linter passes, in place of version ``based_on``."""

    async def back(self, flow: str, *, by: AgentId, to: int | None, comment: str) -> FlowView:
        """Take up an earlier version again: the one before, or ``to``."""

    async def funnel(self, flow: str, day: date, version: int | None) -> FunnelView:
        """Return how callers fared on a day of the site's."""

    async def picture(self, flow: str, day: date | None, version: int | None) -> FlowPicture:
        """Return the picture, with the callers of a day on it."""


class Database(Protocol):
    """Whether the database answers."""

    async def alive(self) -> bool:
        """Ask it; never raises, never takes longer than a second."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits on disk for the database, how old its oldest is, and whether nothing more fits."""

    size_bytes: int = 0
    delay_s: float = 0.0
    full: bool = False


class History(Protocol):
    """The journal of all that happened."""

    def queued(self) -> Queued:
        """Say what waits for the database."""

    async def state_at(self, at: datetime) -> CentreState | None:
        """Return the state as it was, None of a time that nothing is known of."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything kept that a console reads and writes."""

    users: Users
    calls: Calls
    tickets: Tickets
    customers: Customers
    database: Database
    kpis: Kpis
    readings: Readings
    history: History
    incidents: Incidents
    flows: Flows
    callbacks: Callbacks
    messages: Messages


class StoreUnavailableError(Exception):
    """A store can't be asked or written to just now."""
