"""Sound for the oracles' own tests: the shipped core pack, and sentences rendered by the real engines."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cti.domain.events import Language
from ivr.ports import Day, Digits, Money, Month, Value
from ivr.prompts import core_pack
from ivr.prompts.rendering import Rendering
from ivr.prompts.speech import RenderedSpeech
from tests.hearing.correlate import Sound, load

CACHE = Path(os.environ.get("HYDROPHONE_CACHE", Path(__file__).parents[2] / "var" / "cache")).absolute()

SPOKEN: dict[str, Mapping[str, Value]] = {
    "86.40": {"month": Month(2026, 10), "amount": Money(8640), "due": Day(11, 25)},
    "2080.61": {"month": Month(2026, 3), "amount": Money(208061), "due": Day(4, 10)},
    "30.05": {"month": Month(2026, 8), "amount": Money(3005), "due": Day(9, 20)},
}


@pytest.fixture(scope="session")
def core() -> dict[str, Sound]:
    """Return the clips of the shipped pack, by language and id: ``zh menu.main.1``."""
    sounds = core_pack.sounds(core_pack.SHIPPED)
    return {
        f"{language} {entry.clip}": sounds[entry.key] / 32768.0
        for language, entries in core_pack.index(core_pack.SHIPPED).entries.items()
        for entry in entries
    }


@pytest.fixture(scope="session")
def sentences() -> dict[tuple[Language, str], Sound]:
    """Return the bill of :data:`SPOKEN` as a caller hears it, rendered by the real engines (cached)."""
    return asyncio.run(_rendered())


DIGITS: dict[Language, tuple[str, ...]] = {"zh": ("7207",), "en": ("5533",)}


@pytest.fixture(scope="session")
def groups() -> dict[tuple[Language, str], Sound]:
    """Return :data:`DIGITS` as they are read back, rendered by the real engines (cached)."""
    return asyncio.run(_read_back())


async def _read_back() -> dict[tuple[Language, str], Sound]:
    speech = RenderedSpeech(CACHE, rendering=Rendering(CACHE, warm=()), verify=False)
    await speech.start(complete=False)
    clips = {
        (language, digits): clip
        for language, rows in DIGITS.items()
        for digits in rows
        for clip in speech.catalogue.clips("reading.heard", {"reading": Digits(digits)}, language)
        if clip.personal
    }
    try:
        assert await speech.render(await asyncio.to_thread(speech.missing, clips.values())) == 0
        return {
            name: await asyncio.to_thread(speech.store.sound, speech.key(clip)) / 32768.0
            for name, clip in clips.items()
        }
    finally:
        await speech.stop()


async def _rendered() -> dict[tuple[Language, str], Sound]:
    speech = RenderedSpeech(CACHE, rendering=Rendering(CACHE, warm=()))
    await speech.start(complete=False)
    try:
        assert await speech.prerender(("bill.latest", values) for values in SPOKEN.values()) == 0
        found: dict[tuple[Language, str], Sound] = {}
        for name, values in SPOKEN.items():
            for language in ("zh", "en"):
                (path,) = [path async for path in speech.files("bill.latest", values, language)]
                found[language, name] = await asyncio.to_thread(load, path.with_suffix(".ulaw"))
        return found
    finally:
        await speech.stop()


def line(sound: Sound, *, noise_db: float = -45.0, seed: int = 1) -> Sound:
    """Return ``sound`` after a telephone line: noise, then µ-law."""
    from ivr.prompts import g711

    noise = np.random.default_rng(seed).normal(0, 10 ** (noise_db / 20), len(sound))
    return g711.from_ulaw(g711.to_ulaw(np.clip((sound + noise) * 32768, -32768, 32767).astype(np.int16))) / 32768.0
