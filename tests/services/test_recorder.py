"""Every call is kept, and no ended one is ever lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import pytest

from cti.domain.ids import TicketId
from cti.domain.model import Call, Outcome
from cti.domain.restored import CallRestored
from cti.domain.values import replace
from cti.services.recorder import Recorder
from cti.services.spool import call_spool
from storage.errors import RefusedError, StorageUnavailableError
from tests.domain.story import ANNA, at, call_of
from tests.services.parts import ListStore, LiveStory, no_sleep, until


class House:
    def __init__(self, folder: Path, *, bound: int = 100, bound_bytes: int = 10**6, live_every_s: float = 0.0) -> None:
        self.folder = folder
        self.story = LiveStory()
        self.store = ListStore()
        self.recorder = Recorder(
            self.story.live,
            self.store,
            folder,
            bound=bound,
            bound_bytes=bound_bytes,
            live_every_s=live_every_s,
            sleep=self._pause,
        )
        self.story.live.listen(self.recorder.on_changes)
        self.spool = call_spool(folder / "calls.jsonl")
        self._task: asyncio.Task[None] | None = None

    async def _pause(self, _: float) -> None:
        await no_sleep(0)

    def start(self) -> None:
        self._task = asyncio.create_task(self.recorder.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def one_call(self, number: int = 1) -> None:
        self.story.talking(number)
        self.story.hung_up(50, number, agent=ANNA)
        self.story.hung_up(50, number)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.stop()


async def test_a_call_is_kept_as_it_goes_and_at_its_end(house: House) -> None:
    house.start()
    house.story.waiting()
    await until(lambda: call_of() in house.store.kept)
    assert house.store.kept[call_of()].ended_at is None
    house.story.hung_up(50)
    await until(lambda: house.store.kept[call_of()].outcome is Outcome.ABANDONED)


async def test_a_call_that_changes_faster_than_the_database_writes_costs_one_write(house: House) -> None:
    house.one_call()
    house.start()
    await until(lambda: house.recorder.waiting == 0 and bool(house.store.saves))
    assert [call.outcome for call in house.store.saves] == [Outcome.ANSWERED]


async def test_a_live_call_that_was_just_kept_waits_but_its_end_does_not(tmp_path: Path) -> None:
    house = House(tmp_path, live_every_s=3600)
    house.start()
    house.story.leg(0)
    await until(lambda: call_of() in house.store.kept and house.recorder.waiting == 0)
    before = len(house.store.saves)
    house.story.waiting()
    await asyncio.sleep(0.02)
    assert len(house.store.saves) == before
    house.story.hung_up(50)
    await until(lambda: house.store.kept[call_of()].outcome is Outcome.ABANDONED)
    assert len(house.store.saves) == before + 1
    await house.stop()
    await house.recorder.flush()


async def test_a_ticket_is_the_agents_as_soon_as_they_have_the_call(tmp_path: Path) -> None:
    house = House(tmp_path, live_every_s=3600)
    house.start()
    house.story.waiting()
    await until(lambda: call_of() in house.store.kept and house.recorder.waiting == 0)
    house.story.talking()
    await until(lambda: house.store.kept[call_of()].agent == ANNA)
    assert house.store.kept[call_of()].ended_at is None
    await house.stop()
    await house.recorder.flush()


async def test_a_live_call_that_waits_is_kept_when_its_time_has_come(tmp_path: Path) -> None:
    house = House(tmp_path, live_every_s=0.02)
    house.start()
    house.story.leg(0)
    await until(lambda: call_of() in house.store.kept)
    house.story.waiting()
    await until(lambda: house.store.kept[call_of()].queued_at is not None)
    await house.stop()
    await house.recorder.flush()


async def test_a_live_call_that_waits_is_kept_before_the_end_of_the_recorder(tmp_path: Path) -> None:
    house = House(tmp_path, live_every_s=3600)
    house.start()
    house.story.leg(0)
    await until(lambda: call_of() in house.store.kept and house.recorder.waiting == 0)
    house.story.waiting()
    await house.stop()
    await house.recorder.flush()
    assert house.store.kept[call_of()].queued_at is not None


async def test_while_the_database_is_away_ended_calls_are_on_the_disk(house: House) -> None:
    house.store.away = StorageUnavailableError("down")
    house.start()
    for number in range(1, 6):
        house.one_call(number)
    house.story.waiting(6)
    await until(lambda: len(house.spool.read()) == 5)
    assert house.recorder.away
    house.store.away = None
    await until(lambda: len(house.store.kept) == 6)
    await until(lambda: house.spool.read() == [])
    assert [house.store.kept[call_of(n)].outcome for n in range(1, 6)] == [Outcome.ANSWERED] * 5
    assert not house.recorder.away


async def test_what_the_disk_holds_from_before_our_start_is_kept_first(tmp_path: Path) -> None:
    before = House(tmp_path)
    before.one_call()
    before.store.away = StorageUnavailableError("down")
    await before.recorder.flush()
    after = House(tmp_path)
    after.start()
    await until(lambda: call_of() in after.store.kept)
    assert after.store.kept[call_of()] == before.story.call()
    await after.stop()


class Together(ListStore):
    """Notes whose calls are kept at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.now: list[str] = []
        self.groups: list[list[str]] = []

    async def save(self, call: Call) -> TicketId:
        self.now.append(call.caller_number)
        self.groups.append(sorted(self.now))
        try:
            return await super().save(call)
        finally:
            self.now.remove(call.caller_number)


