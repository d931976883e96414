"""The bench of prompts sees a silence where there is one, and a caller who heard no more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from bench.prompts import _caller
from ivr.prompts.errors import UnsayableError
from ivr.prompts.speech import RenderedSpeech

SILENCE_S = 0.1


class Halting:
    """Speech that pauses before its second file, and breaks off if told to."""

    def __init__(self, clip: Path, *, breaks: bool) -> None:
        self._clip = clip
        self._breaks = breaks

    async def files(self, *_: Any) -> AsyncIterator[Path]:
        yield self._clip
        await asyncio.sleep(SILENCE_S)
        if self._breaks:
            raise UnsayableError("an amount")
        yield self._clip


@pytest.mark.parametrize("breaks", [False, True])
async def test_what_a_caller_waits_between_two_files_is_silence(tmp_path: Path, breaks: bool) -> None:
    clip = tmp_path / "clip"
    clip.with_suffix(".alaw").write_bytes(bytes(80))
    silences, whole = await _caller(cast(RenderedSpeech, Halting(clip, breaks=breaks)), "zh", 1)
    assert silences.index(max(silences)) == 1
    assert max(silences) >= SILENCE_S * 0.9
    assert whole is not breaks
