"""Events as versioned JSON, and back: also those that an earlier or a later version of ours wrote.

The kinds are the event classes themselves, by name, so a new one needs no line here. A field that is added gets a
default and is no new version. When a change makes old rows unreadable, its kind gets the next number in ``VERSIONS``
and, in ``UPGRADES``, how a body of the version before becomes one of this; rows are never rewritten. What can't be read
(a kind of a later version) is told as such and takes part in nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from cti.domain.centre import HANDLERS
from cti.domain.events import Event
from cti.services.json_values import encode

VERSIONS: Final[Mapping[str, int]] = {}
"""Kind → its version, where that is not 1."""

UPGRADES: Final[Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""(kind, version) → what makes a body of the next version of it."""

LOST: Final = "Lost"
"""The kind of a row in place of events that could not be kept; its body says how many."""


class UnreadableEventError(Exception):
    """A row that this version of ours can't read. ``kind`` and ``version`` say what it is."""

    def __init__(self, kind: str, version: int) -> None:
        super().__init__(f"{kind} of version {version} can't be read")
        self.kind = kind
        self.version = version


class Codec:
    """Knows every kind of event. One is enough; building it takes a moment."""

    def __init__(
        self,
        versions: Mapping[str, int] = VERSIONS,
        upgrades: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = UPGRADES,
    ) -> None:
        self._decoders = {kind.__name__: msgspec.json.Decoder(kind) for kind in HANDLERS}
        self._versions = versions
        self._upgrades = upgrades

    def encode(self, event: Event) -> tuple[str, int, str]:
        """Return kind, version and body."""
        kind = type(event).__name__
        return kind, self._versions.get(kind, 1), encode(event).decode()

    def decode(self, kind: str, version: int, body: str) -> Event:
        """Return the event. Raises :class:`UnreadableEventError`."""
        decoder, today = self._decoders.get(kind), self._versions.get(kind, 1)
        if decoder is None or version > today:
            raise UnreadableEventError(kind, version)
        try:
            if version == today:
                event: Event = decoder.decode(body)
            else:
                event = msgspec.convert(self._upgraded(kind, version, today, msgspec.json.decode(body)), decoder.type)
        except (msgspec.MsgspecError, LookupError, ValueError) as error:
            raise UnreadableEventError(kind, version) from error
        return event

    def _upgraded(self, kind: str, version: int, today: int, body: dict[str, Any]) -> dict[str, Any]:
        for old in range(version, today):
            body = self._upgrades[kind, old](body)
        return body
