"""Speech made of tones, one pitch a prompt, so that a recording of the caller's side tells what was said in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cti.domain.events import Language
from ivr.ports import Value

RATE_HZ = 8000
BEEP_HZ = 3700
LOWEST_HZ, STEP_HZ = 400, 70
_TONE_S, _REST_S = 0.4, 0.1


class ToneSpeech:
    """Says every prompt as a tone of its own pitch; a bill is two files, the second the same tone an octave up."""

    def __init__(self, folder: Path, prompts: list[str]) -> None:
        self._folder = folder
        self.pitches = {prompt: LOWEST_HZ + STEP_HZ * number for number, prompt in enumerate(prompts)}

    async def write(self) -> None:
        """Write the files, before any call."""
        await asyncio.to_thread(self._write)

    def _write(self) -> None:
        for prompt, pitch in self.pitches.items():
            (self._folder / f"{prompt}.ulaw").write_bytes(ulaw(tone(pitch)))
            (self._folder / f"{prompt}.alaw").write_bytes(alaw(tone(pitch)))
        (self._folder / "beep.ulaw").write_bytes(ulaw(tone(BEEP_HZ)))
        (self._folder / "beep.alaw").write_bytes(alaw(tone(BEEP_HZ)))

    async def beep(self) -> Path:
        return self._folder / "beep"

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        yield self._folder / prompt

    def said(self, samples: NDArray[np.float32]) -> list[str]:
        """Return the prompts heard in ``samples``, in order, each once in a row."""
        heard: list[str] = []
        frame = RATE_HZ // 20
        for start in range(0, len(samples) - frame, frame):
            piece = samples[start : start + frame]
            if float(np.sqrt(np.mean(piece * piece))) < 0.02:
                continue
            pitch = np.argmax(np.abs(np.fft.rfft(piece * np.hanning(frame), n=RATE_HZ)))
            prompt = min(self.pitches, key=lambda name: abs(self.pitches[name] - int(pitch)))
            if abs(self.pitches[prompt] - int(pitch)) < 12 and (not heard or heard[-1] != prompt):
                heard.append(prompt)
        return heard


def tone(pitch_hz: int) -> NDArray[np.float64]:
    """Return a tone with a rest after it, as floats in -1..1."""
    time = np.arange(int(_TONE_S * RATE_HZ)) / RATE_HZ
    return np.concatenate([0.3 * np.sin(2 * np.pi * pitch_hz * time), np.zeros(int(_REST_S * RATE_HZ))])


def ulaw(samples: NDArray[np.float64]) -> bytes:
    """Encode as G.711 mu-law, by its formula (segments of a logarithm)."""
    value = np.clip((samples * 32767).astype(np.int32), -32635, 32635)
    sign = np.where(value < 0, 0x80, 0)
    magnitude = np.abs(value) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


def alaw(samples: NDArray[np.float64]) -> bytes:
    """Encode as G.711 A-law."""
    value = np.clip((samples * 32767).astype(np.int32), -32768, 32767) >> 3
    sign = np.where(value >= 0, 0x80, 0)
    magnitude = np.clip(np.where(value < 0, -value - 1, value), 0, 4095)
    exponent = np.clip(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0, 7)
    mantissa = np.where(exponent > 0, magnitude >> np.maximum(exponent, 1), magnitude >> 1) & 0x0F
    return bytes(((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8))
