"""Engines that a site brings: espeak-ng, a model for sherpa-onnx, any program. Only the worker process imports this.

A program gets the words on its standard input, never in its arguments, where other users of the machine could read
them; no shell is involved, and neither its time nor what it writes is without a bound.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ivr.prompts.dsp import ENGINE_HZ, Audio
from ivr.prompts.errors import RenderError
from ivr.prompts.voices import Voice

LIMIT_S: Final = 30
LARGEST_WAV_BYTES: Final = 20_000_000

ESPEAK_NEEDED: Final = (1, 52)
"""Version 1.51 reads Mandarin syllables as English words: its ``cmn`` is no voice but a trap."""
_ESPEAK_WORDS_A_MINUTE: Final = 160
_WAV: Final = "{wav}"


class Espeak:
    """espeak-ng, a program of the system's. Understandable in an emergency, no more."""

    def __init__(self, _cache: Path) -> None:
        found = _espeak_version()
        if found < ESPEAK_NEEDED:
            wanted, had = (".".join(map(str, version)) for version in (ESPEAK_NEEDED, found))
            raise RenderError(f"espeak-ng {had} is refused, {wanted} is needed: older ones misread Mandarin")

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz. Raises :class:`RenderError`."""
        pace = str(round(_ESPEAK_WORDS_A_MINUTE * voice.speed))
        return _spoken(["espeak-ng", "-v", voice.name, "-s", pace, "-b", "1", "--stdin", "-w", _WAV], text, {})


class Command:
    """Any program: the words on its standard input, a WAV on its standard output or in the file that it was told.

    Its environment says ``HYDROPHONE_LANGUAGE`` (``zh``, ``en``) and ``HYDROPHONE_SPEED`` (1.0 is usual).
    """

    def __init__(self, _cache: Path) -> None: ...

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz. Raises :class:`RenderError`."""
        said = {"HYDROPHONE_LANGUAGE": voice.name, "HYDROPHONE_SPEED": f"{voice.speed:g}"}
        return _spoken(voice.options["program"], text, said)


class Sherpa:
    """A model of the site's own, read by the optional package sherpa-onnx: Kokoro, Matcha or VITS (MeloTTS, Piper)."""

    def __init__(self, _cache: Path) -> None:
        try:
            import sherpa_onnx
        except ImportError as error:
            raise RenderError("the package sherpa-onnx is not installed: pip install sherpa-onnx") from error
        self._library: Any = sherpa_onnx
        self._models: dict[str, Any] = {}

    def render(self, text: str, voice: Voice) -> Audio:
        """Return ``text`` spoken by ``voice``, mono at 24 kHz. Raises :class:`RenderError`."""
        folder = voice.options["model"]
        if folder not in self._models:
            self._models[folder] = self._load(Path(folder))
        sound = self._models[folder].generate(text, sid=voice.options["speaker"], speed=voice.speed)
        return at_engine_rate(np.asarray(sound.samples, dtype=np.float32), int(sound.sample_rate))

    def _load(self, folder: Path) -> Any:
        family, arguments = sherpa_model(folder)
        kinds = {"kokoro": "OfflineTtsKokoroModelConfig", "matcha": "OfflineTtsMatchaModelConfig"}
        model = getattr(self._library, kinds.get(family, "OfflineTtsVitsModelConfig"))(**arguments)
        config = self._library.OfflineTtsConfig(
            model=self._library.OfflineTtsModelConfig(**{family: model}, num_threads=2, provider="cpu")
        )
        if not config.validate():
            raise RenderError(f"sherpa-onnx refuses the model in {folder}")
        return self._library.OfflineTts(config)


OUTSIDE: Mapping[str, Callable[[Path], Any]] = {"espeak": Espeak, "sherpa": Sherpa, "command": Command}


def sherpa_model(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the family of the model in ``folder``, and the files that sherpa-onnx is to be told, by argument."""
    models = sorted(folder.glob("*.onnx"))
    vocoder = next((path for path in models if "voco" in path.name or "hifigan" in path.name), None)
    acoustic = next((path for path in models if path != vocoder), None)
    if acoustic is None or not (folder / "tokens.txt").exists():
        raise RenderError(f"there is no model in {folder}: it needs an .onnx file and tokens.txt")
    lexicons = ",".join(str(path) for path in sorted(folder.glob("lexicon*.txt")))
    arguments = {"tokens": str(folder / "tokens.txt"), "lexicon": lexicons}
    arguments |= {"data_dir": str(folder / "espeak-ng-data")} if (folder / "espeak-ng-data").is_dir() else {}
    if (folder / "voices.bin").exists():
        return "kokoro", {"model": str(acoustic), "voices": str(folder / "voices.bin"), **arguments}
    if vocoder is not None:
        return "matcha", {"acoustic_model": str(acoustic), "vocoder": str(vocoder), **arguments}
    return "vits", {"model": str(acoustic), **arguments}


def at_engine_rate(audio: Audio, rate_hz: int) -> Audio:
    """Return ``audio`` at the rate that all engines hand out."""
    common = int(np.gcd(rate_hz, ENGINE_HZ))
    return np.asarray(resample_poly(audio, ENGINE_HZ // common, rate_hz // common), dtype=np.float32)


def _espeak_version() -> tuple[int, ...]:
    try:
        told = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S607
    except (OSError, subprocess.SubprocessError) as error:
        raise RenderError("espeak-ng is not installed") from error
    match = re.search(r"(\d+)\.(\d+)", told.stdout)
    if match is None:
        raise RenderError("espeak-ng does not tell its version")
    return int(match[1]), int(match[2])


def _spoken(program: Sequence[str], text: str, environment: Mapping[str, str]) -> Audio:
    with tempfile.TemporaryDirectory(prefix="hydrophone-voice-") as folder:
        wav = Path(folder, "clip.wav")
        printed = Path(folder, "printed")
        _run([word.replace(_WAV, str(wav)) for word in program], text, printed, environment)
        try:
            source = wav if any(_WAV in word for word in program) else printed
            audio, rate_hz = soundfile.read(source, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise RenderError(f"{program[0]} wrote no WAV") from error
    return at_engine_rate(np.asarray(audio.mean(axis=1), dtype=np.float32), rate_hz)


def _run(program: Sequence[str], text: str, printed: Path, environment: Mapping[str, str]) -> None:
    """Run a program to its end, bounded by ``prlimit`` and ``timeout``, even if this process is gone by then."""
    bounded = ["prlimit", f"--fsize={LARGEST_WAV_BYTES}", "timeout", "--kill-after=1", str(LIMIT_S), *program]
    quiet = subprocess.DEVNULL
    with printed.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - the program is the administrator's choice
            bounded, stdin=subprocess.PIPE, stdout=sink, stderr=quiet, env={**os.environ, **environment}
        )
        with process:
            process.communicate(text.encode(), timeout=LIMIT_S + 5)
    if process.returncode != 0:
        what = "did not end in time" if process.returncode == 124 else f"ended with {process.returncode}"
        raise RenderError(f"{program[0]} {what}")
