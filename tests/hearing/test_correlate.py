"""The correlation oracle finds what was said, and is not fooled: without the latter it would prove nothing."""

import numpy as np
import pytest

from tests.hearing.conftest import line
from tests.hearing.correlate import Sound, heard, speech_dbfs

SAID = ["zh menu.main.1", "zh menu.main.2", "zh goodbye"]
GAP = np.zeros(1600)


def _recording(core: dict[str, Sound], clips: list[str], *, gap: Sound = GAP) -> Sound:
    return np.concatenate([part for clip in clips for part in (gap, core[clip])] + [gap])


def _candidates(core: dict[str, Sound]) -> dict[str, Sound]:
    return {name: clip for name, clip in core.items() if " part." not in name and " due" not in name}


def test_the_clips_of_a_call_are_found_in_order_through_noise_and_codec(core: dict[str, Sound]) -> None:
    found = heard(line(_recording(core, SAID)), _candidates(core))
    assert [hit.clip for hit in found] == SAID
    assert found[0].at_s == pytest.approx(0.2, abs=0.001)
    assert min(hit.ncc for hit in found) > 0.97
    assert min(hit.weakest for hit in found) > 0.9


def test_a_quiet_call_is_understood_and_its_level_told(core: dict[str, Sound]) -> None:
    quiet = 0.1 * _recording(core, SAID)
    assert [hit.clip for hit in heard(quiet, _candidates(core))] == SAID
    assert speech_dbfs(_recording(core, SAID)) == pytest.approx(-20, abs=2)
    assert speech_dbfs(quiet) == pytest.approx(-40, abs=2)


def test_swapped_clips_are_found_swapped(core: dict[str, Sound]) -> None:
    swapped = [SAID[1], SAID[0], SAID[2]]
    assert [hit.clip for hit in heard(line(_recording(core, swapped)), _candidates(core))] == swapped


def test_another_date_is_not_taken_for_the_expected_one(core: dict[str, Sound]) -> None:
    recording = line(_recording(core, ["zh due.11-25"]))
    others = {name: clip for name, clip in core.items() if " due" in name and name != "zh due.11-25"}
    assert heard(recording, others) == []
    assert [hit.clip for hit in heard(recording, others | {"zh due.11-25": core["zh due.11-25"]})] == ["zh due.11-25"]


def _amount(core: dict[str, Sound], words: str) -> Sound:
    language, _, rest = words.partition(": ")
    return np.concatenate([core[f"{language} part.{word}"] for word in rest.split(" | ")])


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("zh: 金额为 | 八十六元 | 四角", "zh: 金额为 | 八十六元 | 七角"),
        ("zh: 金额为 | 八十六元 | 四角", "zh: 金额为 | 六十六元 | 四角"),
        ("en: comes to | eighty-six yuan | forty", "en: comes to | eighty-six yuan | fourteen"),
        ("en: comes to | eighty-six yuan | forty", "en: comes to | sixty-six yuan | forty"),
    ],
)
def test_another_amount_is_not_taken_for_the_expected_one(core: dict[str, Sound], said: str, other: str) -> None:
    expected, wrong = _amount(core, said), _amount(core, other)
    recording = line(np.concatenate([GAP, expected, GAP]))
    assert heard(recording, {other: wrong}) == []
    assert [hit.clip for hit in heard(recording, {other: wrong, said: expected})] == [said]


@pytest.mark.parametrize("left", [0.5, 0.7, 0.85])
def test_a_cut_tail_is_missed(core: dict[str, Sound], left: float) -> None:
    clip = core["zh due.11-25"]
    cut = np.concatenate([GAP, clip[: round(left * len(clip))], np.zeros(8000)])
    assert heard(line(cut), {"zh due.11-25": clip}) == []


def test_silence_and_noise_hold_no_clip(core: dict[str, Sound]) -> None:
    assert heard(np.zeros(40_000), _candidates(core)) == []
    assert heard(line(np.zeros(40_000), noise_db=-20), _candidates(core)) == []
    assert speech_dbfs(np.zeros(8000)) == -120


def test_a_clip_said_twice_is_found_twice(core: dict[str, Sound]) -> None:
    twice = [SAID[0], SAID[0]]
    assert [hit.clip for hit in heard(line(_recording(core, twice)), _candidates(core))] == twice


def test_the_other_language_is_not_heard(core: dict[str, Sound]) -> None:
    english = {name: clip for name, clip in _candidates(core).items() if name.startswith("en")}
    assert heard(line(_recording(core, SAID)), english) == []


def test_a_recording_shorter_than_a_clip_holds_none(core: dict[str, Sound]) -> None:
    assert heard(core["zh goodbye"][:800], _candidates(core)) == []


def test_every_clip_of_the_core_is_found_as_itself_among_its_neighbours(core: dict[str, Sound]) -> None:
    names = [name for name in core if " due" in name or " bill.lead" in name][::7]
    neighbours = {name: core[name] for name in names}
    for name in names:
        assert [hit.clip for hit in heard(line(_recording(core, [name])), neighbours)] == [name]
