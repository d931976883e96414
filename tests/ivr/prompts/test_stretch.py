"""A stretched clip is longer by what was asked, has the same pitch and loudness, and is made once."""

from pathlib import Path

import numpy as np
import pytest

from ivr.prompts.g711 import FRAME, RATE_HZ, Linear, from_ulaw
from ivr.prompts.store import Store
from ivr.prompts.stretch import stretch, stretched


def voiced(seconds: float, pitch_hz: float = 180.0) -> Linear:
    """Return something like a vowel: harmonics of one pitch that swell and fade as syllables do."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * pitch_hz * order * time) / order for order in range(1, 8))
    return (4000 * np.asarray(sound) * (0.55 + 0.45 * np.sin(2 * np.pi * 3.5 * time))).astype(np.int16)


def pitch(samples: Linear) -> float:
    """Return the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE_HZ / len(samples))


@pytest.mark.parametrize("pace", [0.7, 0.8, 0.9])
@pytest.mark.parametrize("pitch_hz", [90.0, 180.0, 320.0])
def test_it_is_longer_and_of_the_same_pitch_and_loudness(pace: float, pitch_hz: float) -> None:
    usual = voiced(2.0, pitch_hz)
    slow = stretch(usual, pace)
    assert len(slow) / len(usual) == pytest.approx(1 / pace, rel=0.02)
    assert len(slow) % FRAME == 0
    assert pitch(slow) == pytest.approx(pitch(usual), rel=0.02)
    assert np.std(slow) == pytest.approx(np.std(usual), rel=0.1)


def test_syllables_are_as_many_and_further_apart() -> None:
    usual, slow = voiced(4.0), stretch(voiced(4.0), 0.8)

    def beats_hz(samples: Linear) -> float:
        loud = np.abs(samples.astype(np.float64))
        envelope = np.convolve(loud, np.ones(400) / 400, mode="valid")
        return pitch((envelope - envelope.mean()).astype(np.int16))

    assert beats_hz(slow) == pytest.approx(0.8 * beats_hz(usual), rel=0.1)


@pytest.mark.parametrize("length", [0, 1, 79, 160, 241])
def test_the_shortest_clips_are_stretched_too(length: int) -> None:
    assert len(stretch(np.ones(length, dtype=np.int16), 0.8)) % FRAME == 0


def test_it_is_made_once_and_named_after_its_clip(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("aa11", voiced(1.0), {})
    key = stretched(store, "aa11", 0.8)
    assert store.has(key)
    assert len(from_ulaw(store.stem(key).with_suffix(".ulaw").read_bytes())) == 10080
    assert stretched(store, "aa11", 0.8) == key
    assert stretched(store, "aa11", 0.9) != key
    with pytest.raises(FileNotFoundError):
        stretched(store, "bb22", 0.8)
