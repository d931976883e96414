"""Asterisk's configuration files, rendered from a site's settings, secrets and phones.

Two folders of templates: ``asterisk/site`` is what any Asterisk includes to serve Hydrophone, ``asterisk/sandbox``
the skeleton round it for a PBX of our own. Nothing is written here; who starts a PBX does that.
A value that could end a line, start a comment or be expanded by the dialplan is refused, never escaped.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.queues import queues_of
from config.secrets import Secrets
from config.settings import Settings

TEMPLATES = Path(__file__).parent / "asterisk"
_SAFE = re.compile(r"[\w.,:/@+=&<>~%()! -]*")
_FILE = re.compile(r"[^,&|]*")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,128}")
_EXTENSION = re.compile(r"[0-9]{2,10}")


class UnsafeValueError(ValueError):
    """A value that must not get into an Asterisk configuration file. The value itself is not told: it may be secret."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} can't go into Asterisk's configuration: {why}")
        self.what = what
        self.why = why


@dataclass(frozen=True, slots=True)
class PbxPaths:
    """Where one Asterisk keeps things. ``modules`` and ``data`` belong to its installation, the rest is its own."""

    etc: Path
    run: Path
    log: Path
    spool: Path
    lib: Path
    music: Path
    modules: Path
    data: Path
    sounds: Path
    """Ours, not the installation's: what ``ivr.prompts.announcements`` wrote."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the dialplan waits for what may be dead, before it goes on to the next way to a person."""

    menu_s: int = 45
    """A menu that has not refreshed its time limit for so long is taken for frozen."""
    queue_s: int = 180
    """A caller who waited so long gets every agent's phone rung at once."""
    ring_s: int = 30
    rounds: int = 5
    """How often queue and phones are tried before the caller is asked to call again."""
    consult_s: int = 300
    """How long a caller waits for an agent who asks a colleague, before the next agent gets them."""
    word_every_s: int = 45
    """How often a waiting caller is told that we have not forgotten them."""
    sound_s: int = 7
    """An agent's phone from which no sound came for so long has died; its caller is the first in the queue again."""


@dataclass(frozen=True, slots=True)
class Network:
    """The machine's own IPv4 addresses as WebRTC sees them: ``offered`` stands for loopback, ``others`` are hidden."""

    offered: str | None = None
    others: tuple[str, ...] = ()


USUAL_PATIENCE = Patience()
NO_NETWORK = Network()


def render_site(
    settings: Settings,
    secrets: Secrets,
    extensions: Sequence[str],
    music: Path,
    sounds: Path,
    *,
    patience: Patience = USUAL_PATIENCE,
    ami_clients: Sequence[str] = ("127.0.0.1/255.255.255.255",),
) -> dict[str, str]:
    """Return the files that a site's own Asterisk includes, by name."""
    paths = {"music": music, "sounds": sounds}
    return _render("site", _context(settings, secrets, extensions, patience, ami_clients, paths=paths))


def render(
    settings: Settings,
    secrets: Secrets,
    extensions: Sequence[str],
    paths: PbxPaths,
    *,
    patience: Patience = USUAL_PATIENCE,
    network: Network = NO_NETWORK,
) -> dict[str, str]:
    """Return every file of a sandbox's configuration directory, by name."""
    clients = (f"{settings.pbx.host}/255.255.255.255", "127.0.0.1/255.255.255.255")
    context = _context(settings, secrets, extensions, patience, clients, paths=paths)
    context |= {
        "media_address": settings.pbx.host,
        "host_address": network.offered,
        "other_addresses": network.others,
    }
    return _render("site", context) | _render("sandbox", context)


def _context(
    settings: Settings,
    secrets: Secrets,
    extensions: Sequence[str],
    patience: Patience,
    ami_clients: Sequence[str],
    *,
    paths: object,
) -> dict[str, object]:
    for extension in extensions:
        _check_extension(extension, secrets)
    for name, address in (("pbx.host", settings.pbx.host), ("pbx.trunk_address", settings.pbx.trunk_address)):
        _check_address(name, address)
    return {
        "settings": settings,
        "queues": queues_of(settings),
        "secrets": secrets,
        "extensions": tuple(extensions),
        "phones": "&".join(f"PJSIP/{extension}" for extension in extensions),
        "patience": patience,
        "ami_clients": tuple(dict.fromkeys(ami_clients)),
        "paths": paths,
        "media_address": None,
    }


def _check_extension(extension: str, secrets: Secrets) -> None:
    if not _EXTENSION.fullmatch(extension):
        raise UnsafeValueError("a phone's extension", "it must be 2 to 10 digits")
    if extension not in secrets.phones:
        raise UnsafeValueError(f"phone {extension}", "it has no password in secrets.toml")


def _check_address(name: str, address: str) -> None:
    try:
        ipaddress.IPv4Address(address)
    except ValueError as fault:
        raise UnsafeValueError(name, "it must be an IPv4 address") from fault


def _render(folder: str, context: Mapping[str, object]) -> dict[str, str]:
    environment = Environment(  # noqa: S701 - not HTML; _safe refuses what these files can't hold
        loader=FileSystemLoader(TEMPLATES / folder),
        undefined=StrictUndefined,
        finalize=_safe,
        keep_trailing_newline=True,
    )
    environment.filters["word"] = _word
    environment.filters["file"] = _file
    names = [name for name in environment.list_templates() if name.endswith(".j2")]
    return {name.removesuffix(".j2"): environment.get_template(name).render(context) for name in names}


def _word(value: object) -> object:
    """Let a secret through only if it is one word: in the dialplan a comma or a bracket would end it."""
    if not _WORD.fullmatch(str(value)):
        raise UnsafeValueError("a secret", "it may hold letters, digits, - and _ only")
    return value


def _file(value: object) -> object:
    """Let a file to play through only if it is one: a comma, & or | would begin another."""
    if not _FILE.fullmatch(str(value)):
        raise UnsafeValueError("the folder of a sound", "it must hold neither comma nor & nor |")
    return value


def _safe(value: object) -> object:
    """Let a value through to a template only if no character of it means anything to Asterisk's parsers."""
    if callable(value) or value is None:
        raise UnsafeValueError("a value", f"it is of type {type(value).__name__}")
    if not _SAFE.fullmatch(str(value)):
        raise UnsafeValueError("a value", "it holds a character outside " + _SAFE.pattern)
    return value
