"""The centre's state as a value: copied in a moment, packed for keeping, and hashed to compare two of them.

A copy is made on the event loop and costs next to nothing, since all in a state are values that are never changed. The
rest is for a thread, and goes entity by entity so that the loop gets its turn meanwhile.

Of the calls that ended, a snapshot keeps the last :data:`RECENT`: facts that come later than that belong to nothing.
"""

import hashlib
import zlib
from dataclasses import fields
from itertools import islice
from typing import Any, Final

import msgspec
import orjson

from cti.domain.model import CentreState
from cti.domain.values import Value, as_dict
from cti.services.json_values import encode, plain

RECENT: Final = 200
LARGEST: Final = 256 * 1024 * 1024
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
_DECODER: Final = msgspec.json.Decoder(CentreState)


def copy(state: CentreState) -> CentreState:
    """Return the state as it is now, apart from the one that goes on."""
    parts: dict[str, Any] = {}
    for part in fields(state):
        known = getattr(state, part.name)
        parts[part.name] = {key: dict(value) if isinstance(value, dict) else value for key, value in known.items()}
    recent = parts["recent"]
    parts["recent"] = dict(islice(recent.items(), max(0, len(recent) - RECENT), None))
    return CentreState(**parts)


def digest(state: CentreState) -> str:
    """Return a hash of all that is so: equal states have the same, whatever order they came to it in."""
    whole = hashlib.sha256()
    for part in fields(state):
        known = getattr(state, part.name)
        keys = list(known)[-RECENT:] if part.name == "recent" else known
        whole.update(f"\n{part.name}".encode())
        for name, key in sorted((str(key), key) for key in keys):
            whole.update(name.encode())
            value = list(known[key]) if part.name == "lines" else known[key]
            whole.update(orjson.dumps(value, default=_plain, option=_OPTIONS))
    return whole.hexdigest()


def _plain(value: object) -> Any:
    """Write a value by its fields, and give a set an order, which it has not by itself."""
    if isinstance(value, Value):
        return as_dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value, key=str)
    return plain(value)


def pack(state: CentreState) -> bytes:
    """Return the state as bytes to keep."""
    return zlib.compress(encode(state), 5)


def unpack(packed: bytes) -> CentreState | None:
    """Return the state; None if it was packed by a version of ours whose state was another."""
    unpacker = zlib.decompressobj()
    try:
        return _DECODER.decode(unpacker.decompress(packed, LARGEST))
    except (zlib.error, msgspec.MsgspecError):
        return None
