"""The reasons of a site's own for being away, beside the presences that every site has."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from config.section import Section
from cti.domain.agents import Pause
from cti.domain.events import Presence

TAKEN = frozenset({*Presence, *Pause})
"""The queue's memory of a pause is one word, so that a reason may not read like anything else that pauses."""


def _check_free(code: str) -> str:
    if code in TAKEN:
        raise ValueError(f"{code!r} is a word of our own already; choose another code")
    return code


class Reason(Section):
    """Why an agent is away: ``code`` is what journal and PBX keep, the names are what people read."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$"), AfterValidator(_check_free)]
    name_zh: Annotated[str, Field(min_length=1, max_length=32)]
    name_en: Annotated[str, Field(min_length=1, max_length=32)]


def told_apart(reasons: Sequence[Reason]) -> Sequence[Reason]:
    """Return ``reasons``; raises ``ValueError`` for two of one code."""
    codes = [reason.code for reason in reasons]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice is not None:
        raise ValueError(f"two of [[reasons]] have the same code: {twice}")
    return reasons