async def test_calls_of_different_callers_are_kept_at_once_and_those_of_one_in_turn(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.store = store = Together()
    house.recorder = Recorder(house.story.live, store, tmp_path)
    house.one_call()
    told = house.story.call()
    callers = ["1", "2", "1", "3", "4", "5", "6", "7"]
    calls = [replace(told, id=call_of(100 + at), caller_number=one) for at, one in enumerate(callers)]
    house.spool.add(calls)
    house.start()
    await until(lambda: len(store.saves) == len(calls))
    assert [call.caller_number for call in store.saves if call.caller_number == "1"] == ["1", "1"]
    assert store.saves.index(calls[0]) < store.saves.index(calls[2])
    assert max(store.groups, key=len) == ["1", "3", "4", "5"]
    assert not any(group.count("1") > 1 for group in store.groups)
    await house.stop()


async def test_the_end_flushes_live_calls_too(house: House) -> None:
    house.story.waiting()
    await house.recorder.flush()
    assert house.store.kept[call_of()].queued_at == at(10)


async def test_a_database_too_slow_at_the_end_leaves_the_disk(house: House) -> None:
    house.one_call()

    async def for_ever(call: object) -> None:
        await asyncio.sleep(3600)

    with patch.object(house.store, "save", for_ever), patch("cti.services.recorder.FLUSH_S", 0.01):
        await house.recorder.flush()
    assert [call.id for call in house.spool.read()] == [call_of()]


@pytest.mark.parametrize("error", [RefusedError("23514", "ck"), ZeroDivisionError("a bug")])
async def test_a_call_that_is_refused_for_good_is_set_aside_and_stops_nobody(house: House, error: Exception) -> None:
    house.store.away = error
    house.one_call(1)
    house.start()
    await until(lambda: house.recorder.refused == 1)
    house.store.away = None
    house.one_call(2)
    await until(lambda: call_of(2) in house.store.kept)
    assert [call.id for call in call_spool(house.folder / "refused.jsonl").read()] == [call_of(1)]


async def test_when_too_many_wait_live_ones_are_let_go_and_ended_ones_never(tmp_path: Path) -> None:
    house = House(tmp_path, bound=3)
    for number in range(1, 4):
        house.one_call(number)
    for number in range(4, 8):
        house.story.waiting(number)
    assert (house.recorder.waiting, house.recorder.let_go > 0) == (3, True)
    house.one_call(8)
    assert house.recorder.waiting == 4
    await house.recorder.flush()
    assert {call_of(n) for n in (1, 2, 3, 8)} <= set(house.store.kept)


async def test_a_full_disk_leaves_calls_in_memory_and_says_so(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.store.away = StorageUnavailableError("down")
    with patch("cti.services.spool.os.fsync", side_effect=OSError(28, "No space left on device")):
        house.one_call()
        house.start()
        await until(lambda: "memory only" in caplog.text)
    assert house.recorder.waiting == 1
    house.store.away = None
    await until(lambda: call_of() in house.store.kept)


async def test_a_late_word_of_an_ended_call_is_kept_too(house: House) -> None:
    house.start()
    house.story.leg(0)
    house.story.menu(0.1)
    house.story.hung_up(5)
    await until(lambda: call_of() in house.store.kept)
    house.story.left_menu(5.1, "hangup", served=True)
    await until(lambda: house.store.kept[call_of()].outcome is Outcome.SELF_SERVICE)


async def test_the_database_going_away_again_while_the_disk_is_drained_loses_nothing(house: House) -> None:
    house.store.away = StorageUnavailableError("down")
    house.one_call(1)
    house.one_call(2)
    await house.recorder.flush()
    house.start()
    await until(lambda: house.recorder.away)
    assert len(house.spool.read()) == 2
    house.store.away = None
    await until(lambda: len(house.store.kept) == 2)


async def test_a_call_that_changed_while_it_waited_on_disk_is_kept_as_it_was_at_last(house: House) -> None:
    house.store.away = StorageUnavailableError("down")
    house.story.waiting()
    await house.recorder.flush()
    house.story.hung_up(50)
    await house.recorder.flush()
    house.store.away = None
    house.start()
    await until(lambda: call_of() in house.store.kept)
    assert [call.outcome for call in house.store.saves] == [Outcome.ABANDONED]


async def test_a_spool_that_has_reached_its_bound_leaves_calls_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, bound_bytes=10)
    house.store.away = StorageUnavailableError("down")
    house.one_call()
    house.start()
    await until(lambda: "memory only" in caplog.text)
    assert (house.recorder.waiting, house.spool.read()) == (1, [])
    house.store.away = None
    await until(lambda: call_of() in house.store.kept)
    await house.stop()


async def test_a_spool_that_cannot_be_read_does_not_end_the_recorder(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with patch("cti.services.spool.Path.open", side_effect=PermissionError(13, "Permission denied")):
        house.one_call()
        house.start()
        await until(lambda: "calls could not be kept" in caplog.text)
    await until(lambda: call_of() in house.store.kept)


def test_a_whole_call_comes_back_from_the_disk_as_it_was(tmp_path: Path) -> None:
    story = LiveStory()
    story.talking()
    story.step(3, "language", "1")
    story.held(30)
    spool = call_spool(tmp_path / "calls.jsonl")
    spool.add((story.call(),))
    assert spool.read() == [story.call()]
    assert CallRestored(at=at(0), record=spool.read()[0]).record.talks == story.call().talks
