"""``hydrophone serve``: the daemon, in the foreground."""

import asyncio
from typing import Annotated

import typer
import uvloop

from config.secrets import Secrets
from config.settings import Settings
from cti import app, logs


def serve(
    as_json: Annotated[bool, typer.Option("--json-logs", help="Write log lines as JSON.")] = False,
    to_file: Annotated[bool, typer.Option("--log-file", help="Write to log/hydrophone.log of the install.")] = False,
) -> None:
    """Serve the hotline until told to end."""
    settings = Settings()
    file = settings.home / "log" / "hydrophone.log" if to_file else None
    logs.set_up(settings.log_level, file=file, as_json=as_json)
    secrets = Secrets.load_or_make(settings.home, pbxs=tuple(pbx.name for pbx in settings.pbxs))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(app.run(settings, secrets))
