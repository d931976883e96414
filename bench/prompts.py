"""Speech without silence: what is in the store plays without the engine, and what isn't keeps no caller waiting.

No PBX. Callers ask for a bill's files as the phone line does, the next one when the last has been played to its end,
so a caller's silence is how long each answer takes. First many plays of a bill that is in the store; then as many
callers at once as :data:`CALLERS`, each with an amount that was never rendered before and never will be again. The
engines are the real ones, the store is its own, with the shipped core pack in it.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from bench._site import use_own_cache
from bench.report import Bar, Report
from cti.domain.events import Language
from ivr.ports import Day, Money, Month, Value
from ivr.prompts.g711 import RATE_HZ
from ivr.prompts.rendering import Rendering
from ivr.prompts.speech import RenderedSpeech

CALLERS = 20
LONGEST_SILENCE_S = 1.0
CPU_MS_PER_PLAY = 10.0
PLAYS, QUICK_PLAYS = 2000, 200
READY_S = 120.0


class Counted(Rendering):
    """The renderer, with the clips that callers ordered from it."""

    orders = 0
    refused = 0

    def urgent(self, order: Mapping[str, Any]) -> asyncio.Future[None] | None:
        """Count an order for a clip that a caller waits for."""
        self.orders += 1
        job = super().urgent(order)
        self.refused += job is None
        return job


async def run(quick: bool) -> Report:
    """Measure; ``quick`` for fewer plays of what is in the store."""
    use_own_cache()
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        cache = Path(folder)
        share_models(cache)
        rendering = Counted(cache)
        speech = RenderedSpeech(cache, rendering=rendering)
        await speech.start(complete=False)
        try:
            await _loaded(speech)
            return await _measured(speech, rendering, quick=quick)
        finally:
            await speech.stop()


def share_models(cache: Path) -> None:
    """Take the models from where other runs put them together."""
    models = Path(os.environ["HYDROPHONE_CACHE"], "models")
    models.mkdir(parents=True, exist_ok=True)
    (cache / "models").symlink_to(models)


async def _loaded(speech: RenderedSpeech) -> None:
    """Have the bill of the warm plays rendered, which also waits for the engines to be loaded."""
    async with asyncio.timeout(READY_S):
        if failed := await speech.prerender([("bill.latest", _bill(8640))]):
            raise RuntimeError(f"{failed} clips could not be rendered")


async def _measured(speech: RenderedSpeech, rendering: Counted, *, quick: bool) -> Report:
    warm = await _warm(speech, rendering, QUICK_PLAYS if quick else PLAYS)
    seed = Random(time.time_ns())  # noqa: S311 - amounts, not secrets
    cold = {language: await _crowd(speech, rendering, language, seed) for language in ("zh", "en")}
    return Report(
        "prompts",
        {"callers": CALLERS, "warm": warm, "cold": cold},
        (
            Bar("engine orders for clips in the store", float(warm["engine_orders"]), 0.0),
            Bar("CPU of a warm play, ms", warm["cpu_ms_per_play"], CPU_MS_PER_PLAY),
            Bar("longest silence of any caller, zh, s", cold["zh"]["longest_silence_s"], LONGEST_SILENCE_S),
            Bar("longest silence of any caller, en, s", cold["en"]["longest_silence_s"], LONGEST_SILENCE_S),
            Bar("share of callers who heard all", min(one["heard_all"] for one in cold.values()), 1.0, "at_least"),
        ),
    )


async def _warm(speech: RenderedSpeech, rendering: Counted, plays: int) -> dict[str, float]:
    """Play a bill that is in the store; a play is one sentence, in turn in both languages."""
    before, orders, started = time.process_time(), rendering.orders, time.monotonic()
    for number in range(plays):
        language: Language = "zh" if number % 2 else "en"
        async for _ in speech.files("bill.latest", _bill(8640), language):
            pass
    return {
        "plays": plays,
        "engine_orders": rendering.orders - orders,
        "cpu_ms_per_play": round(1000 * (time.process_time() - before) / plays, 3),
        "wall_ms_per_play": round(1000 * (time.monotonic() - started) / plays, 3),
    }


async def _crowd(speech: RenderedSpeech, rendering: Counted, language: Language, random: Random) -> dict[str, float]:
    """Let callers with amounts of their own, each unheard of, ask at the same moment."""
    degraded, refused = speech.degraded, rendering.refused
    amounts = random.sample(range(100_000, 999_999), CALLERS)
    heard = await asyncio.gather(*(_caller(speech, language, amount) for amount in amounts))
    silences = [silence for silences, _ in heard for silence in silences]
    return {
        "longest_silence_s": round(max(silences), 3),
        "longest_before_first_word_s": round(max(silences[0] for silences, _ in heard), 3),
        "heard_all": sum(whole for _, whole in heard) / CALLERS,
        "in_pieces": speech.degraded - degraded,
        "not_ordered": rendering.refused - refused,
    }


async def _caller(speech: RenderedSpeech, language: Language, fen: int) -> tuple[list[float], bool]:
    """Return a caller's silences, and whether the sentence came to its end."""
    clock = asyncio.get_running_loop().time
    silences = []
    asked = clock()
    try:
        async for path in speech.files("bill.latest", _bill(fen), language):
            silences.append(clock() - asked)
            await asyncio.sleep(await asyncio.to_thread(_length_s, path))
            asked = clock()
    except Exception:  # noqa: BLE001 - whatever it is, this caller heard no more; the bar counts it
        return [*silences, clock() - asked], False
    return [*silences, clock() - asked], True


def _length_s(path: Path) -> float:
    return path.with_suffix(".alaw").stat().st_size / RATE_HZ


def _bill(fen: int) -> dict[str, Value]:
    return {"month": Month(2026, 10), "amount": Money(fen), "due": Day(11, 25)}
