"""The figures follow the calls: what became due is computed once it is kept, and stays due until it was."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from cti.domain.events import Presence
from cti.domain.kpi.times import INTERVAL, Doing, Slice, interval_of
from cti.services import figures as module
from cti.services.figures import EVERY_S, Figures, runs
from storage.errors import StorageUnavailableError
from tests.domain.story import ANNA, at
from tests.services.parts import HandClock, LiveStory, until

WEEK = timedelta(days=7)


class Tallies:
    """Notes what it is asked to keep and to compute."""

    def __init__(self) -> None:
        self.follow_up = WEEK
        self.times: dict[tuple[str, datetime], Slice] = {}
        self.computed: list[tuple[datetime, datetime]] = []
        self.behind: datetime | None = None
        self.away: Exception | None = None

    async def keep_times(self, slices: Iterable[Slice]) -> None:
        self._reach()
        self.times |= {(slice_.agent, slice_.since): slice_ for slice_ in slices}

    async def recompute(self, since: datetime, until: datetime) -> int:
        self._reach()
        self.computed.append((since, until))
        return 1

    async def behind_since(self) -> datetime | None:
        return self.behind

    def _reach(self) -> None:
        if self.away is not None:
            raise self.away


class Desk:
    """The figures of a story, and the hands on its clock."""

    def __init__(self) -> None:
        self.story = LiveStory()
        self.clock = HandClock()
        self.tallies = Tallies()
        self.settled = True
        self.figures = Figures(
            self.story.live, self.tallies, self.clock, settled=lambda: self.settled, sleep=self._sleep
        )
        self.story.live.listen(self.figures.on_changes)
        self.sleeps = 0

    async def _sleep(self, seconds: float) -> None:
        assert seconds == EVERY_S
        self.sleeps += 1
        self.clock.turn(seconds)
        await asyncio.sleep(0)

    async def work(self, second: float) -> list[tuple[datetime, datetime]]:
        """Return what is computed at that second."""
        self.clock.second = second
        self.tallies.computed.clear()
        await self.figures.work_off()
        return list(self.tallies.computed)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def quarter(second: float) -> tuple[datetime, datetime]:
    since = interval_of(at(second))
    return since, since + INTERVAL


async def test_at_the_start_everything_since_the_last_time_is_computed(desk: Desk) -> None:
    desk.tallies.behind = at(0) - timedelta(days=30)
    assert await desk.work(1) == [(at(0) - timedelta(days=30), at(1))]


async def test_at_the_start_at_least_the_time_of_follow_ups_is_computed_and_again_every_hour(desk: Desk) -> None:
    assert await desk.work(1) == [(at(1) - WEEK, at(1))]
    assert await desk.work(60) == []
    assert await desk.work(3601) == [(at(3601) - WEEK, at(3601))]


async def test_a_call_that_ended_is_computed_in_the_quarter_of_its_arrival(desk: Desk) -> None:
    await desk.work(1)
    desk.story.menu(10)
    desk.story.leg(10)
    desk.story.hung_up(1900)
    assert await desk.work(1901) == [quarter(10)]
    assert desk.figures.due == 0
    assert await desk.work(1902) == []


async def test_nothing_is_computed_before_the_calls_are_kept(desk: Desk) -> None:
    await desk.work(1)
    desk.story.leg(10)
    desk.story.hung_up(20)
    desk.settled = False
    assert await desk.work(21) == []
    assert desk.figures.due == 1
    desk.settled = True
    assert await desk.work(31) == [quarter(10)]


async def test_agents_time_is_kept_as_it_passes(desk: Desk) -> None:
    desk.story.presence(ANNA, Presence.AVAILABLE, 5)
    desk.story.talking(since=20)
    desk.story.hung_up(80, agent=ANNA)
    await desk.work(100)
    kept = [
        (slice_.doing, slice_.queue, (slice_.until - slice_.since).total_seconds())
        for slice_ in sorted(desk.tallies.times.values(), key=lambda slice_: slice_.since)
        if slice_.agent == ANNA
    ]
    assert kept[-2:] == [(Doing.ON_CALL, "water", 60.0), (Doing.WRAP_UP, "water", 20.0)]
    assert {doing for doing, _, _ in kept} == set(Doing)
    assert await desk.work(110) == [quarter(110)]


async def test_a_database_that_is_away_loses_nothing(desk: Desk) -> None:
    await desk.work(1)
    desk.story.talking(since=20)
    desk.story.hung_up(80, agent=ANNA)
    desk.story.hung_up(81)
    desk.tallies.away = StorageUnavailableError("away")
    with pytest.raises(StorageUnavailableError):
        await desk.work(100)
    desk.tallies.away = None
    await desk.work(110)
    assert Doing.ON_CALL in {slice_.doing for slice_ in desk.tallies.times.values()}
    assert quarter(20) in desk.tallies.computed


async def test_what_could_not_be_computed_stays_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.work(1)
    desk.story.leg(10)
    desk.story.hung_up(20)

    async def away(since: datetime, until: datetime) -> int:
        raise StorageUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(desk.tallies, "recompute", away)
        with pytest.raises(StorageUnavailableError):
            await desk.work(21)
    assert desk.figures.due >= 1
    assert quarter(10) in await desk.work(31)


async def test_the_worker_outlives_a_database_that_is_away_and_a_fault(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.tallies.away = StorageUnavailableError("away")
    desk.story.presence(ANNA, Presence.AVAILABLE, 1)
    worker = asyncio.create_task(desk.figures.run())
    await until(lambda: desk.figures.failures >= 2)
    desk.tallies.away = RuntimeError("a fault of ours")
    await until(lambda: "could not be brought up to date" in caplog.text)
    desk.tallies.away = None
    await until(lambda: bool(desk.tallies.computed))
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert desk.sleeps >= 4


async def test_the_end_keeps_agents_time_up_to_now_or_says_that_it_could_not(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.story.presence(ANNA, Presence.BREAK, 4)
    desk.story.presence(ANNA, Presence.AVAILABLE, 5)
    desk.clock.second = 30
    desk.tallies.away = StorageUnavailableError("away")
    await desk.figures.flush()
    assert "could not be kept" in caplog.text
    desk.tallies.away = None
    await desk.figures.flush()
    assert max(slice_.until for slice_ in desk.tallies.times.values()) == at(30)


async def test_of_more_slices_than_the_bound_the_oldest_are_let_go_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOUND", 3)
    desk = Desk()
    for n in range(12):
        desk.story.presence(ANNA, Presence.BREAK if n % 2 else Presence.AVAILABLE, 10 + n)
    assert desk.figures.let_go == 2
    await desk.work(30)
    assert [slice_.since for slice_ in desk.tallies.times.values()] == [at(16), at(18), at(20)]


def test_quarters_side_by_side_are_one_period() -> None:
    starts: Any = [at(0) + INTERVAL * n for n in (4, 0, 1, 7, 2)]
    assert list(runs(starts)) == [
        (at(0), at(0) + INTERVAL * 3),
        (at(0) + INTERVAL * 4, at(0) + INTERVAL * 5),
        (at(0) + INTERVAL * 7, at(0) + INTERVAL * 8),
    ]
    assert list(runs([])) == []
