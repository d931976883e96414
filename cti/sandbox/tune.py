"""The tune that a waiting caller hears: made here, so that nobody's rights are in it.

Eight slow bars of plucked notes over a soft chord, 48 s, without a seam where it starts over. It keeps well
below the level of speech and inside the telephone band. Deterministic: the same bytes each time.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
BAR_S = 6.0
_LEVEL = 0.16
_CHORDS = (
    ("C4", "E4", "G4", "B4"),
    ("A4", "C5", "E4", "G4"),
    ("F4", "A4", "C5", "E5"),
    ("G4", "B4", "D5", "E5"),
    ("E4", "G4", "B4", "D5"),
    ("A4", "C5", "E5", "G5"),
    ("D4", "F4", "A4", "C5"),
    ("G4", "B4", "D5", "F4"),
)
_MELODY = (0, 2, 1, 3, 2, 1, 3, 2)
_SEMITONES = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}

Samples = npt.NDArray[np.float64]


def write_tune(folder: Path) -> None:
    """Write the tune as ``hydrophone.alaw`` and ``hydrophone.ulaw`` into ``folder``, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"alaw": alaw, "ulaw": ulaw}
    missing = {kind: encode for kind, encode in wanted.items() if not (folder / f"hydrophone.{kind}").exists()}
    if not missing:
        return
    samples = tune()
    for kind, encode in missing.items():
        draft = folder / f".hydrophone.{kind}.new"
        draft.write_bytes(encode(samples))
        draft.replace(folder / f"hydrophone.{kind}")


def tune() -> Samples:
    """Return the tune as samples between -1 and 1, at 8 kHz."""
    whole = np.zeros(int(len(_CHORDS) * BAR_S * RATE_HZ))
    beat_s = BAR_S / len(_MELODY)
    for bar, chord in enumerate(_CHORDS):
        for voice in chord:
            _add(whole, bar * BAR_S, _pad(_hertz(voice)))
        for beat, step in enumerate(_MELODY):
            _add(whole, bar * BAR_S + beat * beat_s, _pluck(_hertz(chord[step])))
    level: Samples = whole / np.abs(whole).max() * _LEVEL
    return level


def _add(whole: Samples, at_s: float, note: Samples) -> None:
    """Mix ``note`` in; what rings on past the end is heard at the beginning, so that the loop has no seam."""
    places = (int(at_s * RATE_HZ) + np.arange(len(note))) % len(whole)
    whole[places] += note


def _hertz(name: str) -> float:
    return float(440.0 * 2 ** (_SEMITONES[name[0]] / 12 + int(name[1]) - 4))


def _pluck(hertz: float) -> Samples:
    at = np.arange(int(2.5 * RATE_HZ)) / RATE_HZ
    attack = np.minimum(at / 0.008, 1.0)
    overtone = 0.25 * np.exp(-at * 4.0) * np.sin(2 * np.pi * 2 * hertz * at)
    note: Samples = attack * np.exp(-at * 2.2) * (np.sin(2 * np.pi * hertz * at) + overtone) * _fade(at)
    return note


def _pad(hertz: float) -> Samples:
    at = np.arange(int((BAR_S + 1.5) * RATE_HZ)) / RATE_HZ
    swell = np.minimum(at / 1.5, 1.0) * np.clip((at[-1] - at) / 1.5, 0.0, 1.0)
    note: Samples = 0.12 * swell * np.sin(2 * np.pi * hertz * at)
    return note


def _fade(at: Samples) -> Samples:
    faded: Samples = np.clip((at[-1] - at) / 0.05, 0.0, 1.0)
    return faded


def ulaw(samples: Samples) -> bytes:
    """Encode as G.711 µ-law."""
    pcm = np.clip(np.round(samples * 32767), -32635, 32635).astype(np.int32)
    sign = np.where(pcm < 0, 0x80, 0)
    biased = np.abs(pcm) + 132
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


def alaw(samples: Samples) -> bytes:
    """Encode as G.711 A-law."""
    pcm = np.clip(np.round(samples * 32767), -32767, 32767).astype(np.int32)
    sign = np.where(pcm >= 0, 0x80, 0)
    size = np.where(pcm >= 0, pcm, -pcm - 1) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
    mantissa = np.where(exponent == 0, size >> 1, size >> exponent) & 0x0F
    return bytes(((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8))
