"""What a live call and an idle console cost in memory, and whether calls that are over leave anything behind.

- *live call*: Python's own account (``tracemalloc``) of 5,000 live calls in the centre, nine in ten of them talking;
- *idle console*: resident bytes of the daemon before and after so many consoles connected, per console;
- *flat*: resident bytes of a process that 100,000 calls went through, at the end against after the first fifth.
"""

import asyncio
import gc
import json
import sys
import tempfile
import tracemalloc
from asyncio.subprocess import PIPE
from pathlib import Path

from bench import _facts
from bench._consoles import Consoles
from bench._fake_pbx import FakePbx
from bench._site import BenchError, agents, daemon, database, resident_bytes, use_own_cache, voice_ready
from bench.report import Bar, Report
from config.secrets import Secrets
from tests.asterisk.pbx import new_settings

BYTES_PER_LIVE_CALL = 5_000
BYTES_PER_CONSOLE = 50_000
GROWTH = 1.10


async def run(quick: bool) -> Report:
    """Measure; ``quick`` with a tenth of the calls."""
    await voice_ready()
    return await measure(live_calls=5_000, consoles=200 if quick else 500, calls=10_000 if quick else 100_000)


async def measure(*, live_calls: int, consoles: int, calls: int) -> Report:
    """Measure with so many live calls, idle consoles, and calls that come and go."""
    use_own_cache()
    per_call = await asyncio.to_thread(_per_live_call, live_calls)
    per_console = await _per_console(consoles)
    held = await _endured(calls)
    growth = held[-1]["resident_bytes"] / held[0]["resident_bytes"]
    return Report(
        "memory",
        {
            "bytes_per_live_call": per_call,
            "bytes_per_idle_console": per_console,
            "calls": held[-1]["calls"],
            "resident_mb_by_calls": {str(at["calls"]): round(at["resident_bytes"] / 1e6, 1) for at in held},
        },
        (
            Bar("bytes per live call", per_call, BYTES_PER_LIVE_CALL),
            Bar("bytes per idle console", max(per_console, 1), BYTES_PER_CONSOLE),
            Bar("resident memory at the end ÷ after a fifth of the calls", round(growth, 3), GROWTH),
        ),
    )


def _per_live_call(count: int) -> int:
    full = _facts.house(count, 0)
    gc.collect()
    tracemalloc.start()
    try:
        calls = _facts.calls_of(count)
        for fact in calls:
            full.apply(fact)
        del calls, fact
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if len(full.state.calls) != count:
        raise BenchError("the calls are not there")
    return round(after / count)


async def _per_console(count: int) -> int:
    people = agents(count)
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        settings = new_settings(Path(folder) / "install")
        secrets = Secrets.load_or_make(settings.home)
        async with FakePbx(settings.pbx.ami_user, secrets.ami, people) as pbx:
            settings = settings.model_copy(update={"pbx": settings.pbx.model_copy(update={"ami_port": pbx.port})})
            async with database(Path(folder), settings, people) as dsn, daemon(settings, dsn) as process:
                few = max(1, count // 10)
                async with Consoles.connected(settings, secrets, people[:few]):
                    await asyncio.sleep(1)
                    before = resident_bytes(process.pid)
                    async with Consoles.connected(settings, secrets, people[few:]):
                        await asyncio.sleep(1)
                        after = resident_bytes(process.pid)
    return round((after - before) / (count - few))


async def _endured(calls: int) -> list[dict[str, int]]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench._endurance", str(calls), stdout=PIPE)
    said, _nothing = await process.communicate()
    held: list[dict[str, int]] = [json.loads(line) for line in said.splitlines()]
    if process.returncode != 0 or not held:
        raise BenchError("the process that endures the calls broke")
    return held
