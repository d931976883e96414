"""A clip said more slowly, made of the clip itself: for a caller who asks to hear it again before the engine was asked.

Waveform similarity overlap-add (W. Verhelst, M. Roelands, ICASSP 1993): pieces are taken at a slower pace than they are
laid down, each where it fits best to what came before, so that the pitch stays. Blocking.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ivr.prompts import g711
from ivr.prompts.g711 import FRAME, Linear
from ivr.prompts.store import Store

PIECE: Final = 240
"""Samples in 30 ms: some periods of a voice, few sounds of a language."""
HOP: Final = PIECE // 2
SEARCH: Final = 60
"""How far a piece is looked for around its place: over half a period of a low voice."""
VERSION: Final = 1


def stretched(store: Store, key: str, pace: float) -> str:
    """Return the key of ``key``'s clip at ``pace`` of its speed, made the first time. Raises ``FileNotFoundError``."""
    slow = hashlib.sha256(f"{key} at {pace} by {VERSION}".encode()).hexdigest()
    if not store.has(slow):
        coded = store.stem(key).with_suffix(".ulaw").read_bytes()
        samples = stretch(g711.from_ulaw(coded), pace)
        store.put(slow, samples, {"ms": len(samples) // 8, "of": key, "text": ""})
    return slow


def stretch(samples: Linear, pace: float) -> Linear:
    """Return ``samples`` at ``pace`` of their speed and at their own pitch, padded to 20 ms."""
    source = np.concatenate([samples.astype(np.float64), np.zeros(PIECE + SEARCH)])
    pieces = max(1, int(len(samples) / (HOP * pace)))
    target = np.zeros((pieces + 1) * HOP + PIECE)
    window = np.hanning(PIECE + 1)[:-1]
    taken = 0
    for number in range(pieces):
        wanted = round(number * HOP * pace)
        taken = wanted if number == 0 else _best(source, wanted, taken + HOP)
        piece = source[taken : taken + PIECE]
        target[number * HOP : number * HOP + len(piece)] += window[: len(piece)] * piece
    length = round(len(samples) / pace)
    made = np.zeros(-(-length // FRAME) * FRAME)
    made[: min(length, len(target))] = target[:length]
    return np.clip(np.rint(made), -32768, 32767).astype(np.int16)


def _best(source: NDArray[np.float64], wanted: int, natural: int) -> int:
    """Return where near ``wanted`` the sound is most like what would have come next, at ``natural``."""
    first = max(0, wanted - SEARCH)
    last = min(len(source) - HOP, wanted + SEARCH)
    following = source[natural : natural + HOP]
    if last <= first or len(following) < HOP:
        return min(wanted, max(0, len(source) - PIECE))
    around = source[first : last + HOP]
    return first + int(np.argmax(np.correlate(around, following, mode="valid")))
