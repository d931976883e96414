"""Rows of the PBX's tables as its account; what can't be read, and what is not believed."""

import pytest

from cti.services.evidence.source import UnreadableError
from cti.services.evidence.tables import LogTables
from storage.errors import StorageUnavailableError
from storage.pbx_log import Place, Written
from tests.translator.test_pbx_log import GOOD

QUEUE = {
    "time": "2026-11-25 22:45:20.712240", "callid": "1.0", "queuename": "water", "agent": "NONE", "event": "ABANDON",
    "data1": "1", "data2": "1", "data3": "4", "data4": "", "data5": "",
}  # fmt: skip


class Rows:
    def __init__(self, *cel: dict[str, str]) -> None:
        self.cel = cel
        self.asked: list[Place] = []

    async def end(self) -> Place:
        return Place(7, 8)

    async def since(self, place: Place) -> Written:
        self.asked.append(place)
        return Written(self.cel, [QUEUE, QUEUE | {"event": "abandon; drop"}], Place(9, 8))

    async def prune(self) -> int:
        return 3


class Away:
    async def end(self) -> Place:
        raise StorageUnavailableError("away")

    async def since(self, place: Place) -> Written:
        raise StorageUnavailableError("away")

    async def prune(self) -> int:
        raise StorageUnavailableError("away")


async def test_rows_are_read_as_lines_and_the_mark_is_their_place() -> None:
    rows = Rows(GOOD, GOOD | {"linkedid": "1.0 OR 1"})
    tables = LogTables(rows)
    account = await tables.since(await tables.end())
    assert rows.asked == [Place(7, 8)]
    assert ([line.event for line in account.cel], [line.event for line in account.queue]) == (["HANGUP"], ["ABANDON"])
    assert (account.refused, account.end) == (2, {"cel": [9], "queue": [8]})
    assert account.queue[0].exact


async def test_a_mark_of_another_source_is_the_beginning() -> None:
    rows = Rows()
    await LogTables(rows).since({"cel": [17, 3]})
    assert rows.asked == [Place(0, 0)]


async def test_a_database_that_is_away_can_not_be_read() -> None:
    with pytest.raises(UnreadableError):
        await LogTables(Away()).end()
    with pytest.raises(UnreadableError):
        await LogTables(Away()).since({})
    with pytest.raises(UnreadableError):
        await LogTables(Away()).prune()
