"""What consoles order, wrap-up that runs out, consoles that get lost."""

import pytest

from cti.domain import events as e
from cti.domain.events import Presence
from cti.domain.ids import AgentId, ReasonCode
from cti.domain.model import RoutingStatus
from cti.services.call_orders import CallOrders
from cti.services.consoles import Consoles
from cti.services.errors import CentreError, NoSuchAgentError, NoSuchReasonError, NotInWrapUpError, WrapUpTooLongError
from cti.services.presence import ConsoleOrders
from cti.services.timers import Timers
from cti.services.wrap_up import WrapUps
from tests.domain.story import ANNA, BO, PBX, PHONES, WATER, at
from tests.services.parts import HandClock, LiveStory, ScriptedLink

PRAYER = ReasonCode("prayer")


class House:
    def __init__(self, *, ready: bool = True) -> None:
        self.clock = HandClock()
        self.story = LiveStory(ready=ready)
        self.wrap_ups = WrapUps(self.story.live, Timers(self.clock.call_later), self.clock)
        self.consoles = Consoles(self.story.live, Timers(self.clock.call_later), self.clock)
        self.story.live.listen(self.wrap_ups.on_changes)
        handling = CallOrders(self.story.live, {PBX: ScriptedLink()}, self.clock)
        self.orders = ConsoleOrders(self.story.live, self.consoles, handling, self.clock, reasons=[PRAYER])

    def in_wrap_up(self) -> None:
        self.story.talking(since=20)
        self.clock.turn(50)
        self.story.hung_up(50, agent=ANNA)
        self.story.hung_up(50)

    def routing(self) -> RoutingStatus:
        return self.story.agent().routing


async def test_wrap_up_runs_out() -> None:
    house = House()
    house.in_wrap_up()
    house.clock.turn(29)
    assert house.routing() is RoutingStatus.WRAP_UP
    house.clock.turn(1)
    assert house.routing() is RoutingStatus.IDLE
    assert house.clock.timers == 0


async def test_extended_wrap_up_runs_out_later_and_only_once() -> None:
    house = House()
    house.in_wrap_up()
    await house.orders.extend_wrap_up(ANNA, by_s=60)
    house.clock.turn(89)
    assert house.routing() is RoutingStatus.WRAP_UP
    house.clock.turn(1)
    assert house.routing() is RoutingStatus.IDLE


async def test_finished_wrap_up_leaves_no_timer() -> None:
    house = House()
    house.in_wrap_up()
    await house.orders.finish_wrap_up(ANNA)
    assert (house.routing(), house.clock.timers) == (RoutingStatus.IDLE, 0)


async def test_wrap_up_cannot_be_extended_for_ever() -> None:
    house = House()
    house.in_wrap_up()
    with pytest.raises(WrapUpTooLongError):
        await house.orders.extend_wrap_up(ANNA, by_s=3600)


async def test_without_wrap_up_there_is_none_to_extend_or_finish() -> None:
    orders = House().orders
    with pytest.raises(NotInWrapUpError):
        await orders.extend_wrap_up(ANNA, by_s=60)
    with pytest.raises(NotInWrapUpError):
        await orders.finish_wrap_up(ANNA)


async def test_a_stranger_has_no_presence() -> None:
    with pytest.raises(NoSuchAgentError):
        await House().orders.choose_presence(AgentId("nobody"), Presence.BREAK, by=BO)


async def test_a_supervisor_may_choose_for_an_agent() -> None:
    house = House()
    await house.orders.choose_presence(ANNA, Presence.TRAINING, by=BO)
    assert house.orders.state.agents[ANNA].presence is Presence.TRAINING


async def test_who_is_away_may_say_why_in_the_sites_own_words() -> None:
    house = House()
    await house.orders.choose_presence(ANNA, Presence.AWAY, by=ANNA, reason=PRAYER)
    assert (house.story.agent().presence, house.story.agent().reason) == (Presence.AWAY, PRAYER)


