"""Where this machine gets its Debian packages from: the mirrors that its own apt sources name.

Both formats are read: ``*.sources`` (deb822) and ``*.list`` (one line each). No host's name is built in.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUITES = ("forky", "sid")
"""Debian suites that carry Asterisk 22, to be tried in this order."""

DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")
_ARCHIVE = re.compile(r"/debian/?$")


@dataclass(frozen=True, slots=True)
class Mirror:
    """One Debian mirror, and the keys its indexes are signed with (a path, or a key written out)."""

    uri: str
    signed_by: str

    def source(self, suite: str) -> str:
        """Return the deb822 stanza for ``suite``. Its index may be past its date: a mirror may stand still."""
        key = "\n ".join(line or "." for line in self.signed_by.splitlines())
        lines = ["Types: deb", f"URIs: {self.uri}", f"Suites: {suite}", "Components: main", f"Signed-By: {key}"]
        return "\n".join([*lines, "Check-Valid-Until: no", ""])


def mirrors(etc_apt: Path = Path("/etc/apt")) -> list[Mirror]:
    """Return the Debian mirrors that this machine uses, the first named first.

    ``HYDROPHONE_DEBIAN_MIRROR`` in the environment beats them.
    """
    if chosen := os.environ.get("HYDROPHONE_DEBIAN_MIRROR"):
        return [Mirror(chosen, DEBIAN_KEYRING)]
    found: list[Mirror] = []
    for file in [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".sources":
            found += _deb822(text)
        elif file.suffix == ".list":
            found += _one_line(text)
    return list(dict.fromkeys(found))


def _deb822(text: str) -> Iterator[Mirror]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        if "main" not in fields.get("components", "").split():
            continue
        for uri in fields.get("uris", "").split():
            if _ARCHIVE.search(uri):
                yield Mirror(uri, fields.get("signed-by") or DEBIAN_KEYRING)


def _fields(stanza: str) -> dict[str, str]:
    folded: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and name:
            more = line.strip()
            folded[name].append("" if more == "." else more)
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            folded[name] = [value.strip()] if value.strip() else []
    return {name: "\n".join(lines) for name, lines in folded.items()}


def _one_line(text: str) -> Iterator[Mirror]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match is None or "main" not in match["components"].split() or not _ARCHIVE.search(match["uri"]):
            continue
        options = dict(word.split("=", 1) for word in (match["options"] or "").split() if "=" in word)
        yield Mirror(match["uri"], options.get("signed-by", DEBIAN_KEYRING))
