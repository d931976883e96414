"""``hydrophone billing``: try a site's billing system before a caller does.

Asks each question for one account and says what is wrong with the answer: missing columns, another account, too slow.
Shows how much came back and how long it took, and what it was only when told to: it is somebody's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import AccountNumber
from cti.domain.utility import BillingUnavailableError, is_account_number
from storage.billing.choose import billing_of
from storage.billing.external import ExternalBilling
from storage.billing.guard import MismatchError
from storage.embedded import postgres
from storage.engine import Database
from storage.errors import StorageError
from storage.migrate import upgrade

app = typer.Typer(no_args_is_help=True, help="The site's billing system.")
Asks = Mapping[str, Callable[[], Awaitable[object]]]


@app.callback()
def group() -> None:
    """Keep ``check`` a command of its own."""


@app.command()
def check(
    account: Annotated[str, typer.Option(prompt="Account number", help="An account to ask for.")],
    pin: Annotated[str, typer.Option(prompt="Its PIN (counts as a try)", hide_input=True)],
    show: Annotated[bool, typer.Option("--show", help="Print what was answered, which is somebody's.")] = False,
) -> None:
    """Ask each question once; ends with 1 if an answer can't be used."""
    if not is_account_number(account):
        raise typer.BadParameter("an account number has 8 digits and a right check digit")
    try:
        wrong = asyncio.run(_check(Settings(), AccountNumber(account), pin, show=show))
    except StorageError as error:
        Console(stderr=True).print(f"hydrophone: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    raise typer.Exit(1 if wrong else 0)


async def _check(settings: Settings, account: AccountNumber, pin: str, *, show: bool) -> int:
    dsn = settings.database.dsn
    secrets = await asyncio.to_thread(Secrets.load_or_make, settings.home)
    async with postgres(dsn.get_secret_value() if dsn else None, settings.home / "postgres") as reached:
        await upgrade(reached)
        database = Database(reached, pool_size=2)
        billing = billing_of(settings, database, pin_key=secrets.pin_key, now=lambda: datetime.now(UTC))
        asks: Asks = {
            "account": lambda: billing.account(account),
            "pin": lambda: billing.check_pin(account, pin),
            "bills": lambda: billing.bills(account, limit=24),
            "last_payment": lambda: billing.last_payment(account),
            "readings": lambda: billing.readings(account, limit=24),
            "tariff": lambda: billing.tariff(account),
            "the agent's sheet": lambda: billing.sheet(account),
        }
        try:
            return await _ask_all(asks, show=show)
        finally:
            if isinstance(billing, ExternalBilling):
                await billing.close()
            await database.close()


async def _ask_all(asks: Asks, *, show: bool) -> int:
    table, wrong = Table("question", "answer", "ms"), 0
    for name, ask in asks.items():
        since = time.monotonic()
        try:
            answer = await ask()
            told = str(answer) if show else _size(answer)
        except BillingUnavailableError as error:
            wrong += 1
            told = f"WRONG: {_why(error, show=show)}"
        table.add_row(name, told, f"{1000 * (time.monotonic() - since):.0f}")
    Console().print(table)
    return wrong


def _why(error: BillingUnavailableError, *, show: bool) -> str:
    """Say what went wrong; a database's or a server's own words may quote what was asked."""
    cause = error.__cause__
    if cause is None or isinstance(cause, MismatchError) or show:
        return str(cause or error)
    return f"{type(cause).__name__} (its words: --show)"


def _size(answer: object) -> str:
    if answer is None:
        return "nothing"
    if isinstance(answer, tuple | list):
        return f"{len(answer)} rows"
    return answer if isinstance(answer, str) else type(answer).__name__
