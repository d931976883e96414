"""Frozen values, made and changed quickly: the live state is a fold over them, some ten to an event.

A frozen dataclass sets each field by a call of ``object.__setattr__``, and ``dataclasses.replace`` does so with all
fields of a call, of which there are more than fifty: most of the time of an event went there (``python -m bench
intake``). So each class has an *open twin* here: the same slots, not frozen. A value is filled, or copied, while it is
one of the twin, where setting a field costs next to nothing; then it is made one of its class, and nobody has seen it
open. For everybody else the class is the dataclass that it looks like.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

Kind = TypeVar("Kind")

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value, /, **changes):
        """Return ``value`` with these fields changed, as :func:`dataclasses.replace` does; itself if all are equal.

        So whether something changed is a question of identity.
        """
        for name, new in changes.items():
            old = getattr(value, name)
            if old is not new and old != new:
                break
        else:
            return value
        kind = type(value)
        copied = (_COPY.get(kind) or _learn(kind))(value)
        for name, new in changes.items():
            setattr(copied, name, new)
        copied.__class__ = kind
        return copied


def quick(kind: type[Kind]) -> type[Kind]:
    """Let the values of a frozen dataclass with slots be made quickly. Goes above ``@dataclass``, of subclasses too."""
    fields = _fields(kind)
    known = {"_open_up": object.__setattr__, "_twin": _twin(kind), "_kind": kind, "_UNSET": _UNSET}
    lines = ["_open_up(self, '__class__', _twin)", *map(_filled, fields), "self.__class__ = _kind"]
    made = _function("__init__", _parameters(fields), lines, known | dict(map(_default, fields)))
    kind.__init__ = made  # type: ignore[method-assign]
    return kind


_COPY: dict[type, Callable[[Any], Any]] = {}
_UNSET: Any = object()


def _learn(kind: type) -> Callable[[Any], Any]:
    """Make the function that copies a value of ``kind`` into one of its twin."""
    lines = ["copied = new(twin)", *(f"copied.{one.name} = value.{one.name}" for one in _fields(kind)), "return copied"]
    _COPY[kind] = _function("copy", "value", lines, {"new": object.__new__, "twin": _twin(kind)})
    return _COPY[kind]


def _twin(kind: type) -> type:
    """Return an open class of the same layout."""
    open_up = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, kind.__bases__, {"__slots__": kind.__dict__["__slots__"], **open_up})


def _fields(kind: Any) -> tuple["dataclasses.Field[Any]", ...]:
    """Return the fields. Raises ``TypeError`` if they are not all that a value of this kind is made of."""
    if kind.__dictoffset__ or hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} is no plain dataclass with slots")
    return dataclasses.fields(kind)


def _parameters(fields: tuple["dataclasses.Field[Any]", ...]) -> str:
    """Return what ``__init__`` takes."""
    named = [_parameter(one) for one in fields if one.kw_only]
    return ", ".join(
        ["self", *(_parameter(one) for one in fields if not one.kw_only), *(["*"] if named else []), *named]
    )


def _parameter(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"{field.name}=_UNSET"
    return field.name if field.default is dataclasses.MISSING else f"{field.name}=_default_{field.name}"


def _default(field: "dataclasses.Field[Any]") -> tuple[str, Any]:
    """Return the name by which ``__init__`` knows the field's default, or what makes it, and that."""
    known = field.default_factory if field.default is dataclasses.MISSING else field.default
    return f"_default_{field.name}", known


def _filled(field: "dataclasses.Field[Any]") -> str:
    """Return the line of ``__init__`` that sets a field."""
    name = field.name
    if field.default_factory is dataclasses.MISSING:
        return f"self.{name} = {name}"
    return f"self.{name} = _default_{name}() if {name} is _UNSET else {name}"


def _function(name: str, parameters: str, lines: list[str], known: dict[str, Any]) -> Callable[..., Any]:
    """Make a function, as dataclasses does, from the names of our own fields."""
    exec(f"def {name}({parameters}):\n " + "\n ".join(lines), known)  # noqa: S102
    made: Callable[..., Any] = known[name]
    return made


__all__ = ["quick", "replace"]
