from pathlib import Path

import numpy as np
import pytest

from ivr.ports import Money
from ivr.prompts.catalogue import LANGUAGES, shipped
from ivr.prompts.lengths import Lengths, estimate_s, words
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of

CATALOGUE = shipped()


def test_what_is_in_the_core_pack_is_measured() -> None:
    lengths = Lengths(CATALOGUE)
    for language in LANGUAGES:
        assert lengths.longest("goodbye", language).measured
        assert 0.5 < lengths.longest("goodbye", language).seconds < 5


def test_what_was_rendered_here_is_measured(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (clip,) = CATALOGUE.clips("goodbye", {}, "zh")
    lengths = Lengths(CATALOGUE, store, pack=tmp_path / "none.zip")
    assert not lengths.longest("goodbye", "zh").measured
    store.put(key_of(clip, CATALOGUE.readings), np.zeros(8000 * 3, dtype=np.int16), {})
    assert lengths.longest("goodbye", "zh").seconds == pytest.approx(3)
    assert lengths.longest("goodbye", "zh").measured


def test_an_estimate_is_near_the_clip() -> None:
    lengths = Lengths(CATALOGUE)
    for (language, _), clip in CATALOGUE.core_clips().items():
        if clip.id in CATALOGUE.prompts and lengths.longest(clip.id, language).measured:
            assert estimate_s(clip.text, language) == pytest.approx(lengths.longest(clip.id, language).seconds, abs=0.8)


def test_a_sentence_with_values_is_taken_at_its_longest() -> None:
    lengths = Lengths(CATALOGUE)
    for language in LANGUAGES:
        short = lengths.of("bill.arrears", {"total": Money(100)}, language)
        assert lengths.longest("bill.arrears", language).seconds > short.seconds


def test_words_show_their_slots() -> None:
    assert words(CATALOGUE.prompts["bill.latest"], "zh").startswith("您好，{month}的水费，金额为{amount}，")
    assert "{total}" in words(CATALOGUE.prompts["bill.arrears"], "en")
