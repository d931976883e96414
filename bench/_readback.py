"""How well an account number read back in Mandarin is understood: ``python -m bench._readback``.

Five ways to say the same numbers, rendered by the shipped voice, sent through a telephone's band, and written down by
a recogniser that is told other digits. It drops repeated digits of its own accord, so the figures compare ways and are
no measure of what people understand.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import typer

from bench._site import use_own_cache
from bench.prompts import share_models
from config.settings import Settings
from ivr.prompts.catalogue import Clip
from ivr.prompts.listening import Recogniser, recogniser
from ivr.prompts.numerals import ZH_DIGITS
from ivr.prompts.rendering import Rendering
from ivr.prompts.speech import RenderedSpeech

NUMBERS = 8
PAUSE = np.zeros(8 * 200)
PROMPT = "您好，您的用户号为，三零五二，九四六八。尾号为，四零二九。"
_ONE = str.maketrans("0123456789", "零一二三四五六七八九")
_YAO = str.maketrans("0123456789", "零幺二三四五六七八九")


def ways(account: str) -> Mapping[str, tuple[Sequence[str], str]]:
    """Return each way's clauses, and the digits that are to be understood."""
    yao, one = account.translate(_YAO), account.translate(_ONE)
    return {
        "eight digits in one clause, yao": ([f"您的用户号为，{yao[:4]}，{yao[4:]}。"], account),
        "eight digits in one clause, yi": ([f"您的用户号为，{one[:4]}，{one[4:]}。"], account),
        "two clauses of four, yao": ([f"{yao[:4]}，", f"{yao[4:]}。"], account),
        "two clauses of four, yi": ([f"{one[:4]}，", f"{one[4:]}。"], account),
        "the last four, yi": ([f"尾号为，{one[4:]}。"], account[4:]),
    }


async def main() -> None:
    """Render, listen, print one JSON object: how many of the numbers came back, and what was written down."""
    use_own_cache()
    random = Random(86)  # noqa: S311 - the same numbers each time
    accounts = [f"{random.randrange(10**8):08d}" for _ in range(NUMBERS)]
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        share_models(Path(folder))
        speech = RenderedSpeech(Path(folder), rendering=Rendering(Path(folder), warm=()))
        await speech.start(complete=False)
        try:
            found = [await _heard(speech, recogniser(Settings().cache), account) for account in accounts]
        finally:
            await speech.stop()
    understood = {way: sum(one[way][0] for one in found) for way in found[0]}
    typer.echo(
        json.dumps({"numbers": NUMBERS, "understood": understood, "written": found}, ensure_ascii=False, indent=1)
    )


async def _heard(speech: RenderedSpeech, listener: Recogniser, account: str) -> dict[str, tuple[bool, str, str]]:
    heard = {}
    for way, (clauses, expected) in ways(account).items():
        clips = [Clip(f"readback.{number}", "zh", text, personal=True) for number, text in enumerate(clauses)]
        await speech.render(clips)
        sounds = [part for clip in clips for part in (speech.store.sound(speech.key(clip)) / 32768.0, PAUSE)]
        text = await asyncio.to_thread(listener.text, np.concatenate(sounds), "zh", PROMPT)
        heard[way] = (digits(text) == expected, expected, text)
    return heard


def digits(text: str) -> str:
    """Return the digits that were written down, spelt or not."""
    return "".join(
        str(ZH_DIGITS.get(letter, letter)) for letter in re.findall(r"[0-9零〇一二三四五六七八九幺两]", text)
    )


if __name__ == "__main__":
    asyncio.run(main())
