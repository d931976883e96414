"""How far a ticket has come, for whoever keys its number on the telephone.

A whole number (the day and six digits) finds any ticket, and tells nothing of it but its state; the last six digits
find one of the caller's own. Deadlines are told to those whose ticket it is.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import AccountNumber
from cti.domain.ticket_progress import Progress, TicketTold
from cti.domain.utility import BillingUnavailableError
from storage.engine import Database
from storage.errors import StorageError
from storage.phones import e164
from storage.records import Category, TicketStatus
from storage.schema import tickets
from storage.text import storable

DEADLINE_S: Final = 5.0
"""Under the six seconds after which the menu gives up."""
LATEST: Final = 50
"""Of a caller's own tickets, so many are looked through for six digits."""

S = TicketStatus
PROGRESS: Final[Mapping[TicketStatus, Progress]] = {
    S.NEW: Progress.RECEIVED,
    S.OPEN: Progress.RECEIVED,
    S.DISPATCHED: Progress.ASSIGNED,
    S.ACCEPTED: Progress.ASSIGNED,
    S.IN_PROGRESS: Progress.UNDER_WAY,
    S.DONE: Progress.DONE,
    S.FOLLOW_UP: Progress.DONE,
    S.CLOSED: Progress.CLOSED,
    S.CANCELLED: Progress.CANCELLED,
}
WAITING: Final = frozenset({Progress.RECEIVED, Progress.ASSIGNED, Progress.UNDER_WAY})

_WHOLE: Final = re.compile(r"(\d{8})(\d{6})", re.ASCII)
_TAIL: Final = re.compile(r"\d{6}", re.ASCII)

T = tickets.c


class TicketEnquiries:
    """Tickets by their keyed number. ``region`` is where numbers without a country code are at home."""

    def __init__(self, database: Database, *, region: str = "CN") -> None:
        self._database = database
        self._region = region

    async def find(self, digits: str, *, number: str, account: AccountNumber | None) -> TicketTold | None:
        """Return the ticket that ``digits`` name, as told to a caller from ``number`` who has proved ``account``.

        Raises ``BillingUnavailableError`` when there is no answer.
        """
        known = e164(number, self._region)

        async def work(connection: AsyncConnection) -> TicketTold | None:
            for query in _queries(digits, known, account):
                row = (await connection.execute(query)).mappings().first()
                if row is not None:
                    return _told(row, theirs=_is_theirs(row, known, account))
            return None

        try:
            return await self._database.run(work, deadline_s=DEADLINE_S)
        except StorageError as error:
            raise BillingUnavailableError(str(error)) from error


def _queries(digits: str, number: str | None, account: AccountNumber | None) -> list[sa.Select[Any]]:
    columns = sa.select(T.number, T.status, T.category, T.due_at, T.caller_number_e164, T.account)
    if match := _WHOLE.fullmatch(digits):
        return [columns.where(T.number == f"{match[1]}-{match[2]}")]
    if not _TAIL.fullmatch(digits):
        return []
    owners = [T.caller_number_e164 == number] if number else []
    owners += [T.account == storable(account)] if account else []
    found = []
    for own in owners:
        latest = columns.where(own).order_by(T.opened_at.desc(), T.id.desc()).limit(LATEST).subquery()
        found.append(sa.select(latest).where(latest.c.number.endswith(f"-{digits}")).limit(1))
    return found


def _is_theirs(row: sa.RowMapping, number: str | None, account: AccountNumber | None) -> bool:
    by_number = number is not None and row["caller_number_e164"] == number
    return by_number or (account is not None and row["account"] == account)


def _told(row: sa.RowMapping, *, theirs: bool) -> TicketTold:
    progress = PROGRESS[TicketStatus(row["status"])]
    due_at = row["due_at"] if theirs and progress in WAITING else None
    arrives = row["category"] == Category.REPAIR
    return TicketTold(progress, theirs, arrival_by=due_at if arrives else None, due_at=None if arrives else due_at)
