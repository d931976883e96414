"""The menu: how fast it answers a key with 200 callers in it, and what it costs beside two ways of doing without us.

- *latency*: from the end of a key, as Asterisk stamps it, to the AGI command that plays the next prompt, of callers who
  listen before they key. Checking a PIN takes half a second by design, so that its time tells nothing; the prompt
  after it is left out. Who does not hear the bill and the goodbye went wrong.
- *command*: CPU of a FastAGI server per command, ours beside stock panoramisk's, each alone in a process.
- *bill call*: CPU of Asterisk and daemon for a whole call that hears a bill, beside Asterisk's own for the same menu
  with the same clips written in the dialplan (``Read`` and ``Playback``), which asks no billing and checks no PIN.
"""

import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench._agi import calls, peer
from bench._menu import NATIVE, Menu, Press, call, menu
from bench._site import cpu_s
from bench.report import Bar, Report

LATENCY_MS = 100.0
OF_STOCK = 2.0
OF_NATIVE = 2.0
COMMANDS = 40

Figures = Mapping[str, float | int]


async def run(quick: bool) -> Report:
    """Measure all three; see the module's text."""
    command = await commands(calls_each=150 if quick else 250, rounds=8)
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        async with menu(Path(folder)) as site:
            bill = await _bill_calls(site, each=20 if quick else 40, rounds=2 if quick else 3)
            found = await crowd(site, 60, within_s=15.0) if quick else await crowd(site, 200, within_s=30.0)
    return report(found, command, bill)


def report(crowd: Figures, command: Figures, bill: Figures) -> Report:
    """Return what was found, with what is promised."""
    return Report(
        "ivr",
        {"latency": crowd, "command": command, "bill_call": bill},
        (
            Bar("p99 ms from a key to the next prompt", float(crowd["p99_ms"] or 1e9), LATENCY_MS),
            Bar("share of callers who were in the menu at once", crowd["at_once"] / crowd["callers"], 1.0, "at_least"),
            Bar("calls that went wrong", float(crowd["failed"]), 0),
            Bar("CPU per AGI command ÷ stock panoramisk", float(command["ours_of_stock"] or 1e9), OF_STOCK),
            Bar("CPU of a bill call ÷ dialplan alone", float(bill["ours_of_native"] or 1e9), OF_NATIVE),
        ),
    )


# ------------------------------------------------------------------ latency


def bill_call(site: Menu, *, listens: bool = False) -> Sequence[Press]:
    """Return what a caller keys to hear the sample's bill in English, and to leave; quickly, or as people do."""
    account, pin = site.sample.number, site.sample.pin
    if listens:
        entries = (Press("2", 4000), Press("1", 6000), Press(account, 4000, 400), Press(pin, 3000, 400))
        return (*entries, Press("9", 14_000))
    return (Press("2", 1500), Press("1", 1500), Press(account, 1500), Press(pin, 1500), Press("9", 4000))


async def crowd(site: Menu, count: int, *, within_s: float, listens: bool = True) -> Figures:
    """Have so many callers come within a time to hear their bill, and return how soon each key was answered."""
    presses = bill_call(site, listens=listens)
    pin_checked = sum(len(press.keys) for press in presses) - 2
    site.seen.forget()
    pids = {"asterisk": site.asterisk_pid, "daemon": site.daemon.pid}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    await call(site, site.settings.site.hotline, presses, count=count, per_s=count / within_s)
    waits = site.seen.waits_ms()
    plain = sorted(wait for place, wait in waits if place != pin_checked)
    return {
        "callers": count,
        "at_once": site.seen.at_once,
        "failed": count - site.seen.done(),
        "prompts": len(plain),
        "p50_ms": _percentile(plain, 50),
        "p95_ms": _percentile(plain, 95),
        "p99_ms": _percentile(plain, 99),
        "most_ms": round(max(plain, default=0.0), 1),
        "after_a_pin_p50_ms": _percentile(sorted(wait for place, wait in waits if place == pin_checked), 50),
        **{f"{name}_cpu_s": round(cpu_s(pid) - before[name], 1) for name, pid in pids.items()},
    }


def _percentile(ordered: Sequence[float], of: int) -> float:
    return round(ordered[min(len(ordered) - 1, len(ordered) * of // 100)], 1) if ordered else 0.0


# ------------------------------------------------------------------ per command


async def commands(*, calls_each: int, rounds: int) -> Figures:
    """Return what an AGI command costs us and stock panoramisk: the least of the rounds."""
    spent: dict[str, list[float]] = {"ours": [], "stock": []}
    async with peer("ours", COMMANDS) as ours, peer("stock", COMMANDS) as stock:
        both = {"ours": ours, "stock": stock}
        for server in both.values():
            await calls(server.port, 10, COMMANDS, at_once=10)
        for _ in range(rounds):
            for name, server in both.items():
                before = await server.cpu_s()
                await calls(server.port, calls_each, COMMANDS, at_once=20)
                spent[name].append((await server.cpu_s() - before) / calls_each / COMMANDS)
    ours_s, stock_s = min(spent["ours"]), min(spent["stock"])
    return {
        "commands": calls_each * rounds * COMMANDS,
        "ours_us": round(1e6 * ours_s, 1),
        "stock_us": round(1e6 * stock_s, 1),
        "ours_of_stock": round(ours_s / stock_s, 2),
    }


# ------------------------------------------------------------------ a whole call


async def _bill_calls(site: Menu, *, each: int, rounds: int) -> Figures:
    spent: dict[str, list[float]] = {"ours": [], "native": []}
    ways: dict[str, Callable[[], Awaitable[float]]] = {
        "ours": lambda: cost(site, site.settings.site.hotline, each, daemon=True),
        "native": lambda: cost(site, NATIVE, each, daemon=False),
    }
    for _ in range(rounds):
        for name, way in ways.items():
            spent[name].append(await way())
    return {
        "calls": 2 * each * rounds,
        "ours_ms": round(1000 * median(spent["ours"]), 1),
        "native_ms": round(1000 * median(spent["native"]), 1),
        "ours_of_native": round(median(a / b for a, b in zip(spent["ours"], spent["native"], strict=True)), 2),
    }


async def cost(site: Menu, number: str, count: int, *, daemon: bool) -> float:
    """Return the CPU seconds of one call, of Asterisk and, where it has a part in it, of the daemon."""
    pids = [site.asterisk_pid, *([site.daemon.pid] if daemon else [])]
    before = sum(map(cpu_s, pids))
    await call(site, number, bill_call(site), count=count, per_s=5)
    return (sum(map(cpu_s, pids)) - before) / count
