"""What may be written down of a clip whose kind is known, and whether it tells what was said.

Pure. A word alone is too short for a recogniser that may write anything: it makes 秋时远 of 九十元, and of a row of
digits it drops the repeated ones. Kept to the words that can stand there, amounts among amounts and days among days, it
tells one from the other. It is never told which of them was said.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cti.domain.events import Language
from ivr.prompts import heard, numerals
from ivr.prompts.catalogue import shipped

_NUMERALS = "零一二三四五六七八九十百千两幺"
_ZH_KINDS = {
    "yuan": rf"[{_NUMERALS}]+元",
    "small": rf"(?:[{_NUMERALS}]+角)?(?:[{_NUMERALS}]+分)?",
    "day": rf"[{_NUMERALS}]+日",
    "month": rf"[{_NUMERALS}]+月",
    "year": rf"[{_NUMERALS}]+年",
    "number": rf"[{_NUMERALS}]+",
}
_PROMPTS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "zh": {
        "yuan": ("金额为，一百二十三元，", "零七元，五十一元，三千元，"),
        "small": ("五角七分，", "零三分，八角，"),
        "day": ("请在，六月，十八日，", "三日，二十六日，"),
        "month": ("二零一九年，三月，", "七月，十二月，"),
        "year": ("二零一九年，", "二零一八年，二零一七年，"),
        "number": ("八十一，五，零三，", "一千，两百，四十六，"),
        "words": ("您好，", "共，"),
    },
    "en": {
        "yuan": ("comes to, one hundred and three yuan,", "fifty-one yuan, seven, yuan,"),
        "day": ("Please pay by, June, eighteenth,", "third, twenty-sixth,"),
        "month": ("Your water bill for, March,", "May, August,"),
        "number": ("thirty-four, oh seven, two thousand,", "nine, sixteen, six hundred,"),
        "words": ("Your bill,", "cubic meters,"),
    },
}
_DIGIT_PROMPTS: Mapping[Language, tuple[str, ...]] = {
    "zh": ("三零五二，八四六零，", "九二七一，四八，"),
    "en": ("three zero five two, eight four six zero,", "nine two seven one, four eight,"),
}
_KEY_PROMPTS: Mapping[Language, tuple[str, ...]] = {
    "zh": ("人工服务请按九。", "人工服务请按六。"),
    "en": ("To speak to someone, press nine.", "To speak to someone, press six."),
}
_NEIGHBOURS: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "zh": (("三十六", "八十五"), ("四十二", "七十一")),
    "en": (("thirty-six", "eighty-five"), ("forty-two", "seventy-one")),
}
_ZH_DIGITS = "零一二三四五六七八九幺"
_LONGEST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Grammar:
    """The ``words`` that may be written, and the texts that may stand before them, none of which has the very value."""

    words: tuple[str, ...]
    prompts: tuple[str, ...]


# ------------------------------------------------------------------ spare pieces


def of_piece(piece: str, language: Language) -> Grammar:
    """Return the grammar of a piece such as 四十九元 or "twenty-first": all pieces of its kind."""
    kind = _kind(stem(piece), language)
    prompts = (prompt for prompt in _PROMPTS[language][kind] if not _has(prompt, piece))
    words = {*_pieces(language)[kind], stem(piece), *(word for pair in _NEIGHBOURS[language] for word in pair)}
    return Grammar(tuple(sorted(words | set(_in_figures(words, language)))), (*prompts, ""))


def neighbours(piece: str, language: Language) -> tuple[str, str]:
    """Return what to say before and after a piece when it is listened to: other numbers, as in a clause of pieces."""
    pairs = _NEIGHBOURS[language]
    return next(pair for pair in pairs if not any(word in piece for word in pair))


def between(text: str, around: tuple[str, str], language: Language) -> str:
    """Return what was written between ``around``, or nothing if they don't stand there."""
    first, last = (rf"(?:{re.sub('[- ]', '[- ]?', word)}|{heard.figures(word, language)})" for word in around)
    found = re.fullmatch(rf"\W*{first}\W*(.*?)\W*{last}\W*", text, re.IGNORECASE | re.DOTALL)
    return found[1] if found else ""


def is_piece(text: str, piece: str, language: Language) -> bool:
    """Tell whether ``text`` is this piece: a number to the word, 零一元 for 零一元, others if they sound alike."""
    said = stem(piece)
    if language == "zh" and _kind(said, language) != "words":
        return re.sub(r"\W", "", text.replace("〇", "零")) == said
    if heard.figures(text, language) != heard.figures(said, language):
        return False
    if language == "en" and _is_ordinal(text) != _is_ordinal(said):
        return False
    one, other = (_beside_numbers(words, language) for words in (text, said))
    return one == other or heard.likeness(one, other, language) >= heard.LEAST_LIKE


