"""The word that ``/metrics`` asks for: made when it is first needed, kept in a file of its own (0600).

A file of its own, holding nothing else, because that is what Prometheus takes (``credentials_file``).
"""

import os
import secrets
from pathlib import Path

NAME = "metrics-token"


def load_or_make(home: Path) -> str:
    """Return this install's token, making it if there is none. Blocks. Raises ``OSError``."""
    path = home / NAME
    known = path.read_text().strip() if path.exists() else ""
    if known:
        return known
    made = secrets.token_urlsafe(32)
    home.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made + "\n")
    draft.replace(path)
    return made
