"""What the caller hears: 8 kHz samples with the time they came, and where in them somebody speaks."""

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
_FRAME = RATE_HZ // 50
_NO_PACKETS_S = 0.3
"""Longer without a packet is a pause, shorter is jitter that would tear a clip."""
_SPEECH_RMS = 10 ** (-45 / 20) * 32768
"""Louder than this in 20 ms is sound: our clips are levelled to -20 dBFS, a quiet line is below -60."""


@dataclass(slots=True)
class Recording:
    """The samples received so far. ``arrivals`` are (seconds since dialling, index of the sample after)."""

    _chunks: list[bytes] = field(default_factory=list)
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    length: int = 0
    _loud: list[bool] = field(default_factory=list)
    _rest: bytes = b""

    def add(self, pcm: bytes, at_s: float) -> None:
        """Append signed 16-bit ``pcm`` that arrived at ``at_s``.

        A PBX that has nothing to play sends no packets at all, so a pause is put in where nothing came.
        """
        if not pcm:
            return
        pause_s = self.silent_s(at_s) - len(pcm) / 2 / RATE_HZ
        if pause_s > _NO_PACKETS_S:
            self._append(bytes(int(pause_s * RATE_HZ) * 2), at_s)
        self._append(pcm, at_s)

    def silent_s(self, now_s: float) -> float:
        """Return for how long nothing has arrived."""
        return now_s - self.arrivals[-1][0] if self.arrivals else 0.0

    def _append(self, pcm: bytes, at_s: float) -> None:
        self._chunks.append(pcm)
        self.length += len(pcm) // 2
        self.arrivals.append((at_s, self.length))
        self._rest += pcm
        while len(self._rest) >= _FRAME * 2:
            frame = np.frombuffer(self._rest[: _FRAME * 2], dtype=np.int16).astype(np.float64)
            self._loud.append(bool(np.sqrt(np.mean(frame * frame)) > _SPEECH_RMS))
            self._rest = self._rest[_FRAME * 2 :]

    @property
    def frames(self) -> int:
        """How many whole 20 ms frames there are."""
        return len(self._loud)

    def quiet_s(self, now_s: float | None = None) -> float:
        """Return for how many seconds there has been no sound at the end, up to ``now_s`` if given."""
        quiet = 0
        for loud in reversed(self._loud):
            if loud:
                break
            quiet += 1
        missing_s = 0.0 if now_s is None else self.silent_s(now_s)
        return quiet / 50 + (missing_s if missing_s > _NO_PACKETS_S else 0.0)

    def sound_since(self, frame: int) -> bool:
        """Tell whether there was sound in or after this frame: 60 ms of it, for a click is no speech."""
        return sum(self._loud[frame:]) >= 3

    def sounds(self, *, gap_s: float = 0.6) -> list[tuple[float, float]]:
        """Return the stretches with sound as (from, to) in seconds, joined over gaps shorter than ``gap_s``."""
        found: list[list[int]] = []
        for index, loud in enumerate(self._loud):
            if not loud:
                continue
            if found and index - found[-1][1] <= gap_s * 50:
                found[-1][1] = index + 1
            else:
                found.append([index, index + 1])
        return [(start / 50, end / 50) for start, end in found]

    def samples(self) -> NDArray[np.float32]:
        """Return everything heard, as floats in -1..1 at 8 kHz."""
        heard = np.frombuffer(b"".join(self._chunks), dtype=np.int16).astype(np.float32)
        return heard / np.float32(32768)

    def save(self, path: Path) -> None:
        """Write a WAV file, 16 bit, 8 kHz, mono."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(b"".join(self._chunks))