def stem(piece: str) -> str:
    """Return a piece's words without the mark it ends with."""
    return piece.strip(" ,.，。")


def _kind(words: str, language: Language) -> str:
    if language == "zh":
        return next((kind for kind, pattern in _ZH_KINDS.items() if re.fullmatch(pattern, words)), "words")
    if words.lower() in numerals.EN_MONTHS:
        return "month"
    found = re.findall(r"[a-z]+", words.lower())
    if not heard.numbers(words, language) or set(found) - {"yuan", "and"} - _en_number_words():
        return "words"
    if found[-1] == "yuan":
        return "yuan"
    return "number" if all(word in numerals.EN_WORDS or word in numerals.EN_SCALES for word in found) else "day"


@cache
def _en_number_words() -> frozenset[str]:
    ones = [name for name in numerals.EN_WORDS if heard.numbers(name, "en")]
    ranks = [word for piece in _stems("en") for word in re.findall(r"[a-z]+", piece.lower()) if _is_rank(word)]
    return frozenset([*ones, *numerals.EN_SCALES, *ranks])


def _is_ordinal(text: str) -> bool:
    words = re.findall(r"[a-z]+|[0-9]+[a-z]+", text.lower())
    return any(_is_rank(word) for word in words)


def _is_rank(word: str) -> bool:
    try:
        return word.endswith(("st", "nd", "rd", "th")) and numerals.en_rank(word) > 0
    except KeyError:
        return False


@cache
def _stems(language: Language) -> tuple[str, ...]:
    clips = shipped().core_clips().items()
    return tuple(stem(clip.text) for (spoken, name), clip in clips if spoken == language and name.startswith("part."))


@cache
def _pieces(language: Language) -> Mapping[str, frozenset[str]]:
    """Return all pieces that ship with us, by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in _PROMPTS[language]}
    for words in _stems(language):
        found[_kind(words, language)].add(words)
    return {kind: frozenset(words) for kind, words in found.items()}


def _in_figures(words: Iterable[str], language: Language) -> Iterator[str]:
    """Yield numbers as figures, which a recogniser prefers to write in English: 6,000 and 21st."""
    if language == "en":
        for number in {number for word in words for number in heard.numbers(word, language)}:
            yield number
            yield f"{int(number):,}"
            yield from (f"{number}{ending}" for ending in ("st", "nd", "rd", "th"))


def _beside_numbers(text: str, language: Language) -> str:
    if language == "zh":
        return re.sub(r"\W", "", text)
    words = re.findall(r"[a-z]+", re.sub(r"[0-9]+(?:st|nd|rd|th)?", "", text.lower()))
    others = [word for word in words if word not in _en_number_words()]
    return " ".join(others if others == ["and"] else [word for word in others if word != "and"])


def _has(text: str, piece: str) -> bool:
    return stem(piece).lower() in re.split(r"[,，] ?", text.lower())


# ------------------------------------------------------------------ somebody's digits


def of_digits(said: str, language: Language) -> Grammar:
    """Return the grammar of digits said one by one."""
    digits = heard.figures(said, language)
    prompts = (
        prompt
        for prompt in _DIGIT_PROMPTS[language]
        if not any(group in digits for group in _groups(heard.figures(prompt, language)))
    )
    words = tuple(_ZH_DIGITS) if language == "zh" else numerals.EN_DIGITS
    return Grammar((*words, "，" if language == "zh" else ","), (*prompts, ""))


def _groups(digits: str) -> Sequence[str]:
    return [digits[start : start + _LONGEST_DIGITS] for start in range(0, len(digits), _LONGEST_DIGITS)]


# ------------------------------------------------------------------ numbers in a clause


def gaps(said: str, language: Language) -> Iterator[tuple[str, str]]:
    """Yield each number in a clause as it is said, and what is said before it."""
    words = "|".join(sorted(_en_number_words(), key=len, reverse=True))
    number = rf"[{_NUMERALS}]+" if language == "zh" else rf"\b(?:{words})\b(?:(?: and)?[ -](?:{words})\b)*"
    for found in re.finditer(number, said, re.IGNORECASE):
        yield found[0], said[: found.start()]


def of_number(number: str, language: Language) -> Grammar:
    """Return the grammar of a number in a clause: any number."""
    said = heard.figures(number, language)
    prompts = [prompt for prompt in _KEY_PROMPTS[language] if heard.figures(prompt, language) not in said]
    words = (
        (*_NUMERALS, "，", "。") if language == "zh" else (*sorted(_en_number_words()), *"0123456789", "and", *",.-")
    )
    return Grammar(words, (*prompts, ""))


def is_number(text: str, number: str, language: Language) -> bool:
    """Tell whether ``text`` begins with this very number."""
    said = heard.numbers(number, language)
    return heard.numbers(text, language)[: len(said)] == said
