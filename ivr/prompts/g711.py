"""G.711: linear samples to A-law and µ-law and back, by table (ITU-T G.711, 1988).

Encoding goes to the nearest level that the decoder knows, which is the best a codec of 8 bits can do.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Linear = NDArray[np.int16]
Coded = NDArray[np.uint8]

ULAW_SILENCE: Final = b"\xff"
ALAW_SILENCE: Final = b"\xd5"

RATE_HZ: Final = 8000
FRAME: Final = 160
"""Samples in 20 ms, the grain of telephony."""


def _ulaw_levels() -> NDArray[np.int32]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude)


def _alaw_levels() -> NDArray[np.int32]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude)


def _encoder(levels: NDArray[np.int32], zero: int) -> Coded:
    """Return the code of every 16-bit sample, indexed by the sample plus 32768."""
    codes = np.argsort(levels, kind="stable").astype(np.uint8)
    ranked = levels[codes]
    edges = (ranked[:-1] + ranked[1:]) / 2
    table = codes[np.searchsorted(edges, np.arange(-32768, 32768), side="right")]
    table[32768] = zero
    return table


_FROM_ULAW = _ulaw_levels().astype(np.int16)
_FROM_ALAW = _alaw_levels().astype(np.int16)
_TO_ULAW = _encoder(_ulaw_levels(), ULAW_SILENCE[0])
_TO_ALAW = _encoder(_alaw_levels(), ALAW_SILENCE[0])


def to_ulaw(samples: Linear) -> bytes:
    """Return 16-bit ``samples`` as µ-law."""
    return _TO_ULAW[samples.astype(np.int32) + 32768].tobytes()


def to_alaw(samples: Linear) -> bytes:
    """Return 16-bit ``samples`` as A-law."""
    return _TO_ALAW[samples.astype(np.int32) + 32768].tobytes()


def from_ulaw(coded: bytes) -> Linear:
    """Return µ-law as 16-bit samples."""
    return _FROM_ULAW[np.frombuffer(coded, dtype=np.uint8)]


def from_alaw(coded: bytes) -> Linear:
    """Return A-law as 16-bit samples."""
    return _FROM_ALAW[np.frombuffer(coded, dtype=np.uint8)]
