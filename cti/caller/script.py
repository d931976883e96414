"""What a caller does, step by step, and how it is written on the command line.

A script is words: ``listen`` (until the hotline stops speaking), ``wait:1.5`` (seconds), ``stay:60`` (on the line
until the other side hangs up, or so many seconds), ``hangup``; any other word is keys, ``0``-``9``, ``*`` and ``#``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cti.caller.errors import ScriptError

_KEYS = re.compile(r"[0-9*#]{1,32}")
_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait until the hotline has spoken and is quiet again, ``longest_s`` at most."""

    longest_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for this long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Key:
    """Press these keys. ``secret`` keys are not written into the story."""

    keys: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """Stay on the line until the other side hangs up, ``longest_s`` at most."""

    longest_s: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up."""


Step = Listen | Wait | Key | Stay | HangUp


class Then(StrEnum):
    """What the caller does once the bill was heard, or the menu was reached."""

    AGENT = "agent"
    FINISH = "finish"
    REPEAT = "repeat"
    HANGUP = "hangup"


def parse(words: str) -> tuple[Step, ...]:
    """Return the steps that ``words`` describe; raises :class:`ScriptError` naming the word that is none."""
    return tuple(_step(word) for word in words.replace(",", " ").split())


def _step(word: str) -> Step:
    name, _, argument = word.partition(":")
    if name == "listen":
        return Listen(_seconds(word, argument)) if argument else Listen()
    if name == "wait":
        return Wait(_seconds(word, argument))
    if name == "stay":
        return Stay(_seconds(word, argument))
    if word == "hangup":
        return HangUp()
    if _KEYS.fullmatch(word):
        return Key(word)
    raise ScriptError(f"{word!r} is no step: use listen, wait:SECONDS, stay:SECONDS, hangup, or keys 0-9 * #")


def _seconds(word: str, argument: str) -> float:
    try:
        seconds = float(argument)
    except ValueError:
        raise ScriptError(f"{word!r} needs seconds after the colon, as in wait:1.5") from None
    if not 0 <= seconds <= _LONGEST_S:
        raise ScriptError(f"{word!r}: seconds must lie between 0 and {_LONGEST_S:.0f}")
    return seconds


def water_bill(
    language: Literal["zh", "en"], account: str | None, pin: str | None, then: Then, patience_s: float
) -> Sequence[Step]:
    """Return the way through the shipped water-bill menu; without an account straight to what comes ``then``.

    Raises :class:`ScriptError` when the account or the PIN holds what no key is; the PIN itself is not in the text.
    """
    if account is not None and not _KEYS.fullmatch(account):
        raise ScriptError(f"account {account!r} cannot be keyed: use 1 to 32 of the keys 0-9 * #")
    if pin is not None and not _KEYS.fullmatch(pin):
        raise ScriptError("this PIN cannot be keyed: use 1 to 32 of the keys 0-9 * #")
    steps: list[Step] = [Listen(), Key("1" if language == "zh" else "2"), Listen()]
    if account is not None:
        steps += [Key("1"), Listen(), Key(account), Listen()]
        if pin is not None:
            steps += [Key(pin, secret=True), Listen()]
    match then:
        case Then.AGENT:
            steps += [Key("0"), Stay(patience_s)]
        case Then.FINISH:
            steps += [Key("9"), Stay(15.0)]
        case Then.REPEAT:
            steps += [Key("1"), Listen(), HangUp()]
        case Then.HANGUP:
            steps += [HangUp()]
    return steps
