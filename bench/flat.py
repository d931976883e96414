"""Whether an event costs the same in a small house and in a large one.

The facts of the recorded calls are applied to live centres of different sizes: 10 to 5,000 agents at work, and 10 to
5,000 live calls (one in ten waits in the queue, the others talk) with 5,000 agents. Each size is its own centre; all
get the same facts, round by round, each round with new calls, but that callers join the line behind those who wait.
"""

import gc
import time
from collections.abc import Mapping
from statistics import median

from bench import _facts
from bench.report import Bar, Report
from cti.domain.events import CallerQueued, Event
from cti.domain.model import CallStage
from cti.domain.values import replace
from cti.services.live import Live

SIZES = (10, 100, 1_000, 5_000)
AT_MOST = 1.25
RECORDED_AGENTS = 12


async def run(quick: bool) -> Report:
    """Measure; ``quick`` does fewer rounds."""
    return measure(sizes=SIZES, rounds=9 if quick else 25)


def measure(*, sizes: tuple[int, ...], rounds: int) -> Report:
    """Measure houses of these sizes, by agents and by live calls."""
    most = max(sizes)
    by_agents = {size: _facts.house(max(size, RECORDED_AGENTS), 0) for size in sizes}
    by_calls = {size: _facts.house(most + RECORDED_AGENTS, size) for size in sizes}
    agents_us = _costs(by_agents, rounds)
    calls_us = _costs(by_calls, rounds)
    for size, live in by_calls.items():
        _check(live, size)
    return Report(
        "flat",
        {
            "us_per_event_by_agents": agents_us,
            "us_per_event_by_live_calls": calls_us,
            "waiting_of_live_calls": _facts.WAITING_OF_TEN / 10,
            "rounds": rounds,
        },
        (
            Bar("dearest ÷ cheapest, by agents", _spread(agents_us), AT_MOST),
            Bar("dearest ÷ cheapest, by live calls", _spread(calls_us), AT_MOST),
        ),
    )


def _costs(houses: Mapping[int, Live], rounds: int) -> dict[str, float]:
    """Return microseconds of CPU per event and size, the median of the rounds. The first round is for warming up."""
    spent: dict[int, list[float]] = {size: [] for size in houses}
    for number in range(rounds + 1):
        facts = _facts.recorded(number)
        gc.collect()
        for size in sorted(houses, reverse=bool(number % 2)):
            spent[size].append(_applied(houses[size], _behind(houses[size], facts)) / len(facts))
    return {str(size): round(median(times[1:]) * 1e6, 3) for size, times in spent.items()}


def _behind(live: Live, facts: list[Event]) -> list[Event]:
    """Return the facts with the places that their callers have in this house's line."""
    ahead = sum(map(len, live.state.lines.values()))
    return [replace(fact, position=ahead + fact.position) if isinstance(fact, CallerQueued) else fact for fact in facts]


def _applied(live: Live, facts: list[Event]) -> float:
    began = time.process_time()
    for fact in facts:
        live.apply(fact)
    return time.process_time() - began


def _spread(costs: Mapping[str, float]) -> float:
    return round(max(costs.values()) / min(costs.values()), 3)


def _check(live: Live, calls: int) -> None:
    """Make sure that the calls beside which was measured were there, and as they should be."""
    stages = [call.stage for call in live.state.calls.values()]
    waiting = stages.count(CallStage.QUEUED)
    expected = sum(n % 10 < _facts.WAITING_OF_TEN for n in range(calls))
    if len(stages) != calls or waiting != expected or stages.count(CallStage.TALKING) != calls - expected:
        raise RuntimeError(f"of {calls} live calls {len(stages)} are there, {waiting} waiting")
