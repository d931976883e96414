"""An independent reader of spoken numbers, money, dates and digits, Mandarin and English: words in, values out.

Shares nothing with the grammar it checks. Lenient about what a recogniser may write (86.4元, 86 yuan 40, 二 for 两).
"""

import re
from functools import lru_cache

ZH_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "幺": 1}
ZH_UNITS = {"十": 10, "百": 100, "千": 1000}
EN_WORDS = {
    "zero": 0, "oh": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
EN_DIGITS = tuple(word for word, value in EN_WORDS.items() if value < 10 and word != "oh")
EN_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
EN_RANKS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
EN_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip


@lru_cache(maxsize=100_000)
def zh_number(words: str) -> int:
    """Read a Mandarin numeral up to 亿, or arabic digits."""
    if re.fullmatch(r"[0-9]+", words):
        return int(words)
    total = section = digit = 0
    for character in words:
        if character in ZH_DIGITS:
            digit = ZH_DIGITS[character]
        elif character in ZH_UNITS:
            section += (digit or 1) * ZH_UNITS[character]
            digit = 0
        elif character == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            raise ValueError(words)
    return total + section + digit


@lru_cache(maxsize=1000)
def zh_small(words: str) -> int:
    """Read what follows the yuan: 四角五分, 零五分, 四角, 五分."""
    match = re.fullmatch(r"(?:(.+)角)?(?:零?(.+)分)?", words)
    if not match:
        raise ValueError(words)
    jiao, fen = match.groups()
    return 10 * zh_number(jiao or "零") + zh_number(fen or "零")


def zh_fen(words: str) -> int:
    """Read an amount of money in Mandarin, in fen."""
    yuan, mark, small = words.rpartition("元")
    if mark and re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", yuan):
        whole, _, decimals = yuan.partition(".")
        return int(whole) * 100 + (int(f"{decimals:0<2}") if decimals else 0) + zh_small(small)
    if "点" in yuan:
        whole, _, decimals = yuan.partition("点")
        return zh_number(whole) * 100 + int("".join(str(ZH_DIGITS[c]) for c in decimals).ljust(2, "0"))
    return (zh_number(yuan) * 100 if mark else 0) + zh_small(small)


@lru_cache(maxsize=100_000)
def en_number(words: str) -> int:
    """Read an English cardinal, or arabic digits."""
    if re.fullmatch(r"[0-9,]+( and [0-9]+)?", words):
        return sum(int(part.replace(",", "")) for part in words.split(" and "))
    total = section = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            section *= 100
        elif word in EN_SCALES:
            total, section = total + section * EN_SCALES[word], 0
        elif word.isdigit():
            section += int(word)
        elif word != "and":
            section += EN_WORDS[word]
    return total + section


def en_fen(words: str) -> int:
    """Read an amount of money in English, in fen."""
    words = words.strip().replace(", yuan", " yuan")
    if words.endswith(" fen"):
        return en_number(words.removesuffix(" fen"))
    yuan, mark, small = words.partition(" yuan")
    if not mark:
        raise ValueError(words)
    small = small.replace(" and", "").replace(" fen", "").strip()
    if re.fullmatch(r"[0-9,]+\.[0-9]{1,2}", yuan):
        whole, _, decimals = yuan.partition(".")
        return en_number(whole) * 100 + int(f"{decimals:0<2}")
    if " point " in yuan:
        whole, _, decimals = yuan.partition(" point ")
        return en_number(whole) * 100 + int("".join(str(EN_WORDS[word]) for word in decimals.split()).ljust(2, "0"))
    return en_number(yuan) * 100 + (en_number(small) if small else 0)


def zh_day(words: str) -> tuple[int, int]:
    """Read 十一月二十五日 as (11, 25)."""
    month, day = re.fullmatch(r"(.+)月(.+)[日号]", words).groups()  # type: ignore[union-attr]
    return zh_number(month), zh_number(day)


def zh_month(words: str) -> tuple[int, int]:
    """Read 二零二六年十月 as (2026, 10)."""
    year, month = re.fullmatch(r"(.+)年(.+)月", words).groups()  # type: ignore[union-attr]
    digits = year if year.isascii() else "".join(str(ZH_DIGITS[character]) for character in year)
    return int(digits), zh_number(month)


def zh_time(words: str) -> tuple[int, int]:
    """Read 下午两点三十分 as 14, 30."""
    part, rest = words[:2], words[2:]
    hour_words, _, minute_words = rest.partition("点")
    hour = zh_number(hour_words.replace("两", "二"))
    minute = zh_number(minute_words.removesuffix("分").removeprefix("零")) if minute_words else 0
    later = part in ("下午", "晚上") or (part == "中午" and hour != 12)
    return (hour % 12 + (12 if later or part == "中午" else 0), minute)


def en_time(words: str) -> tuple[int, int]:
    """Read "two thirty in the afternoon" as 14, 30."""
    if words in ("noon", "midnight"):
        return (12 if words == "noon" else 0, 0)
    said, part = re.split(r" (?=in the|at night)", words)
    hour_words, _, minute_words = said.partition(" ")
    hour = en_number(hour_words)
    minute = 0 if minute_words == "o'clock" else en_number(minute_words.removeprefix("oh "))
    late = part in ("in the afternoon", "in the evening") or (part == "at night" and 9 <= hour < 12)
    return (hour % 12 + (12 if late else 0), minute)


def en_rank(words: str) -> int:
    """Read twenty-fifth, 25th."""
    if match := re.fullmatch(r"([0-9]+)(st|nd|rd|th)?", words):
        return int(match[1])
    head, _, last = words.replace(" ", "-").rpartition("-")
    if last not in EN_RANKS:
        last = last.removesuffix("th")
        ones = EN_WORDS.get(last) or EN_WORDS[last.removesuffix("ie") + "y"]
    else:
        ones = EN_RANKS[last]
    return (EN_WORDS[head] if head else 0) + ones


def en_day(words: str) -> tuple[int, int]:
    """Read November twenty-fifth as (11, 25)."""
    month, _, day = words.lower().partition(" ")
    return EN_MONTHS[month], en_rank(day)


def en_month(words: str) -> tuple[int, int]:
    """Read October, two thousand twenty-six as (2026, 10)."""
    month, _, year = words.lower().partition(", ")
    return en_number(year), EN_MONTHS[month]


def zh_digits(words: str) -> str:
    """Read a spelt string of digits."""
    return "".join(str(ZH_DIGITS[character]) for character in words if character in ZH_DIGITS)


def en_digits(words: str) -> str:
    """Read a spelt string of digits."""
    return "".join(str(EN_WORDS[word]) for word in re.findall(r"[a-z]+", words))
