"""What the caller hears: 8 kHz samples put in place by their RTP timestamps, and whether somebody speaks."""

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
Samples = NDArray[np.int16]

_SPEECH_RMS = 10 ** (-45 / 20) * 32768
"""A packet louder than this is sound: our clips are levelled to -20 dBFS, a quiet line is below -60."""
_WORDS_PACKETS = 3
_LONGEST = 3600 * RATE_HZ
_WRAP = 1 << 32


@dataclass(slots=True)
class Recording:
    """What has been received so far.

    A sample's place is its packet's timestamp, so neither a busy machine nor packets out of order tear a sentence,
    and where a PBX with nothing to play sends nothing there is silence of the right length.
    """

    loud_packets: int = 0
    _sound: Samples = field(default_factory=lambda: np.zeros(RATE_HZ * 30, np.int16))
    _length: int = 0
    _source: int | None = None
    _first: int = 0
    _offset: int = 0
    _last_loud_s: float | None = None
    _started_s: float | None = None

    def add(self, source: int, timestamp: int, samples: Samples, at_s: float) -> None:
        """Put ``samples`` of an RTP packet in their place; ``at_s`` is when it arrived, in seconds since dialling.

        A new ``source`` (SSRC) begins where the old one ended, or later by the clock. A packet that would make the
        recording longer than an hour is dropped: it is not of this call.
        """
        if self._started_s is None:
            self._started_s = at_s
        if source != self._source:
            self._source, self._first = source, timestamp
            self._offset = max(self._length, round((at_s - self._started_s) * RATE_HZ))
        place = self._offset + (timestamp - self._first + _LONGEST) % _WRAP - _LONGEST
        if place < 0 or place + len(samples) > _LONGEST:
            return
        self._make_room(place + len(samples))
        self._sound[place : place + len(samples)] = samples
        self._length = max(self._length, place + len(samples))
        if np.sqrt(np.mean(samples.astype(np.float64) ** 2)) > _SPEECH_RMS:
            self.loud_packets += 1
            self._last_loud_s = at_s

    def sound_since(self, loud_packets: int) -> bool:
        """Tell whether there was sound after ``loud_packets`` had come: 60 ms of it, for a click is no speech."""
        return self.loud_packets - loud_packets >= _WORDS_PACKETS

    def quiet_s(self, now_s: float) -> float:
        """Return for how many seconds until ``now_s`` there has been no sound."""
        return now_s - self._last_loud_s if self._last_loud_s is not None else now_s

    def pcm(self) -> Samples:
        """Return everything heard, signed 16-bit."""
        return self._sound[: self._length].copy()

    def save(self, path: Path) -> None:
        """Write a WAV file, 16 bit, 8 kHz, mono."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(self.pcm().astype("<i2").tobytes())

    def _make_room(self, length: int) -> None:
        if length > len(self._sound):
            self._sound = np.concatenate([self._sound, np.zeros(length, np.int16)])
