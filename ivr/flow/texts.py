"""What a flow says: a prompt of the catalogue by its name, or a sentence written out in the flow itself.

Types only. How words become clips is :mod:`ivr.prompts.inline`'s.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from cti.domain.events import Language

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
PromptId = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]
Words = Annotated[str, Field(max_length=400)]

INLINE: Final = "inline."
"""What ids of sentences begin with that are written out in a flow."""

_SLOT: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")


class Part(BaseModel):
    """Base of the parts of a flow: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(Part):
    """A prompt of the catalogue. Its slots are filled from the values of the same name, unless ``values`` renames.

    Without ``barge_in`` no key but ``0`` cuts it short.
    """

    prompt: PromptId
    values: dict[str, Name] = {}
    barge_in: bool = True


class WrittenOut(Part):
    """A sentence in the flow itself, in each of its languages: ``您的水费是{amount:money}。``

    Its slots are typed, and filled from the values of the same name, unless ``values`` renames.
    """

    zh: Words = ""
    en: Words = ""
    values: dict[str, Name] = {}
    barge_in: bool = True

    @cached_property
    def prompt(self) -> str:
        """The id of this sentence: the same words have the same one, in every flow and every version."""
        return INLINE + hashlib.sha256(json.dumps([self.zh, self.en]).encode()).hexdigest()[:16]

    def words(self, language: Language) -> str:
        """Return the words in ``language``, with their slots."""
        return self.zh if language == "zh" else self.en

    @property
    def slots(self) -> Mapping[str, str]:
        """The slots of all languages with their kinds, ``""`` where none is written."""
        return {slot: kind or "" for text in (self.zh, self.en) for slot, kind in _SLOT.findall(text)}


Text = Sentence | WrittenOut


def _sentence(raw: Any) -> Any:
    return {"prompt": raw} if isinstance(raw, str) else raw


def _sentences(raw: Any) -> Any:
    return raw if isinstance(raw, list | tuple) else [raw]


def _sort(raw: Any) -> str:
    if isinstance(raw, Mapping):
        return "written" if {"zh", "en"} & raw.keys() else "named"
    return "written" if isinstance(raw, WrittenOut) else "named"


_Either = Annotated[
    Annotated[Sentence, Tag("named")] | Annotated[WrittenOut, Tag("written")],
    Discriminator(_sort),
]

Said = Annotated[_Either, BeforeValidator(_sentence, json_schema_input_type=PromptId | Sentence | WrittenOut)]
Speeches = Annotated[
    tuple[Said, ...],
    BeforeValidator(
        _sentences,
        json_schema_input_type=PromptId | Sentence | WrittenOut | list[PromptId | Sentence | WrittenOut],
    ),
]
