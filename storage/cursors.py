"""Cursors of lists in order of time: where a page ended, as an opaque word that goes through a URL."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from storage.errors import BadCursorError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 200


def to_cursor(order: str, at: datetime, key: UUID) -> str:
    """Return the cursor of the row (``at``, ``key``) in the list ordered by ``order``."""
    return base64.urlsafe_b64encode(f"{order}|{(at - EPOCH) // _MICROSECOND}|{key.hex}".encode()).decode().rstrip("=")


def from_cursor(order: str, cursor: str) -> tuple[datetime, UUID]:
    """Return the row that ``cursor`` stands for. Raises ``BadCursorError`` for anything else."""
    try:
        if len(cursor) > _LONGEST:
            raise BadCursorError
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        made_for, microseconds, key = text.split("|")
        row = EPOCH + int(microseconds) * _MICROSECOND, UUID(hex=key)
    except (ValueError, binascii.Error, OverflowError):
        raise BadCursorError from None
    if made_for != order:
        raise BadCursorError
    return row


def after(
    columns: Sequence[sa.Column[Any]], row: tuple[datetime, UUID], *, newest_first: bool
) -> sa.ColumnElement[bool]:
    """Return the condition for rows that come after ``row``, written so that the index of the order serves it."""
    place = sa.tuple_(*columns)
    value = sa.tuple_(sa.literal(row[0], columns[0].type), sa.literal(row[1], columns[1].type))
    return place < value if newest_first else place > value
