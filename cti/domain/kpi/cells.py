"""Where counts are put: quarters of an hour, queues, agents; and how those are put together into hours and days.

The cells are disjoint: each call and each second of an agent is in exactly one, so any choice of them adds up. What
belongs to no queue (a call that stayed in the menu, an agent's available time) or to no agent has None there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from cti.domain.ids import AgentId, CallId, QueueName
from cti.domain.kpi.facts import CallFacts
from cti.domain.kpi.tally import Tally, tally_of, tally_of_time, total
from cti.domain.kpi.times import Slice, interval_of, pieces


@dataclass(frozen=True, slots=True)
class Cell:
    """One quarter of an hour of one queue and one agent."""

    at: datetime
    queue: QueueName | None = None
    agent: AgentId | None = None


class Step(StrEnum):
    """How finely a period is looked at."""

    INTERVAL = "interval"
    HOUR = "hour"
    DAY = "day"
    TOTAL = "total"


def fold(calls: Iterable[CallFacts], slices: Iterable[Slice] = ()) -> dict[Cell, Tally]:
    """Return what the calls and the agents' time count, cell by cell. A call that is told twice counts as told last."""
    found: dict[Cell, list[Tally]] = defaultdict(list)
    once: Mapping[CallId, CallFacts] = {facts.call: facts for facts in calls}
    for facts in once.values():
        found[Cell(interval_of(facts.at), facts.queue, facts.agent)].append(tally_of(facts))
    for slice_ in slices:
        for at, seconds in pieces(slice_):
            found[Cell(at, slice_.queue, slice_.agent)].append(tally_of_time(slice_.doing, seconds))
    return {cell: total(tallies) for cell, tallies in found.items()}


def by_step(cells: Mapping[Cell, Tally], step: Step, zone: tzinfo) -> dict[datetime, Tally]:
    """Return the sums of all cells per interval, hour or day of ``zone``, oldest first; ``TOTAL`` is one sum."""
    found: dict[datetime, list[Tally]] = defaultdict(list)
    first = min((cell.at for cell in cells), default=datetime.min.replace(tzinfo=UTC))
    for cell, tally in cells.items():
        found[first if step is Step.TOTAL else step_of(cell.at, step, zone)].append(tally)
    return {at: total(found[at]) for at in sorted(found)}


def step_of(at: datetime, step: Step, zone: tzinfo) -> datetime:
    """Return when the interval, hour or day of ``zone`` that ``at`` is in began, in UTC."""
    if step is Step.INTERVAL:
        return interval_of(at)
    local = at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if step is Step.DAY:
        local = local.replace(hour=0, fold=0)
    return local.astimezone(UTC)
