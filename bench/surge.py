"""The day a main bursts: a thousand callers in ten seconds, while strangers hold ten thousand silent connections.

Each caller must hear something of the menu, as Asterisk itself tells it (an AGI command that plays began on their
channel), and none may be dropped by us. The strangers connect to the menu's port and say nothing: all but a few are
refused, and the callers do not notice.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench._menu import Menu, call, menu
from bench.report import Bar, Report

STAYS_MS = 9_000
STRANGERS_AT_ONCE = 500


async def run(quick: bool) -> Report:
    """Have the callers call; see the module's text."""
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        async with menu(Path(folder)) as site:
            if quick:
                return await measure(site, callers=250, within_s=5.0, strangers=2_000)
            return await measure(site, callers=1_000, within_s=10.0, strangers=10_000)


async def measure(site: Menu, *, callers: int, within_s: float, strangers: int, stays_ms: int = STAYS_MS) -> Report:
    """Have so many call within that time, beside so many strangers."""
    site.seen.forget()
    async with _strangers(site, strangers) as connected:
        per_s = callers / within_s
        ended = await call(site, site.settings.site.hotline, (), count=callers, per_s=per_s, stays_ms=stays_ms)
    heard, alive = sorted(site.seen.greetings_ms()), site.daemon.returncode is None
    return Report(
        "surge",
        {
            "callers": callers,
            "within_s": within_s,
            "greeted": len(heard),
            "greeted_p50_ms": round(heard[len(heard) // 2]) if heard else None,
            "greeted_most_ms": round(heard[-1]) if heard else None,
            "at_once": site.seen.at_once,
            "dropped": callers - ended.successful,
            "strangers": connected,
        },
        (
            Bar("share of callers who heard something", len(heard) / callers, 1.0, "at_least"),
            Bar("callers dropped", float(callers - ended.successful), 0),
            Bar("daemons that died", float(not alive), 0),
        ),
    )


@asynccontextmanager
async def _strangers(site: Menu, count: int) -> AsyncIterator[int]:
    """Hold silent connections to the menu's port; yields how many were taken at first."""
    agi = site.settings.agi
    held: list[asyncio.StreamWriter] = []
    for start in range(0, count, STRANGERS_AT_ONCE):
        size = min(STRANGERS_AT_ONCE, count - start)
        opened = (asyncio.open_connection(agi.host, agi.port) for _ in range(size))
        found = await asyncio.gather(*opened, return_exceptions=True)
        held += [one[1] for one in found if not isinstance(one, BaseException)]
    try:
        yield len(held)
    finally:
        for writer in held:
            writer.close()
        for writer in held:
            with suppress(ConnectionError):
                await writer.wait_closed()
