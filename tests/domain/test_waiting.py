"""How long a caller is told that they will wait."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cti.domain.ids import AgentId, CallId, Extension, LinkedId, PbxName, QueueName
from cti.domain.model import Agent, Call, CallStage, CentreState, Membership, RoutingStatus
from cti.domain.values import replace
from cti.domain.waiting import USUAL_HANDLING_S, expected_wait_s, handling_s, staff

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
WATER = QueueName("water")


def ended(number: int, talk_s: int, *, ago: timedelta = timedelta(minutes=5)) -> Call:
    call = Call(CallId(UUID(int=number)), PbxName("main"), LinkedId("1.1"), NOW, CallStage.ENDED, NOW)
    return replace(call, queue=WATER, answered_at=NOW - ago, ended_at=NOW - ago, talk_s=talk_s)


@pytest.mark.parametrize(
    ("before", "free", "staffed", "wait"),
    [(0, 1, 1, 0), (0, 0, 1, 100), (2, 0, 1, 300), (2, 0, 3, 100), (2, 3, 3, 0), (2, 1, 4, 50), (0, 0, 0, None)],
)
def test_the_wait_is_the_work_before_you_over_the_agents_who_do_it(
    before: int, free: int, staffed: int, wait: int | None
) -> None:
    assert expected_wait_s(before, free=free, staffed=staffed, handling_s=100) == wait


def test_what_a_call_takes_is_learnt_from_those_of_late() -> None:
    assert handling_s([], WATER, wrap_up_s=30, now=NOW) == USUAL_HANDLING_S
    calls = [ended(number, 70) for number in range(10)]
    assert handling_s(calls, WATER, wrap_up_s=30, now=NOW) == 100
    assert handling_s(calls[:1], WATER, wrap_up_s=30, now=NOW) == (100 + 4 * USUAL_HANDLING_S) / 5
    old = [ended(number, 70, ago=timedelta(hours=2)) for number in range(10)]
    assert handling_s(old, WATER, wrap_up_s=30, now=NOW) == USUAL_HANDLING_S
    assert handling_s(calls, QueueName("repair"), wrap_up_s=30, now=NOW) == USUAL_HANDLING_S


def agent(number: int, routing: RoutingStatus, *, paused: bool = False, member: bool = True) -> Agent:
    memberships = {WATER: Membership(paused, "")} if member else {}
    return Agent(
        AgentId(f"agent{number}"), "", Extension(f"100{number}"), (WATER,), routing=routing, memberships=memberships
    )


def test_agents_on_a_break_or_with_a_dead_phone_are_not_counted() -> None:
    agents = [
        agent(1, RoutingStatus.IDLE),
        agent(2, RoutingStatus.ON_CALL, paused=True),
        agent(3, RoutingStatus.WRAP_UP, paused=True),
        agent(4, RoutingStatus.OFF_QUEUE, paused=True),
        agent(5, RoutingStatus.NOT_RESPONDING, paused=True),
        agent(6, RoutingStatus.IDLE, member=False),
        agent(7, RoutingStatus.IDLE, paused=True),
    ]
    state = CentreState(agents={one.id: one for one in agents})
    assert staff(state, WATER) == (1, 4)
    assert staff(state, QueueName("repair")) == (0, 0)
