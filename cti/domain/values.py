"""Frozen values, made, compared and changed quickly: the live state is a fold over them, some ten to an event.

They are structs of msgspec, whose making, copying and comparing is C. A frozen dataclass sets each field by a call of
``object.__setattr__``, and ``dataclasses.replace`` does so with all fields of a call, of which there are more than
fifty: most of the time of an event went there (``python -m bench intake``).
"""

from typing import Any, TypeVar, dataclass_transform

import msgspec

field = msgspec.field


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, gc=False):
    """What a value is derived from. None is part of itself, so the search for cycles need not look at them."""


Kind = TypeVar("Kind", bound=Value)
changed = msgspec.structs.replace
"""Return a value with these fields changed, when it is certain that one of them is another than before: a third of the
time of :func:`replace`. Raises ``TypeError`` for a field that is not there."""


def replace(value: Kind, /, **changes: Any) -> Kind:
    """Return ``value`` with these fields changed; itself if all are equal.

    So whether something changed is a question of identity. Raises ``AttributeError`` for a field that is not there.
    """
    for name, new in changes.items():
        old = getattr(value, name)
        if old is not new and old != new:
            return changed(value, **changes)
    return value


def as_dict(value: Value) -> dict[str, Any]:
    """Return the fields by name, the values in them as they are."""
    return msgspec.structs.asdict(value)


__all__ = ["Value", "as_dict", "changed", "field", "replace"]
