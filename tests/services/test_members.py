"""The queues have the agents as the centre has them, whatever happened in between."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti.ami.errors import ActionTimeoutError, LinkDownError
from cti.domain import events as e
from cti.domain.events import DeviceState, Presence
from cti.domain.ids import AgentId, Extension, PbxName, QueueName
from cti.services.members import Members, orders_due
from tests.domain.story import ANNA, BOOT, PBX, PHONES, WATER, at
from tests.services.parts import LiveStory, ScriptedLink, no_sleep, until


class House:
    """Members at work on a PBX that does what it is told and says so."""

    def __init__(self) -> None:
        self.story = LiveStory()
        self.link = ScriptedLink()
        self.members = Members(self.story.live, PBX, self.link, sleep=no_sleep)
        self.story.live.listen(self.members.on_changes)

    def sync(self, second: float = 0) -> None:
        self.story.tell(e.Resynced(at=at(second), pbx=PBX, live=frozenset(self.story.centre.state.calls), drift=0))

    def seen(self, *, paused: bool, reason: str = "") -> None:
        self.story.tell(
            e.MemberSeen(
                at=at(0), pbx=PBX, queue=WATER, extension=PHONES[ANNA],
                paused=paused, device=DeviceState.NOT_IN_USE, reason=reason,
            )
        )  # fmt: skip

    async def ordered(self, *orders: tuple[str, str]) -> None:
        await until(lambda: self.mine == list(orders))

    @property
    def mine(self) -> list[tuple[str, str]]:
        sent = [action for action in self.link.sent if dict(action.headers)["Interface"] == "PJSIP/1001"]
        return [(a.name, dict(a.headers).get("Reason", dict(a.headers).get("Paused", ""))) for a in sent]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    task = asyncio.create_task(made.members.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_available_agent_joins_the_queue_and_leaves_it_when_they_go(house: House) -> None:
    house.sync()
    await house.ordered(("QueueAdd", "false"))
    house.seen(paused=False)
    house.story.presence(ANNA, Presence.OFFLINE, 5)
    await house.ordered(("QueueAdd", "false"), ("QueueRemove", ""))


async def test_from_connect_to_the_end_of_wrap_up_a_member_is_paused(house: House) -> None:
    house.sync()
    house.seen(paused=False)
    house.story.talking()
    await house.ordered(("QueuePause", "on_call"))
    house.seen(paused=True, reason="on_call")
    house.story.hung_up(50, agent=ANNA)
    await house.ordered(("QueuePause", "on_call"), ("QueuePause", "wrap_up"))
    house.seen(paused=True, reason="wrap_up")
    house.story.tell(e.WrapUpEnded(at=at(90), agent=ANNA, timed_out=True))
    await until(lambda: house.mine[-1] == ("QueuePause", "false"))


async def test_a_missed_offer_pauses_until_the_agent_says_so(house: House) -> None:
    house.sync()
    house.seen(paused=False)
    house.story.waiting()
    house.story.leg(12, agent=ANNA)
    house.story.offer_ended(32)
    await house.ordered(("QueuePause", "not_responding"))
    house.seen(paused=True, reason="not_responding")
    house.story.presence(ANNA, Presence.AVAILABLE, 40)
    await until(lambda: house.mine[-1] == ("QueuePause", "false"))


async def test_an_agent_on_break_is_a_paused_member_by_that_reason(house: House) -> None:
    house.story.presence(ANNA, Presence.BREAK, 1)
    house.sync()
    await house.ordered(("QueueAdd", "break"))


async def test_nobody_is_added_before_the_pbx_was_asked(house: House) -> None:
    house.story.presence(ANNA, Presence.BREAK, 1)
    await asyncio.sleep(0.02)
    assert house.link.sent == []


async def test_after_a_restart_of_the_pbx_everybody_is_added_again(house: House) -> None:
    house.sync()
    house.seen(paused=False)
    house.story.tell(e.LinkUp(at=at(60), pbx=PBX, boot=BOOT + 100))
    house.story.tell(e.MemberGone(at=at(60), pbx=PBX, queue=WATER, extension=PHONES[ANNA]))
    await asyncio.sleep(0.01)
    before = len(house.mine)
    house.sync(61)
    await until(lambda: house.mine[before:] == [("QueueAdd", "false")])


@pytest.mark.parametrize("error", [LinkDownError("gone"), ActionTimeoutError("QueueAdd", 5)])
async def test_an_order_that_failed_is_given_again(house: House, error: Exception) -> None:
    house.link.fail["QueueAdd"] = [error]  # type: ignore[list-item]
    house.sync()
    await until(lambda: len(house.mine) >= 1 and len(house.link.sent) >= 3)
    assert ("QueueAdd", "false") in house.mine


async def test_an_order_that_the_pbx_refuses_is_given_again_until_it_is_needless(house: House) -> None:
    house.link.refuse.add("QueueAdd")
    house.sync()
    await until(lambda: house.members.refused >= 3)
    house.seen(paused=False)
    house.link.refuse.clear()
    house.story.presence(ANNA, Presence.OFFLINE, 5)
    await until(lambda: house.mine[-1] == ("QueueRemove", ""))


async def test_orders_about_a_phone_go_to_its_own_pbx_only() -> None:
    story, east, link, other = LiveStory(), PbxName("east"), ScriptedLink(), ScriptedLink()
    first = Members(story.live, PBX, other, sleep=no_sleep)
    further = Members(story.live, east, link, further=True, sleep=no_sleep)
    working = [asyncio.create_task(members.run()) for members in (first, further)]
    for members in (first, further):
        story.live.listen(members.on_changes)
    eve = AgentId("eve")
    story.tell(e.AgentEnrolled(at=at(0), agent=eve, name="Eve", extension=Extension("1001@east"), queues=(WATER,)))
    story.presence(eve, Presence.AVAILABLE, 1)
    for pbx in (east, PBX):
        story.tell(e.LinkUp(at=at(1), pbx=pbx, boot=BOOT))
        story.tell(e.Resynced(at=at(2), pbx=pbx, live=frozenset(), drift=0))
    await until(lambda: bool(link.sent) and len(other.sent) >= len(PHONES))
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    assert [dict(action.headers)["MemberName"] for action in link.sent] == ["eve"]
    assert [dict(action.headers)["Interface"] for action in link.sent] == ["PJSIP/1001"]
    assert {dict(action.headers)["MemberName"] for action in other.sent} == set(PHONES)


def test_a_queue_that_is_no_longer_the_agents_lets_them_go() -> None:
    house = House()
    house.seen(paused=False)
    house.story.tell(
        e.AgentEnrolled(at=at(1), agent=ANNA, name="", extension=PHONES[ANNA], queues=(QueueName("other"),))
    )
    orders = [type(order).__name__ for order in orders_due(house.story.agent())]
    assert orders == ["AddMember", "RemoveMember"]


def test_what_is_as_it_should_be_needs_no_order() -> None:
    house = House()
    house.seen(paused=False)
    assert list(orders_due(house.story.agent())) == []
