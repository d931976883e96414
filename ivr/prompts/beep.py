"""The tone after which a recording begins."""

from pathlib import Path
from typing import Final

import numpy as np

from ivr.prompts.g711 import RATE_HZ
from ivr.prompts.store import Store

KEY: Final = "be" + "e9" * 31
"""Its name in the store; it has no words to be named after."""

FREQUENCY_HZ: Final = 1000
LENGTH_S: Final = 0.3
PEAK: Final = 8000
FADE_S: Final = 0.01


def beep(store: Store) -> Path:
    """Return the tone's path without extension, made the first time. Blocking."""
    if not store.has(KEY):
        time = np.arange(int(RATE_HZ * LENGTH_S)) / RATE_HZ
        edge = np.minimum(time, time[::-1]) / FADE_S
        tone = np.sin(2 * np.pi * FREQUENCY_HZ * time) * PEAK * np.minimum(edge, 1.0)
        store.put(KEY, tone.astype(np.int16), {"ms": round(1000 * LENGTH_S), "text": ""})
    return store.stem(KEY)
