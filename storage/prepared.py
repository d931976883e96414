"""Statements of the hot path: written by SQLAlchemy once, executed by the driver.

Executing a statement through SQLAlchemy costs more than PostgreSQL takes for it, and a call needs dozens. Those of
each call are compiled once here, for each set of columns that they are given, and go to asyncpg as text and values.
Only for statements whose text depends on nothing else: no lists of any length, no defaults made in Python.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    Driver = asyncpg.Connection[asyncpg.Record]
else:
    Driver = asyncpg.Connection  # is no generic class when it runs
"""A connection of the driver's, inside a transaction. See ``Database.run_bare``."""

_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_Places = tuple[tuple[str, Callable[[Any], Any] | None, Any], ...]


class Prepared:
    """A statement with named parameters; an INSERT or UPDATE takes those columns that it is given."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement: Any = statement
        self._known: dict[tuple[str, ...], tuple[str, _Places]] = {}

    async def rows(self, connection: Driver, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Execute it with these values and return all rows. Raises what asyncpg does."""
        keys = tuple(values)
        text, places = self._known.get(keys) or self._compile(keys)
        arguments = [
            value if make is None else make(value)
            for value, make in ((values.get(name, default), make) for name, make, default in places)
        ]
        return await connection.fetch(text, *arguments)

    async def row(self, connection: Driver, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """Execute it with these values and return the first row, None if there is none."""
        rows = await self.rows(connection, values)
        return rows[0] if rows else None

    def _compile(self, keys: tuple[str, ...]) -> tuple[str, _Places]:
        table = getattr(self._statement, "table", None)  # of an INSERT or UPDATE
        columns = None if table is None else [key for key in keys if key in table.c]
        compiled: SQLCompiler = self._statement.compile(dialect=_DIALECT, column_keys=columns)
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError("this statement has a part that depends on more than its columns")
        given = compiled.params
        places = tuple(
            (name, compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT), given[name])
            for name in compiled.positiontup or ()
        )
        self._known[keys] = known = (compiled.string, places)
        return known
