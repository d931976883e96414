"""How long from the bytes of the AMI event that makes an offer to the pop's frame in the agent's console.

A fake PBX on a real socket, the daemon with its PostgreSQL, and 500 agents at work, whose consoles are real WebSockets
in a process of their own. The clock starts when the agent's leg is written to the AMI socket and stops when the frame
has been read from the WebSocket. The caller joins the queue in the same moment, as Asterisk does when an agent is
free, so the time in it is that of asking the database who is calling. Beside it, in the same run: a bare relay, which
reads one socket and writes another, from the same process to the same process.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles

from bench._pops import Stage, stage
from bench._site import cpu_s, until_calm, use_own_cache, voice_ready
from bench.report import Bar, Report

CONSOLES = 500
RATES = (1, 20, 100)
JUDGED = 20
AT_MOST_MS = 50.0


async def run(quick: bool) -> Report:
    """Measure; ``quick`` for 8 s at each rate."""
    await voice_ready()
    return await measure(consoles=CONSOLES, rates=RATES, seconds=8 if quick else 30)


async def measure(*, consoles: int, rates: tuple[int, ...], seconds: float) -> Report:
    """Measure with so many consoles, for so many seconds at each rate of calls per second."""
    use_own_cache()
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        async with stage(Path(folder), consoles) as on:
            await _at_rate(on, 2, 2)  # whatever is done only once is done now
            found = {str(rate): await _at_rate(on, rate, seconds) for rate in rates}
        summary = on.screens.summary
    judged = found[str(JUDGED if JUDGED in rates else rates[-1])]
    return Report(
        "pop",
        {"consoles": consoles, "seconds": seconds, "by_calls_per_s": found, "consoles_lost": summary["lost"]},
        (
            Bar(f"p99 at {JUDGED} calls a second, ms", judged["p99_ms"], AT_MOST_MS),
            Bar("share of pops that came", min(one["came"] for one in found.values()), 1.0, "at_least"),
        ),
    )


async def _at_rate(on: Stage, rate: float, seconds: float) -> dict[str, float]:
    on.screens.pops_ns.clear()
    on.screens.relayed_ns.clear()
    before = cpu_s(on.daemon.pid)
    probing = asyncio.create_task(_probe(on, rate, seconds), name="probing")
    numbers = await on.pbx.have_calls(rate, seconds)
    sent_ns = await probing
    await until_calm(on.daemon)
    used = cpu_s(on.daemon.pid) - before
    pops = _delays({number: on.pbx.offered_ns[number] for number in numbers}, on.screens.pops_ns)
    relayed = _delays(sent_ns, {name.split()[1]: at for name, at in on.screens.relayed_ns.items()})
    shares = _shares(pops)
    bare = _shares(relayed, "relay_")
    return {
        "calls": len(numbers),
        "came": len(pops) / len(numbers),
        **shares,
        **bare,
        "p50_of_relay": round(shares["p50_ms"] / bare["relay_p50_ms"], 1),
        "p99_of_relay": round(shares["p99_ms"] / bare["relay_p99_ms"], 1),
        "daemon_cpu_ms_per_call": round(used * 1000 / len(numbers), 2),
    }


async def _probe(on: Stage, rate: float, seconds: float) -> dict[str, int]:
    """Send as many probes through the relay as there are calls, but twenty at least."""
    count = max(20, round(rate * seconds))
    sent: dict[str, int] = {}
    for n in range(count):
        sent[str(n)] = await on.probe(str(n))
        await asyncio.sleep(seconds / count)
    return sent


def _delays(since: Mapping[str, int], until: Mapping[str, int]) -> list[float]:
    return [(until[name] - at) / 1e6 for name, at in since.items() if name in until]


def _shares(delays_ms: list[float], prefix: str = "") -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    if len(delays_ms) < 2:
        return {f"{prefix}p{share}_ms": float("nan") for share in (50, 95, 99)}
    cuts = quantiles(delays_ms, n=100, method="inclusive")
    return {f"{prefix}p{share}_ms": round(cuts[share - 1], 3) for share in (50, 95, 99)}
