"""What the journal costs: the event loop, PostgreSQL, the disk; and how fast the past is folded again.

The facts of the recorded calls, over and over, beside 200 agents and 100 live calls. PostgreSQL is the embedded one,
with all its syncing. Three ways into the table are compared: arrays in one statement (ours), a statement per row, and
COPY into a temporary table; each may be repeated without making a row twice.
"""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from bench import _facts
from bench.report import Bar, Report
from cti.domain.events import Event
from cti.services.journal import canon
from cti.services.journal.codec import Codec
from cti.services.journal.journal import Journal, row_spool
from cti.services.journal.replay import Fold
from cti.services.live import Live
from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.journal import JournalRow, JournalStore, KeptSnapshot
from storage.migrate import upgrade

AGENTS, CALLS = 200, 100
BATCH = 2_000
NOTING_AT_MOST = 1.35
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def run(quick: bool) -> Report:
    """Measure; ``quick`` does fewer rounds."""
    return await (measure(rounds=9, batches=5) if quick else measure(rounds=25, batches=25))


async def measure(*, rounds: int, batches: int) -> Report:
    """Measure with so many rounds of facts, and so many batches of rows."""
    with TemporaryDirectory() as folder:
        plain_us, noted_us = _noting(Path(folder), rounds)
        codec = Codec()
        rows, snapshot = _rows(codec, BATCH * batches)
        encoded_us = _encoding(codec, rounds)
        ways = await _ways_in(Path(folder), rows)
        spooled = _spooling(Path(folder), rows)
        folding = _folding(codec, rows, snapshot)
    return Report(
        "journal",
        {
            "applied_us_per_event": round(plain_us, 3),
            "applied_and_noted_us_per_event": round(noted_us, 3),
            "encoded_us_per_event": round(encoded_us, 3),
            "bytes_per_event": round(sum(len(row.body) for row in rows) / len(rows)),
            "rows_per_s": ways,
            "spooled_rows_per_s": spooled,
            **folding,
            "events": len(rows),
        },
        (Bar("applied and noted ÷ applied", noted_us / plain_us, NOTING_AT_MOST),),
    )


# ------------------------------------------------------------------ the event loop


def _noting(folder: Path, rounds: int) -> tuple[float, float]:
    """Return the least CPU per event in microseconds without and with a journal that notes it.

    The least, as a machine that others use, too, makes some rounds slower and none faster.
    """
    plain, noted = _facts.house(AGENTS, CALLS), _facts.house(AGENTS, CALLS)
    journal = _journal(folder, noted)
    noted.note = journal.note
    spent: dict[int, list[float]] = {0: [], 1: []}
    for number in range(rounds + 1):
        facts = _facts.recorded(number)
        gc.collect()
        for which in (0, 1) if number % 2 else (1, 0):
            spent[which].append(_applied((plain, noted)[which], facts))
        journal._fresh.clear()
    return min(spent[0][1:]), min(spent[1][1:])


def _journal(folder: Path, live: Live) -> Journal:
    clock = time.monotonic
    store: Any = None
    return Journal(store, Codec(), folder, lambda: NOW + timedelta(seconds=clock()), lambda: live.state)


def _applied(live: Live, facts: Sequence[Event]) -> float:
    began = time.process_time()
    for fact in facts:
        live.apply(fact)
    return (time.process_time() - began) / len(facts) * 1e6


def _encoding(codec: Codec, rounds: int) -> float:
    facts = _facts.recorded(0)
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        for fact in facts:
            codec.encode(fact)
        spent.append((time.process_time() - began) / len(facts) * 1e6)
    return median(spent)


# ------------------------------------------------------------------ rows


def _rows(codec: Codec, count: int) -> tuple[list[JournalRow], KeptSnapshot]:
    """Return that many rows, and the state before the first of them."""
    live = _facts.house(AGENTS, CALLS)
    before = canon.copy(live.state)
    snapshot = KeptSnapshot(0, NOW, canon.digest(before), canon.pack(before))
    rows: list[JournalRow] = []
    number = 0
    while len(rows) < count:
        for fact in _facts.recorded(number):
            kind, version, body = codec.encode(fact)
            rows.append(JournalRow(_facts.PBX, _facts.BOOT, "1795000001.1", len(rows) + 1, NOW, kind, version, body))
        number += 1
    return rows[:count], snapshot


async def _ways_in(folder: Path, rows: Sequence[JournalRow]) -> dict[str, int]:
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    try:
        await upgrade(server.dsn)
        database = Database(server.dsn, pool_size=1)
        connection = await asyncpg.connect(server.plain_dsn)
        try:
            store = JournalStore(database)
            await store.make_months(NOW)

            async def ours(batch: Sequence[JournalRow]) -> None:
                await store.append(batch)

            return {
                "arrays": await _into(ours, rows, connection),
                "a_statement_per_row": await _into(lambda batch: _per_row(connection, batch), rows, connection),
                "copy_and_insert": await _into(lambda batch: _copied(connection, batch), rows, connection),
                "arrays_again": await _into(ours, rows, connection, empty=False),
            }
        finally:
            await connection.close()
            await database.close()
    finally:
        await server.stop()


async def _into(
    way: Callable[[Sequence[JournalRow]], Awaitable[None]],
    rows: Sequence[JournalRow],
    connection: asyncpg.Connection,
    *,
    empty: bool = True,
) -> int:
    if empty:
        await connection.execute("TRUNCATE journal")
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        await way(rows[at : at + BATCH])
    taken_s = time.perf_counter() - began
    if await connection.fetchval("SELECT count(*) FROM journal") != len(rows):
        raise RuntimeError("rows are missing, or there twice")
    return round(len(rows) / taken_s)


async def _per_row(connection: asyncpg.Connection, batch: Sequence[JournalRow]) -> None:
    await connection.executemany(
        "INSERT INTO journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING", batch
    )


async def _copied(connection: asyncpg.Connection, batch: Sequence[JournalRow]) -> None:
    async with connection.transaction():
        await connection.execute("CREATE TEMP TABLE new (LIKE journal) ON COMMIT DROP")
        await connection.copy_records_to_table("new", records=batch)
        await connection.execute("INSERT INTO journal SELECT * FROM new ON CONFLICT DO NOTHING")


def _spooling(folder: Path, rows: Sequence[JournalRow]) -> int:
    spool = row_spool(folder / "journal.jsonl", 10**12)
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        spool.add(rows[at : at + BATCH])
    return round(len(rows) / (time.perf_counter() - began))


# ------------------------------------------------------------------ the past


def _folding(codec: Codec, rows: Sequence[JournalRow], snapshot: KeptSnapshot) -> dict[str, float]:
    began = time.perf_counter()
    state = canon.unpack(snapshot.state)
    unpacked_s = time.perf_counter() - began
    fold = Fold(codec, state)
    began = time.process_time()
    for row in rows:
        fold.step(row)
    folded_s = time.process_time() - began
    return {
        "folded_events_per_cpu_s": round(len(rows) / folded_s),
        "snapshot_bytes": len(snapshot.state),
        "snapshot_unpacked_ms": round(unpacked_s * 1000, 1),
    }