@pytest.mark.parametrize(("presence", "reason"), [(Presence.AWAY, "golf"), (Presence.LUNCH, "prayer")])
async def test_a_reason_that_the_site_has_not_or_that_does_not_belong_is_refused(
    presence: Presence, reason: str
) -> None:
    house = House()
    with pytest.raises(NoSuchReasonError):
        await house.orders.choose_presence(ANNA, presence, by=ANNA, reason=ReasonCode(reason))
    assert house.story.agent().presence is Presence.AVAILABLE


@pytest.mark.parametrize(
    "error", [CentreError, NoSuchAgentError, NoSuchReasonError, NotInWrapUpError, WrapUpTooLongError]
)
def test_every_refusal_has_an_id_and_both_languages(error: type[CentreError]) -> None:
    assert error.id
    assert error.zh
    assert error.en
    assert str(error()) == error.id


async def test_a_console_that_comes_back_within_a_minute_changes_nothing() -> None:
    house = House()
    house.orders.console_opened(ANNA)
    house.orders.console_closed(ANNA)
    house.clock.turn(59)
    house.orders.console_opened(ANNA)
    house.clock.turn(100)
    assert (house.story.agent().presence, house.story.agent().console) == (Presence.AVAILABLE, True)


async def test_a_console_gone_for_a_minute_logs_its_agent_off() -> None:
    house = House()
    house.orders.console_opened(ANNA)
    house.orders.console_closed(ANNA)
    house.clock.turn(60)
    assert (house.story.agent().presence, house.routing()) == (Presence.OFFLINE, RoutingStatus.OFF_QUEUE)


async def test_the_older_of_two_consoles_may_close_after_the_newer_opened() -> None:
    house = House()
    house.orders.console_opened(ANNA)
    house.orders.console_opened(ANNA)
    house.orders.console_closed(ANNA)
    house.clock.turn(100)
    assert house.story.agent().presence is Presence.AVAILABLE


async def test_a_console_lost_in_a_call_leaves_its_agent_paused_afterwards() -> None:
    house = House()
    house.orders.console_opened(ANNA)
    house.story.talking(since=20)
    house.orders.console_closed(ANNA)
    house.clock.turn(60)
    assert house.routing() is RoutingStatus.ON_CALL
    house.story.hung_up(60, agent=ANNA)
    house.clock.turn(30)
    assert (house.story.agent().presence, house.routing()) == (Presence.AWAY, RoutingStatus.OFF_QUEUE)


async def test_an_agent_whom_only_the_queue_remembers_has_a_minute_to_show_up() -> None:
    house = House(ready=False)
    for agent in (ANNA, BO):
        house.story.tell(e.AgentEnrolled(at=at(0), agent=agent, name="", extension=PHONES[agent], queues=(WATER,)))
    for agent in (ANNA, BO):
        house.story.tell(
            e.MemberSeen(
                at=at(0), pbx=PBX, queue=WATER, extension=PHONES[agent], paused=False, device=e.DeviceState.IN_USE
            )
        )
    await house.orders.choose_presence(BO, Presence.AVAILABLE, by=BO)
    house.consoles.watch_adopted()
    house.consoles.watch_adopted()
    house.clock.turn(60)
    presences = [house.story.agent(agent).presence for agent in (ANNA, BO)]
    assert presences == [Presence.OFFLINE, Presence.AVAILABLE]


async def test_closing_leaves_no_timer() -> None:
    house = House()
    house.in_wrap_up()
    house.orders.console_opened(BO)
    house.orders.console_closed(BO)
    house.wrap_ups.close()
    house.consoles.close()
    assert house.clock.timers == 0


async def test_who_listens_hears_changes_in_order_until_they_stop() -> None:
    house = House()
    heard = []
    stop = house.orders.listen(lambda changes: heard.append(changes.agents))
    house.in_wrap_up()
    stop()
    stop()
    count = len(heard)
    await house.orders.finish_wrap_up(ANNA)
    assert count == len(heard) > 0


async def test_the_loops_own_timers_serve_when_none_are_given() -> None:
    timers, called = Timers(), []
    timers.start(ANNA, 0, lambda: called.append(ANNA))
    timers.start(BO, 3600, lambda: called.append(BO))
    assert ANNA in timers
    timers.stop(ANNA)
    timers.close()
    assert (called, BO in timers) == ([], False)
