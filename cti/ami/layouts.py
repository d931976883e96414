"""The ways in which events are written, learned from those that were believed: the next ones are read by one match.

Asterisk writes an event's headers in the same order each time. So a message that was read line by line, held to its
exact keys and believed leaves its *layout* here; the next one of that name either has that very sequence of keys, which
one regular expression tells, or it is read line by line as the first was. A value can't imitate a key: it ends at the
line's end, and the framer lets no stray line break in.

Of some twenty headers five are ever looked at. A layout learns these, too: the expression takes out the values that
were asked for in an event before, and an event that is asked for another takes its text apart again.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from cti.ami.messages import MAX_LINE, Event, read

MOST_PER_NAME: Final = 4
"""A site's ``channelvars`` and the Asterisk's version make one each; more is somebody's play."""

HeldTo = set[tuple[frozenset[str], frozenset[str]]]
"""Pairs of required and optional keys."""


class _Layout:
    """One sequence of keys, what it was held to already, and the values that are taken out of a text at once."""

    __slots__ = ("_keys", "asked_for", "held_to", "match")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self.held_to: HeldTo = set()
        self.asked_for: tuple[str, ...] = ()
        self.match: Callable[[str], re.Match[str] | None] = self._expression().fullmatch

    def values(self, text: str) -> dict[str, str]:
        """Return all headers of a text that has this layout."""
        found = self._expression(frozenset(self._keys)).fullmatch(text)
        return dict(zip(self._keys, found.groups(), strict=True)) if found is not None else {}

    def ask_for(self, key: str) -> None:
        """Take this value out of the next texts, too."""
        if key in self._keys and key not in self.asked_for:
            asked_for = {*self.asked_for, key}
            self.asked_for = tuple(key for key in self._keys if key in asked_for)
            self.match = self._compiling

    def _compiling(self, text: str) -> re.Match[str] | None:
        """Stand in for the expression until it is needed: the keys of one event come one after the other."""
        self.match = self._expression(frozenset(self.asked_for)).fullmatch
        return self.match(text)

    def _expression(self, taken: frozenset[str] = frozenset()) -> re.Pattern[str]:
        value = {True: "([^\r]*+)", False: "[^\r]*+"}
        return re.compile("\r\n".join(f"{re.escape(key)}: {value[key in taken]}" for key in self._keys))


def _of_all(name: str) -> Any:
    method = getattr(dict, name)

    def of_all(self: "FamiliarEvent", *args: Any) -> Any:
        self.update(self.layout.values(self.text))
        return method(self, *args)

    return of_all


class FamiliarEvent(Event):
    """An event whose keys came in the same order before; it holds the rest of its headers as soon as one is needed."""

    __slots__ = ("layout", "text")
    layout: _Layout
    text: str
    loose = ()

    def __missing__(self, key: str) -> str:
        """Return a value that no event of this layout was asked for before."""
        self.layout.ask_for(key)
        return self.layout.values(self.text)[key]

    __contains__ = _of_all("__contains__")
    __eq__ = _of_all("__eq__")
    __iter__ = _of_all("__iter__")
    __len__ = _of_all("__len__")
    __ne__ = _of_all("__ne__")
    get = _of_all("get")
    items = _of_all("items")
    keys = _of_all("keys")
    values = _of_all("values")

    def expect(self, required: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
        """Raise :class:`ForgedFrameError` unless the keys are as they must be; see :meth:`Event.expect`."""
        held_to = self.layout.held_to
        if (required, optional) not in held_to:
            super().expect(required, optional)
            held_to.add((required, optional))


class EventReader:
    """Reads the events of one stream, faster the second time."""

    def __init__(self) -> None:
        self._layouts: dict[bytes, list[_Layout]] = {}

    def read(self, name: bytes, frame: bytes) -> Event:
        """Return the event; raises what :func:`cti.ami.messages.read` raises."""
        if len(frame) <= MAX_LINE:
            for layout in self._layouts.get(name, ()):
                text = frame.decode("utf-8", "replace")
                asked_for = layout.asked_for
                found = layout.match(text)
                if found is not None:
                    event = FamiliarEvent(zip(asked_for, found.groups(), strict=False))
                    event.layout = layout
                    event.text = text
                    return event
        return read(frame, Event)

    def learn(self, name: bytes, event: Event) -> None:
        """Take the layout of an event that was believed."""
        known = self._layouts.setdefault(name, [])
        if len(known) < MOST_PER_NAME:
            known.append(_Layout(tuple(event)))
