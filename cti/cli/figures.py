"""``hydrophone figures``: compute the stored figures of a past period anew, from the calls."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from config.settings import Settings
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.kpi import KpiStore
from storage.migrate import upgrade

DAY = ["%Y-%m-%d"]


def figures(
    since: Annotated[datetime, typer.Option("--from", formats=DAY, help="The first day, as the site counts days.")],
    until: Annotated[datetime, typer.Option("--to", formats=DAY, help="The last day.")],
) -> None:
    """Compute the figures of a past period anew. May be repeated; the daemon may run meanwhile."""
    settings = Settings()
    try:
        cells = asyncio.run(compute(settings, since, until))
    except StorageError as error:
        Console(stderr=True).print(f"hydrophone: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    Console().print(f"Computed: {cells} tallies of a quarter of an hour, a queue and an agent.")


async def compute(settings: Settings, first: datetime, last: datetime) -> int:
    """Compute all days from ``first`` to ``last`` of the site's calendar; returns how many tallies there are."""
    zone = ZoneInfo(settings.site.timezone)
    since, until = first.replace(tzinfo=zone), (last + timedelta(days=1)).replace(tzinfo=zone)
    dsn = settings.database.dsn
    async with postgres(dsn.get_secret_value() if dsn else None, settings.home / "postgres") as reached:
        await upgrade(reached)
        database = Database(reached, pool_size=1)
        try:
            return await KpiStore(database, zone=zone).recompute(since, until)
        finally:
            await database.close()
