"""The commands that look after the database: ``migrate`` and ``demo-data``."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import QueueName
from storage.billing.own import OwnTables
from storage.demo.people import PEOPLE
from storage.demo.prepare import prepare
from storage.demo.samples import Sample, samples
from storage.demo.town import LEAST_ACCOUNTS, MOST_ACCOUNTS, Town
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.migrate import upgrade

DEFAULT_SEED = 96_000


def migrate() -> None:
    """Bring the database to the tables of this version."""
    _run(_migrate(Settings()))


async def _migrate(settings: Settings) -> None:
    async with postgres(_dsn(settings), settings.home / "postgres") as dsn:
        changed = await upgrade(dsn)
    Console().print("The tables are up to date now." if changed else "The tables were up to date.")


def demo_data(
    accounts: Annotated[int, typer.Option(min=LEAST_ACCOUNTS, max=MOST_ACCOUNTS, help="How many accounts.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same utility.")] = DEFAULT_SEED,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day that the readings end at; default today."),
    ] = None,
) -> None:
    """Fill the database with an invented water utility; demo data that is there is replaced, real data never."""
    settings = Settings()
    secrets = Secrets.load_or_make(settings.home, users=tuple(person.login for person in PEOPLE))
    day = (as_of or datetime.now(ZoneInfo(settings.site.timezone))).date()
    _run(_demo_data(settings, secrets, Town(seed, accounts, day)))


async def _demo_data(settings: Settings, secrets: Secrets, town: Town) -> None:
    console = Console()
    async with postgres(_dsn(settings), settings.home / "postgres") as dsn:
        await upgrade(dsn)
        with _progress(console) as bar:
            tasks: dict[str, TaskID] = {}

            def show(table: str, done: int, total: int) -> None:
                if table not in tasks:
                    tasks[table] = bar.add_task(table, total=total)
                bar.update(tasks[table], completed=done, total=total)

            await prepare(
                dsn,
                town,
                pin_key=secrets.pin_key,
                passwords=secrets.users,
                queue=QueueName(settings.pbx.queue),
                again=True,
                progress=show,
            )
        database = Database(dsn, pool_size=1)
        try:
            shown = await samples(OwnTables(database, pin_key=secrets.pin_key), town)
        finally:
            await database.close()
    for sample in shown:
        console.print(_line(sample), markup=False, highlight=False, soft_wrap=True)


def _line(sample: Sample) -> str:
    bill = sample.latest_bill
    return (
        f"account {sample.number}  PIN {sample.pin}  {sample.name}  "
        f"{bill.period:%Y-%m}: {bill.usage_m3} m³, ¥{bill.open_fen / 100:.2f} due {bill.due}"
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _dsn(settings: Settings) -> str | None:
    return None if settings.database.dsn is None else settings.database.dsn.get_secret_value()


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except StorageError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
