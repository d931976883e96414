"""``hydrophone pbx``: the sandbox PBX by hand, and what a site's own Asterisk needs."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from config.pbx_files import UnsafeValueError, render_site
from config.secrets import Secrets
from config.settings import Settings
from cti.sandbox.errors import SandboxError
from cti.sandbox.pbx import DEMO_PHONES, SandboxPbx
from ivr.prompts.announcements import write_announcements

app = typer.Typer(no_args_is_help=True, help="The PBX: start, stop and ask the sandbox's, or set up your own.")
_out = Console(highlight=False, soft_wrap=True)
_notes = Console(stderr=True, highlight=False, soft_wrap=True)

SOUNDS = "sounds"
"""Where under --write the announcements go."""

NO_PHONES = (
    "No agents' phones are known, so the files have none, and a caller whom the queue fails has no phone to ring: "
    "give them, -e 1001 -e 1002 …"
)

Result = TypeVar("Result")
Extensions = Annotated[
    list[str] | None, typer.Option("--extension", "-e", help="An agent's phone; again for each. Default: all known.")
]


@app.command()
def up(extension: Extensions = None) -> None:
    """Start the sandbox PBX and leave it running; fetch Asterisk first if need be."""
    settings = Settings()
    _check_sandbox(settings)
    pbx = _sandbox(settings, extension)
    _run(pbx.up())
    running = pbx.running
    _out.print(f"The PBX runs (process {running.pid if running else '?'}); its logs: {pbx.log}")
    _out.print(f"Calls come in at sip:{settings.site.hotline}@{settings.pbx.host}:{settings.pbx.sip_port}")


@app.command()
def down() -> None:
    """Stop the sandbox PBX. Calls end."""
    pbx = _sandbox(Settings(), None)
    if pbx.running is None:
        _out.print("The PBX does not run.")
        return
    _run(pbx.down())
    _out.print("The PBX is stopped.")


@app.command()
def console(command: Annotated[list[str], typer.Argument(help="For example: queue show")]) -> None:
    """Put one command to the sandbox PBX's console and print its answer."""
    _out.print(escape(_run(_sandbox(Settings(), None).console(" ".join(command)))))


@app.command()
def config(
    extension: Extensions = None,
    folder: Annotated[
        Path | None, typer.Option("--write", help="Write the files into this folder (0600), do not print them.")
    ] = None,
    music: Annotated[Path, typer.Option(help="A folder with sound to wait by, on the PBX's machine.")] = Path(
        "/var/lib/asterisk/moh"
    ),
    sounds: Annotated[Path, typer.Option(help="A folder for what the PBX says itself, on the PBX's machine.")] = Path(
        "/var/lib/asterisk/sounds/hydrophone"
    ),
    pbx: Annotated[str | None, typer.Option(help="One of [[pbxs]], by its name. Default: [pbx].")] = None,
) -> None:
    """Print what an Asterisk of your own needs: settings, and the files that it includes. They hold secrets."""
    settings = Settings()
    if pbx is None or pbx == settings.pbx.name:
        secrets, extensions = _phones(settings, extension)
    else:
        secrets, extensions = _further(settings, extension, pbx)
        settings = settings.of_pbx(pbx)
    files = _checked(lambda: render_site(settings, secrets, extensions, music, sounds))
    if not extensions:
        _notes.print(NO_PHONES)
    if folder is None:
        for name, text in files.items():
            _out.print(f"; ======== {name}\n{escape(text)}")
    else:
        _write(folder, files)
        _write_sounds(folder / SOUNDS, settings)
    _notes.print(escape(_guide(settings, folder, sounds)))


def _checked(render: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return render()
    except UnsafeValueError as fault:
        _notes.print(escape(str(fault)))
        raise typer.Exit(1) from fault


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text)
        _out.print(str(path))


def _write_sounds(folder: Path, settings: Settings) -> None:
    for prompt in write_announcements(folder, studio=settings.home / "studio"):
        _notes.print(escape(f"There is no sound for {prompt}; callers will hear silence there."))
    _out.print(str(folder))


