"""The state of any moment, from the journal, is what was so live; and it is known when it is not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.domain import events as e
from cti.domain import restored
from cti.domain.events import Event, Presence
from cti.domain.ids import QueueName
from cti.domain.model import CallStage, Outcome, RoutingStatus
from cti.services.journal import canon
from cti.services.journal.replay import NothingKnownError, Step
from cti.services.journal.restore import before_us
from storage.errors import StorageUnavailableError
from storage.journal import KeptSnapshot
from tests.domain.story import ANNA, BO, PBX, WATER, at, call_of
from tests.domain.test_convergence import stories
from tests.services.journal.house import House, MemoryStore

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def told(folder: Path, events: list[Event], store: MemoryStore | None = None) -> tuple[House, dict[int, str]]:
    """Tell events a second apart, and return the house with the live state's hash at each second."""
    house = House(folder, store)
    await house.begin()
    house.story.tell(e.CentreStarted(at=house.clock()))
    live = {0: canon.digest(house.story.live.state)}
    for event in events:
        house.clock.turn(1)
        house.story.tell(event)
        live[round(house.clock.second)] = canon.digest(house.story.live.state)
        await house.rounds()
    return house, live


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories(), st.integers(2, 12), st.data())
def test_any_moment_of_any_story_is_again_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], every: int, data: st.DataObject
) -> None:
    async def play() -> None:
        house, live = await told(tmp_path_factory.mktemp("story"), events)
        second = data.draw(st.integers(0, len(events)))
        fold = await house.replay.at(at(second))
        assert canon.digest(fold.state) == live[second]
        _, steps = await house.replay.between(at(0), at(second))
        streamed, steps = await house.replay.between(at(0), at(10_000))
        assert len([step async for step in steps()]) == len(events) + len(streamed.findings.differs)
        assert canon.digest(streamed.state) == live[len(events)]
        for found in (fold.findings, streamed.findings):
            assert found.exact

    with (
        patch("cti.services.journal.journal.SNAPSHOT_EVENTS", every),
        patch("cti.services.journal.journal.SNAPSHOT_SPACING", timedelta(seconds=1)),
    ):
        asyncio.run(play())


