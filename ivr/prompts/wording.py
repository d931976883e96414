"""Typed values as words: the grammar of the hotline's numbers, dates and money, in Mandarin and English.

Pure. No engine ever sees a digit, because each has its own idea of how to read one; what is spoken is decided here.
A value comes as a row of phrases (:func:`phrases`); joined they are its words (:func:`say`), and each alone can be
rendered ahead, for the day on which the whole can't be rendered in time.

Where the Mandarin rules come from: 吕叔湘《现代汉语八百词》, under 二 and 两: 两 leads a quantity before 千, 万 and a
measure (两千, 两元), 二 stands before 十, wherever it doesn't lead (两元二角) and before 百, which takes both.
GB/T 15835-2011: a year is read digit by digit. In telephone numbers 1 is 幺, since 一 and 七 are confused on a line.
"""

import hashlib
import re
import unicodedata
from calendar import monthrange
from collections.abc import Sequence
from functools import cache
from itertools import islice, pairwise

from cti.domain.events import Language
from ivr.ports import (
    AccountDigits,
    Count,
    Date,
    Day,
    Digits,
    Duration,
    Measure,
    Money,
    Month,
    Phone,
    Time,
    Value,
    Words,
)
from ivr.prompts.errors import UnsayableError

MOST_FEN = 9_999_999_999
"""The largest amount that can be said, one fen under a hundred million yuan."""

MOST_MINUTES = 99 * 24 * 60
MOST_PHONE_DIGITS = 15
"""E.164."""

_LEAP_YEAR = 2024
_GROUP = 4
_NUMBER = re.compile(r"[0-9]+")


def say(value: Value, language: Language) -> str:
    """Return the words for ``value``. Raises :class:`UnsayableError` for what is no such value."""
    words = phrases(value, language)
    return "".join(words) if language == "zh" else " ".join(words)


def phrases(value: Value, language: Language) -> tuple[str, ...]:
    """Return the words for ``value`` as the few phrases they consist of."""
    chinese = language == "zh"
    match value:
        case Money(fen):
            _check(0 <= fen <= MOST_FEN, "an amount")
            return _zh_money(fen) if chinese else _en_money(fen)
        case Month(year, month):
            _check(2000 <= year <= 2099 and 1 <= month <= 12, "a month")
            return _zh_month(year, month) if chinese else _en_month(year, month)
        case Day(month, day):
            _check(1 <= month <= 12 and 1 <= day <= monthrange(_LEAP_YEAR, month)[1], "a day")
            return _zh_day(month, day) if chinese else _en_day(month, day)
        case Digits(digits):
            _check(digits.isascii() and digits.isdigit(), "a string of digits")
            return _zh_digits(digits) if chinese else _en_digits(digits)
        case Count(number):
            _check(0 <= number <= MOST_FEN // 100, "a count")
            return (_zh_sections(number) if number else ("零",)) if chinese else _en_number(number)
        case Date(year, month, day):
            _check(2000 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1], "a date")
            return _zh_date(year, month, day) if chinese else _en_date(year, month, day)
        case Duration(minutes):
            _check(0 <= minutes <= MOST_MINUTES, "a duration")
            return _zh_duration(minutes) if chinese else _en_duration(minutes)
        case Phone(number):
            digits = number.removeprefix("+")
            _check(digits.isascii() and digits.isdigit() and len(digits) <= MOST_PHONE_DIGITS, "a phone number")
            spelt = _zh_spelt(digits, _ZH_PHONE) if chinese else _en_spelt(digits)
            return _grouped(spelt, phone_groups(digits), chinese)
        case AccountDigits(digits):
            _check(digits.isascii() and digits.isdigit(), "an account number")
            return _zh_digits(digits) if chinese else _en_digits(digits)
        case Time(hour, minute):
            _check(0 <= hour <= 23 and 0 <= minute <= 59, "a time of day")
            return _zh_time(hour, minute) if chinese else _en_time(hour, minute)
        case Words(zh, en):
            text = zh if chinese else en
            _check(bool(text.strip()) and not any(letter.isdigit() for letter in text), "words")
            return (text,)
        case Measure(hundredths):
            _check(0 <= hundredths <= MOST_FEN, "a figure")
            return _zh_measured(hundredths) if chinese else _en_measured(hundredths)


