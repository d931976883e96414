"""Clips on disk: whole or not at all, joined with their pauses, named by what they were made from."""

import fcntl
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts import core_pack, g711, pins
from ivr.prompts.catalogue import Clip, parse, shipped
from ivr.prompts.errors import PackError, PinnedFileError, StudioError
from ivr.prompts.store import Store
from ivr.prompts.studio import recording, recordings
from ivr.prompts.voices import VOICES, key_of

ONE = np.arange(0, 3200, 20, dtype=np.int16)
TWO = np.full(320, -800, dtype=np.int16)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_clip_is_there_in_both_codecs_and_readable_by_the_pbx(store: Store) -> None:
    store.put("ab12", ONE, {"text": "好"})
    assert store.has("ab12")
    stem = store.stem("ab12")
    assert stem.with_suffix(".ulaw").read_bytes() == g711.to_ulaw(ONE)
    assert stem.with_suffix(".alaw").read_bytes() == g711.to_alaw(ONE)
    assert stem.with_suffix(".ulaw").stat().st_mode & 0o044 == 0o044
    assert not list(stem.parent.glob(".draft*"))


def test_a_clip_that_was_not_finished_is_missing(store: Store) -> None:
    store.put("ab12", ONE, {})
    store.stem("ab12").with_suffix(".json").unlink()
    assert store.missing({"ab12"}) == {"ab12"}


def test_a_failed_write_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        store.put("ab12", ONE, {})
    assert not [path for path in store.stem("ab12").parent.iterdir() if path.is_file()]


def test_a_sentence_is_its_clips_with_pauses_in_the_codecs_own_silence(store: Store) -> None:
    store.put("ab12", ONE, {})
    store.put("cd34", TWO, {})
    stem = store.joined([("ab12", 200), ("cd34", 0)])
    expected = g711.to_ulaw(ONE) + b"\xff" * 1600 + g711.to_ulaw(TWO)
    assert stem.with_suffix(".ulaw").read_bytes() == expected
    assert stem.with_suffix(".alaw").read_bytes()[len(ONE)] == 0xD5
    assert store.joined([("ab12", 200), ("cd34", 0)]) == stem
    assert store.joined([("ab12", 0)]) == store.stem("ab12")


