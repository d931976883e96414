"""Values of the domain as JSON, and back."""

from typing import Any, Final
from uuid import UUID

import msgspec


def plain(value: object) -> Any:
    """Return what JSON has for ``value``: asyncpg's own kind of UUID is written as any other. Raises ``TypeError``."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


encode: Final = msgspec.json.Encoder(enc_hook=plain).encode
"""Return a value as one line of JSON."""

__all__ = ["encode", "plain"]
