"""Which clips does a recording hold, in which order, and how well: normalised cross-correlation, no recogniser.

Deterministic. Blind to gain, so check :func:`speech_dbfs` as well; a clip counts only if each eighth of it is
there, so a tail that was cut off is missed rather than forgiven.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from ivr.prompts import g711

Sound = NDArray[np.float64]

RATE_HZ = 8000
_PARTS = 8
_AUDIBLE = 0.02
_QUIET = 1e-9
_ALMOST = 0.99
_SMALLEST_BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip found in a recording: when it starts, how alike it is, and how alike its worst part is."""

    clip: str
    at_s: float
    ncc: float
    weakest: float


def load(path: Path) -> Sound:
    """Return a recording: ``.ulaw``, ``.alaw`` or anything that libsndfile reads at 8 kHz."""
    if path.suffix == ".ulaw":
        return g711.from_ulaw(path.read_bytes()) / 32768.0
    if path.suffix == ".alaw":
        return g711.from_alaw(path.read_bytes()) / 32768.0
    import soundfile

    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    if rate != RATE_HZ:
        raise ValueError(f"{path.name} has {rate} Hz, not {RATE_HZ}")
    return np.asarray(samples.mean(axis=1))


def heard(recording: Sound, candidates: Mapping[str, Sound], *, ncc: float = 0.9, weakest: float = 0.7) -> list[Heard]:
    """Return which of ``candidates`` are in ``recording``, in the order of time, without overlap; best match first."""
    scores = _scores(recording, candidates, ncc)
    found: list[Heard] = []
    while scores:
        clip = max(scores, key=lambda name: scores[name].max())
        at = int(np.argmax(scores[clip]))
        best, length = float(scores[clip][at]), len(candidates[clip])
        if best < ncc:
            break
        worst = _weakest_part(recording[at : at + length], candidates[clip])
        if worst < weakest:
            scores[clip][at] = 0.0
            continue
        found.append(Heard(clip, at / RATE_HZ, best, worst))
        for name, score in scores.items():
            score[max(0, at - len(candidates[name]) + 1) : at + length] = 0.0
    return sorted(found, key=lambda hit: hit.at_s)


def speech_dbfs(recording: Sound) -> float:
    """Return the RMS of the loud 20 ms frames of a recording, in dB under full scale; -120 for silence."""
    frames = np.pad(recording, (0, -len(recording) % 160)).reshape(-1, 160)
    rms = np.sqrt((frames**2).mean(axis=1))
    loud = rms[rms > max(rms.max(initial=0.0) * 0.05, 1e-4)]
    return float(20 * np.log10(np.sqrt((loud**2).mean()))) if len(loud) else -120.0


def _scores(recording: Sound, candidates: Mapping[str, Sound], least: float) -> dict[str, Sound]:
    """Return for each candidate that could be there its likeness at every offset.

    Half the precision is enough for a likeness, and takes half the time; not for a running sum over minutes.
    """
    blocks = _Blocks(recording)
    energy = np.concatenate([[0.0], np.cumsum(recording**2)])
    scores = {}
    window = np.empty(0, np.float32)
    for name, clip in sorted(candidates.items(), key=lambda candidate: len(candidate[1])):
        if len(clip) > len(recording):
            continue
        places = len(recording) - len(clip) + 1
        if len(window) != places:
            window = np.maximum(energy[len(clip) :] - energy[: -len(clip)], _QUIET).astype(np.float32)
        product = blocks.product(clip)
        size = np.float32(clip @ clip)
        # for the hundreds that are not there neither a root nor a quotient is worked out
        if (product * np.abs(product) >= np.float32(_ALMOST * least * abs(least)) * size * window).any():
            scores[name] = product / np.sqrt(np.maximum(window * size, _QUIET))
    return scores


class _Blocks:
    """A recording in overlapping blocks of a few sizes (overlap-save): a clip is short, and small spectra are cheap."""

    def __init__(self, recording: Sound) -> None:
        self._recording = recording.astype(np.float32)
        self._spectra: dict[int, NDArray[np.complex64]] = {}

    def product(self, clip: Sound) -> NDArray[np.float32]:
        """Return the sum of the products with ``clip`` at every offset at which it fits."""
        size = max(_SMALLEST_BLOCK, 1 << (4 * len(clip) - 1).bit_length())
        step = size - size // 4
        if size not in self._spectra:
            count = -(-len(self._recording) // step)
            padded = np.pad(self._recording, (0, count * step + size - len(self._recording)))
            views = np.lib.stride_tricks.sliding_window_view(padded, size)[::step][:count]
            self._spectra[size] = rfft(views, axis=1)
        found = irfft(self._spectra[size] * np.conj(rfft(clip.astype(np.float32), size)), size, axis=1)
        offsets: NDArray[np.float32] = found[:, :step].reshape(-1)[: len(self._recording) - len(clip) + 1]
        return offsets


def _weakest_part(window: Sound, clip: Sound) -> float:
    """Return the likeness of the least alike eighth of the clip, leaving out those that are nearly silent."""
    loud = _AUDIBLE * float(clip @ clip) / _PARTS
    pairs = zip(np.array_split(window, _PARTS), np.array_split(clip, _PARTS), strict=True)
    return min(_likeness(a, b) for a, b in pairs if float(b @ b) > loud)


def _likeness(a: Sound, b: Sound) -> float:
    return float(a @ b) / sqrt(max(float(a @ a) * float(b @ b), _QUIET))
