"""A studio's recordings, which replace rendered clips by clip id.

``<directory>/<language>/<clip id>.wav``, 8 kHz or more. A voice never changes within a sentence: recordings are used
for a sentence only if every one of its clips was recorded.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from cti.domain.events import Language
from ivr.prompts.catalogue import LANGUAGES, Catalogue, Template
from ivr.prompts.errors import StudioError
from ivr.prompts.g711 import RATE_HZ, Linear
from ivr.prompts.voices import DSP_VERSION


@dataclass(frozen=True, slots=True)
class Recording:
    """One studio recording, and its name in the store, which changes with its content."""

    language: Language
    clip: str
    wav: Path
    key: str


def recordings(directory: Path) -> Iterator[Recording]:
    """Yield the recordings there are."""
    for language in LANGUAGES:
        for wav in sorted((directory / language).glob("*.wav")):
            made_from = b"studio %d " % DSP_VERSION + hashlib.sha256(wav.read_bytes()).digest()
            yield Recording(language, wav.stem, wav, hashlib.sha256(made_from).hexdigest())


@dataclass(frozen=True, slots=True)
class Ignored:
    """A recording that nobody will hear; ``missing`` are the clips its sentence lacks, none if it is of no sentence."""

    recording: Recording
    missing: tuple[str, ...]


def ignored(found: Sequence[Recording], catalogue: Catalogue) -> Iterator[Ignored]:
    """Yield those of ``found`` that are part of no sentence that was recorded whole.

    A clause with a value counts as recorded if it was for any value: whether a sentence is whole shows in the call.
    """
    for language in LANGUAGES:
        own = [recording for recording in found if recording.language == language]
        recorded = {recording.clip for recording in own}
        sentences = [prompt.clauses[language] for prompt in catalogue.prompts.values()]
        for recording in own:
            lacks = [
                tuple(_name(clause) for clause in clauses if not any(_says(clip, clause) for clip in recorded))
                for clauses in sentences
                if any(_says(recording.clip, clause) for clause in clauses)
            ]
            if all(lacks):
                yield Ignored(recording, min(lacks, key=len, default=()))


def _says(clip: str, clause: Template) -> bool:
    return clip == clause.id if clause.slot is None else clip.startswith(f"{clause.id}.")


def _name(clause: Template) -> str:
    return clause.id if clause.slot is None else f"{clause.id}.{{{clause.kind}}}"


def recording(wav: Path) -> Linear:
    """Return a recording made fit for the telephone. Raises :class:`StudioError`."""
    from ivr.prompts.dsp import telephone_clip

    try:
        audio, rate_hz = soundfile.read(wav, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise StudioError(f"{wav.name} is no sound file") from error
    if rate_hz < RATE_HZ:
        raise StudioError(f"{wav.name} has {rate_hz} Hz, at least {RATE_HZ} are needed")
    return telephone_clip(np.asarray(audio.mean(axis=1), dtype=np.float32), rate_hz)
