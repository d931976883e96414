"""What somebody wrote down who listened: the values in a text, and whether it tells what was said.

Pure. Lenient about what a recogniser may write (86.4元, 86 yuan 40, 二 for 两). Of words with a value the value is
compared, of others how alike they sound and which figures they have.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Any

from cti.domain.events import Language
from ivr.prompts import numerals

LEAST_LIKE = 0.6
_EN_NAMES: dict[int | None, str] = {value: word for word, value in numerals.EN_WORDS.items()}
_ZH_DIGITS = "零一二三四五六七八九"
_TRADITIONAL = str.maketrans("萬兩圓號費請為額帳戶點塊毛", "万两元号费请为额账户点元角")
_ZH_NUMERALS = "零〇一二三四五六七八九十百千万两幺"
_ZH = "零〇一二三四五六七八九十百千万两0-9"
_ZH_MONEY = re.compile(rf"([{_ZH}点.]+)元(?:([{_ZH}]+)角)?(?:零?([{_ZH}]+)分)?")
_ZH_SMALL = re.compile(rf"(?<![{_ZH}元])(?:([{_ZH}]+)角)(?:([{_ZH}]+)分)?|(?<![{_ZH}元角点])([{_ZH}]+)分(?!钟)")
_EN_WORD = "|".join(sorted([*numerals.EN_WORDS, *numerals.EN_SCALES, "and", "point"], key=len, reverse=True))
_EN_NUMBER = rf"(?:(?:{_EN_WORD})\b[ -]?)+|[0-9][0-9,]*(?:\.[0-9]+)?(?:,? and [0-9]{{1,2}})?"
_EN_MONEY = re.compile(rf"\b({_EN_NUMBER}),?\s*yuan(?:,?\s+(?:and\s+)?({_EN_NUMBER}))?", re.IGNORECASE)
_EN_FEN = re.compile(rf"\b({_EN_NUMBER})\s*fen\b", re.IGNORECASE)


def values(text: str, language: Language) -> tuple[list[int], list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the amounts, days and months in ``text``; what can't be read is no value."""
    found: list[list[Any]] = []
    for read in (amounts, days, months):
        try:
            found.append(list(read(text, language)))
        except (KeyError, ValueError):
            found.append([])
    return found[0], found[1], found[2]


def disagrees(said: str, heard: str, language: Language) -> bool:
    """Tell whether other values were ``heard`` than were ``said``; words without values never disagree.

    Of a short clip the recogniser may write the same thing over and over: a value that is repeated is one value.
    """
    expected = values(said, language)
    return any(expected) and _once(values(heard, language)) != _once(expected)


def _once(found: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [[value for value, _ in groupby(kind)] for kind in found]


def misheard(said: str, heard: str, language: Language) -> bool:
    """Tell whether something else was ``heard`` than was ``said``: another value, other figures, or other words.

    Amounts, days and months are compared as such. Where there are none, every figure must be the same and nearly half
    of the words may be others: the recogniser writes names and rare words as it likes, but finds nothing alike in a
    clip that is garbled, cut off, empty, or another one.
    """
    if any(values(said, language)):
        return disagrees(said, heard, language)
    if likeness(said, heard, language) < LEAST_LIKE:
        return True
    return figures(said, language) != figures(_settled(said, heard) if language == "zh" else heard, language)


def _settled(said: str, heard: str) -> str:
    """Return what was ``heard`` with those homophones that stand where a numeral was ``said`` as that numeral.

    A recogniser may write 请按议 for 请按一: it heard all there is to hear.
    """
    written = list(_digits_as_words(heard))
    one, other = (_syllables(text) for text in (_digits_as_words(said), "".join(written)))
    matcher = SequenceMatcher(None, [sound for _, sound in one], [sound for _, sound in other], autojunk=False)
    for start, place, size in matcher.get_matching_blocks():
        for (at, _), (where, _) in zip(one[start : start + size], other[place : place + size], strict=True):
            if _digits_as_words(said)[at] in _ZH_NUMERALS:
                written[where] = _digits_as_words(said)[at]
    return "".join(written)


def _digits_as_words(text: str) -> str:
    return re.sub(r"[0-9]", lambda digit: _ZH_DIGITS[int(digit[0])], text.translate(_TRADITIONAL))


def _syllables(text: str) -> list[tuple[int, str]]:
    """Return the syllable of each character that has one, without its tone, and where it stands."""
    import pypinyin

    spoken = [pypinyin.lazy_pinyin(character)[0] for character in text]
    return [(at, sound) for at, sound in enumerate(spoken) if re.fullmatch(r"[a-zü]+", sound)]


def figures(text: str, language: Language) -> str:
    """Return the figures of all numbers in ``text``: "230" of 两点三十分, of "two thirty" and of "2:30"."""
    return "".join(numbers(text, language))


def numbers(text: str, language: Language) -> list[str]:
    """Return each number in ``text`` in figures; digits said one by one stay so: "0305" of 零三零五."""
    if language == "zh":
        return [_zh_figures(found[0]) for found in re.finditer(rf"[0-9]+|[{_ZH_NUMERALS}]+", _plain(text))]
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text.lower())
    return list(_en_numbers(re.findall(r"[0-9]+|[a-z]+", plain)))


def _zh_figures(numeral: str) -> str:
    if numeral.isascii():
        return numeral
    spelt = not any(character in numerals.ZH_UNITS or character == "万" for character in numeral)
    return numerals.zh_digits(numeral) if spelt else str(numerals.zh_number(numeral))


