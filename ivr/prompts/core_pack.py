"""The core pack: the clips every hotline needs, rendered once by us and shipped as one lossless file.

A zip with ``index.json`` (which catalogue, which clips, where each starts) and one FLAC per language. Clips are
stored by the same key as in the store, so a pack from an older catalogue still serves all that didn't change.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from cti.domain.events import Language
from ivr.prompts.catalogue import LANGUAGES, Catalogue
from ivr.prompts.errors import PackError
from ivr.prompts.g711 import RATE_HZ, Linear
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of

SHIPPED = Path(__file__).parent / "core_pack.zip"

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip of a pack: its key, and where it lies in its language's sound, in samples."""

    clip: str
    key: str
    text: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Index:
    """What a pack holds, and the catalogue it was made from."""

    catalogue: str
    entries: Mapping[Language, tuple[Entry, ...]]

    def keys(self) -> set[str]:
        """Return the keys of all clips."""
        return {entry.key for entries in self.entries.values() for entry in entries}


def index(pack: Path) -> Index:
    """Return what ``pack`` holds. Raises :class:`PackError`."""
    with _readable(pack) as archive:
        table = json.loads(archive.read("index.json"))
        entries = {language: tuple(Entry(*row) for row in table["clips"][language]) for language in LANGUAGES}
        return Index(table["catalogue"], entries)


def sounds(pack: Path) -> dict[str, Linear]:
    """Return every clip's samples by key. Raises :class:`PackError`."""
    held = index(pack)
    clips: dict[str, Linear] = {}
    with _readable(pack) as archive:
        for language, entries in held.entries.items():
            samples, _ = soundfile.read(io.BytesIO(archive.read(f"{language}.flac")), dtype="int16")
            clips |= {entry.key: samples[entry.start : entry.start + entry.length] for entry in entries}
    return clips


@contextmanager
def _readable(pack: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(pack) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise PackError(f"{pack.name}: {type(error).__name__}: {error}") from error


def unpack(pack: Path, store: Store) -> int:
    """Put those clips of ``pack`` into ``store`` that it hasn't; return how many."""
    held = index(pack)
    absent = store.missing(held.keys())
    if not absent:
        return 0
    clips = sounds(pack)
    for entry in (entry for entries in held.entries.values() for entry in entries):
        if entry.key in absent:
            store.put(entry.key, clips[entry.key], {"text": entry.text, "ms": entry.length // 8, "pack": True})
    return len(absent)


def build(catalogue: Catalogue, pack: Path, sound_of: Callable[[str], Linear]) -> None:
    """Write the catalogue's core into ``pack``; ``sound_of`` returns a clip's samples by key."""
    rows: dict[Language, list[list[object]]] = {language: [] for language in LANGUAGES}
    parts: dict[Language, list[Linear]] = {language: [] for language in LANGUAGES}
    starts = dict.fromkeys(LANGUAGES, 0)
    for (language, name), clip in catalogue.core_clips().items():
        key = key_of(clip, catalogue.readings)
        samples = sound_of(key)
        rows[language].append([name, key, clip.text, starts[language], len(samples)])
        parts[language].append(samples)
        starts[language] += len(samples)
    draft = pack.with_suffix(".new")
    with zipfile.ZipFile(draft, "w") as archive:
        table = {"catalogue": catalogue.digest, "clips": rows}
        _add(archive, "index.json", json.dumps(table, ensure_ascii=False).encode(), zipfile.ZIP_DEFLATED)
        for language in LANGUAGES:
            _add(archive, f"{language}.flac", _flac(np.concatenate(parts[language])), zipfile.ZIP_STORED)
    draft.replace(pack)


def _flac(samples: Linear) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
    return out.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, method: int) -> None:
    """Add a file without its time, so that the same sounds make the same pack."""
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, method)
