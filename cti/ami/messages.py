"""What the PBX says, as plain dicts: exact keys, exact values, one line each.

panoramisk's ``Message`` copies every header into a case-insensitive dict, answers ``''`` for headers that are not
there and calls every event a success. Here a missing key is a ``KeyError`` and success is what the PBX wrote.
Who may send which keys is the translator's knowledge; :meth:`Event.expect` is its tool.
"""

from datetime import datetime
from typing import Final, Self, TypeVar

from cti.ami.errors import ActionRefusedError, ForgedFrameError, MalformedFrameError

MAX_LINE: Final = 16 * 1024
REPEATABLE: Final = frozenset({"ChanVariable", "DestChanVariable", "Variable"})
"""Headers that Asterisk itself writes several times when a site configures ``channelvars``; we keep the first."""
EVERYWHERE: Final = frozenset({"Event", "Privilege", "SystemName", "Timestamp"})
"""Keys that any event may have."""


class Message(dict[str, str]):
    """The headers of one message. ``at`` is when its bytes arrived, ``position`` its place in the stream.

    ``loose`` are lines that were no header; what Asterisk writes has none. ``name`` is the event's, or for an answer
    the action's.
    """

    __slots__ = ("at", "loose", "name", "position")
    name: str
    at: datetime
    position: int
    loose: tuple[str, ...]


class Event(Message):
    """One event, or one item of a list."""

    __slots__ = ()

    def expect(self, required: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
        """Raise :class:`ForgedFrameError` unless the keys are all of ``required``, and else only of ``optional``.

        The keys of :data:`EVERYWHERE` may always be there. Raised from a handler it drops the event, counts it,
        writes a security line and raises a doubt, which is what a forged event calls for.
        """
        keys = self.keys()
        if self.loose:
            raise ForgedFrameError(self.name, "a line that is no header")
        if not required <= keys:
            raise ForgedFrameError(self.name, f"{len(required - keys)} keys are missing")
        unexpected = keys - required - optional - EVERYWHERE
        if unexpected:
            raise ForgedFrameError(self.name, f"{len(unexpected)} unexpected keys")


class Response(Message):
    """The answer to one action: the PBX's ``Response``, or the event that alone tells how it ended.

    An event with a smaller ``position`` arrived before it.
    """

    __slots__ = ()

    @property
    def success(self) -> bool:
        """Whether the PBX wrote ``Success``; of an ``OriginateResponse`` too, which is an event and may fail."""
        return self.get("Response") == "Success"

    @property
    def message(self) -> str:
        """The PBX's own words: English, for our log and never for a screen."""
        return self.get("Message", "")

    def or_raise(self) -> Self:
        """Return itself, or raise :class:`ActionRefusedError` if the PBX did not say ``Success``."""
        if not self.success:
            raise ActionRefusedError(self.name, self)
        return self


M = TypeVar("M", bound=Message)


def read(frame: bytes, kind: type[M]) -> M:
    """Return the headers of a frame as a message of ``kind``; the caller says when and where it came from.

    Decoded as a whole, so a character can't fall between two reads; what is not UTF-8 becomes U+FFFD. Control
    characters that end lines elsewhere were made visible by the framer. Raise :class:`MalformedFrameError` for a line
    too long and :class:`ForgedFrameError` for a key that comes twice.
    """
    lines = frame.decode("utf-8", "replace").split("\r\n")
    message = kind()
    for line in lines:
        key, colon, message[key] = line.partition(": ")
        if not colon:
            return _read_carefully(lines, kind)
    if len(message) < len(lines) or len(frame) > MAX_LINE:
        return _read_carefully(lines, kind)
    message.loose = ()
    return message


def _read_carefully(lines: list[str], kind: type[M]) -> M:
    message = kind()
    loose: list[str] = []
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon:
            key, colon, value = line.partition(":")
        if len(line) > MAX_LINE:
            raise MalformedFrameError("a line too long")
        if not colon:
            loose.append(line)
        elif key not in message:
            message[key] = value
        elif key not in REPEATABLE:
            raise ForgedFrameError(message.get("Event", "a response"), "a key comes twice")
    message.loose = tuple(loose)
    return message
