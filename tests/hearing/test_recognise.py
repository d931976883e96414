"""The recognising oracle gets the values back from what was said, and gets other values from other speech."""

import numpy as np
import pytest

from cti.domain.events import Language
from ivr.ports import Day, Digits, Money
from ivr.prompts.heard import amounts, days, disagrees, months
from ivr.prompts.listening import PROMPTS, Recogniser, recogniser
from ivr.prompts.wording import say
from tests.hearing.conftest import CACHE, SPOKEN, line
from tests.hearing.correlate import Sound

WRITTEN = [
    # what a recogniser writes, language, amounts, days, months
    ("二零二六年十月的水费，金额为八十六元四角，请在十一月二十五日之前缴费。", "zh", [8640], [(11, 25)], [(2026, 10)]),
    ("您好,2026年10月的水费,金额为86元4角,请在11月25日之前缴费。", "zh", [8640], [(11, 25)], [(2026, 10)]),
    ("金额为86.4元。", "zh", [8640], [], []),
    ("金额为2,080.61元", "zh", [208061], [], []),
    ("金額為兩千零八十元六角一分", "zh", [208061], [], []),
    ("金额为三十元零五分", "zh", [3005], [], []),
    ("金额为五分,", "zh", [5], [], []),
    ("金额为四角五分,", "zh", [45], [], []),
    ("您好", "zh", [], [], []),
    ("For October, 2026, comes to 86 yuan 40. Please pay by November 25th.", "en", [8640], [(11, 25)], [(2026, 10)]),
    ("Your bill for March, two thousand twenty-seven,", "en", [], [], [(2027, 3)]),
    ("It comes to 86 yuan, 40.", "en", [8640], [], []),
    ("comes to eighty-six yuan forty. Please pay by November twenty-fifth.", "en", [8640], [(11, 25)], []),
    ("comes to 2,080 yuan 61.", "en", [208061], [], []),
    ("comes to two thousand eighty yuan sixty-one", "en", [208061], [], []),
    ("comes to two thousand and eighty yuan sixty-one", "en", [208061], [], []),
    ("comes to 3,000, and 5 yuan.", "en", [300500], [], []),
    ("comes to 2000 and 80 yuan 61.", "en", [208061], [], []),
    ("comes to zero yuan oh eight.", "en", [8], [], []),
    ("comes to 86.40 yuan.", "en", [8640], [], []),
    ("comes to 30 yuan 0.5", "en", [3005], [], []),
    ("comes to 30 yuan 05.", "en", [3005], [], []),
    ("comes to 908, yuan 40.", "en", [90840], [], []),
    ("comes to nine hundred and eight, yuan.", "en", [90800], [], []),
    ("comes to thirty yuan oh five.", "en", [3005], [], []),
    ("comes to 45 fen.", "en", [45], [], []),
    ("Thank you for calling.", "en", [], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "fen", "dates", "bill_months"), WRITTEN)
def test_values_are_read_however_they_are_written(
    text: str,
    language: Language,
    fen: list[int],
    dates: list[tuple[int, int]],
    bill_months: list[tuple[int, int]],
) -> None:
    assert amounts(text, language) == fen
    assert days(text, language) == dates
    assert months(text, language) == bill_months


@pytest.mark.parametrize(
    ("heard", "disagreeing"),
    [
        ("二零二五年七月０二零二五年七月０二零二五年七月０二", False),
        ("二零二五年七月，", False),
        ("二零二五年七月，二零二五年八月", True),
        ("二零二五年已日，二零二五年已日，", True),
    ],
)
def test_a_short_clip_may_be_written_down_more_than_once(heard: str, disagreeing: bool) -> None:
    assert disagrees("二零二五年七月，", heard, "zh") is disagreeing