def _en_numbers(words: Sequence[str]) -> Iterator[str]:
    """Yield the numbers among ``words``: two of "two thirty", one of "two hundred and thirty-second"."""
    number: list[str] = []
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        name = word if word in numerals.EN_SCALES else _EN_NAMES.get(_en_value(word), "")
        if word == "and" and number and number[-1] in numerals.EN_SCALES and _en_value(after):
            continue
        if number and not _goes_on(number[-1], name):
            yield str(numerals.en_number(" ".join(number)))
            number = []
        if word.isdigit():
            yield word
        elif name and (number or name not in numerals.EN_SCALES):
            number.append(name)
    if number:
        yield str(numerals.en_number(" ".join(number)))


def _goes_on(last: str, name: str) -> bool:
    """Tell whether a number that has come to ``last`` goes on with ``name``: with a lesser one, or with a scale."""
    if name in numerals.EN_SCALES:
        return True
    value = numerals.EN_WORDS.get(name, 0)
    return value > 0 and (last in numerals.EN_SCALES or (numerals.EN_WORDS[last] >= 20 and value < 10))


def _en_value(word: str) -> int | None:
    """Return what a cardinal or an ordinal stands for."""
    if word in numerals.EN_WORDS:
        return numerals.EN_WORDS[word]
    try:
        return None if word.isdigit() else numerals.en_rank(word)
    except KeyError:
        return None


def likeness(said: str, heard: str, language: Language) -> float:
    """Return how much of one is in the other, 0 to 1: syllables without tones in Mandarin, letters in English."""
    one, other = (_sounds(text, language) for text in (said, heard))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _sounds(text: str, language: Language) -> list[str]:
    if language == "en":
        written_out = re.sub(r"[0-9]", lambda digit: f" {numerals.EN_DIGITS[int(digit[0])]} ", text.lower())
        return re.findall(r"[a-z]", written_out)
    import pypinyin

    return [sound for sound in pypinyin.lazy_pinyin(_digits_as_words(text)) if re.fullmatch(r"[a-zü]+", sound)]


def amounts(text: str, language: Language) -> list[int]:
    """Return the amounts of money in ``text``, in fen."""
    return _zh_amounts(text) if language == "zh" else _en_amounts(text)


def days(text: str, language: Language) -> list[tuple[int, int]]:
    """Return the days (month, day) in ``text``."""
    if language == "zh":
        plain = _plain(text)
        return [numerals.zh_day(found[0]) for found in re.finditer(rf"[{_ZH}]+月[{_ZH}]+[日号]", plain)]
    names = "|".join(numerals.EN_MONTHS)
    found = re.finditer(
        rf"({names}),?\s+(?!two thousand)([0-9]{{1,2}}(?:st|nd|rd|th)?\b|[a-z]+(?:[- ][a-z]+)?)", text.lower()
    )
    return [value for match in found if (value := _en_day(match[1], match[2])) is not None]


def months(text: str, language: Language) -> list[tuple[int, int]]:
    """Return the months (year, month) in ``text``."""
    if language == "zh":
        return [numerals.zh_month(found[0]) for found in re.finditer(rf"[{_ZH}]{{4}}年[{_ZH}]+月", _plain(text))]
    names = "|".join(numerals.EN_MONTHS)
    found = re.finditer(rf"({names}),? (20[0-9][0-9]|two thousand(?: and)? [a-z-]+)", text.lower())
    return [(numerals.en_number(match[2]), numerals.EN_MONTHS[match[1]]) for match in found]


def _plain(text: str) -> str:
    return re.sub(r"[\s,](?=[0-9零一二三四五六七八九])|(?<=[0-9])[\s,]", "", text.translate(_TRADITIONAL))


def _zh_amounts(text: str) -> list[int]:
    plain = _plain(text)
    found = [(match.start(), _zh_value(*match.groups())) for match in _ZH_MONEY.finditer(plain)]
    for match in _ZH_SMALL.finditer(_ZH_MONEY.sub(lambda whole: "元" * len(whole[0]), plain)):
        jiao, fen, only_fen = match.groups()
        found.append((match.start(), _zh_value("零", jiao, fen or only_fen)))
    return [value for _, value in sorted(found)]


def _zh_value(yuan: str, jiao: str | None, fen: str | None) -> int:
    return numerals.zh_fen(f"{yuan}元") + 10 * numerals.zh_number(jiao or "零") + numerals.zh_number(fen or "零")


def _en_amounts(text: str) -> list[int]:
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text.lower())
    plain = re.sub(r"(?<=yuan )0\.(?=[0-9]\b)", "0", plain)  # "thirty yuan oh five"; nobody says "point" here
    found = []
    for match in _EN_MONEY.finditer(plain):
        small = (match[2] or "").replace("fen", "").strip(" -")
        found.append(numerals.en_fen(f"{match[1].strip(' -')} yuan {small}".strip()))
    rest = _EN_MONEY.sub("", plain)
    return found + [numerals.en_number(match[1].strip(" -")) for match in _EN_FEN.finditer(rest)]


def _en_day(month: str, day: str) -> tuple[int, int] | None:
    for words in (day, day.split(" ")[0]):
        try:
            return numerals.EN_MONTHS[month], numerals.en_rank(words)
        except KeyError:
            continue
    return None
