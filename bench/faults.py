"""Faults to survive: each one done for real to a whole hotline, and every call, ticket and note accounted for.

One table: fault, calls, lost calls, lost tickets, duplicates, drift, recovery. What is promised is zero everywhere
and a recovery in time; the oracle (:mod:`bench.drill.oracle`) is outside the product.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from statistics import quantiles

from bench.drill import consoles, hosts, kills, links, menu, stores
from bench.drill.drill import Drill, Result, carry_out
from bench.drill.install import Install, installed
from bench.drill.oracle import Kind
from bench.report import Bar, Figure, Report

Todo = tuple[str, Drill]
DRILLS: Mapping[str, Drill] = {
    "daemon killed -9": kills.daemon_killed,
    "PBX killed -9": kills.pbx_killed,
    "AMI gone for 60 s": links.gap,
    "AMI broken in calls": links.churn,
    "AMI half open": links.half_open,
    "AMI flood": links.flood,
    "daemon stalled 5 s": links.stall,
    "AMI lists cut off": links.partial_lists,
    "AMI garbage": links.garbage,
    "AMI login refused": links.login_refused,
    "AMI slots taken": links.slots_taken,
    "menu's door crowded": menu.crowded_door,
    "clock set ± 1 h": hosts.clock_stepped,
    "daemon frozen 30 s": hosts.frozen,
    "PostgreSQL away": stores.database_away,
    "PostgreSQL killed -9": stores.database_killed,
    "COMMIT unanswered": stores.commit_unanswered,
    "disk full": stores.disk_full,
    "consoles flapping and slow": consoles.flapping_and_slow,
    "two consoles of one agent": consoles.two_consoles,
    "browser killed in a call": consoles.browser_killed,
}
AGENTS, QUICK_AGENTS = 24, 8
ALONE = frozenset({"daemon killed -9", "AMI flood", "menu's door crowded", "consoles flapping and slow"})
"""Drills that need the whole machine, or promise a time in which nothing else may compete."""
ONLY = "HYDROPHONE_DRILLS"
"""An environment variable: only the drills whose names hold one of these words, separated by commas."""


def chosen() -> Mapping[str, Drill]:
    """Return the drills to do."""
    words = [word.strip() for word in os.environ.get(ONLY, "").split(",") if word.strip()]
    return {name: drill for name, drill in DRILLS.items() if not words or any(word in name for word in words)}


async def run(quick: bool) -> Report:
    """Do every drill; in quick mode two at a time, on a hotline each, but for those that want the whole machine."""
    alone = [item for item in chosen().items() if item[0] in ALONE]
    others = [item for item in chosen().items() if item[0] not in ALONE]
    results: list[Result] = []
    one = _Lane(alone, others, quick, results)
    lanes = [one, _Lane([], others, quick, results)] if quick and len(others) > 1 else [one]
    await asyncio.gather(*(lane.work_off(one.shares) for lane in lanes))
    order = list(DRILLS)
    return report(sorted(results, key=lambda result: order.index(result.fault)))


class _Lane:
    """Does drills on one hotline, its ``own`` first; a hotline that a drill has left broken is replaced by another."""

    def __init__(self, own: list[Todo], shared: list[Todo], quick: bool, results: list[Result]) -> None:
        self.shares = asyncio.Event()
        self._own = own
        self._shared = shared
        self._quick = quick
        self._results = results

    async def work_off(self, may_share: asyncio.Event) -> None:
        """Do all that there is to do; of what is shared only once that is allowed."""
        if not self._own:
            self.shares.set()
            await may_share.wait()
        while self._own or self._shared:
            async with installed(QUICK_AGENTS if self._quick else AGENTS) as install:
                while self._own or self._shared:
                    if not await self._next(install):
                        break

    async def _next(self, install: Install) -> bool:
        name, drill = (self._own or self._shared).pop(0)
        result = await carry_out(install, name, drill, quick=self._quick)
        self._results.append(result)
        _tell(result)
        if not self._own:
            self.shares.set()
        return result.ok


def _tell(result: Result) -> None:
    """Say on stderr how it went, because all of it takes minutes."""
    word = "kept" if result.ok else "NOT KEPT"
    print(f"{result.fault}: {word}, {result.took_s:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    for why in result.why[:20]:
        print(f"    {why}", file=sys.stderr, flush=True)  # noqa: T201


def report(results: Sequence[Result]) -> Report:
    """Return the table, and a bar for each fault: no finding."""
    return Report(
        bench="faults",
        figures={result.fault: {"found": list(result.why)} for result in results if not result.ok},
        bars=tuple(Bar(f"{result.fault}: findings", len(result.why), 0) for result in results),
        rows=tuple(_row(result) for result in results),
    )


def _row(result: Result) -> dict[str, Figure]:
    verdict = result.verdict
    p50, p95, worst = _percentiles(result.recoveries)
    return {
        "fault": result.fault,
        "calls": verdict.calls,
        "lost_calls": verdict.count(Kind.LOST_CALL, Kind.UNMATCHED, Kind.CUT),
        "lost_tickets": verdict.count(Kind.LOST_TICKET),
        "duplicates": verdict.count(Kind.DUPLICATE),
        "drift": verdict.count(Kind.DRIFT) + len(result.drift),
        "p50_s": p50,
        "p95_s": p95,
        "max_s": worst,
        "broken": len(result.broken),
        "took_s": round(result.took_s, 1),
    }


def _percentiles(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not values:
        return None, None, None
    cuts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else [values[0]] * 19
    return round(cuts[9], 2), round(cuts[18], 2), round(max(values), 2)
