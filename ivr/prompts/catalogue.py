"""The catalogue of prompts: which clips a sentence consists of, and the words of each.

Reads and checks ``catalogue.toml``; pure apart from reading that one file. Clip ids are the same in both languages.
"""

import hashlib
import re
import tomllib
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, Final, Literal, get_args

from cti.domain.events import Language
from ivr.ports import KINDS, AccountDigits, Count, Day, Digits, Money, Month, Phone, Value
from ivr.prompts.errors import CatalogueError, UnsayableError
from ivr.prompts.wording import digit_groups, pieces, say, suffix

LANGUAGES: tuple[Language, ...] = get_args(Language)

SLOW_PACE: Final = 0.8
"""How fast a sentence is said to somebody who asked to hear it again, of the usual pace."""

PERSONAL: Final = frozenset({"digits", "account", "phone"})
"""Kinds whose words spell somebody's digits."""

_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_LEAP_YEAR = 2024
_MARKS = " ,.，。"
_COMMA: Final[Mapping[Language, str]] = {"zh": "，", "en": ","}
_PART = "part."

DUE = "due"
"""The clip that tells when a bill is due: on few days of a month, which are rendered whole."""
MOST_COUNTED = 1000
"""Counts below this can be said in pieces: days, months, cubic metres."""


Manner = Literal["clause", "piece", "digits"]
"""How a clip is to be listened to."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clause to be spoken. ``spare`` are the clips that say the same in pieces, if need be.

    ``personal`` means that the words spell somebody's digits, so they are written down nowhere. ``pace`` is how fast
    it is said, of the usual; another pace is another clip.
    """

    id: str
    language: Language
    text: str
    spare: tuple["Clip", ...] = ()
    personal: bool = False
    pace: float = 1.0

    @property
    def manner(self) -> Manner:
        """How a recogniser is to listen to it."""
        if self.personal:
            return "digits"
        return "piece" if self.id.startswith(_PART) else "clause"

    @property
    def is_only_way(self) -> bool:
        """Whether nothing else can say the same: it has no pieces, is none, and is no slow form of something."""
        return self.manner == "clause" and not self.spare and self.pace == 1.0

    def slowed(self) -> "Clip":
        """Return the same words said slowly."""
        return replace(self, id=f"{self.id}.slow", pace=SLOW_PACE, spare=())

    @property
    def pause_ms(self) -> int:
        """How long to be silent after it, when another follows."""
        return 280 if self.text.endswith(("。", ".")) else 200


@dataclass(frozen=True, slots=True)
class Template:
    """One clause of a prompt, with at most one slot. ``source`` is the prompt's slot that fills it."""

    id: str
    text: str
    slot: str | None = None
    kind: str | None = None
    source: str | None = None

    @property
    def around(self) -> tuple[str, str]:
        """The fixed words before and after the slot."""
        before, _, rest = self.text.partition("{")
        return before, rest.partition("}")[2]

    def clip(self, values: Mapping[str, Value], language: Language) -> Clip:
        """Return the clip for the prompt's ``values``."""
        if self.source is None or self.kind is None:
            return Clip(self.id, language, self.text)
        value = values.get(self.source)
        if not isinstance(value, KINDS[self.kind]):
            raise UnsayableError(f"{self.id} needs a {self.kind} in {self.source}")
        before, after = self.around
        text = before + say(value, language) + after
        spare = tuple(_spare(before, value, after, language))
        return Clip(f"{self.id}.{suffix(value)}", language, text, spare)

    def clips(self, values: Mapping[str, Value], language: Language) -> Iterator[Clip]:
        """Yield the clips for the prompt's ``values``: one, but for somebody's digits one for each group of them.

        Eight digits in one clause run together; each four as a clause of their own were understood best
        (docs/speech.md). There are only ten thousand of them, the same in every sentence.
        """
        value = values.get(self.source) if self.source else None
        if self.kind not in PERSONAL or not isinstance(value, Digits | AccountDigits | Phone):
            yield self.clip(values, language)
            return
        say(value, language)
        before, after = self._beside(language)
        yield from before
        for digits in digit_groups(value):
            text = say(digits, language) + _COMMA[language]
            spare = tuple(_spare("", digits, "", language))
            yield Clip(f"{self.id}.{suffix(digits)}", language, text, spare, personal=True)
        yield from after

    def fixed_clips(self, language: Language) -> tuple[Clip, ...]:
        """Return the clips that are the same whatever the values."""
        if self.source is None:
            return (self.clip({}, language),)
        before, after = self._beside(language) if self.kind in PERSONAL else ((), ())
        return (*before, *after)

    def _beside(self, language: Language) -> tuple[tuple[Clip, ...], tuple[Clip, ...]]:
        """Return the clips before and after somebody's digits: one or none each."""
        before, after = (words.strip(_MARKS) for words in self.around)
        comma = _COMMA[language]
        return (
            (Clip(f"{self.id}.before", language, before + comma),) if before else (),
            (Clip(f"{self.id}.after", language, after + comma),) if after else (),
        )


