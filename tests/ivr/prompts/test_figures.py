"""Measured figures: an independent reader gets each back from its words, in both languages."""

import pytest

from ivr.ports import Measure
from ivr.prompts.errors import UnsayableError
from ivr.prompts.numerals import EN_WORDS, ZH_DIGITS, en_number, zh_number
from ivr.prompts.wording import say, suffix


def zh_hundredths(words: str) -> int:
    whole, _, decimals = words.partition("点")
    return zh_number(whole) * 100 + int("".join(str(ZH_DIGITS[c]) for c in decimals).ljust(2, "0"))


def en_hundredths(words: str) -> int:
    whole, _, decimals = words.partition(" point ")
    return en_number(whole) * 100 + int("".join(str(EN_WORDS[word]) for word in decimals.split()).ljust(2, "0"))


def test_every_figure_up_to_a_thousand_is_read_back() -> None:
    wrong = [n for n in range(100_001) if zh_hundredths(say(Measure(n), "zh")) != n]
    wrong += [n for n in range(100_001) if en_hundredths(say(Measure(n), "en")) != n]
    assert wrong == []


@pytest.mark.parametrize(
    ("hundredths", "zh", "en"),
    [
        (35, "零点三五", "zero point three five"),
        (5, "零点零五", "zero point zero five"),
        (200, "二", "two"),
        (720, "七点二", "seven point two"),
        (220, "二点二", "two point two"),
        (20_000, "二百", "two hundred"),
        (12_150, "一百二十一点五", "one hundred twenty-one point five"),
    ],
)
def test_a_figure_has_no_zeros_at_its_end(hundredths: int, zh: str, en: str) -> None:
    assert (say(Measure(hundredths), "zh"), say(Measure(hundredths), "en")) == (zh, en)


def test_what_is_no_figure_is_refused() -> None:
    with pytest.raises(UnsayableError):
        say(Measure(-1), "zh")


def test_clips_are_named_by_what_they_say() -> None:
    assert suffix(Measure(35)) == "35"
