"""The tones that real calls are judged by tell what was said, and notice what was not."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from cti.domain.events import Language
from ivr.ports import Day, Money, Month, Value
from ivr.prompts import g711
from ivr.prompts.catalogue import shipped
from tests.ivr.services.tones import RATE_HZ, Told, ToneSpeech

BILL: dict[str, Value] = {"month": Month(2026, 10), "amount": Money(8640), "due": Day(11, 25), "rest": Money(100)}


async def sound(speech: ToneSpeech, *sentences: tuple[str, Language]) -> np.ndarray:
    parts = [
        g711.from_ulaw(await asyncio.to_thread(Path(f"{path}.ulaw").read_bytes)) / 32768.0
        for prompt, language in sentences
        async for path in speech.files(prompt, BILL, language)
    ]
    noise = np.random.default_rng(1).normal(0, 0.002, RATE_HZ // 2)
    return np.concatenate([noise, *parts, noise]).astype(np.float32)


@pytest.fixture
def speech(tmp_path: Path) -> ToneSpeech:
    speech = ToneSpeech(tmp_path, sorted(shipped().prompts), values=True)
    speech._write()
    return speech


async def test_sentences_are_told_in_order_with_language_and_values(speech: ToneSpeech) -> None:
    recording = await sound(speech, ("menu.main", "zh"), ("bill.latest", "en"), ("bill.latest", "zh"))
    values = ("2026-10", "86.40", "11-25")
    assert speech.told(recording) == [
        Told("menu.main", "zh"),
        Told("bill.latest", "en", values),
        Told("bill.latest", "zh", values),
    ]


async def test_every_prompt_is_told_from_every_other(speech: ToneSpeech) -> None:
    speech._values = False
    prompts = sorted(shipped().prompts)
    recording = await sound(speech, *((prompt, "zh") for prompt in prompts))
    assert speech.said(recording) == prompts


async def test_a_sentence_that_was_cut_short_has_not_all_its_values(speech: ToneSpeech) -> None:
    recording = await sound(speech, ("bill.latest", "zh"))
    (told,) = speech.told(recording[: len(recording) * 2 // 3])
    assert told.prompt == "bill.latest"
    assert told.values != ("2026-10", "86.40", "11-25")
    assert speech.told(np.zeros(RATE_HZ, dtype=np.float32)) == []
