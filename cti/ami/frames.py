"""From bytes to whole AMI messages, without I/O.

panoramisk decodes each TCP read by itself, so a character that falls between two reads vanishes; it strips lines, so
an empty last header is lost; and it keeps what it can't frame for ever. Here bytes are cut at blank lines and nothing
is done to them: however the stream is split, the same messages come out. What is not wanted is left out by its
first line, before anybody decodes it. Headers are read in :mod:`cti.ami.messages`, later and elsewhere.

Asterisk ends each line with CR LF and each message with an empty line. What else may come:

- a greeting, once or twice, before the first message: taken off, the first is kept in :attr:`Framer.greeting`;
- a message longer than the bound: dropped, and the next blank line starts afresh;
- a blank line made with a bare LF: Asterisk writes none, but whatever is behind it has to be read all the same. The
  text before it is dropped as damaged, the text after it is a message if it looks like one;
- a bare LF or CR or a NUL elsewhere: replaced by its picture (␊ ␍ ␀), so that it can't end a line further on;
- anything else that starts neither with ``Event:`` nor with ``Response:``: dropped as damaged.

Damage has a place in what comes out, so that a reader knows from where on it knows less.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

MAX_MESSAGE: Final = 128 * 1024
GREETING: Final = b"Asterisk Call Manager/"
MAX_GREETING: Final = 128

RESPONSE: Final = b"\r\nresponse"
"""Stands in for an event's name with a response. No event can be called so."""
DAMAGED: Final = b"\r\ndamaged"
"""Stands in for an event's name where something was dropped; its bytes say why, in our words."""

Frame = tuple[bytes, bytes]
"""The event's name (or one of the two above) and the message's bytes without its blank line."""

_END: Final = b"\r\n\r\n"
_EVENT: Final = b"Event: "
_ANSWER: Final = b"Response: "
_BARE_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_STRAY: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_PICTURE_OF: Final = {b"\n": "␊".encode(), b"\r": "␍".encode(), b"\0": "␀".encode()}
_HARMLESS: Final = bytes(set(range(256)) - set(b"\r\n\0"))
_PICTURES: Final = tuple(_PICTURE_OF.values())
_OVERSIZED: Final = (DAMAGED, b"oversized")
_BARE: Final = (DAMAGED, b"a blank line made with a bare LF")
_UNKNOWN: Final = (DAMAGED, b"neither event nor response")


@dataclass(slots=True)
class FrameCounters:
    """What the framing has seen: messages in all, and those that nobody wanted."""

    bytes: int = 0
    frames: int = 0
    skipped: int = 0
    damaged: int = 0


class Framer:
    """The bytes of one connection that are not a whole message yet. At most ``max_message`` of them are kept.

    ``wanted`` holds the names of the events that anybody wants; it is only ever asked, and may change meanwhile.
    """

    def __init__(
        self, wanted: Container[bytes], *, max_message: int = MAX_MESSAGE, counters: FrameCounters | None = None
    ) -> None:
        self.greeting: str | None = None
        self.counters = counters if counters is not None else FrameCounters()
        self._wanted = wanted
        self._max = max_message
        self._rest = b""
        self._skipping = False
        self._begun = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take what one read brought; return the messages that are whole now, in order."""
        self.counters.bytes += len(data)
        buffer = self._rest + data
        if not self._begun:
            buffer = self._greeted(buffer)
        *frames, rest = buffer.split(_END)
        found: list[Frame] = []
        if self._skipping and frames:
            self._skipping = False
            del frames[0]
        if frames:
            self._begun = True
            self.counters.frames += len(frames)
            if _is_clean(buffer) and self._none_too_long(buffer, frames):
                self._sort(frames, found)
            else:
                for frame in frames:
                    found += self._sort_carefully(frame)
        self._rest = self._bounded(rest, found)
        return found

    def _none_too_long(self, buffer: bytes, frames: list[bytes]) -> bool:
        return len(buffer) <= self._max or len(max(frames, key=len)) <= self._max

    def _sort(self, frames: list[bytes], found: list[Frame]) -> None:
        """Name the frames, none of which has a stray control character or is too long."""
        wanted = self._wanted
        skipped = 0
        for frame in frames:
            if not frame.startswith(_EVENT):
                found += self._sort_carefully(frame)
                continue
            end = frame.find(b"\r\n", 7)
            name = frame[7:end] if end > 0 else frame[7:]
            if name in wanted:
                found.append((name, frame))
            else:
                skipped += 1
        self.counters.skipped += skipped

    def _sort_carefully(self, frame: bytes) -> list[Frame]:
        """Name what is in a frame that may be anything: the same as :meth:`_sort` for one that is in order."""
        if len(frame) > self._max:
            return [self._damage(_OVERSIZED)]
        *broken, frame = _BARE_BLANK_LINE.split(frame)
        found = [self._damage(_BARE) for piece in broken if piece.strip(b"\r\n")]
        frame = _visible(_without_greetings(frame))
        if frame.startswith(_ANSWER):
            found.append((RESPONSE, frame))
        elif frame.startswith(_EVENT):
            name = frame[7:].split(b"\r\n", 1)[0]
            if any(picture in name for picture in _PICTURES):
                found.append(self._damage(_UNKNOWN))
            elif name in self._wanted:
                found.append((name, frame))
            else:
                self.counters.skipped += 1
        elif frame:
            found.append(self._damage(_UNKNOWN))
        return found

    def _damage(self, what: Frame) -> Frame:
        self.counters.damaged += 1
        return what

    def _bounded(self, rest: bytes, found: list[Frame]) -> bytes:
        """Return what to keep of an unfinished message: all of it, or once it is too long only its last bytes.

        Three bytes can be the beginning of the blank line that ends it.
        """
        if not self._skipping and len(rest) > self._max + 3:
            self._skipping = self._begun = True
            found.append(self._damage(_OVERSIZED))
        return rest[-3:] if self._skipping else rest

    def _greeted(self, buffer: bytes) -> bytes:
        """Take the greeting off as soon as its line is whole: nothing follows it until we speak."""
        line, end, behind = buffer.partition(b"\r\n")
        if end and _is_greeting(line) and len(line) <= self._max:
            self._begun = True
            self.greeting = line.decode("ascii", "replace")
            return behind
        return buffer


def _is_clean(buffer: bytes) -> bool:
    """Tell whether its control characters are line ends alone; the last line's may not be there whole yet."""
    control = len(buffer.translate(None, _HARMLESS)) - buffer.endswith(b"\r")
    return control == 2 * buffer.count(b"\r\n")


def _visible(frame: bytes) -> bytes:
    """Return the frame with the control characters that are no line's end as pictures."""
    return _STRAY.sub(lambda found: _PICTURE_OF[found[0]], frame)


def _without_greetings(frame: bytes) -> bytes:
    frame = frame.lstrip(b"\r\n")
    line, _, behind = frame.partition(b"\r\n")
    while _is_greeting(line):
        frame = behind.lstrip(b"\r\n")
        line, _, behind = frame.partition(b"\r\n")
    return frame


def _is_greeting(line: bytes) -> bool:
    return line.startswith(GREETING) and len(line) <= MAX_GREETING
