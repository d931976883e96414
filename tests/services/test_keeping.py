"""The database comes when it comes; the hotline does not wait for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cti.domain.events import Presence
from cti.domain.ids import Extension, PbxName
from cti.domain.model import Call, CallStage
from cti.services.call_book import CallBook
from cti.services.keeping import Keeping, as_call
from storage.engine import Database
from storage.errors import StorageUnavailableError
from storage.records import CallRecord, Role, User
from tests.domain.story import ANNA, PBX, WATER, Story, call_of
from tests.services.parts import HandClock, LiveStory, no_sleep, until


def record_of(call: Call) -> CallRecord:
    kept = {name: getattr(call, name) for name in CallRecord.__dataclass_fields__ if hasattr(call, name)}
    return CallRecord(**kept, caller_number_e164=None, ticket_id=None)


class Shelf:
    """Users, calls and a server that can be down for a while."""

    def __init__(self, records: Sequence[CallRecord] = ()) -> None:
        self.down: list[Exception] = []
        self.users = [
            User(id=ANNA, name="Anna", role=Role.AGENT, extension=Extension("1001"), queues=(WATER,), active=True)
        ]
        self.records = records
        self.asked = 0

    async def start(self) -> str:
        if self.down:
            raise self.down.pop(0)
        return ""

    async def agents(self) -> Sequence[User]:
        self.asked += 1
        if self.down:
            raise self.down.pop(0)
        return self.users

    async def unfinished(self, pbx: PbxName) -> Sequence[CallRecord]:
        return self.records


class House:
    def __init__(self, folder: Path, shelf: Shelf) -> None:
        self.story = LiveStory(ready=False)
        self.book = CallBook(PBX, folder / "boot")
        self.database = Database("postgresql://nobody@127.0.0.1:1/none")
        self.migrated: list[str] = []
        self.keeping = Keeping(
            self.story.live,
            {PBX: self.book},
            HandClock(),
            self.database,
            shelf,
            shelf,
            shelf,
            migrate=self._migrate,
            sleep=no_sleep,
        )

    async def _migrate(self, dsn: str) -> bool:
        self.migrated.append(dsn)
        return True


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    task = asyncio.create_task(house.keeping.run())
    try:
        yield house
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await house.database.close()


async def test_the_database_tells_agents_and_calls_from_before(tmp_path: Path) -> None:
    before = Story()
    before.waiting()
    house = House(tmp_path, Shelf([record_of(before.call())]))
    async with running(house):
        assert await house.keeping.wait_ready(5)
    assert house.story.agent(ANNA).extension == "1001"
    call = house.story.call()
    assert (call.id, call.stage, call.ivr_flow) == (call_of(), CallStage.RINGING, "water")
    assert house.book(call.linkedid) == call.id
    assert len(house.migrated) == 1


async def test_a_database_that_is_away_is_tried_again(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.down = [StorageUnavailableError("down"), OSError("no"), ZeroDivisionError("a bug")]
    house = House(tmp_path, shelf)
    async with running(house):
        assert await house.keeping.wait_ready(5)


async def test_whoever_waits_goes_on_without(tmp_path: Path) -> None:
    house = House(tmp_path, Shelf())
    assert not await house.keeping.wait_ready(0.01)
    await house.database.close()


async def test_agents_that_come_later_are_enrolled_and_an_outage_only_delays_them(tmp_path: Path) -> None:
    shelf = Shelf()
    house = House(tmp_path, shelf)
    async with running(house):
        await house.keeping.wait_ready(5)
        shelf.down = [StorageUnavailableError("down")]
        shelf.users = [replace(shelf.users[0], name="Anna B"), replace(shelf.users[0], extension=None)]
        await until(lambda: house.story.agent(ANNA).name == "Anna B")
    assert house.story.agent(ANNA).presence is Presence.OFFLINE


@pytest.mark.parametrize("answered", [True, False])
def test_a_record_becomes_the_live_call_it_was(answered: bool) -> None:
    story = Story()
    if answered:
        story.talking()
    else:
        story.waiting()
    call = story.call()
    back = as_call(record_of(call))
    for name in ("id", "linkedid", "started_at", "queue", "queued_at", "answered_at", "agent", "ivr_flow", "wait_s"):
        assert getattr(back, name) == getattr(call, name)
    assert back.counted is answered
