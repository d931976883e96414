"""What can go wrong with what is kept.

::

    StorageError
    ├── StorageUnavailableError     the database is down, too slow, or the connection was lost: try again later
    │   └── StorageBusyError        the database is well, but too many wait for it
    ├── RefusedError                the database refused a row: a bug of ours, never the caller's fault
    ├── NotFoundError               there is no such ticket, call or user
    ├── BadCursorError              a cursor that no page of ours gave
    ├── VersionConflictError        the ticket has changed since it was read
    ├── IllegalStatusError          a ticket can't go from this status to that one
    ├── DuplicateError              a user name or extension is taken
    ├── DemoRefusedError            demo data would replace accounts that are not demo data
    └── EmbeddedPostgresError       the embedded PostgreSQL can't be started

Texts never hold what a person typed: a database's own message may quote the row it refused.
"""

from uuid import UUID


class StorageError(Exception):
    """Base of everything that storage raises."""


class StorageUnavailableError(StorageError):
    """The database can't be reached, is too slow, or went away during the work."""


class StorageBusyError(StorageUnavailableError):
    """More work waits for the database than it does in the time given. It is not down."""


class RefusedError(StorageError):
    """The database refused a row. ``sqlstate`` and ``constraint`` say which rule."""

    def __init__(self, sqlstate: str | None, constraint: str | None) -> None:
        super().__init__(f"refused by the database: {sqlstate} {constraint or ''}".rstrip())
        self.sqlstate = sqlstate
        self.constraint = constraint


class NotFoundError(StorageError):
    """There is no such ``what``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}")
        self.what = what


class BadCursorError(StorageError):
    """The cursor was not made by us, or for another order."""

    def __init__(self) -> None:
        super().__init__("not a cursor of this list")


class VersionConflictError(StorageError):
    """The ticket was changed by somebody else in the meantime; ``current`` is its version now."""

    def __init__(self, ticket: UUID, seen: int, current: int) -> None:
        super().__init__(f"ticket {ticket} is at version {current}, not {seen}")
        self.ticket = ticket
        self.seen = seen
        self.current = current


class FlowChangedError(StorageError):
    """Somebody else published the flow in the meantime; ``current`` is its version now."""

    def __init__(self, flow: str, current: int) -> None:
        super().__init__(f"flow {flow} is at version {current}")
        self.flow = flow
        self.current = current


class IllegalStatusError(StorageError):
    """The ticket can't go from ``before`` to ``after``."""

    def __init__(self, ticket: UUID, before: str, after: str) -> None:
        super().__init__(f"ticket {ticket} can't go from {before} to {after}")
        self.ticket = ticket
        self.before = before
        self.after = after


class DuplicateError(StorageError):
    """``what`` (a user name, an extension) belongs to somebody already."""

    def __init__(self, what: str) -> None:
        super().__init__(f"this {what} is taken")
        self.what = what


class DemoRefusedError(StorageError):
    """There are accounts that no demo data made; they are left alone."""

    def __init__(self) -> None:
        super().__init__("the database holds accounts that are not demo data; nothing was changed")


class EmbeddedPostgresError(StorageError):
    """The embedded PostgreSQL can't be started; the text says why and what to do."""
