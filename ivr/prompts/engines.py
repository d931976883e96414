"""Speech engines behind one small interface: words in, sound at 24 kHz out.

Heavy: only the worker process imports this. Nothing here opens a socket; models and voices are pinned files.
"""

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime

from ivr.prompts import pins
from ivr.prompts.dsp import Audio
from ivr.prompts.errors import RenderError
from ivr.prompts.voices import Voice

_MOST_TOKENS = 500
_THREADS = 2
_SEED = 0


class Engine(Protocol):
    """Something that speaks. Not thread-safe; loaded once, used one text at a time."""

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz. Raises :class:`RenderError`."""


class Kokoro:
    """Kokoro-82M, int8, with a Mandarin voice."""

    def __init__(self, cache: Path) -> None:
        self._session = _session(pins.kokoro_model(cache))
        self._vocabulary: dict[str, int] = json.loads(pins.kokoro_vocabulary().read_text(encoding="utf-8"))["vocab"]
        self._style = np.fromfile(pins.xiaobei(), dtype="<f4").reshape(-1, 1, 256)
        self._phonemes = _mandarin_phonemes(cache)

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz."""
        phonemes = self._phonemes(text, voice.readings)
        tokens = [self._vocabulary[phoneme] for phoneme in phonemes if phoneme in self._vocabulary]
        if not 0 < len(tokens) <= _MOST_TOKENS:
            raise RenderError(f"{len(tokens)} phonemes")
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._style[len(tokens)],
            "speed": np.array([voice.speed], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel()


class Hibari:
    """hibari-tts with its one built-in English voice; it would download any other, so no other is ever named."""

    def __init__(self, _cache: Path) -> None:
        model = pins.hibari_model()
        import hibari

        self._speak = hibari.Hibari(voice="heart", model=str(model), threads=1)

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz."""
        return np.asarray(self._speak(text, speed=voice.speed, seed=_SEED), dtype=np.float32)


ENGINES: Mapping[str, Callable[[Path], Engine]] = {"kokoro": Kokoro, "hibari": Hibari}


def _session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _mandarin_phonemes(cache: Path) -> Callable[[str, Mapping[str, str]], str]:
    """Load the dictionaries and return what turns words into Kokoro's phonemes, given readings of our own."""
    pins.check_version("misaki", pins.MISAKI_VERSION)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old escapes and of pkg_resources in jieba, nothing of ours
        import jieba
        import pypinyin
        from misaki.zh import ZHG2P
    jieba.setLogLevel(logging.ERROR)
    jieba.dt.tmp_dir = str(cache / "models")  # its default is a guessable name in /tmp, which it unmarshals
    (cache / "models").mkdir(parents=True, exist_ok=True)
    convert = ZHG2P()

    def phonemes(text: str, readings: Mapping[str, str]) -> str:
        for word, reading in readings.items():
            jieba.add_word(word)
            pypinyin.load_phrases_dict({word: [[_accented(syllable)] for syllable in reading.split()]})
        return str(convert(text)[0])

    return phonemes


def _accented(syllable: str) -> str:
    from pypinyin.contrib.tone_convert import to_tone

    return str(to_tone(syllable))
