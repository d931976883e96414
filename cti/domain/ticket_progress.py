"""How far a ticket has come, in the few words that its caller needs. Values only; tickets are ``storage``'s."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Progress(StrEnum):
    """What a caller is told of a ticket's state."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    UNDER_WAY = "under_way"
    DONE = "done"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TicketTold:
    """A ticket as far as it may be told.

    ``arrival_by`` is when a crew is to be there, ``due_at`` when the matter is to be settled; both are None unless the
    ticket is ``theirs``: of the caller's own number, or of the account that their PIN has proved.
    """

    progress: Progress
    theirs: bool
    arrival_by: datetime | None = None
    due_at: datetime | None = None
