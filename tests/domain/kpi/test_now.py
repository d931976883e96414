"""A moment of the call centre, counted."""

from cti.domain.kpi.live import now
from cti.domain.model import CallStage, CentreState, RoutingStatus
from tests.console.fakes import WATER, Clock, FakeLive


def test_who_waits_and_what_the_agents_do() -> None:
    clock = Clock()
    live = FakeLive(clock)
    live.open_house()
    for n in (1, 2, 3):
        live.arrive(n)
    live.queue(1)
    clock.move(7)
    live.queue(2, position=2)
    live.offer(1)
    clock.move(3)

    counted = now(live.state, clock())

    assert counted.waiting == {WATER: 2}
    assert counted.longest_wait_s == {WATER: 10}
    assert counted.calls[CallStage.IN_IVR] == counted.calls[CallStage.OFFERED] == counted.calls[CallStage.QUEUED] == 1
    assert counted.agents[RoutingStatus.RINGING] == counted.agents[RoutingStatus.IDLE] == 1
    assert counted.agents[RoutingStatus.WRAP_UP] == 0


def test_an_empty_centre_has_noughts() -> None:
    counted = now(CentreState(), Clock()())
    assert set(counted.calls.values()) == set(counted.agents.values()) == {0}
    assert CallStage.ENDED not in counted.calls
