"""Put the demo town into the tables: COPY, in one transaction, with the checks of the big tables made at the end.

Calls, tickets and users are left as they are. Accounts that no demo data made are never touched.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import asyncpg

from storage.billing.own import pin_hmac
from storage.demo import quality as quality_of
from storage.demo import town as figures_of
from storage.demo.town import MONTHS, Row, Town
from storage.engine import plain_dsn
from storage.errors import DemoRefusedError, StorageUnavailableError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Progress = Callable[[str, int, int], None]
"""Called with a table's name, how many of its rows are in, and about how many there will be."""

_CHUNK: Final = 20_000
_TIMEOUT_S: Final = 300.0
_KEY_CHECK: Final = "demo data"

TABLES: Final = {
    "zones": ("id", "code", "name_zh", "name_en"),
    "zone_postcodes": ("postcode", "zone_id"),
    "water_quality": (
        "zone_id", "sampled_on", "published_on", "turbidity_ntu", "chlorine_mg_l", "ph", "hardness_mg_l",
    ),
    "tariffs": ("id", "code", "name_zh", "name_en"),
    "tariff_steps": ("tariff_id", "step", "above_m3", "fen_per_m3"),
    "customers": ("id", "name", "language", "vulnerable", "key_account"),
    "customer_phones": ("customer_id", "e164"),
    "premises": ("id", "zone_id", "address"),
    "accounts": ("id", "number", "customer_id", "premise_id", "tariff_id", "cut_off", "next_bill_on"),
    "account_pins": ("account_id", "pin_hmac"),
    "meters": ("id", "account_id", "number", "state", "installed_on"),
    "readings": ("meter_id", "read_on", "value_m3", "kind"),
    "bills": (
        "account_id", "period", "usage_m3", "amount_fen", "due", "open_fen", "late_fee_fen", "estimated",
    ),
    "payments": ("id", "account_id", "paid_on", "amount_fen", "channel"),
}  # fmt: skip
BIG: Final = ("readings", "bills", "payments")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Which demo data is in the tables, and whether its PINs were made with the key asked about."""

    town: Town
    key_fits: bool


async def loaded(dsn: str, *, pin_key: str) -> Loaded | None:
    """Return which demo data the database holds, None when it holds none."""
    connection = await _connect(dsn)
    try:
        row = await connection.fetchrow("SELECT seed, accounts, as_of, key_check FROM demo_loads")
    finally:
        await connection.close()
    if row is None:
        return None
    town = Town(row["seed"], row["accounts"], row["as_of"])
    return Loaded(town, row["key_check"] == pin_hmac(pin_key, _KEY_CHECK, ""))


def rows(town: Town, *, pin_key: str) -> Iterator[tuple[str, int, Iterable[Row]]]:
    """Yield each table's name, about how many rows it will have, and its rows, in an order that the keys allow."""
    some = town.accounts
    yield "zones", 12, figures_of.zone_rows(town)
    yield "zone_postcodes", 12, quality_of.postcode_rows(town)
    yield "water_quality", 36, quality_of.quality_rows(town)
    yield "tariffs", 2, figures_of.tariff_rows(town)
    yield "tariff_steps", 6, figures_of.tariff_step_rows(town)
    yield "customers", some, figures_of.customer_rows(town)
    yield "customer_phones", some, figures_of.phone_rows(town)
    yield "premises", some, figures_of.premise_rows(town)
    yield "accounts", some, figures_of.account_rows(town)
    yield "account_pins", some, _pin_rows(town, pin_key)
    yield "meters", some, figures_of.meter_rows(town)
    ledger = figures_of.ledger(town)
    yield "readings", some * MONTHS, figures_of.reading_rows(town, ledger)
    yield "bills", some * (MONTHS - 1), figures_of.bill_rows(town, ledger)
    yield "payments", some * (MONTHS - 1), figures_of.payment_rows(town, ledger)


def _pin_rows(town: Town, pin_key: str) -> Iterator[Row]:
    for index in range(town.accounts):
        number = town.number(index)
        yield town.uuid("account", index), pin_hmac(pin_key, number, town.pin(number))


def silent(_table: str, _done: int, _total: int) -> None:
    """Tell nobody."""


async def load(dsn: str, town: Town, *, pin_key: str, progress: Progress = silent) -> None:
    """Put ``town`` in place of whatever demo data is there. Raises ``DemoRefusedError`` at a real utility's."""
    connection = await _connect(dsn)
    try:
        async with connection.transaction():
            await _clear(connection)
            checks = await _lift_checks(connection)
            for table, total, its_rows in rows(town, pin_key=pin_key):
                await _copy(connection, table, total, its_rows, progress)
            for statement in checks:
                await connection.execute(statement)
            await connection.execute(
                "INSERT INTO demo_loads (id, seed, accounts, as_of, key_check) VALUES (1, $1, $2, $3, $4)",
                town.seed, town.accounts, town.as_of, pin_hmac(pin_key, _KEY_CHECK, ""),
            )  # fmt: skip
        for table in TABLES:
            await connection.execute(f"ANALYZE {table}")
    finally:
        await connection.close()


async def _connect(dsn: str) -> Connection:
    try:
        return await asyncpg.connect(
            plain_dsn(dsn), timeout=5, command_timeout=_TIMEOUT_S, server_settings={"timezone": "UTC"}
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise StorageUnavailableError(f"the database can't be reached ({type(error).__name__})") from error


async def _clear(connection: Connection) -> None:
    await connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
    ours = await connection.fetchval("SELECT EXISTS (SELECT FROM demo_loads)")
    if not ours and await connection.fetchval("SELECT EXISTS (SELECT FROM accounts)"):
        raise DemoRefusedError
    # incidents are of zones, which are made anew
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}, incidents, demo_loads")


async def _lift_checks(connection: Connection) -> Sequence[str]:
    """Drop the foreign keys of the big tables; returns what puts them back and checks all rows at once."""
    found = await connection.fetch(
        """
        SELECT conrelid::regclass::text AS place, conname AS name, pg_get_constraintdef(oid) AS rule
        FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY($1) ORDER BY 1, 2
        """,
        list(BIG),
    )
    for row in found:
        await connection.execute(f'ALTER TABLE {row["place"]} DROP CONSTRAINT "{row["name"]}"')
    return [f'ALTER TABLE {row["place"]} ADD CONSTRAINT "{row["name"]}" {row["rule"]}' for row in found]


async def _copy(connection: Connection, table: str, total: int, its_rows: Iterable[Row], progress: Progress) -> None:
    done, source = 0, iter(its_rows)
    progress(table, 0, total)
    while chunk := list(islice(source, _CHUNK)):
        await connection.copy_records_to_table(table, records=chunk, columns=TABLES[table])
        done += len(chunk)
        progress(table, done, max(total, done))
    progress(table, done, done)
