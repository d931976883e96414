"""``hydrophone ami``: raw traffic of a PBX into a file, masked, and a file as a PBX."""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from config.secrets import Secrets
from config.settings import Settings
from cti.ami.errors import AmiError
from cti.ami.playback import MOST_PER_S, Playback
from cti.ami.recording import Recorded, Recorder, Recording, load, open_recording
from cti.ami.session import AmiAddress

app = typer.Typer(no_args_is_help=True, help="What the PBX says, word for word: record it, play it.")
_out = Console(highlight=False, soft_wrap=True)
_notes = Console(stderr=True, highlight=False, soft_wrap=True)

DAY_S = 86_400.0


@app.command()
def record(
    file: Annotated[Path, typer.Argument(help="Where to; gzipped if it ends in .gz.")],
    seconds: Annotated[float, typer.Option(min=1, max=DAY_S, help="For how long; Ctrl-C ends it before.")] = 600.0,
    most_mb: Annotated[int, typer.Option(min=1, max=10_000, help="End when so much was written.")] = 100,
) -> None:
    """Record what the PBX of this install says. Numbers, names, keys and variables are masked as they come in."""
    settings = Settings()
    pbx = settings.pbx
    secrets = Secrets.load_or_make(settings.home)
    address = AmiAddress(pbx.host, pbx.ami_port, pbx.ami_user, secrets.ami)
    _notes.print(f"Recording what {pbx.host}:{pbx.ami_port} says, for {seconds:g} s or until Ctrl-C")
    with open_recording(file, "wb") as target:
        recorder = Recorder(address, target, most_bytes=most_mb * 1_000_000)
        fault: AmiError | None = None
        try:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(recorder.run(seconds))
        except AmiError as error:
            fault = error
    _tell(file, recorder.recorded)
    if fault is not None:
        _notes.print(f"[red]{escape(str(fault))}[/red]")
        raise typer.Exit(1)


def _tell(file: Path, recorded: Recorded) -> None:
    _out.print(
        f"{escape(str(file))}: {recorded.events:,} events, {recorded.bytes:,} bytes; "
        f"{recorded.dropped:,} lines left out that could not be masked"
    )


@app.command()
def play(
    file: Annotated[Path, typer.Argument(help="A recording.", exists=True, dir_okay=False)],
    port: Annotated[int, typer.Option(min=0, max=65_535, help="On loopback; 0 for any free one.")] = 15_039,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="So many times faster than it happened.")] = 1.0,
    most_per_s: Annotated[int, typer.Option(min=1, max=100_000, help="Never more events a second.")] = MOST_PER_S,
) -> None:
    """Be the PBX of a recording, on loopback, for a daemon with HYDROPHONE_PBX__AMI_PORT set to the port. Ctrl-C ends.

    The AMI user and secret are those of this install.
    """
    try:
        recording = load(file)
    except (AmiError, OSError, EOFError) as fault:
        _notes.print(f"[red]{escape(str(file))} can't be played: {escape(str(fault))}[/red]")
        raise typer.Exit(1) from None
    settings = Settings()
    secrets = Secrets.load_or_make(settings.home)
    playback = Playback(recording, user=settings.pbx.ami_user, secret=secrets.ami, speed=speed, most_per_s=most_per_s)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(playback, recording, port))


async def _serve(playback: Playback, recording: Recording, port: int) -> None:
    port = await playback.start(port)
    events = sum(len(events) for _at, events in recording.reads)
    _out.print(f"A PBX of {events:,} events is at 127.0.0.1:{port}; they begin when somebody logs in and asks")
    try:
        await playback.played.wait()
        _out.print("All of it was sent. Ctrl-C ends.")
        await asyncio.Event().wait()
    finally:
        await playback.stop()
