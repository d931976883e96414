"""Who gives way first when more and more people call: Asterisk or we? Whole calls on a real one, at a rising rate.

Each caller is a SIP call on the sandbox Asterisk: menu (language, a person), queue, an agent's phone that answers, the
pop in the agent's console, five seconds of conversation with sound both ways, hangup by the agent, wrap-up, the survey
(to which nobody answers), the record and its ticket. SIPp places the calls and plays the phones. The rate rises step
by step until calls are no longer carried through in time (or the last step). CPU is read from ``/proc``, so that the
ratio stands although callers and phones run on the same machine. Beside Asterisk's and the daemon's stand PostgreSQL's
and that of the voice's renderer, which works ahead of calls: a sentence once rendered is a file.
"""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench._hotline import BUSINESSLIKE, Hotline, call, hotline
from bench._site import BenchError, cpu_s, own_cpu_s, use_own_cache, voice_ready
from bench.report import Bar, Figure, Report
from config.metrics_token import load_or_make as metrics_token

RATES = (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 40.0)
AGENTS = 300
LATE_S = 15.0
"""A step that takes so much longer than its calls are placed and one alone lasts shows that somebody can't keep up."""
CALL_S = 30.0
"""So long a call takes, the survey and its silence included, where none was placed before to tell."""
HABITS = {**BUSINESSLIKE, "talk_ms": "5000"}
AT_MOST = 0.5
SETTLE_S = 4.0

_LOST = (
    "hydrophone_ami_events_dropped_total",
    "hydrophone_ami_events_shed_total",
    "hydrophone_ami_frames_refused_total",
)


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds so far."""

    asterisk: float
    daemon: float
    voice: float
    postgres: float
    machine: float
    idle: float


async def run(quick: bool) -> Report:
    """Measure; ``quick`` for 6 s at each rate, up to 8 calls a second."""
    await voice_ready()
    if quick:
        return await measure(rates=RATES[:4], seconds=6, agents=60)
    return await measure(rates=RATES, seconds=15, agents=AGENTS)


async def measure(*, rates: tuple[float, ...], seconds: float, agents: int, first: int = 2) -> Report:
    """Measure at these rates of calls per second, so many seconds each, once ``first`` calls have warmed all up."""
    use_own_cache()
    rows: list[Mapping[str, Figure]] = []
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        async with hotline(Path(folder), count=agents, habits=HABITS, sound=True) as site:
            began = time.monotonic()
            if first:
                await call(site, count=first, per_s=2, habits=HABITS)
                await asyncio.sleep(SETTLE_S)
            alone_s = time.monotonic() - began if first else CALL_S
            before, placed, successful = _used(site), first, first
            done = _Done(0, 0, late=False)
            for rate in rates:
                row, done = await _step(site, rate, max(2, round(rate * seconds)), alone_s)
                placed, successful = placed + done.placed, successful + done.successful
                rows.append(row)
                if done.late:
                    break
            used = _used(site)
            calls, ended, tickets = await site.tickets()
            lost = await _lost(site)
            pops = len(site.consoles.popped)
    measured = placed - first
    daemon, asterisk = used.daemon - before.daemon, used.asterisk - before.asterisk
    if asterisk <= 0:
        raise BenchError("Asterisk used no CPU")
    return Report(
        "bottleneck",
        {
            "calls": measured,
            "saturated": done.late,
            "asterisk_cpu_ms_per_call": round(asterisk / measured * 1000, 1),
            "daemon_cpu_ms_per_call": round(daemon / measured * 1000, 1),
            "voice_cpu_ms_per_call": round((used.voice - before.voice) / measured * 1000, 1),
            "postgres_cpu_ms_per_call": round((used.postgres - before.postgres) / measured * 1000, 1),
            "events_dropped_shed_or_refused": lost["lost"],
            "links_lost": lost["links_lost"],
            "pops": pops,
            "records": calls,
        },
        (
            Bar("daemon CPU ÷ Asterisk CPU, per call", round(daemon / asterisk, 3), AT_MOST),
            Bar("share of calls that SIPp ended as planned", successful / placed, 1.0, "at_least"),
            Bar(
                "share of calls with a record, an end and a ticket",
                min(calls, ended, tickets) / placed,
                1.0,
                "at_least",
            ),
            Bar("share of answered calls with a pop", pops / successful, 1.0, "at_least"),
            Bar("events lost and links lost", lost["lost"] + lost["links_lost"], 0),
        ),
        tuple(rows),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    placed: int
    successful: int
    late: bool


async def _step(site: Hotline, rate: float, count: int, alone_s: float) -> tuple[Mapping[str, Figure], _Done]:
    before, began = _used(site), time.monotonic()
    ended = await call(site, count=count, per_s=rate, habits=HABITS)
    loaded, took_s = _used(site), time.monotonic() - began
    await asyncio.sleep(SETTLE_S)
    after = _used(site)
    busy = 1 - (loaded.idle - before.idle) / (loaded.machine - before.machine)
    daemon, asterisk = after.daemon - before.daemon, after.asterisk - before.asterisk
    row: Mapping[str, Figure] = {
        "calls_per_s": rate,
        "calls": count,
        "as_planned": ended.successful,
        "machine_busy": round(busy, 2),
        "asterisk_ms": round(asterisk / count * 1000, 1),
        "daemon_ms": round(daemon / count * 1000, 1),
        "postgres_ms": round((after.postgres - before.postgres) / count * 1000, 1),
        "ratio": round(daemon / asterisk, 2) if asterisk else None,
    }
    late = ended.successful < count or took_s > count / rate + alone_s + LATE_S
    return row, _Done(count, ended.successful, late)


def _used(site: Hotline) -> Used:
    running = site.pbx.running
    if running is None:
        raise BenchError("Asterisk is gone")
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return Used(
        asterisk=cpu_s(running.pid),
        daemon=own_cpu_s(site.daemon.pid),
        voice=cpu_s(site.daemon.pid) - own_cpu_s(site.daemon.pid),
        postgres=cpu_s(site.postgres_pid),
        machine=sum(ticks) * tick_s,
        idle=(ticks[3] + ticks[4]) * tick_s,
    )


async def _lost(site: Hotline) -> dict[str, int]:
    """Ask the daemon's own metrics what it shed, dropped or refused, and how often the link came up again."""
    token = await asyncio.to_thread(metrics_token, site.settings.home)
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{site.settings.console_url}/metrics", headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        answer.raise_for_status()
        text = await answer.text()
    found = {name: float(value) for name, value in re.findall(r"^(hydrophone_[^ ]+) ([0-9.e+-]+)$", text, re.MULTILINE)}
    if not any(name.startswith(_LOST[0]) for name in found):
        raise BenchError("the daemon's metrics do not tell what was lost")
    lost = sum(value for name, value in found.items() if name.startswith(_LOST))
    resyncs = sum(value for name, value in found.items() if name.startswith("hydrophone_resyncs_total"))
    return {"lost": round(lost), "links_lost": max(0, round(resyncs) - 1)}
