"""What may be written of a piece or of digits: all of its kind, and only the very one is taken for it."""

import re

import pytest

from cti.domain.events import Language
from ivr.prompts import grammar
from ivr.prompts.catalogue import LANGUAGES, Clip, shipped
from ivr.prompts.heard import figures, numbers


def _pieces(language: Language) -> list[Clip]:
    return [clip for clip in shipped().core_clips().values() if clip.language == language and clip.manner == "piece"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_piece_is_taken_for_itself_and_for_no_other_of_its_kind(language: Language) -> None:
    pieces = [clip.text for clip in _pieces(language)]
    for piece in pieces:
        words, allowed = grammar.stem(piece), set(grammar.of_piece(piece, language).words)
        assert words in allowed
        alike = {
            other for other in pieces if grammar.stem(other) in allowed and grammar.is_piece(other, piece, language)
        }
        assert piece in alike
        # long fixed words may be nearly alike, numbers never; "one, yuan" is "one yuan"
        assert not numbers(words, language) or len({re.sub(r"\W", "", other) for other in alike}) == 1, (piece, alike)


@pytest.mark.parametrize(
    ("piece", "language", "text", "expected"),
    [
        ("零一元，", "zh", "零一元", True),
        ("零一元，", "zh", "一元", False),
        ("两角四分，", "zh", "二角四分", False),
        ("个月，", "zh", "个月", True),
        ("金额为，", "zh", "金额位", True),
        ("天，", "zh", "", False),
        ("oh five,", "en", "Oh five.", True),
        ("oh five,", "en", "five", False),
        ("twentieth,", "en", "20th", True),
        ("twentieth,", "en", "20", False),
        ("twenty-first,", "en", "twenty first", True),
        ("six thousand yuan,", "en", "6,000 yuan", True),
        ("six thousand yuan,", "en", "6,000", False),
        ("two thousand twenty-six,", "en", "2026", True),
        ("and,", "en", "and", True),
        ("cubic meters,", "en", "cubic metres", True),
        ("press one,", "en", "press two", False),
    ],
)
def test_what_is_taken_for_a_piece(piece: str, language: Language, text: str, expected: bool) -> None:
    assert grammar.is_piece(text, piece, language) is expected


@pytest.mark.parametrize(
    ("piece", "language", "text", "inside"),
    [
        ("四十九元，", "zh", "三十六，四十九元，八十五，", "四十九元"),
        ("四十九元，", "zh", "三十六八十五", ""),
        ("四十九元，", "zh", "四十九元", ""),
        ("三十六元，", "zh", "四十二三十六元七十一", "三十六元"),
        ("twentieth,", "en", "Thirty-six, 20th, eighty-five.", "20th"),
        ("six,", "en", "36, six, 85", "six"),
        ("and,", "en", "36 and 85", "and"),
    ],
)
def test_a_piece_is_found_between_its_neighbours(piece: str, language: Language, text: str, inside: str) -> None:
    assert grammar.between(text, grammar.neighbours(piece, language), language) == inside


@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_neighbour_nor_prompt_says_the_piece(language: Language) -> None:
    for clip in _pieces(language):
        words = grammar.stem(clip.text)
        told = [*grammar.neighbours(clip.text, language), *grammar.of_piece(clip.text, language).prompts]
        assert not any(words.lower() in re.split("[,，] ?", text.lower()) for text in told), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_prompt_has_the_digits_that_are_expected(language: Language) -> None:
    spoken = {"zh": "三零五二，", "en": "three zero five two,"}[language]
    prompts = grammar.of_digits(spoken, language).prompts
    assert prompts
    assert not any("3052" in figures(prompt, language) for prompt in prompts)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("下午两点三十分", "zh", ["2", "30"]),
        ("零三零五，一一", "zh", ["0305", "11"]),
        ("余氯每升为零点三五毫克", "zh", ["0", "35"]),
        ("幺三九", "zh", ["139"]),
        ("一百零五，15", "zh", ["105", "15"]),
        ("2:30", "en", ["2", "30"]),
        ("two hundred and thirty-second", "en", ["232"]),
        ("one thousand and five cubic meters", "en", ["1005"]),
        ("1,005 cubic meters", "en", ["1005"]),
        ("three zero five two", "en", ["3", "0", "5", "2"]),
        ("two thirty and then twelve", "en", ["2", "30", "12"]),
        ("One month with the fourth", "en", ["1", "4"]),
        ("thousands of them", "en", []),
        ("", "en", []),
    ],
)
def test_numbers_are_read_from_words(text: str, language: Language, expected: list[str]) -> None:
    assert numbers(text, language) == expected
