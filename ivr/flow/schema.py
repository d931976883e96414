"""The flow language as a JSON Schema, for editors that complete and check YAML while it is written.

Made from :mod:`ivr.flow.model`, so that the two never differ. It knows the shape of a flow; whether its steps hang
together is :mod:`ivr.flow.check`'s.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from ivr.flow.model import Flow, LookUp
from ivr.flow.texts import Sentence

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(prompts: Collection[str] = (), services: Collection[str] = ()) -> dict[str, Any]:
    """Return the schema; with ``prompts`` and ``services``, only these names are offered and accepted."""
    made = Flow.model_json_schema(mode="validation")
    definitions = made["$defs"]
    pattern = definitions[Sentence.__name__]["properties"]["prompt"]["pattern"]
    if services:
        definitions[LookUp.__name__]["properties"]["service"]["enum"] = sorted(services)
    _close(made)
    if prompts:
        made = _naming(made, pattern, sorted(prompts))
    return {"$schema": DIALECT, **made, "title": "A flow of the Hydrophone hotline"}


def _naming(part: Any, pattern: str, names: list[str]) -> Any:
    """Return ``part`` with ``names`` wherever a name of this ``pattern`` is wanted."""
    if isinstance(part, Mapping):
        changed = {key: _naming(value, pattern, names) for key, value in part.items()}
        if part.get("pattern") == pattern:
            del changed["pattern"]
            changed["enum"] = names
        return changed
    if isinstance(part, list):
        return [_naming(item, pattern, names) for item in part]
    return part


def _close(part: Any) -> None:
    """Refuse keys that match no pattern, as pydantic does and its schema doesn't say."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for value in part.values():
            _close(value)
    elif isinstance(part, list):
        for item in part:
            _close(item)
