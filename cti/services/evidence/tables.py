"""Asterisk's account in tables of our database, when the PBX is another machine: it writes there itself."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, TypeVar

from cti.services.evidence.source import CEL, QUEUE, Account, Mark, UnreadableError
from cti.translator.pbx_lines import QUEUE_COLUMNS, ForgedLineError, QueueLine, cel_line, queue_line
from storage.errors import StorageError
from storage.pbx_log import Place, Written

_security = logging.getLogger("security.evidence")
_DATA: Final = ("data1", "data2", "data3", "data4", "data5")

Row = Mapping[str, str]
Line = TypeVar("Line")


class Store(Protocol):
    """The tables of one PBX."""

    async def end(self) -> Place:
        """Return where they end now."""

    async def since(self, place: Place) -> Written:
        """Return what was written behind a place."""

    async def prune(self) -> int:
        """Let go of what is old."""


class LogTables:
    """One PBX's account as its backends ``cel_pgsql`` and realtime ``queue_log`` keep it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def end(self) -> Mark:
        """Return the mark of where the tables end now."""
        try:
            return _mark(await self._store.end())
        except StorageError as error:
            raise UnreadableError(str(error)) from error

    async def since(self, mark: Mark) -> Account:
        """Return all that was written since ``mark``."""
        try:
            written = await self._store.since(Place(_number(mark, CEL), _number(mark, QUEUE)))
        except StorageError as error:
            raise UnreadableError(str(error)) from error
        return await asyncio.to_thread(_account, written)

    async def prune(self) -> None:
        """Let go of rows that are older than a month."""
        try:
            await self._store.prune()
        except StorageError as error:
            raise UnreadableError(str(error)) from error


def _account(written: Written) -> Account:
    cel, cel_refused = _lines(written.cel, cel_line)
    queue, queue_refused = _lines(written.queue, _queue_line)
    if refused := cel_refused + queue_refused:
        _security.warning("%d rows of the PBX's tables were refused", refused)
    return Account(tuple(cel), tuple(queue), _mark(written.place), refused)


def _queue_line(row: Row) -> QueueLine:
    return queue_line([row[name] for name in (*QUEUE_COLUMNS, *_DATA)])


def _lines(rows: Iterable[Row], read: Callable[[Row], Line]) -> tuple[list[Line], int]:
    lines: list[Line] = []
    refused = 0
    for row in rows:
        try:
            lines.append(read(row))
        except ForgedLineError:
            refused += 1
    return lines, refused


def _mark(place: Place) -> Mark:
    return {CEL: [place.cel], QUEUE: [place.queue]}


def _number(mark: Mark, part: str) -> int:
    known = mark.get(part, [])
    return known[0] if len(known) == 1 else 0