def _spare(before: str, value: Value, after: str, language: Language) -> Iterator[Clip]:
    """Yield the pieces of a clause."""
    return _parts((before, *pieces(value, language), after), language)


def _parts(texts: Iterable[str], language: Language) -> Iterator[Clip]:
    """Yield a clip for each piece of a clause; each ends like a clause, as an engine speaks it best that way."""
    for words in texts:
        stem = words.strip(_MARKS)
        if stem:
            yield Clip(f"{_PART}{stem}", language, stem + _COMMA[language])


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence: its slots by kind, its clauses by language."""

    id: str
    slots: Mapping[str, str]
    clauses: Mapping[Language, tuple[Template, ...]]


@dataclass(frozen=True, slots=True)
class Core:
    """What is rendered ahead besides the fixed texts."""

    months: tuple[Month, ...]
    due_days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All prompts. ``readings`` are words with their pinyin, ``digest`` names this very text of the catalogue."""

    prompts: Mapping[str, Prompt]
    core: Core
    readings: Mapping[str, str]
    digest: str

    def clips(self, prompt: str, values: Mapping[str, Value], language: Language) -> tuple[Clip, ...]:
        """Return the clips of a sentence. Raises ``KeyError`` for an unknown prompt."""
        return tuple(
            clip for clause in self.prompts[prompt].clauses[language] for clip in clause.clips(values, language)
        )

    def words(self, prompt: str, values: Mapping[str, Value], language: Language) -> str:
        """Return a sentence as it is written, however many clips say it."""
        clauses = (clause.clip(values, language).text for clause in self.prompts[prompt].clauses[language])
        return ("" if language == "zh" else " ").join(clauses)

    def taught(self, prompts: Mapping[str, Prompt]) -> "Catalogue":
        """Return this catalogue with ``prompts`` besides its own, such as those that flows write out."""
        return replace(self, prompts={**prompts, **self.prompts})

    def core_clips(self) -> dict[tuple[Language, str], Clip]:
        """Return every clip that ships with us, spare pieces included, by language and id, in speaking order."""
        clips = (clip for language in LANGUAGES for clip in self._core_clips(language))
        return {(clip.language, clip.id): clip for clip in clips}

    def _core_clips(self, language: Language) -> Iterator[Clip]:
        templates = {clause.id: clause for prompt in self.prompts.values() for clause in prompt.clauses[language]}
        for template in templates.values():
            if template.source is None:
                yield template.clip({}, language)
        for template in templates.values():
            if template.source is not None:
                yield from self._core_values(template, template.source, language)

    def _core_values(self, template: Template, source: str, language: Language) -> Iterator[Clip]:
        match template.kind:
            case "month":
                yield from (template.clip({source: month}, language) for month in self.core.months)
                spare = tuple(piece for month in self.core.months for piece in pieces(month, language))
            case "day":
                if template.id == DUE:
                    yield from (template.clip({source: day}, language) for day in self.core.due_days)
                spare = _all_pieces("day", language)
            case kind if kind in _EVERY:
                spare = _all_pieces(kind, language)
            case _:
                return
        before, after = template.around
        yield from _parts((before, *spare, after), language)


@cache
def _all_pieces(kind: str, language: Language) -> tuple[str, ...]:
    """Return every piece that values of a kind need, each once."""
    return tuple(dict.fromkeys(piece for value in _EVERY[kind]() for piece in pieces(value, language)))


def all_days() -> Iterator[Day]:
    """Yield the 366 days of a leap year."""
    for month in range(1, 13):
        for day in range(1, monthrange(_LEAP_YEAR, month)[1] + 1):
            yield Day(month, day)


