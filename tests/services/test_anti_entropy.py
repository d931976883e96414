"""Once a minute what we know is compared with what the PBX has; events go on, and are right where they differ."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cti.ami.errors import LinkDownError, PartialListError
from cti.ami.messages import Event
from cti.domain import events as e
from cti.domain.model import CallStage
from cti.services.anti_entropy import AntiEntropy
from cti.services.intake import PbxIntake
from tests.domain.story import PBX, WATER, at
from tests.services.parts import ScriptedLink, no_sleep, until
from tests.services.test_resync import AGENT, DOWN, House
from tests.translator.frames import PHONE, changed, messages, transcript


class OrderedLink(ScriptedLink):
    """A scripted link with a worker: :meth:`work` makes the calls that wait, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[Callable[[], Awaitable[None] | None]] = deque()

    def in_order(self, what: str, call: Callable[[], Awaitable[None] | None]) -> None:
        self.waiting.append(call)

    async def work(self) -> None:
        """Be the worker, until nothing has waited for a while."""
        while True:
            while self.waiting:
                unfinished = self.waiting.popleft()()
                if unfinished is not None:
                    await unfinished
            await asyncio.sleep(0)


class Watched(House):
    """A house with an agent's call in it, and the check."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.link: OrderedLink = OrderedLink()
        self.resync.link = self.link
        self.ticks = 0.0
        self.settling: Callable[[float], Awaitable[None]] = no_sleep
        self.check = AntiEntropy(
            self.live,
            self.translator,
            self.link,
            self.resync,
            self.evidence,
            self.clock,
            sleep=lambda seconds: self.settling(seconds),
            monotonic=self.tick,
        )

    def tick(self) -> float:
        self.ticks += 0.001
        return self.ticks

    async def look(self) -> bool:
        async with asyncio.timeout(5):
            worker = asyncio.create_task(self.link.work())
            try:
                return await self.check.check()
            finally:
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=True)

    def event(self, name: str) -> None:
        handlers = PbxIntake(self.live, self.translator).handlers
        for message in messages(transcript("answered")):
            if message.name == name:
                handlers[name](message)

    @property
    def corrected(self) -> dict[str, int]:
        return {kind: number for kind, number in self.check.corrections.items() if number}


@pytest.fixture
async def house(tmp_path: Path) -> Watched:
    made = Watched(tmp_path)
    made.lists("answered")
    await made.resync.take()
    return made


async def test_what_is_true_is_left_as_it_is_and_its_age_is_new(house: Watched) -> None:
    house.clock.turn(60)
    assert await house.look()
    link = house.live.state.links[PBX]
    assert (link.synced_at, link.drift, house.corrected) == (at(60), 0, {})


async def test_a_call_that_is_no_more_is_ended_and_its_end_is_said_to_be_assumed(house: Watched) -> None:
    house.link.channels = []
    assert await house.look()
    (call,) = house.live.state.recent.values()
    assert (house.live.state.calls, call.end_assumed, house.corrected) == ({}, True, {"call": 1})
    assert house.live.state.links[PBX].drift == 1


async def test_a_leg_that_is_no_more_is_taken_out_of_a_call_that_goes_on(house: Watched) -> None:
    house.link.channels = house.link.channels[1:]
    assert await house.look()
    (call,) = house.live.state.calls.values()
    assert (len(call.legs), house.corrected) == (1, {"leg": 1})


async def test_a_call_that_we_never_heard_of_is_found_with_its_agent(tmp_path: Path) -> None:
    house = Watched(tmp_path)
    await house.resync.take()
    house.lists("answered")
    assert await house.look()
    (call,) = house.live.state.calls.values()
    assert (call.stage, call.agent) == (CallStage.TALKING, AGENT)
    assert house.corrected == {"call": 1, "member": 1, "queue": 1}  # the queue, too, is news


async def test_a_member_that_is_no_more_is_known_to_be_gone(house: Watched) -> None:
    house.link.queues = [item for item in house.link.queues if item.name != "QueueMember"]
    assert await house.look()
    assert (house.live.state.agents[AGENT].memberships, house.corrected) == ({}, {"member": 1})


async def test_a_member_that_is_paused_otherwise_is_put_right(house: Watched) -> None:
    house.link.queues = [
        changed(item, Paused="1", PausedReason="lunch") if item.name == "QueueMember" else item
        for item in house.link.queues
    ]
    assert await house.look()
    assert house.live.state.agents[AGENT].memberships[WATER].reason == "lunch"
    assert house.corrected == {"member": 1}


@pytest.mark.parametrize("name", ["CoreStatus", "CoreShowChannels", "QueueStatus"])
async def test_a_list_that_is_not_whole_changes_nothing(house: Watched, name: str) -> None:
    house.link.channels = []
    house.link.fail[name] = [PartialListError(name, "cancelled")]
    before = house.live.state.links[PBX]
    assert not await house.look()
    assert (len(house.live.state.calls), house.live.state.links[PBX], house.check.failed) == (1, before, 1)


async def test_a_hangup_that_is_told_while_the_pbx_is_asked_wins(house: Watched) -> None:
    house.link.meanwhile = lambda: house.event("Hangup")
    assert await house.look()
    assert (house.live.state.calls, house.corrected) == ({}, {})


async def test_what_an_event_changed_meanwhile_is_left_to_the_next_check(house: Watched) -> None:
    gone = e.MemberGone(at=at(1), pbx=PBX, queue=WATER, extension=PHONE)
    house.link.meanwhile = lambda: house.live.apply(gone)
    assert await house.look()
    assert (house.live.state.agents[AGENT].memberships, house.corrected) == ({}, {})
    house.link.meanwhile = lambda: None
    assert await house.look()
    assert house.corrected == {"member": 1}


async def test_an_event_that_is_told_late_finds_its_call_untouched_by_the_check(house: Watched) -> None:
    async def settling(_: float) -> None:
        house.event("Hangup")

    house.link.channels = []
    house.settling = settling
    assert await house.look()
    assert house.corrected == {}
    assert not any(call.end_assumed for call in house.live.state.recent.values())


async def test_a_thousand_calls_are_compared_in_slices_between_which_events_have_their_turn(house: Watched) -> None:
    order: list[str] = []
    calls = [channel for number in range(1000) for channel in numbered(house.link.channels, number)]
    house.link.channels = calls
    compare = house.check._compare

    def slice_and_event(check: object) -> bool:
        order.append("slice")
        house.link.in_order("event", lambda: order.append("event"))
        return compare(check)  # type: ignore[arg-type]

    house.check._compare = slice_and_event  # type: ignore[method-assign]
    assert await house.look()
    assert len(house.live.state.calls) == 1000
    assert order.count("slice") > 500
    assert all(after == "event" for before, after in itertools.pairwise(order) if before == "slice")


def numbered(channels: list[Event], number: int) -> list[Event]:
    """Return the channels of one call as those of another."""
    return [
        changed(
            channel,
            Uniqueid=channel["Uniqueid"] if number == 0 else f"{channel['Uniqueid']}{number:04}",
            Linkedid=channel["Linkedid"] if number == 0 else f"{channel['Linkedid']}{number:04}",
            Channel=f"{channel['Channel'][:-4]}{number:04}",
            BridgeId="" if number else channel["BridgeId"],
        )
        for channel in channels
    ]


async def test_without_a_link_nothing_is_compared(house: Watched) -> None:
    await house.resync.on_state(DOWN)
    assert not await house.look()
    assert house.check.passed_over == 1


async def test_a_resync_meanwhile_makes_the_check_void(house: Watched) -> None:
    house.link.channels = []
    house.settling = lambda _: house.resync.take()
    assert not await house.look()
    assert (house.corrected, house.check.passed_over) == ({}, 1)


async def test_a_pbx_that_was_started_anew_is_resynced(house: Watched) -> None:
    house.nothing()
    house.link.startup = "06:00:00"
    done = house.resync.done
    worker = asyncio.create_task(house.link.work())
    assert not await house.check.check()
    await until(lambda: house.resync.done > done)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert house.live.state.calls == {}


async def test_it_goes_on_whatever_happens(house: Watched, caplog: pytest.LogCaptureFixture) -> None:
    house.link.fail["CoreStatus"] = [LinkDownError("gone"), RuntimeError("ours")]  # type: ignore[list-item]
    running = asyncio.create_task(house.check.run())
    worker = asyncio.create_task(house.link.work())
    await until(lambda: house.check.done >= 2)
    running.cancel()
    worker.cancel()
    await asyncio.gather(running, worker, return_exceptions=True)
    assert house.check.failed == 2
    assert "by a fault of ours" in caplog.text


async def test_a_fault_in_a_slice_reaches_whoever_asked(house: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: e.Event) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(house.live, "apply", broken)
    checking = asyncio.create_task(house.check.check())
    await until(lambda: bool(house.link.waiting))
    with pytest.raises(RuntimeError):
        house.link.waiting.popleft()()
    with pytest.raises(RuntimeError):
        await checking
