"""Clips on disk, named by what they were made from, as files that the PBX plays.

Blocking; callers on an event loop use a thread. Several daemons may share one store: a clip is written beside its
place and renamed, its ``.json`` last, so whoever sees that sees all of it; :meth:`Store.alone` lets one renderer at
a time work on a clip. File names are hashes and never say whose bill a clip was for.
"""

import fcntl
import hashlib
import io
import json
import os
import tempfile
import wave
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ivr.prompts import g711
from ivr.prompts.g711 import FRAME, Linear

_FORMATS = ("alaw", "ulaw")
_SILENCE = {"alaw": g711.ALAW_SILENCE, "ulaw": g711.ULAW_SILENCE}


class Store:
    """The clips, and sentences joined from them, under one directory."""

    def __init__(self, root: Path) -> None:
        self._clips = root / "clips"
        self._joined = root / "joined"
        self._refused = root / "refused"

    # -- clips

    def stem(self, key: str) -> Path:
        """Return the path of a clip without its extension."""
        return self._clips / key[:2] / key[2:]

    def has(self, key: str) -> bool:
        """Tell whether the clip is there, whole."""
        return self.stem(key).with_suffix(".json").exists()

    def missing(self, keys: Collection[str]) -> set[str]:
        """Return those of ``keys`` that aren't there."""
        return {key for key in keys if not self.has(key)}

    def put(self, key: str, samples: Linear, facts: Mapping[str, object]) -> None:
        """Store a clip in every format, with ``facts`` about it beside it."""
        stem = self.stem(key)
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_file(stem.with_suffix(".alaw"), g711.to_alaw(samples))
        write_file(stem.with_suffix(".ulaw"), g711.to_ulaw(samples))
        self.note(key, facts)

    def facts(self, key: str) -> dict[str, Any]:
        """Return what was noted about a clip when it was stored."""
        noted: dict[str, Any] = json.loads(self.stem(key).with_suffix(".json").read_text(encoding="utf-8"))
        return noted

    def note(self, key: str, facts: Mapping[str, object]) -> None:
        """Write ``facts`` beside a clip in place of those that were there."""
        text = json.dumps(dict(facts), ensure_ascii=False, sort_keys=True)
        write_file(self.stem(key).with_suffix(".json"), text.encode())

    def sound(self, key: str) -> Linear:
        """Return a clip as a caller hears it."""
        return g711.from_alaw(self.stem(key).with_suffix(".alaw").read_bytes())

    def put_master(self, key: str, samples: Linear) -> None:
        """Store a clip's samples before coding, as a pack is made from them."""
        stem = self.stem(key)
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_file(stem.with_suffix(".s16"), samples.astype("<i2").tobytes())

    def master(self, key: str) -> Linear | None:
        """Return a clip's samples before coding, if it was rendered here."""
        path = self.stem(key).with_suffix(".s16")
        return np.frombuffer(path.read_bytes(), dtype="<i2").astype(np.int16) if path.exists() else None

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep other renderers, of other processes too, off this clip."""
        folder = self.stem(key).parent
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    # -- clips that a recogniser did not understand

    def refuse(self, key: str, told: Mapping[str, object], samples: Linear) -> None:
        """Note for a person what was heard in place of a clip's words, and keep its sound to listen to."""
        self._refused.mkdir(parents=True, exist_ok=True)
        sound = io.BytesIO()
        with wave.open(sound, "wb") as wav:
            wav.setparams((1, 2, g711.RATE_HZ, 0, "NONE", ""))
            wav.writeframes(samples.astype("<i2").tobytes())
        write_file(self.refused_sound(key), sound.getvalue())
        write_file(self._refusal(key), json.dumps(dict(told), ensure_ascii=False, sort_keys=True).encode())

    def drop(self, key: str) -> None:
        """Have a clip no longer: nobody plays it from now on."""
        self.stem(key).with_suffix(".json").unlink(missing_ok=True)

    def is_refused(self, key: str) -> bool:
        """Tell whether the clip was refused and nobody has accepted it since."""
        return self._refusal(key).exists()

    def refusals(self) -> dict[str, dict[str, Any]]:
        """Return what was told of every refused clip, by key."""
        return {
            path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._refused.glob("*.json"))
        }

    def refused_sound(self, key: str) -> Path:
        """Return the WAV of a refused clip."""
        return self._refused / f"{key}.wav"

    def accept(self, key: str) -> None:
        """Forget that a clip was refused."""
        self._refusal(key).unlink(missing_ok=True)
        self.refused_sound(key).unlink(missing_ok=True)

    def _refusal(self, key: str) -> Path:
        return self._refused / f"{key}.json"

    def was_told(self, digest: str) -> bool:
        """Tell whether these verdicts of a pack were noted beside its clips."""
        return (self._refused / f"told-{digest}").exists()

    def tell(self, digest: str) -> None:
        """Remember that these verdicts were noted."""
        self._refused.mkdir(parents=True, exist_ok=True)
        write_file(self._refused / f"told-{digest}", b"")

    # -- sentences

    def joined(self, clips: Sequence[tuple[str, int]]) -> Path:
        """Return the stem of one file that plays ``clips``, each a key and the pause after it in milliseconds.

        Raises :class:`FileNotFoundError` if one isn't there.
        """
        if len(clips) == 1 and clips[0][1] == 0:
            return self.stem(clips[0][0])
        name = hashlib.sha256(json.dumps([list(clip) for clip in clips]).encode()).hexdigest()
        stem = self._joined / name[:2] / name[2:]
        last = stem.with_suffix(".ulaw")
        if last.exists():
            os.utime(last)
            return stem
        stem.parent.mkdir(parents=True, exist_ok=True)
        for form in _FORMATS:
            write_file(stem.with_suffix(f".{form}"), b"".join(self._sound(key, pause, form) for key, pause in clips))
        return stem

    def _sound(self, key: str, pause_ms: int, form: str) -> bytes:
        return self.stem(key).with_suffix(f".{form}").read_bytes() + _SILENCE[form] * (pause_ms // 20 * FRAME)

    def prune(self, quota_bytes: int) -> int:
        """Drop the sentences not played for longest until what is left fits ``quota_bytes``; return how many."""
        files = [(path, path.stat()) for path in self._joined.glob("*/*.ulaw")]
        files.sort(key=lambda found: found[1].st_mtime)
        total = sum(stat.st_size * len(_FORMATS) for _, stat in files)
        dropped = 0
        for path, stat in files:
            if total <= quota_bytes:
                break
            path.unlink(missing_ok=True)
            path.with_suffix(".alaw").unlink(missing_ok=True)
            total -= stat.st_size * len(_FORMATS)
            dropped += 1
        return dropped


def write_file(path: Path, content: bytes) -> None:
    """Write a file that others may be reading: beside its place first, then renamed."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
