"""What the phone menus' routes are asked and answer: flows, their versions, and how callers fared in them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from agent_console.wire import Wire

Version = Annotated[int, Field(ge=0, le=1_000_000)]
"""0 is the flow that ships with us."""
Comment = Annotated[str, Field(max_length=200)]


class FlowView(Wire):
    """A flow as it stands. ``made_at`` is None for one that ships with us and was never published."""

    flow: str
    version: int
    made_at: datetime | None
    made_by: str
    comment: str


class FlowList(Wire):
    """Every flow there is, by name."""

    items: list[FlowView]


class FlowVersionView(Wire):
    """One version of a flow: who made it, when and why; ``back_to`` is the version whose text it took up again."""

    flow: str
    version: int
    made_at: datetime
    made_by: str
    comment: str
    back_to: int | None


class FlowPart(Wire):
    """A flow that another one calls, and the version of it that new calls go through; 0 is the one that ships."""

    flow: str
    version: int


class FlowVersionList(Wire):
    """The versions of one flow and of the flows that it calls (``parts``), newest first: all that new calls hear."""

    parts: list[FlowPart]

    items: list[FlowVersionView]


class FlowTextQuery(Wire):
    """Which text: of a version, or of the one in use; ``against`` which other one it is compared."""

    version: Version | None = None
    against: Version | None = None


class FlowText(Wire):
    """A flow as it is written; ``difference`` is a unified diff, if another version was named."""

    flow: str
    text: str
    difference: str | None


class FlowDraft(Wire):
    """A flow to be judged."""

    text: Annotated[str, Field(min_length=1)]


class FlowFault(Wire):
    """One thing that the linter finds: where it stands, and what to do."""

    file: str
    line: int
    what: str
    advice: str
    what_zh: str
    advice_zh: str


class FlowJudgement(Wire):
    """What the linter finds; nothing, and it may be published."""

    faults: list[FlowFault]


class FlowPublication(Wire):
    """A flow to be published in place of version ``based_on``, which its author has seen."""

    text: Annotated[str, Field(min_length=1)]
    based_on: Version
    comment: Comment = ""


class FlowReturn(Wire):
    """Go back: to the version before the one in use, or to ``to``."""

    to: Version | None = None
    comment: Comment = ""


class FunnelQuery(Wire):
    """A day by the site's clock, and a version if only its calls count."""

    day: date
    version: Version | None = None


class WayCount(Wire):
    """How many passes left a step by this way."""

    way: str
    passes: int


class FunnelStep(Wire):
    """One step: how many came, how long they stayed, which way on; ``gave_up`` hung up there."""

    step: str
    calls: int
    passes: int
    ways: list[WayCount]
    mean_ms: int
    median_ms: int
    p90_ms: int
    gave_up: int
    failed: int
    drop_off: float


class VersionCount(Wire):
    """How many calls a version had."""

    version: int
    calls: int


class FunnelView(Wire):
    """How callers fared. ``containment`` is served ÷ calls, ``drop_off`` gave_up ÷ calls; None without calls.

    ``served`` had what they came for and nobody had to speak with them; ``gave_up`` hung up in the menu unserved.
    """

    flow: str
    day: date
    version: int | None
    calls: int
    served: int
    to_person: int
    gave_up: int
    containment: float | None
    drop_off: float | None
    steps: list[FunnelStep]
    versions: list[VersionCount]


class PictureQuery(Wire):
    """Which version to draw, and whose callers to draw on it."""

    day: date | None = None
    version: Version | None = None


class FlowPicture(Wire):
    """A flow as an SVG document, with nothing in it that runs."""

    svg: str