async def test_a_fold_begins_at_the_nearest_snapshot_and_is_compared_with_the_others(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    house.story.ready()
    positions = []
    for number in range(1, 4):
        house.one_call(number)
        house.clock.turn(16 * 60)
        await house.rounds()
        positions.append(house.store.pictures[-1].position)
    house.story.presence(ANNA, Presence.LUNCH, 5000)
    await house.rounds()
    assert (await house.replay.upto(max(house.store.kept))).findings.events == 1
    house.store.pictures = house.store.pictures[1:]
    house.story.tell(e.CentreStarted(at=at(6000)))
    assert (await house.replay.upto(positions[1])).findings.events == 0
    fold, steps = await house.replay.between(house.clock() - timedelta(days=1), house.clock())
    passed = [step async for step in steps()]
    assert (fold.findings.compared, fold.findings.exact) == (2, True)
    assert sum(step.changes is not None for step in passed) == len(passed)


async def test_a_fold_that_comes_to_something_else_says_so_and_goes_on_from_what_was_recorded(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    house.story.tell(e.CentreStarted(at=at(0)))
    house.story.ready()
    house.clock.turn(16 * 60)
    await house.rounds()
    recorded = house.store.pictures[-1]
    del house.store.kept[recorded.position]
    earlier = house.store.kept[recorded.position - 1]
    house.store.kept[recorded.position] = earlier._replace(position=recorded.position)
    house.store.pictures = [replace(recorded)]
    fold, steps = await house.replay.between(at(-10), house.clock())
    last = [step async for step in steps()][-1]
    assert last == Step(house.store.kept[recorded.position].at, None)
    assert fold.findings.differs == [recorded.position]
    assert not fold.findings.exact
    assert canon.digest(fold.state) == recorded.hash


async def test_a_snapshot_of_another_version_is_passed_over(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    house.story.tell(e.CentreStarted(at=at(0)))
    house.story.ready()
    await house.rounds()
    last = max(house.store.kept)
    house.store.pictures = [KeptSnapshot(last - 1, at(0), "h", b"of another time")]
    fold = await house.replay.upto(last)
    assert fold.state == house.story.live.state
    assert not fold.findings.exact


async def test_events_of_a_later_version_are_counted_and_take_part_in_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    house.story.tell(e.CentreStarted(at=at(0)))
    house.story.ready()
    await house.rounds()
    last = max(house.store.kept)
    house.store.kept[last + 1] = house.store.kept[last]._replace(position=last + 1, kind="AgentAbducted")
    fold = await house.replay.upto(last + 1)
    assert (fold.findings.unreadable, fold.findings.exact) == (1, False)
    assert fold.state == house.story.live.state


async def test_nothing_is_known_of_before_the_journal(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    with pytest.raises(NothingKnownError):
        await house.replay.at(at(0))
    house.story.tell(e.CentreStarted(at=at(0)))
    await house.rounds()
    with pytest.raises(NothingKnownError):
        await house.replay.at(at(-60))
    with pytest.raises(NothingKnownError):
        await house.replay.between(at(-60), at(-50))
    fold, steps = await house.replay.between(at(-60), at(60))
    assert [step.changes async for step in steps()] == [None]
    assert fold.findings.events == 1


def test_two_states_have_one_hash_when_they_are_equal_and_another_when_not(tmp_path: Path) -> None:
    house, other = House(tmp_path), House(tmp_path)
    for one, numbers in ((house, (1, 2)), (other, (2, 1))):
        one.story.ready()
        for number in numbers:
            one.story.leg(0, number)
    assert canon.digest(house.story.live.state) == canon.digest(other.story.live.state)
    house.story.presence(BO, Presence.LUNCH, 5)
    assert canon.digest(house.story.live.state) != canon.digest(other.story.live.state)


# ------------------------------------------------------------------ after a restart


async def restarted(folder: Path, first: House, *, after_s: float = 3) -> tuple[House, restored.CentreRestored | None]:
    house = House(folder, first.store)
    house.clock.second = first.clock.second + after_s
    await house.begin()
    house.story.tell(e.CentreStarted(at=house.clock()))
    house.story.ready(presence=False)
    await house.rounds()
    known = await before_us(house.replay, house.store, house.journal.first, house.clock, SHANGHAI)
    if known is not None:
        house.story.tell(known)
    return house, known


async def in_the_middle(folder: Path) -> House:
    """A centre that is killed while Anna talks, Bo wraps up, one caller waits and one has gone."""
    house = House(folder)
    await house.begin()
    house.story.tell(e.CentreStarted(at=at(0)))
    house.story.ready()
    house.story.talking(1, agent=ANNA)
    house.story.talking(2, agent=BO)
    house.story.hung_up(50, 2, agent=BO)
    house.story.hung_up(50, 2)
    house.story.waiting(3)
    house.story.waiting(4)
    house.story.hung_up(58, 4)
    house.clock.turn(60)
    await house.rounds()
    return house


async def test_after_a_kill_calls_agents_and_sums_are_as_they_were(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house, _ = await restarted(tmp_path, before)
    was, now = before.story.live.state, house.story.live.state
    assert now.calls == was.calls
    assert now.queues == was.queues
    assert now.queues[WATER].answered == 2
    assert now.agents[BO].wrap_up_until == was.agents[BO].wrap_up_until == at(80)
    assert (now.agents[ANNA].routing, now.agents[ANNA].call) == (RoutingStatus.ON_CALL, call_of(1))
    assert now.recent[call_of(4)].outcome is Outcome.ABANDONED


async def test_the_end_of_a_call_that_was_not_kept_yet_is_told_again(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house, _ = await restarted(tmp_path, before)
    assert {call.id for changes in house.story.told for call in changes.ended} == {call_of(2), call_of(4)}


async def test_what_was_chosen_since_the_start_stays(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house = House(tmp_path, before.store)
    await house.begin()
    house.story.ready(presence=False)
    house.story.presence(BO, Presence.LUNCH, 61)
    known = await before_us(house.replay, house.store, house.journal.first, house.clock, SHANGHAI)
    assert known is not None
    house.story.tell(known)
    assert house.story.agent(BO).presence is Presence.LUNCH
    assert house.story.agent(ANNA).presence is Presence.AVAILABLE


async def test_a_replay_over_the_restart_is_exact_too(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house, _ = await restarted(tmp_path, before)
    house.story.hung_up(70, 1, agent=ANNA)
    house.story.hung_up(70, 1)
    await house.rounds()
    assert house.story.call(1).stage is CallStage.ENDED
    fold = await house.replay.upto(max(house.store.kept))
    assert canon.digest(fold.state) == canon.digest(house.story.live.state)
    assert fold.findings.exact


async def test_after_an_hour_away_only_the_days_sums_are_taken_up(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house, _ = await restarted(tmp_path, before, after_s=3600)
    now = house.story.live.state
    assert (now.calls, now.agents[ANNA].presence, now.waiting(WATER)) == ({}, Presence.OFFLINE, ())
    assert (now.queues[WATER].offered, now.queues[WATER].answered) == (4, 2)


async def test_a_new_day_begins_without_sums(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    house, _ = await restarted(tmp_path, before, after_s=86_400)
    assert house.story.live.state.queues[QueueName(WATER)].offered == 0


async def test_a_first_start_has_nothing_to_take_up(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.begin()
    assert await before_us(house.replay, house.store, house.journal.first, house.clock, SHANGHAI) is None


async def test_the_pbxs_are_asked_how_far_they_can_be_trusted(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)
    _, known = await restarted(tmp_path, before)
    assert known is not None
    assert known.state.links == {}
    assert before.story.live.state.links[PBX].up


async def test_a_database_that_goes_away_while_it_is_read_is_said(tmp_path: Path) -> None:
    before = await in_the_middle(tmp_path)

    async def gone(upto: int) -> None:
        raise StorageUnavailableError("down")

    with patch.object(before.store, "last_row", gone), pytest.raises(StorageUnavailableError):
        await before_us(before.replay, before.store, 10**18, before.clock, SHANGHAI)
