"""``hydrophone flow publish|versions|back|funnel``: which version of a phone menu callers hear, and how they fared.

The daemon may run meanwhile: it takes what is published into use within seconds, without a restart.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from ivr.errors import IvrError
from ivr.flow.bundle import SHIPPED
from ivr.flow.funnel import Funnel
from ivr.services.publishing import FlowDesk, History, flow_desk
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.flows import FlowVersion
from storage.migrate import upgrade

Done = TypeVar("Done")

console = Console(highlight=False, markup=False, soft_wrap=True)
mistakes = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)

FlowName = Annotated[str, typer.Argument(help="The flow's name, such as water.")]
FlowFile = Annotated[Path, typer.Argument(help="The flow's file, named after the flow.")]
Comment = Annotated[str, typer.Option(help="Why, for whoever reads the list of versions.")]
Day = Annotated[str, typer.Option(help="A day of the site's: yesterday, today or 2026-11-24.")]
VersionOption = Annotated[int | None, typer.Option(help="Calls of this version alone.")]


def publish(
    file: Annotated[Path, typer.Argument(help="The flow's file, named after the flow.")], comment: Comment = ""
) -> None:
    """Publish a flow, if the linter passes it, for the calls that come from now on."""
    text = _read(file)
    flow = file.stem

    async def work(desk: FlowDesk) -> FlowVersion:
        standing = {one.flow: one.version for one in await desk.standing()}
        return await desk.publish(flow, text, by=_whoever(), based_on=standing.get(flow, SHIPPED), comment=comment)

    made = _run(work)
    console.print(f"{made.flow} version {made.version} takes the calls that come from now on")


def versions(
    flow: FlowName,
    difference: Annotated[
        int | None, typer.Option("--diff", help="Show what this version changed, against the one before.")
    ] = None,
) -> None:
    """List the versions of a flow and of the flows that it calls, the newest first; of each the newest is in use."""

    async def work(desk: FlowDesk) -> tuple[History, str]:
        told = "" if difference is None else await desk.difference(flow, difference, max(SHIPPED, difference - 1))
        return await desk.history(flow), told

    found, told = _run(work)
    if difference is not None:
        console.print(told)
        return
    for one in found.versions:
        back = "" if one.back_to is None else f"back to {one.back_to}  "
        made = f"{one.made_at:%Y-%m-%d %H:%M}  {one.made_by:<16}"
        console.print(f"{one.flow:<12} {one.version:>4}  {made}  {back}{one.comment}")
    if all(one.flow != flow for one in found.versions):
        console.print(f"{flow} was never published: callers hear the flow that ships with us")
    if found.parts:
        named = ", ".join(f"{part.flow} {part.version}" if part.version else part.flow for part in found.parts)
        console.print(f"{flow} calls: {named} (without a number: as it ships)")


def back(
    flow: FlowName,
    to: Annotated[int | None, typer.Option(help="The version to go back to; 0 is the one that ships with us.")] = None,
    comment: Comment = "",
) -> None:
    """Take up the version before the one in use again, or the one named."""

    async def work(desk: FlowDesk) -> FlowVersion:
        return await desk.back(flow, by=_whoever(), to=to, comment=comment)

    made = _run(work)
    console.print(f"{made.flow} is back at version {made.back_to}, as version {made.version}")


def funnel(flow: FlowName, day: Day = "yesterday", version: VersionOption = None) -> None:
    """Show how callers fared on a day: at each step how many came, how long, which way on, who gave up."""
    wanted = day_of(day)

    async def work(desk: FlowDesk) -> Funnel:
        return await desk.funnel(flow, wanted, version)

    found = _run(work)
    console.print(
        f"{flow}, {wanted}: {found.calls} calls, containment {share(found.containment)}, "
        f"to a person {found.to_person}, gave up {share(found.drop_off)}"
    )
    table = Table("step", "calls", "mean", "gave up", "ways")
    for step in found.steps.values():
        ways = ", ".join(f"{way} {passes}" for way, passes in sorted(step.ways.items(), key=lambda one: -one[1]))
        gave_up = f"{step.gave_up} ({share(step.drop_off)})" if step.gave_up else ""
        table.add_row(step.step, str(step.calls), f"{step.mean_ms / 1000:.1f} s", gave_up, ways)
    console.print(table)


def drawn(flow: str, day: str, version: int | None) -> str:
    """Return the picture of a flow with the callers of a day on it."""
    wanted = day_of(day)

    async def work(desk: FlowDesk) -> str:
        return await desk.picture(flow, wanted, version)

    return _run(work)


def day_of(text: str) -> date:
    """Return the day that is meant, by the site's clock."""
    today = datetime.now(ZoneInfo(Settings().site.timezone)).date()
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("yesterday, today or a day such as 2026-11-24") from error


def share(part: float | None) -> str:
    """Return a share as people write it."""
    return "–" if part is None else f"{100 * part:.0f} %"


def _whoever() -> str:
    return f"command:{getpass.getuser()}"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"there is no flow {file}") from error


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[FlowDesk]:
    dsn = settings.database.dsn
    async with postgres(dsn.get_secret_value() if dsn else None, settings.home / "postgres") as reached:
        await upgrade(reached)
        database = Database(reached, pool_size=2)
        try:
            yield flow_desk(settings, database)
        finally:
            await database.close()


def _run(work: Callable[[FlowDesk], Awaitable[Done]]) -> Done:
    async def do() -> Done:
        async with _desk(Settings()) as desk:
            return await work(desk)

    try:
        return asyncio.run(do())
    except (StorageError, IvrError) as error:
        mistakes.print(str(error), style="red")
        raise typer.Exit(1) from error
