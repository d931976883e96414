"""A site's choice of speakers as voices, and the reserve that speaks when nothing else can in time."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.voice import Speaker
from config.voice import Voice as Chosen
from cti.domain.events import Language
from ivr.prompts.rendering import Rendering
from ivr.prompts.voices import ESPEAK, VOICES, Voice


def voices(chosen: Chosen) -> Mapping[Language, Voice]:
    """Return who speaks each language. Blocking: looks at a model's files."""
    return {"zh": _voice("zh", chosen.zh), "en": _voice("en", chosen.en)}


def reserve(cache: Path) -> Rendering | None:
    """Return a renderer of its own for espeak-ng if that is installed; the worker refuses versions before 1.52."""
    return Rendering(cache, voices=ESPEAK) if shutil.which("espeak-ng") else None


def _voice(language: Language, speaker: Speaker) -> Voice:
    match speaker.engine:
        case "espeak":
            return ESPEAK[language].at(speaker.speed)
        case "sherpa":
            assert speaker.model is not None  # noqa: S101 - the section checks it
            options: dict[str, Any] = {"model": str(speaker.model), "speaker": speaker.speaker}
            return Voice("sherpa", language, _state(speaker.model), "", "", speaker.speed, options=options)
        case "command":
            return Voice("command", language, "", "", "", speaker.speed, options={"program": list(speaker.program)})
        case _:
            return VOICES[language].at(speaker.speed)


def _state(folder: Path) -> str:
    """Return what changes when a model's files do: names, sizes and times, for their content takes too long to read."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    listed = [f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()
