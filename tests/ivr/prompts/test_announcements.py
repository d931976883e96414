"""The words that Asterisk says by itself are written whole, in both languages, by whoever recorded them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts import core_pack, g711
from ivr.prompts.announcements import BETWEEN_LANGUAGES_MS, FILES, write_announcements
from ivr.prompts.catalogue import LANGUAGES, shipped
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of


def read(stem: Path) -> tuple[bytes, bytes]:
    return stem.with_suffix(".alaw").read_bytes(), stem.with_suffix(".ulaw").read_bytes()


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


WHOLE = {
    f"{place}{name}.{form}" for place in ("", "zh/", "en/") for name in FILES.values() for form in ("alaw", "ulaw")
}


def test_every_announcement_is_written_in_each_language_and_in_both(tmp_path: Path) -> None:
    assert write_announcements(tmp_path) == []
    assert written(tmp_path) == WHOLE
    for name in FILES.values():
        for form, silence in ((0, g711.ALAW_SILENCE), (1, g711.ULAW_SILENCE)):
            zh, en, both = (read(tmp_path / place / name)[form] for place in ("zh", "en", ""))
            assert len(zh) % g711.FRAME == len(en) % g711.FRAME == 0
            assert both == zh + silence * (8 * BETWEEN_LANGUAGES_MS) + en


def test_an_announcement_sounds_like_the_same_words_in_the_menu(tmp_path: Path) -> None:
    write_announcements(tmp_path / "sounds")
    store = Store(tmp_path / "voice")
    core_pack.unpack(core_pack.SHIPPED, store)
    for prompt, name in FILES.items():
        for language in LANGUAGES:
            clips = shipped().clips(prompt, {}, language)
            pauses = [clip.pause_ms for clip in clips[:-1]] + [0]
            keys = [key_of(clip, shipped().readings) for clip in clips]
            assert read(tmp_path / "sounds" / language / name) == read(
                store.joined(list(zip(keys, pauses, strict=True)))
            )


def test_writing_again_changes_nothing_and_leaves_no_drafts(tmp_path: Path) -> None:
    write_announcements(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_announcements(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", [b"", b"PK, cut off"])
def test_a_damaged_pack_is_told_and_stops_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(content)
    assert write_announcements(tmp_path / "sounds", pack=tmp_path / "pack.zip") == list(FILES)
    assert not (tmp_path / "sounds").exists()


def record(folder: Path, clip: str, content: bytes | None = None) -> None:
    wav = folder / f"{clip}.wav"
    wav.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        soundfile.write(wav, 0.3 * np.sin(np.arange(16_000) / 3), 16_000)
    else:
        wav.write_bytes(content)


def test_a_studios_voice_is_used_if_it_recorded_the_whole_sentence(tmp_path: Path) -> None:
    write_announcements(tmp_path / "ours")
    studio = tmp_path / "studio"
    for clip in shipped().clips("queue.wait", {}, "en"):
        record(studio / "en", clip.id)
    record(studio / "en", "queue.sorry.1")
    write_announcements(tmp_path / "theirs", studio=studio)
    changed = {
        name for name in WHOLE if (tmp_path / "ours" / name).read_bytes() != (tmp_path / "theirs" / name).read_bytes()
    }
    assert changed == {f"{place}queue-wait.{form}" for place in ("", "en/") for form in ("alaw", "ulaw")}


def test_a_recording_that_is_no_sound_is_not_used(tmp_path: Path) -> None:
    write_announcements(tmp_path / "ours")
    for clip in shipped().clips("queue.wait", {}, "en"):
        record(tmp_path / "studio" / "en", clip.id, b"RIFF")
    assert write_announcements(tmp_path / "theirs", studio=tmp_path / "studio") == []
    for name in WHOLE:
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
