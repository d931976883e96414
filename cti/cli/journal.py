"""``hydrophone journal``: how large the journal is, and since when; and dropping its old months."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.journal import JournalStore, Month

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
Result = TypeVar("Result")
MONTH = ["%Y-%m"]


@app.command()
def show() -> None:
    """Show the months that are kept, their size, and the oldest event."""
    months, oldest = _run(_show(Settings()))
    table = Table("month", "events, about", "MB")
    for month in months:
        name = f"{month.first:%Y-%m}" if month.first is not None else "without a partition"
        table.add_row(name, f"{month.rows:,}", f"{month.size_bytes / 1e6:,.1f}")
    out = Console()
    out.print(table)
    out.print("The journal is empty." if oldest is None else f"The oldest event is of {oldest:%Y-%m-%d %H:%M:%S} UTC.")


async def _show(settings: Settings) -> tuple[list[Month], datetime | None]:
    async with _journal(settings) as store:
        return await store.months(), await store.begins_at()


@app.command()
def drop(
    before: Annotated[datetime, typer.Option("--before", formats=MONTH, help="The first month that is kept: 2026-05.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop all months before this one, for good: what happened then can't be replayed any more."""
    first = before.date()
    if not yes:
        typer.confirm(f"Drop the journal of all months before {first:%Y-%m}?", abort=True)
    dropped = _run(_drop(Settings(), first))
    typer.echo(f"Dropped {len(dropped)} months." if dropped else "There was nothing to drop.")


async def _drop(settings: Settings, first: date) -> list[str]:
    async with _journal(settings) as store:
        return await store.drop_before(first)


@asynccontextmanager
async def _journal(settings: Settings) -> AsyncIterator[JournalStore]:
    dsn = settings.database.dsn
    async with postgres(dsn.get_secret_value() if dsn else None, settings.home / "postgres") as reached:
        database = Database(reached, pool_size=1)
        try:
            yield JournalStore(database)
        finally:
            await database.close()


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except StorageError as error:
        Console(stderr=True).print(f"hydrophone: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
