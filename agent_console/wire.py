"""What goes over the wire to consoles and scripts: the base of all types, who is logged in, and the words of filters.

``wire_live`` has the live state and the pop, ``wire_records`` calls and tickets, ``wire_push`` the push channel,
``wire_kpi`` the figures. The OpenAPI document at ``/api/openapi.json`` and the console's TypeScript types are
generated from them. Times are RFC 3339 in UTC, durations whole seconds, money integer fen, volumes whole cubic metres.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Language = Literal["zh", "en"]

Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$", description="`next` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=200)]
AccountText = Annotated[str, Field(pattern=r"^[0-9]{8}$")]
UserName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
When = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
QueueText = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


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


class ReplayView(Wire):
    """What is shown is not now: a period of the past, played ``speed`` times as fast. Nothing can be changed."""

    since: datetime
    until: datetime
    speed: float


class SiteView(Wire):
    """Whose hotline this is: ``GET /api/site``, without login, for the login page, the demo phone and all clocks."""

    name_zh: str
    name_en: str
    hotline: str
    timezone: str
    demo_phone: bool
    replay: ReplayView | None = None


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


class SiteWord(Wire):
    """A word of the site's own and what people read in its place: a queue, a reason for being away."""

    code: str
    name_zh: str
    name_en: str


class Session(Wire):
    """Who is logged in, where the rest is found, and the site's words that only its people need."""

    user: str
    name: str
    role: Role
    extension: str | None
    phone: SipPhone | None
    push_url: str
    expires_at: datetime
    queues: list[SiteWord] = []
    reasons: list[SiteWord] = []


class Token(Wire):
    """A bearer token for scripts, shown once."""

    token: str
    expires_at: datetime


class PushTicket(Wire):
    """A one-time ticket for the push channel, good for 30 s: ``{push_url}?ticket=…``."""

    ticket: str
    push_url: str


class DemoPhone(Wire):
    """What the demo page ``/phone`` dials with."""

    phone: SipPhone
    hotline: str