def pieces(value: Value, language: Language) -> tuple[str, ...]:
    """Return the words for ``value`` in as few different pieces as can be rendered ahead: digits one by one."""
    if isinstance(value, Digits | AccountDigits | Phone):
        say(value, language)
        digits = value.number.removeprefix("+") if isinstance(value, Phone) else value.digits
        if language == "en":
            return _en_spelt(digits)
        return _zh_spelt(digits)
    return phrases(value, language)


def digit_groups(value: Digits | AccountDigits | Phone) -> tuple[Value, ...]:
    """Return somebody's digits in groups of four at most, as they are read back."""
    if isinstance(value, Phone):
        taken = iter(value.number.removeprefix("+"))
        sizes = phone_groups(value.number.removeprefix("+"))
        return tuple(Phone("".join(islice(taken, size))) for size in sizes)
    starts = range(0, len(value.digits), _GROUP)
    return tuple(Digits(value.digits[start : start + _GROUP]) for start in starts)


def suffix(value: Value) -> str:
    """Return what ``value`` adds to the id of a clip that says it: ``8640``, ``2026-10``, ``11-25``."""
    match value:
        case Money(fen):
            return str(fen)
        case Month(year, month):
            return f"{year:04d}-{month:02d}"
        case Day(month, day):
            return f"{month:02d}-{day:02d}"
        case Digits(digits):
            return digits
        case Count(number):
            return str(number)
        case Date(year, month, day):
            return f"{year:04d}-{month:02d}-{day:02d}"
        case Duration(minutes):
            return f"{minutes}m"
        case Phone(number):
            return number.removeprefix("+")
        case AccountDigits(digits):
            return digits
        case Time(hour, minute):
            return f"{hour:02d}{minute:02d}"
        case Words(zh, en):
            return hashlib.sha256(f"{zh}\n{en}".encode()).hexdigest()[:16]
        case Measure(hundredths):
            return str(hundredths)


def spelt_out(text: str, language: Language) -> str:
    """Return ``text`` with its numbers as words: "28号" as 二十八号, "Road 28" as "Road twenty-eight"."""
    return _NUMBER.sub(lambda found: _number_in_text(found[0], language), unicodedata.normalize("NFKC", text))


def _number_in_text(digits: str, language: Language) -> str:
    """Return a number as words; one that is longer than a house's, or begins with 0, digit by digit."""
    if len(digits) > _GROUP or (len(digits) > 1 and digits.startswith("0")):
        return "".join(_zh_spelt(digits, _ZH_PHONE)) if language == "zh" else " ".join(_en_spelt(digits))
    words = _zh_count(int(digits)) if language == "zh" else " ".join(_en_number(int(digits)))
    return "二" if words == "两" else words


