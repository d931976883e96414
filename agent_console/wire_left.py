"""What callers leave with us, on the wire: wishes to be called back, and messages."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agent_console.wire import Language, Wire


class CallbackState(StrEnum):
    """Where a callback stands, as long as anything is still to be done."""

    WAITING = "waiting"
    DIALLING = "dialling"


class CallbackView(Wire):
    """Somebody who will be called back. ``place`` counts from 1, with those who hold the line."""

    id: UUID
    call_id: UUID
    ticket_id: UUID
    queue: str
    number: str
    language: Language | None
    place: int
    state: CallbackState
    attempts: int
    attempts_of: int
    since: datetime
    asked_at: datetime
    next_at: datetime


class CallbackList(Wire):
    """All of them, queue by queue, the best place first."""

    items: list[CallbackView]


class MessageView(Wire):
    """A message that a caller left. Its sound is fetched by ``id``."""

    id: UUID
    call_id: UUID
    purpose: str
    language: Language
    seconds: float
    at: datetime


class MessageList(Wire):
    """The messages of one ticket, oldest first."""

    items: list[MessageView]


class MessageSound(Wire):
    """The sound of a message, in base64."""

    media_type: str
    data: str
