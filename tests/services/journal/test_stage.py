"""A replay is the live centre to those who look on; what it shows goes by at its own speed, and it obeys nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.domain.events import CentreStarted, Presence
from cti.domain.model import CallStage, Changes
from cti.services.errors import CentreError
from cti.services.journal.replay import Step
from cti.services.journal.stage import Stage
from tests.domain.story import ANNA, at, call_of
from tests.services.journal.house import House
from tests.services.parts import HandClock


async def staged(folder: Path, clock: HandClock, *, speed: float = 2.0) -> tuple[Stage, AsyncIterator[Step]]:
    house = House(folder)
    await house.begin()
    house.story.tell(CentreStarted(at=at(0)))
    house.story.ready()
    house.clock.turn(10)
    house.story.talking(1)
    house.clock.turn(10)
    house.story.hung_up(20, 1, agent=ANNA)
    house.story.hung_up(20, 1)
    house.clock.turn(10)
    house.story.talking(2)
    house.story.tell(CentreStarted(at=at(30)))
    await house.rounds()
    fold, steps = await house.replay.between(at(5), at(30))

    async def turn(seconds: float) -> None:
        clock.turn(seconds)
        await asyncio.sleep(0)

    stage = Stage(fold, at(5), at(30), speed, monotonic=clock.monotonic, sleep=turn)
    return stage, steps(stage.pace)


async def test_everything_happens_again_at_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    stage, steps = await staged(tmp_path, clock)
    seen: list[tuple[float, float, CallStage | None]] = []

    def look(changes: Changes) -> None:
        assert changes.offers == changes.offers_over == ()
        call = stage.state.calls.get(call_of(1))
        seen.append((clock.second, (stage.now() - at(0)).total_seconds(), call.stage if call else None))

    stop = stage.listen(look)
    await stage.play(steps)
    stop()
    stop()
    moments = dict.fromkeys((real, replayed) for real, replayed, _ in seen)
    assert list(moments) == [(2.5, 10.0), (7.5, 20.0), (12.5, 30.0)]
    assert [stage_ for real, _, stage_ in seen if real == 2.5][-1] is CallStage.TALKING
    clock.turn(100)
    assert stage.now() == at(30)


async def test_where_all_begins_anew_everything_that_was_shown_is_told_of(tmp_path: Path) -> None:
    stage, steps = await staged(tmp_path, HandClock())
    told: list[Changes] = []
    stage.listen(told.append)
    await stage.play(steps)
    assert told[-1].calls == {call_of(2)}
    assert stage.state.calls == {}


async def test_nobody_is_obeyed(tmp_path: Path) -> None:
    stage, _ = await staged(tmp_path, HandClock())
    for order in (
        stage.choose_presence(ANNA, Presence.LUNCH, by=ANNA),
        stage.extend_wrap_up(ANNA, by_s=60),
        stage.finish_wrap_up(ANNA),
    ):
        with pytest.raises(CentreError):
            await order
    stage.console_opened(ANNA)
    stage.console_closed(ANNA)
    assert not stage.state.agents[ANNA].console
