"""Every event is kept, in order and once, whatever the database and the disk do."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from cti.domain import events as e
from cti.domain.events import Presence
from cti.services.journal.codec import LOST
from cti.services.journal.positions import PER_RUN, first_position
from storage.errors import RefusedError, StorageUnavailableError
from tests.domain.story import ANNA, BOOT, PBX, at, linkedid
from tests.services.journal.house import House, MemoryStore

DOWN = StorageUnavailableError("down")


def kinds(store: MemoryStore) -> list[str]:
    return [store.kept[position].kind for position in sorted(store.kept)]


@pytest.fixture
async def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    await made.begin()
    return made


async def test_every_event_is_kept_under_its_key_and_in_its_order(house: House) -> None:
    house.story.ready()
    house.one_call()
    await house.rounds()
    rows = [house.store.kept[position] for position in house.store.order]
    assert [row.kind for row in rows] == [type(event).__name__ for event in house.story.log]
    assert [row.position for row in rows] == sorted({row.position for row in rows})
    told = dict(zip(house.story.log, rows, strict=True))
    for event, row in told.items():
        if isinstance(event, e.LegEvent | e.CallEvent):
            assert row[:3] == (PBX, BOOT, linkedid(1))
        elif isinstance(event, e.PbxEvent):
            assert row[:3] == (PBX, BOOT, "")
        else:
            assert row[:3] == ("", 0, "")


async def test_an_event_that_fails_is_kept_too(house: House) -> None:
    class Odd(e.LinkDown, kw_only=True):
        """Nobody handles this kind."""

    with pytest.raises(KeyError):
        house.story.live.apply(Odd(at=at(0), pbx=PBX, reason=""))
    assert house.journal.waiting == 1


async def test_while_the_database_is_away_events_are_on_the_disk_and_drained_in_order(house: House) -> None:
    house.story.ready()
    await house.rounds()
    house.store.away = DOWN
    house.one_call(1)
    await house.rounds()
    house.one_call(2)
    house.clock.turn(60)
    await house.rounds()
    assert (house.journal.waiting, house.journal.spooling) == (0, True)
    assert house.journal.queued_bytes > 1000
    assert house.journal.delay_s >= 60
    house.store.away = None
    house.one_call(3)
    house.clock.turn(60)
    await house.rounds()
    assert kinds(house.store) == [type(event).__name__ for event in house.story.log]
    assert house.store.order == sorted(house.store.order)
    assert (house.journal.spooling, house.journal.queued_bytes, house.journal.delay_s) == (False, 0, 0.0)


async def test_a_commit_whose_answer_never_came_is_made_good_without_a_second_row(house: House) -> None:
    house.story.ready()
    house.store.cut = DOWN
    await house.rounds()
    house.clock.turn(60)
    await house.rounds()
    assert kinds(house.store) == [type(event).__name__ for event in house.story.log]


async def test_what_a_killed_run_left_on_the_disk_comes_before_the_next_runs_events(tmp_path: Path) -> None:
    store = MemoryStore()
    store.away = DOWN
    before = House(tmp_path, store)
    await before.begin()
    before.story.ready()
    before.one_call()
    await before.rounds()
    store.away = None
    after = House(tmp_path, store)
    await after.journal.begin()
    assert after.journal.queued_bytes > 0
    await after.begin()
    after.story.ready()
    await after.rounds()
    assert await after.journal.drained(1)
    assert kinds(store) == [type(event).__name__ for event in [*before.story.log, *after.story.log]]


async def test_before_the_tables_are_there_nothing_is_written_and_nothing_lost(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.journal.begin()
    house.story.live.note = house.journal.note
    house.story.ready()
    await house.rounds()
    assert (house.store.kept, house.journal.waiting) == ({}, 0)
    assert not await house.journal.drained(0)
    house.journal.database_ready()
    await house.rounds()
    assert len(house.store.kept) == len(house.story.log)


async def test_a_full_spool_is_said_and_events_wait_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path, bound_bytes=1500)
    await house.begin()
    house.story.ready()
    house.store.away = DOWN
    await house.rounds()
    house.one_call()
    await house.rounds()
    assert house.journal.full
    assert house.journal.waiting > 0
    assert "in memory only" in caplog.text
    house.store.away = None
    house.clock.turn(60)
    await house.rounds()
    assert not house.journal.full
    assert kinds(house.store) == [type(event).__name__ for event in house.story.log]


async def test_a_disk_that_is_full_is_as_good_as_a_full_spool(house: House) -> None:
    house.story.ready()
    house.store.away = DOWN
    with patch("cti.services.spool.os.fsync", side_effect=OSError(28, "No space left on device")):
        await house.rounds()
    assert house.journal.full
    await house.rounds()
    assert (house.journal.full, house.journal.waiting) == (False, 0)


async def test_what_fits_nowhere_is_counted_in_a_row_in_its_place_and_a_snapshot_sets_it_right(tmp_path: Path) -> None:
    house = House(tmp_path, bound=20, bound_bytes=10)
    await house.begin()
    house.store.away = DOWN
    house.story.ready()
    house.one_call(1)
    house.one_call(2)
    assert house.journal.waiting == 21
    await house.rounds()
    house.store.away = None
    house.clock.turn(60)
    await house.rounds()
    house.story.presence(ANNA, Presence.LUNCH, 200)
    await house.rounds()
    rows = [house.store.kept[position] for position in house.store.order]
    lost = [row for row in rows if row.kind == LOST]
    assert [json.loads(row.body) for row in lost] == [{"events": len(house.story.log) - 21}]
    assert rows.index(lost[0]) == 20
    assert house.journal.counts.lost == len(house.story.log) - 21
    fold = await house.replay.upto(rows[-1].position)
    assert fold.state == house.story.live.state


async def test_one_row_that_is_refused_is_set_aside_and_stops_no_other(house: House, tmp_path: Path) -> None:
    house.story.ready()
    house.one_call()
    bad = house.journal.first + 5
    house.store.refuse = frozenset({bad})
    await house.rounds()
    assert len(house.store.kept) == len(house.story.log) - 1
    assert bad not in house.store.kept
    assert house.journal.counts.refused == 1
    assert (tmp_path / "refused-journal.jsonl").read_text().count("\n") == 1


async def test_tables_that_are_not_ours_to_write_to_make_events_wait(house: House) -> None:
    house.story.ready()
    house.store.away = RefusedError("42501", None)
    await house.rounds()
    assert house.journal.spooling
    house.store.away = None
    house.clock.turn(60)
    await house.rounds()
    assert len(house.store.kept) == len(house.story.log)


async def test_the_end_keeps_what_waits_and_a_snapshot(house: House) -> None:
    house.story.ready()
    await house.rounds()
    house.one_call()
    await house.journal.flush()
    assert len(house.store.kept) == len(house.story.log)
    assert house.store.pictures[-1].position == max(house.store.kept)


async def test_the_end_without_a_database_leaves_it_on_the_disk(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    house.store.away = DOWN
    house.story.ready()
    await house.journal.flush()
    assert house.journal.waiting == 0
    assert (tmp_path / "journal.jsonl").read_bytes().count(b"\n") == len(house.story.log)


async def test_the_worker_goes_on_after_a_fault_of_ours(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.story.ready()
    house.store.away = ZeroDivisionError("a bug")
    running = asyncio.create_task(house.journal.run())
    async with asyncio.timeout(5):
        while "could not be written" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        house.store.away = None
        while len(house.store.kept) < len(house.story.log):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_snapshots_are_made_by_number_and_by_time_and_not_without_need(house: House) -> None:
    house.story.ready()
    await house.rounds()
    assert house.store.pictures == []
    house.clock.turn(16 * 60)
    await house.rounds()
    assert len(house.store.pictures) == 1
    house.clock.turn(10)
    await house.rounds()
    assert len(house.store.pictures) == 1
    with patch("cti.services.journal.journal.SNAPSHOT_EVENTS", 10):
        house.one_call()
        await house.rounds()
        assert len(house.store.pictures) == 1
        house.clock.turn(31)
        await house.rounds()
    assert len(house.store.pictures) == 2


def test_positions_go_on_after_every_run_before_whatever_the_clock_does(tmp_path: Path) -> None:
    file = tmp_path / "spool" / "positions"
    walls = iter((1.8e9, 1.8e9 - 7200, 1.8e9 + 10, 5.0))
    runs = [first_position(file, wall_s=lambda: next(walls)) for _ in range(4)]
    assert all(later >= earlier + PER_RUN for earlier, later in pairwise(runs))
    file.unlink()
    assert first_position(file, wall_s=lambda: 1.9e9) == 1_900_000_000_000_000


def test_positions_can_be_taken_on_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with patch("cti.services.journal.positions.os.fsync", side_effect=OSError(28, "No space left on device")):
        assert first_position(tmp_path / "positions", wall_s=lambda: 2.0) == 2_000_000
    assert "can't write down" in caplog.text
