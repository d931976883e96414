"""How a call's way through a flow ended."""

from dataclasses import dataclass
from typing import Literal

Result = Literal["person", "done", "hangup", "failed", "transfer"]
LeavesAs = Literal["announcement", "outside_hours"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``queue`` is the flow's own wish, None for the site's queue; ``served`` needs no person any more.

    ``target`` is where a ``transfer`` leads, by the name that the site's settings give it. ``leaves_as`` says of who
    left what they had heard.
    """

    result: Result
    served: bool = False
    queue: str | None = None
    target: str | None = None
    leaves_as: LeavesAs | None = None
