"""Counting failed tries of a PIN or a password, and locking with growing delay.

A try is counted *before* it is judged, in one statement, so that a hundred at the same time get no more tries than one
after the other. Unknown accounts and users are counted and locked just like known ones, or the lock would tell which
exist. What was tried is kept as a hash only: people type passwords where a user name belongs.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import tries

_MOST_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class TryPolicy:
    """From the ``free``-th failure in a row on, wait ``first``, then twice that, up to ``longest``."""

    kind: Literal["pin", "login"]
    free: int
    first: timedelta
    longest: timedelta
    forgotten_after: timedelta


PIN_TRIES: Final = TryPolicy("pin", 3, timedelta(minutes=1), timedelta(hours=24), timedelta(days=30))
"""A million PINs at one guess a day: 1 in 2,700 in a year, and a customer who mistypes waits a minute."""
LOGIN_TRIES: Final = TryPolicy("login", 5, timedelta(seconds=30), timedelta(minutes=15), timedelta(days=1))


def _key(subject: str) -> bytes:
    return hashlib.sha256(subject.encode(errors="surrogatepass")).digest()


async def take_try(connection: AsyncConnection, policy: TryPolicy, subject: str, now: datetime) -> int:
    """Count one try against ``subject``; returns 0 when it may be judged, else the seconds that it is locked for."""
    row = {"kind": policy.kind, "subject_sha256": _key(subject), "failures": 1, "failed_at": now}
    insert = pg.insert(tries).values(row)
    stale = tries.c.failed_at < now - policy.forgotten_after
    failures = sa.case((stale, 1), else_=tries.c.failures + 1)
    doublings = sa.func.least(failures - policy.free, _MOST_DOUBLINGS)
    lock_s = sa.func.least(policy.first.total_seconds() * sa.func.power(2.0, doublings), policy.longest.total_seconds())
    until = sa.literal(now, tries.c.failed_at.type) + lock_s * sa.text("interval '1 second'")
    counted = await connection.execute(
        insert.on_conflict_do_update(
            index_elements=[tries.c.kind, tries.c.subject_sha256],
            set_={
                "failures": failures,
                "failed_at": now,
                "locked_until": sa.case((failures >= policy.free, until), else_=sa.null()),
            },
            where=sa.or_(tries.c.locked_until.is_(None), tries.c.locked_until <= now),
        ).returning(tries.c.failures)
    )
    if counted.first() is not None:
        return 0
    locked_until: datetime | None = await connection.scalar(
        sa.select(tries.c.locked_until).where(*_is(policy, subject))
    )
    return 1 if locked_until is None else max(1, math.ceil((locked_until - now).total_seconds()))


async def forgive(connection: AsyncConnection, policy: TryPolicy, subject: str) -> None:
    """Forget the failures of ``subject``: the last try was right."""
    await connection.execute(sa.update(tries).where(*_is(policy, subject)).values(failures=0, locked_until=None))


async def forget_old(connection: AsyncConnection, policy: TryPolicy, now: datetime) -> None:
    """Delete the counts that no longer count."""
    old = sa.and_(tries.c.kind == policy.kind, tries.c.failed_at < now - policy.forgotten_after)
    await connection.execute(sa.delete(tries).where(old))


def _is(policy: TryPolicy, subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    return tries.c.kind == policy.kind, tries.c.subject_sha256 == _key(subject)