def test_a_sentence_of_a_missing_clip_is_refused(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.joined([("ab12", 0), ("cd34", 0)])


def test_the_sentences_not_played_for_longest_go_first(store: Store) -> None:
    store.put("ab12", ONE, {})
    old, new = store.joined([("ab12", 20)]), store.joined([("ab12", 40)])
    os.utime(old.with_suffix(".ulaw"), (1, 1))
    assert store.prune(2 * 480) == 1
    assert not old.with_suffix(".ulaw").exists()
    assert new.with_suffix(".alaw").exists()
    assert store.has("ab12")


def test_one_renderer_at_a_time_works_on_a_clip(store: Store) -> None:
    with store.alone("ab12"):
        handle = os.open(store.stem("ab12").parent, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)


# ------------------------------------------------------------------ identity


def test_a_clips_name_changes_with_everything_that_decides_its_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = Clip("amount.1", "zh", "金额为一分，")
    names = {key_of(clip, {}), key_of(replace(clip, text="金额为二分，"), {}), key_of(clip, {"金额为": "jin1 e2 wei2"})}
    for change in ({"speed": 0.9}, {"model_sha256": "0"}, {"voice_sha256": "0"}, {"engine": "x"}, {"words": "x"}):
        monkeypatch.setattr("ivr.prompts.voices.VOICES", {"zh": replace(VOICES["zh"], **change)})
        names.add(key_of(clip, {}))
    assert len(names) == 8


def test_a_clips_name_does_not_depend_on_its_id_or_on_readings_of_other_words() -> None:
    clip = Clip("amount.1", "zh", "金额为一分，")
    assert key_of(replace(clip, id="x"), {"再听": "zai4 ting1"}) == key_of(clip, {})


def test_a_file_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voice.bin").write_bytes(b"somebody else's")
    with pytest.raises(PinnedFileError, match=r"voice\.bin is refused"):
        pins.checked(tmp_path / "voice.bin", pins.XIAOBEI_SHA256)
    with pytest.raises(PinnedFileError, match="found nothing"):
        pins.checked(tmp_path / "nowhere.bin", pins.XIAOBEI_SHA256)


def test_a_model_joined_from_wrong_parts_is_refused_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    with pytest.raises(PinnedFileError):
        pins.joined([tmp_path / "part"], tmp_path / "models" / "model", pins.KOKORO_SHA256)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_package_of_another_version_is_refused() -> None:
    pins.check_version("misaki", pins.MISAKI_VERSION)
    with pytest.raises(PinnedFileError):
        pins.check_version("misaki", "0.0.0")
    with pytest.raises(PinnedFileError):
        pins.check_version("no-such-package", "1.0")


def test_the_shipped_voice_is_the_pinned_one() -> None:
    assert pins.xiaobei().stat().st_size == 510 * 256 * 4


# ------------------------------------------------------------------ packs and studios


def test_the_shipped_core_pack_holds_exactly_the_catalogues_core() -> None:
    catalogue = shipped()
    held = core_pack.index(core_pack.SHIPPED)
    wanted = {
        (language, name): key_of(clip, catalogue.readings) for (language, name), clip in catalogue.core_clips().items()
    }
    found = {(language, entry.clip): entry.key for language, entries in held.entries.items() for entry in entries}
    assert found == wanted
    assert held.catalogue == catalogue.digest


def test_every_clip_of_the_core_pack_is_a_clip_for_the_line() -> None:
    from ivr.prompts.dsp import measure

    for key, samples in core_pack.sounds(core_pack.SHIPPED).items():
        level = measure(samples)
        assert len(samples) % g711.FRAME == 0, key
        assert -20.5 < level.speech_dbfs < -19.5, key
        assert level.peak_dbfs < -0.2, key
        assert level.lead_ms <= 160, key  # a soft s or f is long under the threshold


def test_the_core_pack_fits_the_repository() -> None:
    assert core_pack.SHIPPED.stat().st_size < 20_000_000


SMALL = parse(
    '[prompts."a"]\nzh = ["好。"]\nen = ["Good."]\n'
    '[core]\nfirst_month = "2026-12"\nlast_month = "2026-12"\ndue_days = []\n'
)


def test_a_pack_gives_back_every_sample_and_only_what_is_missing(tmp_path: Path, store: Store) -> None:
    sounds = {key_of(clip, {}): sound for clip, sound in zip(SMALL.core_clips().values(), (ONE, TWO), strict=True)}
    core_pack.build(SMALL, tmp_path / "pack.zip", sounds.__getitem__)
    assert core_pack.unpack(tmp_path / "pack.zip", store) == 2
    for key, sound in sounds.items():
        assert store.stem(key).with_suffix(".ulaw").read_bytes() == g711.to_ulaw(sound)
        np.testing.assert_array_equal(core_pack.sounds(tmp_path / "pack.zip")[key], sound)
    assert core_pack.unpack(tmp_path / "pack.zip", store) == 0


def test_what_was_understood_of_a_pack_is_noted_once_and_what_was_misheard_is_not_used(
    tmp_path: Path, store: Store
) -> None:
    pack = tmp_path / "pack.zip"
    core_pack.build(SMALL, pack, lambda _: ONE)
    good, bad = (key_of(clip, {}) for clip in SMALL.core_clips().values())
    assert core_pack.unpack(pack, store) == 2
    assert "verified" not in store.facts(good)
    told = core_pack.Heard(frozenset({good}), {bad: "Food."}, frozenset({bad}))
    core_pack.keep_heard(pack, told)
    assert core_pack.heard(pack) == told
    assert core_pack.unpack(pack, store) == 0
    assert store.facts(good)["verified"] is True
    assert not store.has(bad)
    (listed,) = store.refusals().values()
    assert (listed["heard"], listed["order"]["only_way"]) == ("Food.", False)
    store.accept(bad)
    store.put(bad, TWO, {"verified": True})  # a person found it good
    core_pack.keep_heard(pack, core_pack.Heard(frozenset({good}), {bad: "Wood."}, frozenset({bad})))
    assert core_pack.unpack(pack, store) == 0
    assert store.has(bad)
    assert store.refusals() == {}


def test_what_an_earlier_pack_said_at_another_pace_is_replaced(tmp_path: Path, store: Store) -> None:
    pack = tmp_path / "pack.zip"
    core_pack.build(SMALL, pack, lambda _: ONE)
    good, bad = (key_of(clip, {}) for clip in SMALL.core_clips().values())
    core_pack.keep_heard(pack, core_pack.Heard(frozenset({good}), {bad: "Food."}, frozenset({bad})))
    core_pack.unpack(pack, store)
    core_pack.build(SMALL, pack, {good: TWO, bad: TWO}.__getitem__, base=pack)
    core_pack.keep_heard(pack, core_pack.Heard(frozenset({good, bad})))
    core_pack.unpack(pack, store)
    for key in (good, bad):
        assert store.stem(key).with_suffix(".ulaw").read_bytes() == g711.to_ulaw(TWO)
        assert store.facts(key)["verified"] is True
    assert store.refusals() == {}


def test_a_pack_built_on_another_keeps_what_was_there_in_its_place(tmp_path: Path) -> None:
    base, pack = tmp_path / "base.zip", tmp_path / "pack.zip"
    core_pack.build(SMALL, base, lambda _: ONE)
    core_pack.build(SMALL, pack, lambda _: ONE, base)
    assert pack.read_bytes() == base.read_bytes()
    chinese, english = (key_of(clip, {}) for clip in SMALL.core_clips().values())
    core_pack.build(SMALL, pack, {chinese: ONE, english: TWO}.__getitem__, base)
    for key, sound in ((chinese, ONE), (english, TWO)):
        np.testing.assert_array_equal(core_pack.sounds(pack)[key], sound)
    (moved,) = core_pack.index(pack).entries["en"]
    assert moved.start == len(ONE)


def test_what_was_misheard_of_a_pack_and_can_be_said_in_no_other_way_is_used_and_listed(
    tmp_path: Path, store: Store
) -> None:
    pack = tmp_path / "pack.zip"
    core_pack.build(SMALL, pack, lambda _: ONE)
    key = next(key_of(clip, {}) for clip in SMALL.core_clips().values() if clip.language == "en")
    core_pack.keep_heard(pack, core_pack.Heard(frozenset(), {key: "Food."}))
    core_pack.unpack(pack, store)
    assert store.facts(key)["heard"] == "Food."
    (told,) = store.refusals().values()
    assert (told["heard"], told["order"]["text"], told["order"]["language"]) == ("Food.", "Good.", "en")


def test_verdicts_that_cannot_be_read_make_the_pack_unusable(tmp_path: Path) -> None:
    (tmp_path / "pack_heard.json").write_text('{"understood": [1')
    with pytest.raises(PackError, match=r"pack_heard\.json"):
        core_pack.heard(tmp_path / "pack.zip")


def test_every_clip_of_the_core_pack_was_listened_to() -> None:
    catalogue, heard = shipped(), core_pack.heard(core_pack.SHIPPED)
    core = {key_of(clip, catalogue.readings) for clip in catalogue.core_clips().values()}
    assert heard.understood | heard.misheard.keys() == core
    assert not heard.understood & heard.misheard.keys()
    assert heard.withheld <= heard.misheard.keys()


def test_the_same_sounds_make_the_same_pack(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        core_pack.build(SMALL, tmp_path / name, lambda _: ONE)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None


def test_a_studio_recording_is_made_fit_for_the_line(tmp_path: Path) -> None:
    tone = 0.01 * np.sin(np.arange(44_100) * 2 * np.pi * 300 / 44_100)
    (tmp_path / "zh").mkdir()
    soundfile.write(tmp_path / "zh" / "goodbye.wav", np.stack([tone, tone], axis=1), 44_100)
    (found,) = recordings(tmp_path)
    assert (found.language, found.clip) == ("zh", "goodbye")
    clip = recording(found.wav)
    assert len(clip) == pytest.approx(8000, abs=800)
    assert len(clip) % g711.FRAME == 0


def test_a_studio_recording_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF, not")
    with pytest.raises(StudioError):
        recording(tmp_path / "x.wav")
    soundfile.write(tmp_path / "slow.wav", np.zeros(4000), 4000)
    with pytest.raises(StudioError, match="4000 Hz"):
        recording(tmp_path / "slow.wav")


def test_a_changed_recording_has_another_name(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    wav = tmp_path / "en" / "goodbye.wav"
    wav.write_bytes(b"one")
    (before,) = recordings(tmp_path)
    wav.write_bytes(b"two")
    (after,) = recordings(tmp_path)
    assert before.key != after.key
