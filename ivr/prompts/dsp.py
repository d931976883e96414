"""From an engine's sound to a clip for the telephone: trimmed, faded, levelled, 8 kHz, whole frames.

The figures were found by listening tests over a telephone band; change :data:`VERSION` with any of them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ivr.prompts.errors import RenderError
from ivr.prompts.g711 import FRAME, RATE_HZ, Linear

Audio = NDArray[np.float32]

VERSION: Final = 1

ENGINE_HZ: Final = 24_000
"""The rate at which every engine hands out its sound."""

LOUDNESS_DBFS: Final = -20.0
_PEAK_DBFS: Final = -0.3
_TRIM_DB: Final = 26.0
_LEAD_S, _TAIL_S, _FADE_S, _GRAIN_S = 0.020, 0.045, 0.005, 0.005
_SHORTEST_S, _LONGEST_S = 0.12, 20.0
_SPARE_BITS: Final = 4
"""Twelve bits put the rounding 20 dB under what G.711 itself adds, and let the lossless pack drop the other four."""


@dataclass(frozen=True, slots=True)
class Level:
    """What a meter shows of a clip: speech RMS, peak, silence before the first sound."""

    speech_dbfs: float
    peak_dbfs: float
    lead_ms: int


def telephone_clip(audio: Audio, rate_hz: int) -> Linear:
    """Return ``audio`` as a clip for the line. Raises :class:`RenderError` if it holds no plausible speech."""
    if not np.all(np.isfinite(audio)) or not np.any(audio):
        raise RenderError("no sound")
    trimmed = _faded(_trimmed(audio, rate_hz), rate_hz)
    narrow = _resampled(trimmed, rate_hz)
    if not _SHORTEST_S <= len(narrow) / RATE_HZ <= _LONGEST_S:
        raise RenderError(f"{len(narrow) / RATE_HZ:.2f} s of sound")
    return _padded(_to_linear(_levelled(narrow)))


def measure(samples: Linear) -> Level:
    """Measure a clip as a listener's meter would."""
    audio = samples.astype(np.float64) / 32768
    grains = _grain_rms(audio, RATE_HZ)
    loud = np.flatnonzero(grains > grains.max(initial=0) * _ratio(-_TRIM_DB))
    first = int(loud[0]) if len(loud) else len(grains)
    return Level(_decibel(_speech_rms(audio)), _decibel(float(np.abs(audio).max(initial=0))), round(first * 5))


def _trimmed(audio: Audio, rate_hz: int) -> Audio:
    grain = round(_GRAIN_S * rate_hz)
    rms = _grain_rms(audio, rate_hz)
    loud = np.flatnonzero(rms > rms.max() * _ratio(-_TRIM_DB))
    start = loud[0] * grain - round(_LEAD_S * rate_hz)
    end = (loud[-1] + 1) * grain + round(_TAIL_S * rate_hz)
    return audio[max(0, start) : end]


def _faded(audio: Audio, rate_hz: int) -> Audio:
    length = min(round(_FADE_S * rate_hz), len(audio) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = audio.copy()
    faded[:length] *= ramp
    faded[-length:] *= ramp[::-1]
    return faded


def _resampled(audio: Audio, rate_hz: int) -> Audio:
    common = np.gcd(rate_hz, RATE_HZ)
    return np.asarray(resample_poly(audio, RATE_HZ // common, rate_hz // common), dtype=np.float32)


def _levelled(audio: Audio) -> Audio:
    """Return ``audio`` at the house's loudness, or as near as its peaks allow."""
    wanted = _ratio(LOUDNESS_DBFS) / _speech_rms(audio)
    most = _ratio(_PEAK_DBFS) / float(np.abs(audio).max())
    return np.asarray(audio * min(wanted, most), dtype=np.float32)


def _to_linear(audio: Audio) -> Linear:
    step = 1 << _SPARE_BITS
    return (np.round(audio * (32768 / step)) * step).clip(-32768, 32768 - step).astype(np.int16)


def _padded(samples: Linear) -> Linear:
    return np.pad(samples, (0, -len(samples) % FRAME))


def _speech_rms(audio: NDArray[np.floating]) -> float:
    """Return the RMS of the grains that are speech, not of the pauses between."""
    grains = _grain_rms(audio, RATE_HZ)
    speech = grains[grains > grains.max(initial=0) * _ratio(-_TRIM_DB)]
    return float(np.sqrt(np.mean(speech**2))) if len(speech) else 0.0


def _grain_rms(audio: NDArray[np.floating], rate_hz: int) -> NDArray[np.float64]:
    grain = round(_GRAIN_S * rate_hz)
    whole = np.pad(audio, (0, -len(audio) % grain)).reshape(-1, grain).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)))


def _ratio(decibel: float) -> float:
    return float(10 ** (decibel / 20))


def _decibel(ratio: float) -> float:
    return float(20 * np.log10(ratio)) if ratio > 0 else -120.0
