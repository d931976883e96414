"""The metadata every table is in, and the columns and checks they share."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Fen = sa.BigInteger
Time = sa.TIMESTAMP(timezone=True)
E164 = sa.String(16)
Number = sa.String(8)


def key(name: str = "id") -> sa.Column[Any]:
    """Return the id of a table, a uuid made by us."""
    return sa.Column(name, sa.Uuid(), primary_key=True)


def ref(name: str, target: str, **options: Any) -> sa.Column[Any]:
    """Return a column that must name a row of another table."""
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(target), nullable=False, **options)


def one_of(column: str, words: Iterable[StrEnum | str]) -> sa.CheckConstraint:
    """Return the check that a column holds one of these words."""
    return sa.CheckConstraint(f"{column} IN ({', '.join(repr(str(word)) for word in words)})", name=f"{column}_known")


def not_negative(*columns: str) -> list[sa.CheckConstraint]:
    """Return a check for each of these columns."""
    return [sa.CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]


def newest(name: str, table_columns: Iterable[sa.Column[Any]], time: sa.Column[Any], row: sa.Column[Any]) -> sa.Index:
    """Return the index that gives the newest rows of these columns first."""
    return sa.Index(name, *table_columns, time.desc(), row.desc())
