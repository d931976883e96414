"""The core pack: the clips every hotline needs, rendered once by us and shipped as one lossless file.

A zip with ``index.json`` (which catalogue, which clips, where each starts) and one FLAC per language. Clips are
stored by the same key as in the store, so a pack from an older catalogue still serves all that didn't change. Beside it
lies ``core_pack_heard.json``: which of its clips a recogniser understood, and which it misheard.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Heard:
    """Clips, by key, that a recogniser has listened to; of those that it ``misheard`` also what it heard.

    What is ``withheld`` was misheard at every pace and can be said in another way, so nobody hears it.
    """

    understood: frozenset[str] = frozenset()
    misheard: Mapping[str, str] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()

    def as_json(self) -> str:
        """Return it as text, the same for the same verdicts."""
        told = {"understood": sorted(self.understood), "misheard": self.misheard, "withheld": sorted(self.withheld)}
        return json.dumps(told, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


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
            samples = _samples(archive, language)
            clips |= {entry.key: _of(samples, entry) for entry in entries}
    return clips


def heard(pack: Path) -> Heard:
    """Return what was understood of ``pack``. Raises :class:`PackError`."""
    file = _heard_file(pack)
    if not file.exists():
        return Heard()
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return Heard(frozenset(told["understood"]), told["misheard"], frozenset(told["withheld"]))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PackError(f"{file.name}: {type(error).__name__}: {error}") from error


def keep_heard(pack: Path, told: Heard) -> None:
    """Write down what was understood of ``pack``."""
    _heard_file(pack).write_text(told.as_json(), encoding="utf-8")


def _heard_file(pack: Path) -> Path:
    return pack.with_name(f"{pack.stem}_heard.json")


@contextmanager
def _readable(pack: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(pack) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise PackError(f"{pack.name}: {type(error).__name__}: {error}") from error


def unpack(pack: Path, store: Store) -> int:
    """Put those clips of ``pack`` into ``store`` that it hasn't and that are not withheld; return how many."""
    held, listened = index(pack), heard(pack)
    absent = store.missing(held.keys() - listened.withheld)
    digest = hashlib.sha256(listened.as_json().encode()).hexdigest()
    if not absent and store.was_told(digest):
        return 0
    clips = sounds(pack)
    entries = {entry.key: entry for entries in held.entries.values() for entry in entries}
    for key, entry in entries.items():
        if key in absent or (key in listened.understood and _was_other(store.facts(key), entry)):
            store.put(key, clips[key], {"text": entry.text, "ms": entry.length // 8, "pack": True})
    if not store.was_told(digest):
        _tell(held, listened, clips, store)
        store.tell(digest)
    return len(absent)


def _was_other(facts: Mapping[str, object], entry: Entry) -> bool:
    """Tell whether an earlier pack said a clip at another pace."""
    return "pack" in facts and facts.get("ms") != entry.length // 8


def _tell(held: Index, listened: Heard, clips: Mapping[str, Linear], store: Store) -> None:
    """Note beside each clip what was heard; what was misheard is listed for a person, and withheld if that can be."""
    for key in listened.understood & held.keys():
        store.note(key, {**store.facts(key), "verified": True})
        store.accept(key)
    for language, entries in held.entries.items():
        for entry in (entry for entry in entries if entry.key in listened.misheard):
            if store.has(entry.key) and store.facts(entry.key).get("verified"):
                continue  # the site's own try was understood
            heard_as, only_way = listened.misheard[entry.key], entry.key not in listened.withheld
            order = {"key": entry.key, "language": language, "text": entry.text, "clip": entry.clip}
            store.refuse(entry.key, {"order": {**order, "only_way": only_way}, "heard": heard_as}, clips[entry.key])
            if only_way:
                store.note(entry.key, {**store.facts(entry.key), "heard": heard_as})
            else:
                store.drop(entry.key)


def build(catalogue: Catalogue, pack: Path, sound_of: Callable[[str], Linear], base: Path | None = None) -> None:
    """Write the catalogue's core into ``pack``; ``sound_of`` returns a clip's samples by key.

    What a ``base`` pack holds stays where it is, and what is new comes after it: the two files differ by little more
    than that, as does the history that keeps both. What is no longer needed stays in it, until one is built without.
    """
    rows: dict[Language, list[list[object]]] = {language: [] for language in LANGUAGES}
    parts, places = ({}, {}) if base is None else _laid_out(base)
    ends = {language: sum(map(len, parts.setdefault(language, []))) for language in LANGUAGES}
    for (language, name), clip in catalogue.core_clips().items():
        key = key_of(clip, catalogue.readings)
        samples = sound_of(key)
        start, held = places.get((language, key), (0, None))
        if held is None or not np.array_equal(held, samples):
            start = ends[language]
            parts[language].append(samples)
            ends[language] += len(samples)
        rows[language].append([name, key, clip.text, start, len(samples)])
    draft = pack.with_suffix(".new")
    with zipfile.ZipFile(draft, "w") as archive:
        table = {"catalogue": catalogue.digest, "clips": rows}
        _add(archive, "index.json", json.dumps(table, ensure_ascii=False).encode(), zipfile.ZIP_DEFLATED)
        for language in LANGUAGES:
            _add(archive, f"{language}.flac", _flac(np.concatenate(parts[language])), zipfile.ZIP_STORED)
    draft.replace(pack)


def _laid_out(pack: Path) -> tuple[dict[Language, list[Linear]], dict[tuple[Language, str], tuple[int, Linear]]]:
    """Return the whole sound of each language in ``pack``, and where in it each clip is."""
    whole: dict[Language, list[Linear]] = {}
    places: dict[tuple[Language, str], tuple[int, Linear]] = {}
    with _readable(pack) as archive:
        for language, entries in index(pack).entries.items():
            samples = _samples(archive, language)
            whole[language] = [samples]
            places |= {(language, one.key): (one.start, _of(samples, one)) for one in entries}
    return whole, places


def _samples(archive: zipfile.ZipFile, language: Language) -> Linear:
    samples, _ = soundfile.read(io.BytesIO(archive.read(f"{language}.flac")), dtype="int16")
    return np.asarray(samples, dtype=np.int16)


def _of(samples: Linear, entry: Entry) -> Linear:
    return samples[entry.start : entry.start + entry.length]


def _flac(samples: Linear) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
    return out.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, method: int) -> None:
    """Add a file without its time, so that the same sounds make the same pack."""
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, method)
