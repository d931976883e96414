"""Sentences written out in a flow, as prompts like those of the catalogue: cut at commas, one clip for each clause.

Pure. What can't be spoken is told as faults, so that it is found when a flow is checked and not when somebody calls.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cti.domain.events import Language
from ivr.flow.texts import WrittenOut
from ivr.prompts.catalogue import LANGUAGES, Prompt, Template, template

_ENDS: Final[Mapping[Language, re.Pattern[str]]] = {
    "zh": re.compile(r"(?<=[，。；！？])"),
    "en": re.compile(r"(?<=[,.;!?]) +"),
}


def prompt(name: str, texts: Mapping[Language, str]) -> Prompt:
    """Return the prompt ``name`` that says ``texts``; a language without words has no clauses."""
    clauses = {language: tuple(_clauses(name, texts.get(language, ""), language, [])) for language in LANGUAGES}
    slots = {clause.source: clause.kind for told in clauses.values() for clause in told if clause.source}
    return Prompt(name, {slot: kind or "" for slot, kind in slots.items()}, clauses)


def spoken(written: Mapping[str, WrittenOut]) -> Mapping[str, Prompt]:
    """Return sentences of flows, by their ids, as prompts."""
    return {name: prompt(name, {"zh": text.zh, "en": text.en}) for name, text in written.items()}


def faults(texts: Mapping[Language, str]) -> tuple[str, ...]:
    """Return what keeps ``texts`` from being spoken, in words for whoever wrote them."""
    found: list[str] = []
    filled: dict[Language, dict[str, str | None]] = {}
    for language, text in texts.items():
        if not text.strip():
            continue
        told: list[str] = []
        clauses = tuple(_clauses(language, text, language, told))
        found += [fault.partition(": ")[2] + f" in '{language}'" for fault in told]
        filled[language] = {clause.source: clause.kind for clause in clauses if clause.source}
    if len({tuple(sorted(slots.items())) for slots in filled.values()}) > 1:
        found.append("not every language says the same values")
    return tuple(found)


def _clauses(name: str, text: str, language: Language, told: list[str]) -> Iterator[Template]:
    parts = [part for part in _ENDS[language].split(text.strip()) if part.strip()]
    for number, part in enumerate(parts, start=1):
        yield template(name if len(parts) == 1 else f"{name}.{number}", part.strip(), {}, told)
