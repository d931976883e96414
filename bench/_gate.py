"""How often the recogniser refuses clips that are right and lets wrong ones pass: ``python -m bench._gate``.

Each clip is held to its own words, which it ought to pass, and to those of a clip that is like it, which it ought not:
another one of its kind or, for amounts and digits, one with a single figure changed. Amounts and digits are rendered,
the others are of the shipped pack. Refused at the usual pace; a build says a refused clip again, more slowly, before it
gives it up.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import typer

from bench._site import use_own_cache
from bench.prompts import share_models
from config.settings import Settings
from cti.domain.events import Language
from ivr.ports import Digits, Money
from ivr.prompts.catalogue import LANGUAGES, Clip, Manner, shipped
from ivr.prompts.grammar import stem
from ivr.prompts.heard import values
from ivr.prompts.listening import Recogniser, Sound, recogniser
from ivr.prompts.rendering import Rendering
from ivr.prompts.speech import RenderedSpeech

OF_EACH = 12

_PACKED: tuple[tuple[str, Manner, bool | None], ...] = (
    ("months, days", "clause", True),
    ("fixed", "clause", False),
    ("piece", "piece", None),
)

Pairs = Sequence[tuple[Clip, str]]
"""Clips, each with the words of another that is like it."""


async def main() -> None:
    """Listen to each kind in both languages; print one JSON object."""
    use_own_cache()
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        share_models(Path(folder))
        speech = RenderedSpeech(Path(folder), rendering=Rendering(Path(folder), warm=()), verify=False)
        await speech.start(complete=False)
        try:
            kinds = dict(_kinds(Random(4)))  # noqa: S311 - the same clips each time
            wanted = [clip for pairs in kinds.values() for clip, _ in pairs]
            await speech.render(await asyncio.to_thread(speech.missing, wanted))
        finally:
            await speech.stop()

        def sound_of(clip: Clip) -> Sound:
            return speech.store.sound(speech.key(clip)) / 32768.0

        listener = recogniser(Settings().cache)
        found = {kind: await asyncio.to_thread(_held, listener, pairs, sound_of) for kind, pairs in kinds.items()}
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _kinds(random: Random) -> Iterator[tuple[str, Pairs]]:
    for language in LANGUAGES:
        core = [clip for clip in shipped().core_clips().values() if clip.language == language]
        for kind, manner, valued in _PACKED:
            alike = [clip for clip in core if _is_of(clip, manner, valued=valued)]
            chosen = random.sample(alike, OF_EACH)
            yield f"{language} {kind}", list(zip(chosen, [one.text for one in (*chosen[1:], chosen[0])], strict=True))
        amounts = [f"{random.randrange(1000, 999_999)}" for _ in range(OF_EACH)]
        yield (
            f"{language} amount",
            [(_amount(it, language), _amount(_other(it, random), language).text) for it in amounts],
        )
        groups = [f"{random.randrange(10_000):04d}" for _ in range(OF_EACH - 3)] + ["1111", "2233", "7707"]
        yield (
            f"{language} digits",
            [(_digits(it, language), _digits(_other(it, random), language).text) for it in groups],
        )


def _is_of(clip: Clip, manner: Manner, *, valued: bool | None) -> bool:
    return clip.manner == manner and (valued is None or any(values(clip.text, clip.language)) is valued)


def _other(figures: str, random: Random) -> str:
    """Return the same figures but one, which is not the first."""
    place = random.randrange(1, len(figures))
    changed = (int(figures[place]) + random.randrange(1, 10)) % 10
    return f"{figures[:place]}{changed}{figures[place + 1 :]}"


def _amount(fen: str, language: Language) -> Clip:
    return shipped().clips("bill.arrears", {"total": Money(int(fen))}, language)[1]


def _digits(digits: str, language: Language) -> Clip:
    said = shipped().clips("reading.heard", {"reading": Digits(digits)}, language)
    return next(clip for clip in said if clip.personal)


def _held(listener: Recogniser, pairs: Pairs, sound_of: Callable[[Clip], Sound]) -> dict[str, object]:
    refused, passed = [], []
    beside = {
        (clip.language, stem(clip.text)): clip for clip in shipped().core_clips().values() if clip.manner == "piece"
    }
    for clip, other in pairs:

        def say(words: str, language: Language = clip.language) -> Sound:
            return sound_of(beside[language, words])

        if mistake := listener.mistake(sound_of(clip), clip.text, clip.language, clip.manner, say):
            refused.append(f"{clip.text} → {mistake}")
        if not listener.mistake(sound_of(clip), other, clip.language, clip.manner, say):
            passed.append(f"{clip.text} as {other}")
    return {"clips": len(pairs), "refused": refused, "wrong ones that passed": passed}


if __name__ == "__main__":
    asyncio.run(main())
