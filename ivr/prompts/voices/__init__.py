"""Who speaks each language, and what a clip's identity is made of. Light: knows engines by name only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cti.domain.events import Language
from ivr.prompts import pins
from ivr.prompts.catalogue import Clip

DSP_VERSION: Final = 1
"""Of ``ivr.prompts.dsp``, which is too heavy to be imported for it; a test holds the two together."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker: engine, pinned files, pace, and readings of words that the dictionary gets wrong.

    ``options`` are what an engine of the site's own is told, as JSON has it.
    """

    engine: str
    name: str
    model_sha256: str
    voice_sha256: str
    words: str
    speed: float = 1.0
    readings: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def at(self, pace: float) -> "Voice":
        """Return this voice at ``pace`` of its usual speed."""
        return replace(self, speed=round(self.speed * pace, 3))

    def for_text(self, text: str, readings: Mapping[str, str]) -> "Voice":
        """Return this voice with those ``readings`` that ``text`` needs."""
        return replace(self, readings={word: how for word, how in sorted(readings.items()) if word in text})


VOICES: Final[Mapping[Language, Voice]] = {
    "zh": Voice("kokoro", "zf_xiaobei", pins.KOKORO_SHA256, pins.XIAOBEI_SHA256, f"misaki-{pins.MISAKI_VERSION}"),
    "en": Voice("hibari", "heart", pins.HIBARI_SHA256, pins.HIBARI_SHA256, f"hibari-{pins.HIBARI_VERSION}"),
}


Voices = Mapping[Language, Voice]

ESPEAK: Final[Voices] = {"zh": Voice("espeak", "cmn", "", "", ""), "en": Voice("espeak", "en-us", "", "", "")}
"""Who speaks in an emergency."""


def voice_of(clip: Clip, readings: Mapping[str, str], voices: Voices | None = None) -> Voice:
    """Return who speaks ``clip``, and how fast; ours unless a site has other ``voices``."""
    voice = (voices or VOICES)[clip.language].for_text(clip.text, readings if clip.language == "zh" else {})
    return voice.at(clip.pace)


def key_of(clip: Clip, readings: Mapping[str, str], voices: Voices | None = None) -> str:
    """Return the name of ``clip`` in the cache: a hash of everything that decides how it sounds."""
    voice = voice_of(clip, readings, voices)
    made_from: dict[str, Any] = {
        "dsp": DSP_VERSION,
        "engine": voice.engine,
        "model": voice.model_sha256,
        "readings": dict(voice.readings),
        "speed": voice.speed,
        "text": clip.text,
        "voice": voice.voice_sha256,
        "words": voice.words,
    }
    if voice.options or voice.engine == "espeak":
        made_from |= {"options": dict(voice.options), "name": voice.name}
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
