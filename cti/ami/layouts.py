"""The ways in which events are written, learned from those that were believed: the next ones are read by one match.

Asterisk writes an event's headers in the same order each time. So a message that was read line by line, held to its
exact keys and believed leaves its *layout* here; the next one of that name either has that very sequence of keys, which
one regular expression tells together with all values, or it is read line by line as the first was. A value can't
imitate a key: it ends at the line's end, and the framer lets no stray line break in.
"""

import re
from typing import Final

from cti.ami.messages import MAX_LINE, Event, read

MOST_PER_NAME: Final = 4
"""A site's ``channelvars`` and the Asterisk's version make one each; more is somebody's play."""

HeldTo = set[tuple[frozenset[str], frozenset[str]]]
"""Pairs of required and optional keys."""


class FamiliarEvent(Event):
    """An event whose keys came in the same order before. ``held_to`` is what they were found in order by then."""

    __slots__ = ("held_to",)
    held_to: HeldTo

    def expect(self, required: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
        """Raise :class:`ForgedFrameError` unless the keys are as they must be; see :meth:`Event.expect`."""
        if (required, optional) not in self.held_to:
            super().expect(required, optional)
            self.held_to.add((required, optional))


class _Layout:
    """One sequence of keys, and what it was held to already."""

    __slots__ = ("held_to", "keys", "match")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.match = re.compile("\r\n".join(f"{re.escape(key)}: ([^\r]*)" for key in keys)).fullmatch
        self.held_to: HeldTo = set()


class EventReader:
    """Reads the events of one stream, faster the second time."""

    def __init__(self) -> None:
        self._layouts: dict[bytes, list[_Layout]] = {}

    def read(self, name: bytes, frame: bytes) -> Event:
        """Return the event; raises what :func:`cti.ami.messages.read` raises."""
        if len(frame) <= MAX_LINE:
            for layout in self._layouts.get(name, ()):
                found = layout.match(frame.decode("utf-8", "replace"))
                if found is not None:
                    event = FamiliarEvent(zip(layout.keys, found.groups(), strict=False))
                    event.loose = ()
                    event.held_to = layout.held_to
                    return event
        return read(frame, Event)

    def learn(self, name: bytes, event: Event) -> None:
        """Take the layout of an event that was believed."""
        known = self._layouts.setdefault(name, [])
        if len(known) < MOST_PER_NAME:
            known.append(_Layout(tuple(event)))
