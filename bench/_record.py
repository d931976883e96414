"""Makes the recorded traffic of the benches anew: ``python -m bench._record``. Real calls on a real Asterisk, masked.

A morning of a small hotline: callers who choose a language and a person, wait, talk, are put on hold, give up in the
menu or in the queue. The AMI user is the one that Hydrophone has, so the events are those that it gets.
"""

import asyncio
import contextlib
import tempfile
from pathlib import Path

import typer

from bench._hotline import VARIED, call, hotline
from bench._site import voice_ready
from bench._stream import SHIPPED
from cti.ami.recording import Recorder, open_recording
from cti.ami.session import AmiAddress


async def record(path: Path, *, callers: int, agents: int, per_s: float) -> None:
    """Record so many calls into ``path``."""
    with tempfile.TemporaryDirectory(prefix="hydrophone-bench-") as folder:
        async with hotline(Path(folder), count=agents, habits=VARIED) as site:
            pbx = site.settings.pbx
            with open_recording(path, "wb") as file:
                recorder = Recorder(AmiAddress(pbx.host, pbx.ami_port, pbx.ami_user, site.pbx.secrets.ami), file)
                recording = asyncio.create_task(recorder.run(600.0))
                ended = await call(site, count=callers, per_s=per_s, habits=VARIED)
                await asyncio.sleep(3)
                recording.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await recording
            typer.echo(f"{recorder.recorded}, {ended}, calls recorded, over, with ticket: {await site.tickets()}")
            typer.echo(f"pops: {len(site.consoles.popped)}")


def main(callers: int = 150, agents: int = 12, per_s: float = 3.0, path: Path = SHIPPED) -> None:
    """Record, and tell what came of it."""
    asyncio.run(voice_ready())
    asyncio.run(record(path, callers=callers, agents=agents, per_s=per_s))


if __name__ == "__main__":
    typer.run(main)
