"""What the PBX says, as plain dicts: exact keys, exact values, one line each.

panoramisk's ``Message`` copies every header into a case-insensitive dict, answers ``''`` for headers that are not
there and calls every event a success. Here a missing key is a ``KeyError`` and success is what the PBX wrote.
Who may send which keys is the translator's knowledge; :meth:`Event.expect` is its tool.
"""

from collections.abc import Set
from datetime import datetime
from typing import Final

from cti.ami.errors import ActionRefusedError, ForgedFrameError, MalformedFrameError

MAX_LINE: Final = 16 * 1024
REPEATABLE: Final = frozenset({"ChanVariable", "DestChanVariable", "Variable"})
"""Headers that Asterisk itself writes several times when a site configures ``channelvars``; we keep the first."""

_VISIBLE: Final = str.maketrans({"\n": "␊", "\r": "␍", "\0": "␀"})


class Event(dict[str, str]):
    """One event, or one item of a list. ``at`` is when its bytes arrived, ``position`` its place in the stream.

    ``loose`` are lines that were no header; a well-formed event has none.
    """

    __slots__ = ("at", "loose", "name", "position")
    name: str
    at: datetime
    position: int
    loose: tuple[str, ...]

    def expect(self, required: Set[str], optional: Set[str] = frozenset()) -> None:
        """Raise :class:`ForgedFrameError` unless the keys are all of ``required``, and else only of ``optional``.

        ``Event`` itself, ``Privilege``, ``SystemName`` and ``Timestamp`` may always be there.
        """
        keys = self.keys()
        if self.loose:
            raise ForgedFrameError(self.name, "a line that is no header")
        if not required <= keys:
            raise ForgedFrameError(self.name, f"{len(required - keys)} keys are missing")
        unexpected = keys - required - optional - _ALWAYS_ALLOWED
        if unexpected:
            raise ForgedFrameError(self.name, f"{len(unexpected)} unexpected keys")


_ALWAYS_ALLOWED: Final = frozenset({"Event", "Privilege", "SystemName", "Timestamp"})


class Response(dict[str, str]):
    """The answer to one action: the PBX's ``Response``, or the event that an action is only answered by.

    ``position`` is its place in the stream of events: an event with a smaller one happened before.
    """

    __slots__ = ("action", "at", "position")
    action: str
    at: datetime
    position: int

    @property
    def success(self) -> bool:
        """Whether the PBX wrote ``Success``; for an ``OriginateResponse`` too, whose failure is an event as well."""
        return self.get("Response") == "Success"

    @property
    def message(self) -> str:
        """The PBX's own words, English, for our log and never for a screen."""
        return self.get("Message", "")

    def or_raise(self) -> "Response":
        """Return itself, or raise :class:`ActionRefusedError` if the PBX did not say ``Success``."""
        if not self.success:
            raise ActionRefusedError(self.action, self)
        return self


def fields(frame: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the headers of a frame and its lines that are no header.

    Decoded as a whole, so a character can't fall between two reads; what is not UTF-8 becomes U+FFFD, and a bare
    LF, CR or NUL its visible picture. Raise :class:`MalformedFrameError` for a line too long and
    :class:`ForgedFrameError` for a key that comes twice.
    """
    lines = frame.decode("utf-8", "replace").split("\r\n")
    breaks = len(lines) - 1
    if (
        len(frame) > MAX_LINE
        or frame.count(b"\n") != breaks
        or frame.count(b"\r") != breaks
        or b"\0" in frame
    ):
        lines = _made_visible(lines)
    try:
        found = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _carefully(lines)
    if len(found) <= breaks:
        return _carefully(lines)
    return found, ()


def _made_visible(lines: list[str]) -> list[str]:
    if any(len(line) > MAX_LINE for line in lines):
        raise MalformedFrameError("a line too long")
    return [line.translate(_VISIBLE) for line in lines]


def _carefully(lines: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    found: dict[str, str] = {}
    loose: list[str] = []
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon:
            key, colon, value = line.partition(":")
        if not colon:
            loose.append(line)
        elif key not in found:
            found[key] = value
        elif key not in REPEATABLE:
            raise ForgedFrameError(found.get("Event", "a message"), "a key comes twice")
    return found, tuple(loose)
