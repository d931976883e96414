"""How often the recogniser refuses clips that are right and lets wrong ones pass: ``python -m bench._gate``.

Clips of the shipped core pack: each is held to its own words, which it ought to pass, and to those of another one of
its kind, which it ought not. Refused at the usual pace; a build says a refused clip again, more slowly, before it gives
it up.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import typer

from bench._site import use_own_cache
from cti.domain.events import Language
from ivr.prompts import core_pack
from ivr.prompts.core_pack import Entry
from ivr.prompts.g711 import Linear
from ivr.prompts.listening import Recogniser, recogniser, values

OF_EACH = 12


def main() -> None:
    """Listen to months, due days and fixed sentences of both languages; print one JSON object."""
    use_own_cache()
    listener = recogniser(Path(os.environ["HYDROPHONE_CACHE"]))
    sounds = core_pack.sounds(core_pack.SHIPPED)
    found: dict[str, dict[str, object]] = {}
    for language, entries in core_pack.index(core_pack.SHIPPED).entries.items():
        for kind in ("bill.lead.", "due.", ""):
            chosen = _chosen([one for one in entries if _is_of(kind, one, language)])
            found[f"{language} {kind or 'fixed'}"] = _held(listener, chosen, sounds, language)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _is_of(kind: str, one: Entry, language: Language) -> bool:
    if kind:
        return one.clip.startswith(kind) and any(values(one.text, language))
    return not one.clip.startswith("part.") and not any(values(one.text, language))


def _chosen(entries: Sequence[Entry]) -> Sequence[Entry]:
    return Random(4).sample(entries, min(OF_EACH, len(entries)))  # noqa: S311 - the same clips each time


def _held(
    listener: Recogniser, clips: Sequence[Entry], sounds: dict[str, Linear], language: Language
) -> dict[str, object]:
    refused, passed = [], []
    for one, other in zip(clips, [*clips[1:], clips[0]], strict=True):
        sound = sounds[one.key].astype(np.float64) / 32768.0
        if mistake := listener.mistake(sound, one.text, language):
            refused.append(f"{one.text} → {mistake}")
        if not listener.mistake(sound, other.text, language):
            passed.append(f"{one.text} as {other.text}")
    return {"clips": len(clips), "refused": refused, "wrong ones that passed": passed}


if __name__ == "__main__":
    main()
