"""The ``hydrophone`` command: one module of this package per group of sub-commands, imported when it is called.

Importing them all takes seconds, which somebody who only asks the PBX something should not have to wait.
"""

import sys
import tomllib
from collections.abc import Callable
from importlib import import_module

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

COMMANDS: dict[str, tuple[str, str, str]] = {
    "serve": ("cti.cli.serve", "serve", "Run the daemon."),
    "demo": ("cti.cli.demo", "demo", "Start a whole hotline on this machine."),
    "ami": ("cti.cli.ami", "app", "Record what the PBX says, masked; play it as a PBX."),
    "call": ("cti.cli.call", "call", "Place a real SIP call into the sandbox, and tell its story."),
    "migrate": ("cti.cli.database", "migrate", "Bring the database to the tables of this version."),
    "demo-data": ("cti.cli.database", "demo_data", "Fill the database with an invented water utility."),
    "billing": ("cti.cli.billing", "app", "Try the site's billing system, question by question."),
    "flow": ("cti.cli.flow", "app", "Check, try, test and draw the phone menu."),
    "figures": ("cti.cli.figures", "figures", "Compute the stored figures of past days anew."),
    "journal": ("cti.cli.journal", "app", "How large the journal is; drop its old months."),
    "replay": ("cti.cli.replay", "replay", "The live state as it was at a time, or a period of it in the console."),
    "pbx": ("cti.cli.pbx", "app", "The sandbox Asterisk, and what a site's own needs."),
    "prompts": ("cti.cli.prompts", "app", "What the hotline says: render, list, listen."),
}
"""Name → module, what in it (a function or a ``typer.Typer``), one line of help."""

_FILES = {
    "Settings": "the settings (hydrophone.toml of this install, or a variable HYDROPHONE_…)",
    "Secrets": "secrets.toml of this install",
}
"""Title of a pydantic model → where its values come from."""

_OURS = {"extra_forbidden": "there is no such setting"}
"""What we say better than pydantic."""


def app() -> None:
    """Run the sub-command that the command line names."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in COMMANDS:
        _run(name)
    elif name in ("--help", "-h", "help"):
        typer.echo(_overview())
    else:
        typer.echo(f"hydrophone: there is no command {name!r}\n\n{_overview()}", err=True)
        sys.exit(2)


def _run(name: str) -> None:
    module, attribute, _help = COMMANDS[name]
    try:
        _as_typer(getattr(import_module(module), attribute))(args=sys.argv[2:], prog_name=f"hydrophone {name}")
    except (ValidationError, SettingsError, tomllib.TOMLDecodeError) as fault:
        if (told := _what_is_wrong(fault)) is None:
            raise
        typer.echo(told, err=True)
        sys.exit(2)


def _what_is_wrong(fault: ValueError) -> str | None:
    """Return which settings are wrong and how, never their values: they may be secret. None if it is about others."""
    if not isinstance(fault, ValidationError):
        return f"hydrophone.toml, secrets.toml or a variable HYDROPHONE_… can't be read: {fault}"
    if fault.title not in _FILES:
        return None
    lines = [f"There is a mistake in {_FILES[fault.title]}:"]
    for error in fault.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in error["loc"])
        lines.append(f"  {name}: {_OURS.get(error['type'], error['msg'])}")
    return "\n".join(lines)


def _as_typer(found: typer.Typer | Callable[..., None]) -> typer.Typer:
    if isinstance(found, typer.Typer):
        return found
    alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    alone.command()(found)
    return alone


def _overview() -> str:
    lines = ["Hydrophone, an open-source call-centre server for public hotlines.", "", "hydrophone COMMAND --help", ""]
    return "\n".join([*lines, *(f"  {name:<10} {line}" for name, (_module, _attribute, line) in COMMANDS.items())])