def _amounts_of_all_phrases() -> Iterator[Money]:
    """Yield amounts that together need every phrase that one under 10,000 yuan can need."""
    for fen in range(100):
        yield Money(fen)
        yield Money(100 + fen)
    for yuan in range(10_000):
        yield Money(100 * yuan)


_EVERY: Mapping[str, Callable[[], Iterable[Value]]] = {
    "day": all_days,
    "money": _amounts_of_all_phrases,
    "count": lambda: map(Count, range(MOST_COUNTED)),
    "digits": lambda: map(Digits, "0123456789"),
}
"""All values of a kind of which the pieces are rendered ahead."""


@cache
def shipped() -> Catalogue:
    """Return the catalogue in this package."""
    return parse(resources.files("ivr.prompts").joinpath("catalogue.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Catalogue:
    """Return the catalogue written in ``text``. Raises :class:`CatalogueError` with every fault there is."""
    table = tomllib.loads(text)
    faults: list[str] = []
    clips = table.get("clips", {})
    prompts = {name: _prompt(name, entry, clips, faults) for name, entry in table.get("prompts", {}).items()}
    if faults:
        raise CatalogueError(faults)
    return Catalogue(
        prompts, _core(table["core"]), table.get("readings", {}), hashlib.sha256(text.encode()).hexdigest()
    )


def _prompt(name: str, entry: Mapping[str, Any], clips: Mapping[str, Any], faults: list[str]) -> Prompt:
    slots: dict[str, str] = entry.get("slots", {})
    if not _ID.fullmatch(name):
        faults.append(f"{name}: not an id")
    faults += [f"{name}: no kind {kind}" for kind in slots.values() if kind not in KINDS]
    clauses = {language: tuple(_clauses(name, entry, clips, language, faults)) for language in LANGUAGES}
    for language in LANGUAGES:
        if not clauses[language]:
            faults.append(f"{name}: nothing to say in {language}")
        used = {clause.source: clause.kind for clause in clauses[language] if clause.source}
        if used != slots:
            faults.append(f"{name}: slots {slots} but {language} fills {used}")
    return Prompt(name, slots, clauses)


def _clauses(
    name: str, entry: Mapping[str, Any], clips: Mapping[str, Any], language: Language, faults: list[str]
) -> Iterator[Template]:
    texts = entry.get(language, [])
    for number, text in enumerate(texts, start=1):
        yield template(name if len(texts) == 1 else f"{name}.{number}", text, {}, faults)
    for reference in entry.get("clips", []):
        renamed = {"clip": reference} if isinstance(reference, str) else dict(reference)
        clip = renamed.pop("clip")
        try:
            text = clips[clip][language]
        except KeyError:
            faults.append(f"{name}: no clip {clip} in {language}")
            continue
        yield template(clip, text, renamed, faults)


def template(name: str, text: str, renamed: Mapping[str, str], faults: list[str]) -> Template:
    """Return the clause written as ``text``; what is wrong with it goes to ``faults``."""
    try:
        return _template(name, text, renamed, faults)
    except ValueError:
        faults.append(f"{name}: braces that are no slot")
        return Template(name, text)


def _template(name: str, text: str, renamed: Mapping[str, str], faults: list[str]) -> Template:
    slots = [(field, kind) for _, field, kind, _ in Formatter().parse(text) if field is not None]
    if any(character.isdigit() for character in text):
        faults.append(f"{name}: digits must be spelt out")
    if not slots:
        return Template(name, text)
    (slot, kind), *more = slots
    if more or kind not in KINDS:
        faults.append(f"{name}: one typed slot a clause")
    return Template(name, text, slot, kind, renamed.get(slot, slot))


def _core(entry: Mapping[str, Any]) -> Core:
    first, last = ([int(part) for part in entry[key].split("-")] for key in ("first_month", "last_month"))
    start, end = (year * 12 + month - 1 for year, month in (first, last))
    months = tuple(Month(number // 12, number % 12 + 1) for number in range(start, end + 1))
    wanted = set(entry["due_days"])
    due = (day for day in all_days() if day.day in wanted or ("last" in wanted and _is_last(day)))
    return Core(months, tuple(due))


def _is_last(day: Day) -> bool:
    last = monthrange(_LEAP_YEAR, day.month)[1]
    return day.day == last or (day.month == 2 and day.day == last - 1)
