"""What Asterisk says by itself, daemon or not: while a caller waits in the queue, and when nobody comes.

Written ahead as plain files, ``<folder>/zh/queue-wait``, ``<folder>/en/queue-wait`` and, in both languages,
``<folder>/queue-wait``. Asterisk, told to play ``<folder>/queue-wait``, looks for the channel's language first and
takes the last for a caller whose language nobody knows. Needs neither engine nor store: the words are in the core
pack, or a studio recorded them.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from cti.domain.events import Language
from ivr.prompts import core_pack, g711
from ivr.prompts.catalogue import LANGUAGES, Clip, shipped
from ivr.prompts.errors import PackError, StudioError
from ivr.prompts.g711 import Linear
from ivr.prompts.store import write_file
from ivr.prompts.studio import recording
from ivr.prompts.voices import key_of

log = logging.getLogger(__name__)

FILES: Final[Mapping[str, str]] = {
    "queue.wait": "queue-wait",
    "queue.sorry": "queue-sorry",
    "queue.give_up": "queue-give-up",
}
"""The prompts, and what their files are called without extension."""

BETWEEN_LANGUAGES_MS: Final = 500


def write_announcements(folder: Path, *, studio: Path | None = None, pack: Path = core_pack.SHIPPED) -> list[str]:
    """Write every announcement into ``folder``; return the prompts for which there was no sound.

    A file that is missing is silence to a caller, and no reason to answer no calls.
    """
    spoken = _spoken(pack)
    absent = []
    for prompt, name in FILES.items():
        clips = {language: shipped().clips(prompt, {}, language) for language in LANGUAGES}
        sentences = {
            language: _studios(sentence, studio) or _ours(sentence, spoken) for language, sentence in clips.items()
        }
        if all(sentences.values()):
            _write(folder, name, sentences)
        else:
            absent.append(prompt)
    return absent


def _spoken(pack: Path) -> Mapping[str, Linear]:
    try:
        return core_pack.sounds(pack)
    except PackError as error:
        log.error("voice.pack_unusable %s", error)  # noqa: TRY400 - where it was found says nothing
        return {}


def _ours(clips: tuple[Clip, ...], spoken: Mapping[str, Linear]) -> list[Linear]:
    """Return the clips as the pack has them, or nothing unless it has the whole sentence."""
    keys = [key_of(clip, shipped().readings) for clip in clips]
    return _with_pauses(clips, [spoken[key] for key in keys]) if spoken.keys() >= set(keys) else []


def _studios(clips: tuple[Clip, ...], studio: Path | None) -> list[Linear]:
    """Return the studio's recordings of the clips, or nothing unless it recorded the whole sentence."""
    if studio is None:
        return []
    wavs = [studio / clip.language / f"{clip.id}.wav" for clip in clips]
    if not all(wav.is_file() for wav in wavs):
        return []
    try:
        return _with_pauses(clips, [recording(wav) for wav in wavs])
    except StudioError as error:
        log.warning("voice.recording_refused clip=%s reason=%s", clips[0].id, error)
        return []


def _with_pauses(clips: tuple[Clip, ...], sounds: list[Linear]) -> list[Linear]:
    pauses = [_silence(clip.pause_ms) for clip in clips[:-1]] + [_silence(0)]
    return [part for pair in zip(sounds, pauses, strict=True) for part in pair]


def _silence(length_ms: int) -> Linear:
    return np.zeros(length_ms // 20 * g711.FRAME, dtype=np.int16)


def _write(folder: Path, name: str, sentences: Mapping[Language, list[Linear]]) -> None:
    zh, en = (np.concatenate(sentences[language]) for language in LANGUAGES)
    both = np.concatenate([zh, _silence(BETWEEN_LANGUAGES_MS), en])
    for place, samples in (("zh", zh), ("en", en), ("", both)):
        stem = folder / place / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_file(stem.with_suffix(".alaw"), g711.to_alaw(samples))
        write_file(stem.with_suffix(".ulaw"), g711.to_ulaw(samples))
