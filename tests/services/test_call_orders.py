"""What agents do with their calls: which orders go to the PBX, what is refused, and who is fetched if nobody comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cti.ami.errors import LinkDownError
from cti.domain import events as e
from cti.domain.events import Presence
from cti.domain.ids import AgentId, BridgeId, QueueName
from cti.domain.model import TalkState
from cti.services.call_orders import CallOrders
from cti.services.errors import (
    CallMovedOnError,
    CentreError,
    ColleagueBusyError,
    NoSuchAgentError,
    NoSuchTargetError,
    NotWithCallerError,
)
from tests.domain.story import ANNA, BO, PBX, WATER, at
from tests.services.parts import HandClock, LiveStory, ScriptedLink, until

CALLER, MINE, COLLEAGUES = "PJSIP/trunk-00000001", "PJSIP/1001-00000001", "PJSIP/1002-00000001"


class House:
    """Anna talks with a caller; Bo is there."""

    def __init__(self) -> None:
        self.story = LiveStory()
        self.link = ScriptedLink()
        self.orders = CallOrders(self.story.live, {PBX: self.link}, HandClock())
        self.story.live.listen(self.orders.on_changes)
        self.story.talking()
        self.together(21, None, ANNA)

    def bridged(self, second: float, agent: AgentId | None, bridge: str) -> None:
        where = self.story.of(1, agent)
        self.story.tell(e.LegBridged(at=at(second), **where, bridge=BridgeId(bridge)))

    def together(self, second: float, *who: AgentId | None) -> None:
        for agent in who:
            self.bridged(second, agent, f"bridge-{second}")

    def out(self, second: float, *who: AgentId | None) -> None:
        for agent in who:
            self.story.tell(e.LegUnbridged(at=at(second), **self.story.of(1, agent)))

    def consulting(self, *, answered: bool = True) -> None:
        self.out(30, None, ANNA)
        self.story.leg(30.1, agent=BO)
        if answered:
            self.story.up(32, agent=BO)
            self.together(32, BO, ANNA)

    @property
    def sent(self) -> list[tuple[str, dict[str, str]]]:
        return [(action.name, dict(action.headers)) for action in self.link.sent]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    task = asyncio.create_task(made.orders.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def of(sent: tuple[str, dict[str, str]], *keys: str) -> tuple[Any, ...]:
    return sent[0], *(sent[1][key] for key in keys)


async def test_a_caller_goes_into_a_queue(house: House) -> None:
    await house.orders.transfer_to_queue(ANNA, WATER)
    named, sent = house.sent
    assert of(named, "Variable", "Value", "Channel") == ("Setvar", "HYDROPHONE_QUEUE", "water", CALLER)
    assert of(sent, "Channel", "Context", "Exten") == ("BlindTransfer", MINE, "hydrophone-handling", "queue")


async def test_a_caller_goes_to_a_colleague_and_the_dialplan_knows_where_else(house: House) -> None:
    await house.orders.transfer_to_agent(ANNA, BO)
    named, sent = house.sent
    assert of(named, "Variable", "Value") == ("Setvar", "HYDROPHONE_QUEUE", "water")
    assert of(sent, "Channel", "Exten") == ("BlindTransfer", MINE, "1002")


async def test_a_consultation_begins_with_the_caller_on_hold(house: House) -> None:
    await house.orders.consult(ANNA, BO)
    assert of(house.sent[1], "Variable", "Value", "Channel") == ("Setvar", "HYDROPHONE_HELD", CALLER, MINE)
    redirect = house.sent[2]
    assert of(redirect, "Channel", "Context", "Exten") == ("Redirect", CALLER, "hydrophone-hold", "s")
    assert of(redirect, "ExtraChannel", "ExtraContext", "ExtraExten")[1:] == (MINE, "hydrophone-consult", "1002")


@pytest.mark.parametrize("answered", [True, False])
async def test_who_takes_the_caller_back_lets_the_colleague_go(house: House, answered: bool) -> None:
    house.consulting(answered=answered)
    assert house.story.agent().talk is TalkState.CONSULTING
    await house.orders.take_back(ANNA)
    assert of(house.sent[0], "Channel") == ("Hangup", COLLEAGUES)


async def test_the_colleague_gets_the_caller(house: House) -> None:
    house.consulting()
    await house.orders.hand_over(ANNA)
    freed, bridge = house.sent
    assert of(freed, "Variable", "Value", "Channel") == ("Setvar", "HYDROPHONE_HELD", "", MINE)
    assert of(bridge, "Channel1", "Channel2") == ("Bridge", CALLER, COLLEAGUES)


async def test_all_three_join(house: House) -> None:
    house.consulting()
    await house.orders.join(ANNA)
    agents, caller = house.sent
    assert of(agents, "Channel", "ExtraChannel", "Exten", "ExtraExten")[1:] == (MINE, COLLEAGUES, "agent", "agent")
    assert of(caller, "Channel", "Exten", "Context") == ("Redirect", CALLER, "caller", "hydrophone-conference")


@pytest.mark.parametrize("what", ["hand_over", "join", "take_back"])
async def test_without_a_colleague_there_is_nothing_to_hand_over(house: House, what: str) -> None:
    with pytest.raises(NotWithCallerError):
        await getattr(house.orders, what)(ANNA)
    assert house.sent == []


@pytest.mark.parametrize("what", ["hand_over", "join"])
async def test_a_colleague_must_have_answered(house: House, what: str) -> None:
    house.consulting(answered=False)
    with pytest.raises(NotWithCallerError):
        await getattr(house.orders, what)(ANNA)


async def test_the_colleague_decides_nothing_about_the_caller(house: House) -> None:
    house.consulting()
    for order in (house.orders.hand_over, house.orders.join, house.orders.take_back):
        with pytest.raises(NotWithCallerError):
            await order(BO)
    with pytest.raises(NotWithCallerError):
        await house.orders.transfer_to_queue(BO, WATER)
    assert house.sent == []


@pytest.mark.parametrize(
    ("target", "refusal"),
    [(AgentId("nobody"), NoSuchTargetError), (ANNA, NoSuchTargetError)],
)
async def test_a_caller_goes_to_other_agents_of_this_site_only(
    house: House, target: AgentId, refusal: type[CentreError]
) -> None:
    with pytest.raises(refusal):
        await house.orders.transfer_to_agent(ANNA, target)
    with pytest.raises(refusal):
        await house.orders.consult(ANNA, target)
    with pytest.raises(NoSuchTargetError):
        await house.orders.transfer_to_queue(ANNA, QueueName("elsewhere"))
    assert house.sent == []


async def test_who_is_away_or_in_a_call_is_not_asked(house: House) -> None:
    house.story.talking(2, agent=BO, since=40)
    with pytest.raises(ColleagueBusyError):
        await house.orders.consult(ANNA, BO)
    house.story.hung_up(50, 2, agent=BO)
    house.story.tell(e.WrapUpEnded(at=at(60), agent=BO, timed_out=False))
    house.story.presence(BO, Presence.OFFLINE, 61)
    with pytest.raises(ColleagueBusyError):
        await house.orders.consult(ANNA, BO)


async def test_nobody_acts_without_a_call_or_without_a_phone(house: House) -> None:
    with pytest.raises(NotWithCallerError):
        await house.orders.transfer_to_queue(BO, WATER)
    with pytest.raises(NoSuchAgentError):
        await house.orders.transfer_to_queue(AgentId("nobody"), WATER)
    with pytest.raises(NotWithCallerError):
        await house.orders.mute(BO, muted=True)


async def test_what_the_pbx_refuses_is_said(house: House) -> None:
    house.link.refuse = {"BlindTransfer"}
    with pytest.raises(CallMovedOnError):
        await house.orders.transfer_to_queue(ANNA, WATER)
    house.link.fail = {"Setvar": [LinkDownError()]}
    with pytest.raises(CallMovedOnError):
        await house.orders.transfer_to_queue(ANNA, WATER)


async def test_the_microphone_is_shown_until_the_conversation_is_over(house: House) -> None:
    await house.orders.mute(ANNA, muted=True)
    assert house.story.agent().talk is TalkState.MUTED
    await house.orders.mute(ANNA, muted=False)
    assert house.story.agent().talk is TalkState.TALKING


async def test_a_caller_whose_agent_is_gone_while_they_wait_goes_to_the_queue(house: House) -> None:
    await house.orders.consult(ANNA, BO)
    house.link.sent.clear()
    house.consulting()
    house.story.hung_up(40, agent=BO)
    house.story.hung_up(40.1, agent=ANNA)
    await until(lambda: house.orders.rescued == 1)
    assert of(house.sent[0], "Channel", "Context", "Exten") == ("Redirect", CALLER, "hydrophone-handling", "queue")


async def test_who_has_been_fetched_is_left_alone_when_the_agent_hangs_up(house: House) -> None:
    await house.orders.consult(ANNA, BO)
    house.link.sent.clear()
    house.consulting()
    house.story.hung_up(40, agent=BO)
    house.together(41, None, ANNA)
    house.out(50, None)
    house.story.hung_up(50, agent=ANNA)
    await asyncio.sleep(0)
    assert (house.sent, house.orders.rescued) == ([], 0)


async def test_a_caller_who_hung_up_meanwhile_is_not_looked_for(house: House) -> None:
    await house.orders.consult(ANNA, BO)
    house.link.sent.clear()
    house.consulting()
    house.story.hung_up(40)
    house.story.hung_up(40.1, agent=BO)
    house.story.hung_up(40.2, agent=ANNA)
    await asyncio.sleep(0)
    assert house.sent == []