def phone_groups(digits: str) -> tuple[int, ...]:
    """Return how many digits of a phone number are said in one breath: 3-4-4 for a mobile, fours from the end else."""
    if len(digits) == 11 and digits.startswith("1"):
        return (3, 4, 4)
    head = len(digits) % _GROUP
    return (*((head,) if head else ()), *(_GROUP for _ in range(len(digits) // _GROUP)))


def _grouped(words: Sequence[str], groups: tuple[int, ...], chinese: bool) -> tuple[str, ...]:
    taken = iter(words)
    said = [("" if chinese else " ").join(islice(taken, size)) for size in groups]
    return (*(group + ("，" if chinese else ",") for group in said[:-1]), said[-1])


def _check(sayable: bool, kind: str) -> None:
    if not sayable:
        raise UnsayableError(kind)


# ------------------------------------------------------------------ Mandarin

_ZH = "零一二三四五六七八九"
_ZH_PHONE = "零幺二三四五六七八九"
"""How the digits of a telephone number are said, lest one be taken for seven. Others have 一: the engine's 幺 was
understood less often (docs/speech.md)."""


def _zh_money(fen: int) -> tuple[str, ...]:
    yuan, rest = divmod(fen, 100)
    small = _zh_jiao_fen(rest, leads=yuan == 0)
    if yuan == 0:
        return small or ("零元",)
    return _zh_yuan(yuan) + small


@cache
def _zh_yuan(yuan: int) -> tuple[str, ...]:
    *head, last = _zh_sections(yuan)
    return (*head, last + "元")


@cache
def _zh_jiao_fen(rest: int, *, leads: bool) -> tuple[str, ...]:
    """Return jiao and fen as one phrase; a fen right after yuan is announced by 零."""
    jiao, fen = divmod(rest, 10)
    if jiao:
        words = _zh_measure(jiao, "角", leads=leads) + (_zh_measure(fen, "分", leads=False) if fen else "")
        return (words,)
    if fen:
        return (_zh_measure(fen, "分", leads=leads) if leads else "零" + _zh_measure(fen, "分", leads=False),)
    return ()


def _zh_measure(digit: int, measure: str, *, leads: bool) -> str:
    return ("两" if leads and digit == 2 else _ZH[digit]) + measure


def _zh_sections(number: int, *, leads: bool = True) -> tuple[str, ...]:
    """Return ``number`` (from 1) as phrases: [ten thousands] [thousands] [hundreds] [the rest]."""
    myriads, below = divmod(number, 10_000)
    if not myriads:
        return _zh_four(below, leads=leads)
    upper = "".join(_zh_four(myriads, leads=leads)) + "万"
    if not below:
        return (upper,)
    lower = _zh_four(below, leads=False)
    return (upper, *(_with_zero(lower) if below < 1000 else lower))


@cache
def _zh_four(number: int, *, leads: bool) -> tuple[str, ...]:
    thousands, below = divmod(number, 1000)
    hundreds, rest = divmod(below, 100)
    words: list[str] = []
    if thousands:
        words.append(("两" if leads and thousands == 2 else _ZH[thousands]) + "千")
    if hundreds:
        words.append(_ZH[hundreds] + "百")
    if rest:
        gap = bool(words) and (not hundreds or rest < 10)
        tail = (_zh_rest(rest, leads=leads and not words),)
        words.extend(_with_zero(tail) if gap else tail)
    return tuple(words)


def _with_zero(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("零" + words[0], *words[1:])


def _zh_rest(rest: int, *, leads: bool) -> str:
    """Return 1 to 99: 十六 when it leads, 一十六 after hundreds; 两 alone."""
    tens, ones = divmod(rest, 10)
    if not tens:
        return "两" if leads and ones == 2 else _ZH[ones]
    ten = "十" if leads and tens == 1 else _ZH[tens] + "十"
    return ten + (_ZH[ones] if ones else "")


def _zh_count(number: int) -> str:
    return "".join(_zh_sections(number)) if number else "零"


def _zh_month(year: int, month: int) -> tuple[str, ...]:
    return ("".join(_ZH[int(digit)] for digit in str(year)) + "年", _zh_ordinal(month) + "月")


def _zh_day(month: int, day: int) -> tuple[str, ...]:
    return (_zh_ordinal(month) + "月", _zh_ordinal(day) + "日")


def _zh_ordinal(number: int) -> str:
    """Return 1 to 99 as a rank: always 二, never 两."""
    return "二" if number == 2 else _zh_rest(number, leads=True)


def _zh_date(year: int, month: int, day: int) -> tuple[str, ...]:
    return (_zh_month(year, month)[0], *_zh_day(month, day))


def _zh_duration(minutes: int) -> tuple[str, ...]:
    """Return days, hours and minutes; 两, not 二, before each measure: 两天两小时两分钟."""
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "天"), (hours, "小时"), (rest, "分钟"))
    return tuple(_zh_count(number) + measure for number, measure in parts if number) or ("零分钟",)


def _zh_measured(hundredths: int) -> tuple[str, ...]:
    """Return 零点三五, 七点二, 一百二十: no 两, which no figure with a point has."""
    whole, decimals = divmod(hundredths, 100)
    words = "".join(_zh_sections(whole, leads=False)) if whole else "零"
    spelt = "".join(_ZH[int(digit)] for digit in f"{decimals:02d}".rstrip("0"))
    return (f"{words}点{spelt}" if spelt else words,)


def _zh_spelt(digits: str, names: str = _ZH) -> tuple[str, ...]:
    return tuple(names[int(digit)] for digit in digits)


def _zh_digits(digits: str) -> tuple[str, ...]:
    spelt = "".join(_zh_spelt(digits))
    groups = [spelt[start : start + _GROUP] for start in range(0, len(spelt), _GROUP)]
    return (*(group + "，" for group in groups[:-1]), groups[-1])


_ZH_PARTS_OF_DAY = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
"""Until which hour each part of the day lasts: what people say before a time on a twelve-hour clock."""


def _zh_time(hour: int, minute: int) -> tuple[str, ...]:
    """Return 下午两点三十分: an hour alone needs no minutes, a minute under ten a 零."""
    part = next(name for until, name in _ZH_PARTS_OF_DAY if hour < until)
    words = part + (_zh_rest(hour % 12 or 12, leads=True) if hour else "零") + "点"
    if not minute:
        return (words,)
    return (words, ("零" if minute < 10 else "") + _zh_ordinal(minute) + "分")


# ------------------------------------------------------------------ English

_EN_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_EN_RANKS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _en_money(fen: int) -> tuple[str, ...]:
    """Return yuan, and what follows as after dollars. Never "fen", which is heard as yuan: "zero yuan oh five"."""
    yuan, rest = divmod(fen, 100)
    return _en_yuan(yuan) + _en_cents(rest)


@cache
def _en_yuan(yuan: int) -> tuple[str, ...]:
    """Return the words for whole yuan, with a pause in "nine hundred and eight, yuan": without it 980 is heard."""
    *head, last = _en_number(yuan)
    pause = "," if head[-1:] == ["and"] and yuan % 100 < 10 else ""
    return (*head, f"{last}{pause} yuan")


@cache
def _en_cents(rest: int) -> tuple[str, ...]:
    if not rest:
        return ()
    return (f"oh {_EN_SMALL[rest]}",) if rest < 10 else (_en_under_100(rest),)


@cache
def _en_number(number: int) -> tuple[str, ...]:
    """Return ``number`` as phrases, with "and" for an empty place: "three thousand five" is heard as three thousand."""
    if not number:
        return ("zero",)
    words: list[str] = []
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        count, number = divmod(number, size)
        if count:
            words.append(f"{' '.join(_en_number(count))} {name}")
    if number:
        gap = words and (number < 10 or not words[-1].endswith("hundred"))
        words += ["and"] if gap else []
        words.append(_en_under_100(number))
    return tuple(words)


def _en_under_100(number: int) -> str:
    if number < len(_EN_SMALL):
        return _EN_SMALL[number]
    tens, ones = divmod(number, 10)
    return f"{_EN_TENS[tens]}-{_EN_SMALL[ones]}" if ones else _EN_TENS[tens]


def _en_month(year: int, month: int) -> tuple[str, ...]:
    """Return "October," "two thousand twenty-six": "October 2026" is heard as the twentieth of October."""
    century = f"{_EN_SMALL[year // 1000]} thousand"
    return (f"{_EN_MONTHS[month]},", f"{century} {_en_under_100(year % 100)}" if year % 100 else century)


def _en_day(month: int, day: int) -> tuple[str, ...]:
    head, dash, last = _en_under_100(day).rpartition("-")
    rank = _EN_RANKS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return (_EN_MONTHS[month], head + dash + rank)


def _en_time(hour: int, minute: int) -> tuple[str, ...]:
    """Return "two thirty in the afternoon": "p.m." is lost on a telephone line."""
    if (hour, minute) in _EN_NAMED_TIMES:
        return (_EN_NAMED_TIMES[hour, minute],)
    part = "at night" if hour < 6 or hour >= 21 else next(name for until, name in _EN_PARTS_OF_DAY if hour < until)
    words = _EN_SMALL[hour % 12 or 12]
    if not minute:
        return (f"{words} o'clock", part)
    return (words, f"oh {_EN_SMALL[minute]}" if minute < 10 else _en_under_100(minute), part)


_EN_NAMED_TIMES = {(0, 0): "midnight", (12, 0): "noon"}
_EN_PARTS_OF_DAY = ((12, "in the morning"), (18, "in the afternoon"), (24, "in the evening"))


def _en_digits(digits: str) -> tuple[str, ...]:
    words = [_EN_SMALL[int(digit)] for digit in digits]
    starts = [*range(0, len(words), _GROUP), len(words)]
    groups = [" ".join(words[start:end]) for start, end in pairwise(starts)]
    return (*(group + "," for group in groups[:-1]), groups[-1])


def _en_date(year: int, month: int, day: int) -> tuple[str, ...]:
    name, rank = _en_day(month, day)
    return (name, rank + ",", _en_month(year, month)[1])


def _en_duration(minutes: int) -> tuple[str, ...]:
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "day"), (hours, "hour"), (rest, "minute"))
    said = (" ".join(_en_number(number)) + f" {unit}{'s' * (number != 1)}" for number, unit in parts if number)
    return tuple(said) or ("zero minutes",)


def _en_measured(hundredths: int) -> tuple[str, ...]:
    whole, decimals = divmod(hundredths, 100)
    words = " ".join(_en_number(whole))
    spelt = " ".join(_EN_SMALL[int(digit)] for digit in f"{decimals:02d}".rstrip("0"))
    return (f"{words} point {spelt}" if spelt else words,)


def _en_spelt(digits: str) -> tuple[str, ...]:
    return tuple(_EN_SMALL[int(digit)] for digit in digits)
