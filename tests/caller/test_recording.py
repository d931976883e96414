"""What the caller tool takes for sound and for quiet."""

import wave
from pathlib import Path

import numpy as np

from cti.caller.recording import RATE_HZ, Recording


def tone(seconds: float, level: float = 0.1) -> bytes:
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * 440 * time) * level * 32767).astype(np.int16).tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * RATE_HZ))


def test_stretches_of_sound_are_joined_over_short_pauses_only() -> None:
    heard = Recording()
    for chunk in (silence(0.5), tone(1.0), silence(0.24), tone(0.5), silence(1.0), tone(0.5)):
        heard.add(chunk, 0.0)
    assert heard.sounds() == [(0.5, 2.24), (3.24, 3.74)]


def test_quiet_is_counted_from_the_end_whatever_the_chunks() -> None:
    heard = Recording()
    everything = tone(0.5) + silence(0.7)
    for start in range(0, len(everything), 123):
        heard.add(everything[start : start + 123], start / 16000)
    assert heard.quiet_s() == 0.7
    assert heard.sound_since(0)
    assert not heard.sound_since(26)


def test_a_click_is_not_taken_for_speech() -> None:
    heard = Recording()
    heard.add(silence(0.2) + tone(0.02, 0.9) + silence(0.2), 0.0)
    assert not heard.sound_since(0)


def test_the_saved_file_holds_what_was_heard(tmp_path: Path) -> None:
    heard = Recording()
    heard.add(tone(0.1), 0.1)
    heard.save(tmp_path / "heard.wav")
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE_HZ, 800)
        assert file.readframes(800) == tone(0.1)
    assert abs(float(np.max(heard.samples())) - 0.1) < 0.001


def test_where_no_packets_came_there_is_a_pause() -> None:
    heard = Recording()
    heard.add(tone(0.2), 0.2)
    assert heard.quiet_s(1.2) == 1.0
    heard.add(tone(0.02), 1.22)
    assert heard.length == 1.22 * RATE_HZ
    assert heard.sounds() == [(0.0, 0.2), (1.2, 1.22)]


def test_jitter_is_not_taken_for_a_pause() -> None:
    heard = Recording()
    heard.add(tone(0.2), 0.2)
    heard.add(tone(0.2), 0.45)
    assert heard.length == 0.4 * RATE_HZ
    assert heard.quiet_s(0.5) == 0.0
