"""Events as versioned JSON, and back: also those that an earlier or a later version of ours wrote.

The kinds are the event classes themselves, by name, so a new one needs no line here. A field that is added gets a
default and is no new version. When a change makes old rows unreadable, its kind gets the next number in ``VERSIONS``
and, in ``UPGRADES``, how a body of the version before becomes one of this; rows are never rewritten. What can't be read
(a kind of a later version) is told as such and takes part in nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from cti.domain.centre import HANDLERS
from cti.domain.events import Event
from cti.domain.model import Call, CentreState

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


def _adapter(kind: type[Event]) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    if not adapter.pydantic_complete:  # its fields' types are imported for type checkers only
        adapter.rebuild(_types_namespace={"Call": Call, "CentreState": CentreState})
    return adapter


class Codec:
    """Knows every kind of event. One is enough; building it takes a moment."""

    def __init__(
        self,
        versions: Mapping[str, int] = VERSIONS,
        upgrades: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = UPGRADES,
    ) -> None:
        self._adapters = {kind.__name__: _adapter(kind) for kind in HANDLERS}
        self._dumps = {kind: self._adapters[kind.__name__].dump_json for kind in HANDLERS}
        self._versions = versions
        self._upgrades = upgrades

    def encode(self, event: Event) -> tuple[str, int, str]:
        """Return kind, version and body."""
        kind = type(event).__name__
        return kind, self._versions.get(kind, 1), self._dumps[type(event)](event).decode()

    def decode(self, kind: str, version: int, body: str) -> Event:
        """Return the event. Raises :class:`UnreadableEventError`."""
        adapter, today = self._adapters.get(kind), self._versions.get(kind, 1)
        if adapter is None or version > today:
            raise UnreadableEventError(kind, version)
        try:
            if version == today:
                event: Event = adapter.validate_json(body)
            else:
                event = adapter.validate_python(self._upgraded(kind, version, today, orjson.loads(body)))
        except (ValidationError, LookupError, ValueError) as error:
            raise UnreadableEventError(kind, version) from error
        return event

    def _upgraded(self, kind: str, version: int, today: int, body: dict[str, Any]) -> dict[str, Any]:
        for old in range(version, today):
            body = self._upgrades[kind, old](body)
        return body
