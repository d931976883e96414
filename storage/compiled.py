"""A statement that is compiled once.

SQLAlchemy remembers the text of most statements, but not of PostgreSQL's ``INSERT … ON CONFLICT``
(``sqlalchemy.dialects.postgresql.Insert.inherit_cache`` is False), and for a long one that costs milliseconds, each
time a call is saved.
"""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import CursorResult, Dialect
from sqlalchemy.engine import Compiled
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

S = TypeVar("S", bound=Insert)


class CompiledOnce(Generic[S]):
    """Executes ``statement``; the row always has the same columns."""

    def __init__(self, statement: S) -> None:
        self._statement = statement
        self._known: WeakKeyDictionary[Dialect, tuple[frozenset[str], Compiled]] = WeakKeyDictionary()

    async def execute(self, connection: AsyncConnection, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it with this row's values."""
        known = self._known.get(connection.dialect)
        if known is None or known[0] != row.keys():
            text = self._statement.compile(dialect=connection.dialect, column_keys=list(row))
            known = self._known[connection.dialect] = (frozenset(row), text)
        compiled: Any = known[1]  # may be executed, which its type does not say
        result: CursorResult[Any] = await connection.execute(compiled, dict(row))
        return result
