"""What the caller tool takes for sound and for quiet, and how it keeps the time."""

import wave
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cti.caller.recording import RATE_HZ, Recording, Samples

PACKET = 160
WRAP = 1 << 32


def tone(seconds: float, level: float = 0.1) -> Samples:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * 440 * time) * level * 32767).astype(np.int16)


def packets(samples: Samples, first: int = 0) -> list[tuple[int, Samples]]:
    return [((first + at) % WRAP, samples[at : at + PACKET]) for at in range(0, len(samples), PACKET)]


@given(st.integers(0, WRAP - 1), st.permutations(range(1, 10)))
def test_a_sentence_is_whole_whatever_the_order_and_the_time_its_packets_come_in(first: int, order: list[int]) -> None:
    sentence = tone(0.2)
    parts = packets(sentence, first)
    heard = Recording()
    for index in [0, *order, order[0]]:
        heard.add(7, *parts[index], 3.0)
    assert np.array_equal(heard.pcm(), sentence)


def test_where_no_packets_came_there_is_a_pause_of_the_right_length() -> None:
    heard = Recording()
    heard.add(7, 1000, tone(0.02), 0.1)
    heard.add(7, 1000 + 8000, tone(0.02), 1.1)
    assert len(heard.pcm()) == 8160
    assert not heard.pcm()[160:8000].any()


def test_a_new_source_goes_on_by_the_clock_where_the_old_one_ended() -> None:
    heard = Recording()
    heard.add(7, 1000, tone(0.02), 0.0)
    heard.add(8, 999_999, tone(0.02), 0.5)
    assert len(heard.pcm()) == 4000 + 160


def test_a_packet_of_another_hour_is_no_part_of_the_call() -> None:
    heard = Recording()
    heard.add(7, 100_000, tone(0.02), 0.0)
    heard.add(7, 100_000 + 2 * 3600 * RATE_HZ, tone(0.02), 0.02)
    heard.add(7, 99_000, tone(0.02), 0.04)
    assert len(heard.pcm()) == 160


def test_quiet_is_counted_from_the_last_loud_packet() -> None:
    heard = Recording()
    assert heard.quiet_s(3.0) == 3.0
    heard.add(7, 0, tone(0.02), 1.0)
    heard.add(7, 160, np.zeros(160, np.int16), 1.02)
    assert heard.quiet_s(2.0) == 1.0


def test_a_click_is_not_taken_for_speech() -> None:
    heard = Recording()
    heard.add(7, 0, tone(0.02, 0.9), 0.0)
    assert not heard.sound_since(0)
    for timestamp, part in packets(tone(0.06), 160):
        heard.add(7, timestamp, part, 0.1)
    assert heard.sound_since(1)


def test_a_long_call_has_room() -> None:
    heard = Recording()
    minute = tone(61.0)
    for timestamp, part in packets(minute):
        heard.add(7, timestamp, part, 0.0)
    assert np.array_equal(heard.pcm(), minute)


def test_the_saved_file_holds_what_was_heard(tmp_path: Path) -> None:
    heard = Recording()
    for timestamp, part in packets(tone(0.1)):
        heard.add(7, timestamp, part, 0.1)
    heard.save(tmp_path / "heard.wav")
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE_HZ, 800)
        assert file.readframes(800) == tone(0.1).tobytes()
