"""What ``GET /api/kpi`` is asked and answers. Each figure carries its formula, in both languages, and its inputs."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from agent_console.wire import QueueText, UserName, When, Wire
from cti.domain.kpi.cells import Step
from cti.domain.kpi.figures import PROFILES
from cti.domain.kpi.formulas import Kpi, Unit
from cti.domain.kpi.tally import BOUNDS_S


class ProfileName(StrEnum):
    """How somebody counts."""

    HOUSE = "house"
    GENESYS = "genesys"
    AMAZON_CONNECT = "amazon_connect"
    WAZO = "wazo"
    MARYLAND = "maryland"
    CHINA_12345 = "china_12345"


if {*ProfileName} != {*PROFILES}:
    raise RuntimeError("the profiles on the wire are not those of the domain")


def _counted(seconds: int) -> int:
    if seconds not in BOUNDS_S:
        raise PydanticCustomError("not_counted", "waits are not counted up to this bound")
    return seconds


Bound = Annotated[int, AfterValidator(_counted), Field(json_schema_extra={"enum": list(BOUNDS_S)})]


class KpiQuery(Wire):
    """Which figures. The period is widened to whole quarters; ``target_s`` and ``short_s`` beat the profile's own."""

    from_: When = Field(alias="from", description="Calls that arrived at or after this time.")
    to: When = Field(description="Calls that arrived before this time.")
    queue: QueueText | None = None
    agent: UserName | None = None
    profile: ProfileName = ProfileName.HOUSE
    step: Step = Step.TOTAL
    target_s: Bound | None = None
    short_s: Bound | None = None


class KpiInput(Wire):
    """One quantity that went into a figure."""

    id: str
    zh: str
    en: str
    value: int


class KpiGoal(Wire):
    """What is promised: at least ``bound``, or with ``at_most`` no more."""

    bound: float
    at_most: bool


class KpiFigure(Wire):
    """One number with everything that explains it. ``value`` is None where there was nothing to divide by."""

    kpi: Kpi
    formula: str
    unit: Unit
    zh: str
    en: str
    value: float | None
    inputs: list[KpiInput]
    goal: KpiGoal | None
    met: bool | None


class KpiPoint(Wire):
    """The figures of one step, which began at ``at``."""

    at: datetime
    figures: list[KpiFigure]


class KpiAnswer(Wire):
    """Figures of a period in ``total`` and step by step; steps without any call or agent are left out.

    ``computed_at`` is when the newest of it was computed, None if nothing was counted in the period.
    """

    since: datetime
    until: datetime
    profile: ProfileName
    profile_zh: str
    profile_en: str
    step: Step
    target_s: int
    short_s: int
    queue: str | None
    agent: str | None
    computed_at: datetime | None
    total: list[KpiFigure]
    points: list[KpiPoint]
