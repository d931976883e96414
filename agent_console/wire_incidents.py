"""Incidents as supervisors write them and screens show them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from agent_console.wire import When, Wire
from cti.domain.incidents import IncidentKind

Streets = Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[^\x00-\x1f\x7f<>{}]+$")]
ZoneText = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]


class IncidentView(Wire):
    """Something wrong with the water. ``zone`` None means everywhere; ``until`` None that nobody knows.

    ``spoken``: callers hear its streets, too; before they are rendered they hear all but these.
    """

    id: UUID
    kind: IncidentKind
    zone: str | None
    streets_zh: str
    streets_en: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    by: str
    spoken: bool


class ZoneView(Wire):
    """A supply area."""

    code: str
    name_zh: str
    name_en: str


class IncidentList(Wire):
    """The latest incidents, and the zones that there are."""

    items: list[IncidentView]
    zones: list[ZoneView]


class NewIncident(Wire):
    """A new incident. ``id`` is made by the client, so that sending it again makes no second one.

    The streets are spoken to callers as they are written; numbers in them are read as words.
    """

    id: UUID
    kind: IncidentKind
    zone: ZoneText | None = None
    streets_zh: Streets
    streets_en: Streets
    until: When | None = None


class IncidentChange(Wire):
    """When it should be over, None if nobody knows; or, with ``ended``, that it is."""

    until: When | None = None
    ended: bool = False
