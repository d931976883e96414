"""``hydrophone call``: a real SIP call into the hotline, told from the caller's side."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from config.settings import Settings
from cti.caller.errors import CallerError
from cti.caller.phone import Caller
from cti.caller.script import Then, parse, water_bill
from cti.caller.story import live


def call(
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language to choose.")] = "zh",
    account: Annotated[str | None, typer.Option(help="Account number to key.")] = None,
    pin: Annotated[str | None, typer.Option(help="PIN to key.")] = None,
    then: Annotated[
        Then, typer.Option(help="What to do after the bill, or in the menu without an account.")
    ] = Then.AGENT,
    script: Annotated[
        str | None, typer.Option(help='Steps instead: "listen 1 listen 0 stay:60"; see docs/calls.md.')
    ] = None,
    number: Annotated[str, typer.Option("--from", help="Caller number.")] = "13800138000",
    name: Annotated[str, typer.Option(help="Caller name.")] = "",
    patience: Annotated[float, typer.Option(help="Seconds to wait for a person and talk.")] = 90.0,
    record: Annotated[Path | None, typer.Option(help="Write what the caller hears to this WAV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Call the hotline of the sandbox, key digits, record what the caller hears, tell the story with times.

    Examples, and how scripts ask the REST API about a call: docs/calls.md.
    """
    settings = Settings()
    uri = f"sip:{settings.site.hotline}@{settings.pbx.host}:{settings.pbx.sip_port}"
    caller = Caller(number=number, name=name, address=settings.pbx.trunk_address)
    try:
        steps = parse(script) if script else water_bill(lang, account, pin, then, patience)
        story, heard = asyncio.run(live(caller, uri, steps))
    except CallerError as error:
        typer.echo(f"hydrophone call: {error}", err=True)
        raise typer.Exit(1) from error
    if record:
        heard.save(record)
    typer.echo(json.dumps(story.as_dict(), ensure_ascii=False) if as_json else story.as_text())