def test_the_prompt_never_holds_a_number_that_a_test_expects() -> None:
    for language, prompt in PROMPTS.items():
        for values in SPOKEN.values():
            amount, due = values["amount"], values["due"]
            assert isinstance(amount, Money)
            assert isinstance(due, Day)
            assert amount.fen not in amounts(prompt, language)
            assert (due.month, due.day) not in days(prompt, language)


@pytest.fixture(scope="module")
def listener() -> Recogniser:
    return recogniser(CACHE)


Values = tuple[list[int], list[tuple[int, int]]]


def _heard(listener: Recogniser, sound: Sound, language: Language, *, seed: int = 1) -> Values:
    """Return the amounts and days that a stranger hears who has a noisy line of their own."""
    text = listener.text(line(sound, seed=seed), language)
    return amounts(text, language), days(text, language)


def _hears(listener: Recogniser, sound: Sound, language: Language, values: Values) -> bool:
    """Tell whether a stranger hears ``values``, or two of three do: noise alone makes 四 a 自 to one."""
    if _heard(listener, sound, language) == values:
        return True
    return all(_heard(listener, sound, language, seed=seed) == values for seed in (2, 3))


@pytest.mark.speech
@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", list(SPOKEN))
def test_a_stranger_writes_down_the_amount_and_the_date_of_a_rendered_bill(
    listener: Recogniser, sentences: dict[tuple[Language, str], Sound], language: Language, name: str
) -> None:
    amount, due = SPOKEN[name]["amount"], SPOKEN[name]["due"]
    assert isinstance(amount, Money)
    assert isinstance(due, Day)
    assert _hears(listener, sentences[language, name], language, ([amount.fen], [(due.month, due.day)]))


@pytest.mark.speech
@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_another_customers_bill_is_not_taken_for_ours(
    listener: Recogniser, sentences: dict[tuple[Language, str], Sound], language: Language
) -> None:
    assert 8640 not in _heard(listener, sentences[language, "2080.61"], language)[0]


@pytest.mark.speech
@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bill_that_is_cut_short_has_no_date(
    listener: Recogniser, sentences: dict[tuple[Language, str], Sound], language: Language
) -> None:
    whole = sentences[language, "86.40"]
    assert (11, 25) not in _heard(listener, whole[: round(0.72 * len(whole))], language)[1]


@pytest.mark.speech
@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_silence_says_no_expected_amount(listener: Recogniser, language: Language) -> None:
    fen, dates = _heard(listener, np.zeros(32_000), language)
    assert not {8640, 208061, 3005} & set(fen)
    assert not {(11, 25), (4, 10), (9, 20)} & set(dates)


ALIKE: list[tuple[Language, str, str]] = [
    ("zh", "十二日，", "十三日，"),
    ("zh", "三，", "四，"),
    ("en", "twentieth,", "twenty-first,"),
    ("en", "sixty yuan,", "sixteen yuan,"),
]


@pytest.mark.speech
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("language", "said", "like_it"), ALIKE)
def test_a_spare_piece_is_understood_and_not_taken_for_another(
    listener: Recogniser, core: dict[str, Sound], language: Language, said: str, like_it: str
) -> None:
    def piece(words: str) -> Sound:
        return core[f"{language} part.{words}"]

    sound = piece(said[:-1])
    assert listener.mistake(sound, said, language, "piece", piece) == ""
    assert listener.mistake(sound, like_it, language, "piece", piece)


@pytest.mark.speech
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("language", "digits"), [("zh", "7207"), ("en", "5533")])
def test_four_digits_are_understood_even_repeated_ones_and_not_taken_for_others(
    listener: Recogniser, groups: dict[tuple[Language, str], Sound], language: Language, digits: str
) -> None:
    sound = groups[language, digits]
    assert listener.mistake(sound, say(Digits(digits), language), language, "digits") == ""
    for other in (digits[:3] + "1", digits[1] + digits[0] + digits[2:]):
        if other != digits:
            assert listener.mistake(sound, say(Digits(other), language), language, "digits"), other