def _guide(settings: Settings, folder: Path | None, sounds: Path) -> str:
    where = str(folder) if folder else "/etc/asterisk"
    spoken = f"{folder / SOUNDS}" if folder else "that --write FOLDER makes"
    return f"""
To use an Asterisk of your own (version 22, with res_pjsip, app_queue and res_agi):

1. Put the files into {where}, readable for Asterisk alone, and include each from the file it belongs to:
     manager.conf      [general] enabled = yes, bindaddr = {settings.pbx.host}, port = {settings.pbx.ami_port}
                       #include hydrophone-manager.conf
     queues.conf       [general] persistentmembers = yes, log_membername_as_agent = yes
                       #include hydrophone-queues.conf
     confbridge.conf   #include hydrophone-confbridge.conf     (load app_confbridge)
     musiconhold.conf  #include hydrophone-musiconhold.conf
     pjsip.conf        #include hydrophone-pjsip.conf     (needs a transport of protocol = ws or wss)
     extensions.conf   #include hydrophone-extensions.conf
   and send the hotline's calls there, in the context of your trunk:
     exten => YOUR-NUMBER,1,Goto(hydrophone-hotline,{settings.site.hotline},1)
   Name the number itself: a pattern that ends in . or ! lets callers dial what they like.
2. Copy the sounds {spoken} to {sounds}, with their folders zh and en:
   what a caller hears whom nobody answers, even when Hydrophone is down. Write and copy them again after an upgrade.
3. Keep Asterisk's own account of calls, from which those are known that end while Hydrophone can't see them:
   cel.conf enable = yes, apps = queue,dial, dateformat = %s.%6q, and the events that docs/truth.md names;
   cel_custom.conf [mappings] #include hydrophone-cel_custom.conf, if the PBX is on this machine; tables if it is not;
   logger.conf queue_log = yes, and neither verbose nor dtmf in a log file. Load res_manager_devicestate.
4. In hydrophone.toml, and then write the files anew, since they hold these addresses:
     [pbx]
     sandbox = false
     host = "ADDRESS-OF-THE-PBX"          (an IPv4 address, never a name)
     ami_port = {settings.pbx.ami_port}
     log_folder = "/var/log/asterisk"     (only if the PBX is on this machine)
     sip_ws_url = "wss://ADDRESS-OF-THE-PBX:8089/ws"
     [agi]
     host = "ADDRESS-OF-THIS-MACHINE"     (only if the PBX is another machine; then also allow = ["ITS-ADDRESS"])
   The menu plays files by their full path: Asterisk must be able to read {settings.cache / "voice"}
   under that very path, on another machine by a read-only mount.
   If the PBX is another machine, add a line "permit = THIS-MACHINE'S-ADDRESS" to hydrophone-manager.conf, and let
   a firewall or tunnel keep AMI ({settings.pbx.ami_port}) and AGI ({settings.agi.port}) between the two:
   neither is encrypted.
5. Asterisk: manager reload, dialplan reload, queue reload all, moh reload, module reload res_pjsip.so
"""


def _sandbox(settings: Settings, extensions: list[str] | None) -> SandboxPbx:
    secrets, phones = _phones(settings, extensions)
    return SandboxPbx(settings, secrets, phones, bound=False, progress=lambda line: _notes.print(escape(line)))


def _phones(settings: Settings, chosen: list[str] | None) -> tuple[Secrets, tuple[str, ...]]:
    """Return the secrets and the agents' phones: those ``chosen``, or all that this install has a password for."""
    if chosen is not None:
        if not all(extension.isascii() and extension.isdigit() for extension in chosen):
            _notes.print("An extension is digits only.")
            raise typer.Exit(2)
        return Secrets.load_or_make(settings.home, phones=(*chosen, *DEMO_PHONES)), tuple(chosen)
    secrets = Secrets.load_or_make(settings.home, phones=DEMO_PHONES)
    known = (name for name in secrets.phones if name.isdigit() and name not in DEMO_PHONES)
    return secrets, tuple(known)


def _further(settings: Settings, chosen: list[str] | None, pbx: str) -> tuple[Secrets, tuple[str, ...]]:
    """Return the secrets and the agents' phones as a further PBX has them."""
    if pbx not in {further.name for further in settings.pbxs}:
        _notes.print(f"hydrophone.toml has no [[pbxs]] of the name {escape(pbx)}.")
        raise typer.Exit(2)
    if not all(extension.isascii() and extension.isdigit() for extension in chosen or ()):
        _notes.print("An extension is digits only.")
        raise typer.Exit(2)
    phones = tuple(f"{extension}@{pbx}" for extension in chosen or ())
    secrets = Secrets.load_or_make(settings.home, phones=phones, pbxs=(pbx,)).of(pbx)
    return secrets, tuple(chosen) if chosen is not None else tuple(secrets.phones)


def _check_sandbox(settings: Settings) -> None:
    if not settings.pbx.sandbox:
        _notes.print(f"pbx.sandbox is false: the PBX at {settings.pbx.host} is not ours to start.")
        raise typer.Exit(1)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except SandboxError as fault:
        _notes.print(escape(str(fault)))
        raise typer.Exit(1) from fault
