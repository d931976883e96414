"""Text from outside, made fit for PostgreSQL, which takes neither NUL nor half a surrogate pair."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str, longest: int | None = None) -> str:
    """Return ``text`` with what PostgreSQL refuses replaced, cut to ``longest`` characters."""
    clean = text.replace("\0", REPLACEMENT)
    if not clean.isascii():
        clean = "".join(REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in clean)
    return clean if longest is None else clean[:longest]
