"""Agents' time."""

from datetime import timedelta

from cti.domain.ids import AgentId, Extension
from cti.domain.kpi.cells import Cell, fold
from cti.domain.kpi.times import Doing, Slice, Timesheet
from cti.domain.model import Agent, RoutingStatus
from cti.domain.values import replace
from tests.domain.kpi.days import WATER
from tests.storage.calls import NOON, at

AGENT1 = AgentId("agent1")


def agent(routing: RoutingStatus, since_s: float) -> Agent:
    return Agent(AGENT1, "阿一", Extension("1001"), (WATER,), routing=routing, routing_since=at(since_s))


def test_a_slice_ends_where_the_next_thing_begins() -> None:
    sheet = Timesheet()
    assert sheet.note(agent(RoutingStatus.IDLE, 0), None) is None
    assert sheet.note(agent(RoutingStatus.RINGING, 60), WATER) == Slice(AGENT1, Doing.AVAILABLE, at(0), at(60))
    assert sheet.note(agent(RoutingStatus.ON_CALL, 65), WATER) == Slice(AGENT1, Doing.AVAILABLE, at(60), at(65))
    assert sheet.note(agent(RoutingStatus.WRAP_UP, 165), WATER) == Slice(AGENT1, Doing.ON_CALL, at(65), at(165), WATER)
    assert sheet.note(agent(RoutingStatus.IDLE, 195), None) == Slice(AGENT1, Doing.WRAP_UP, at(165), at(195), WATER)


def test_a_break_is_no_time_of_the_hotline() -> None:
    sheet = Timesheet()
    sheet.note(agent(RoutingStatus.IDLE, 0), None)
    assert sheet.note(agent(RoutingStatus.OFF_QUEUE, 30), None) == Slice(AGENT1, Doing.AVAILABLE, at(0), at(30))
    assert sheet.so_far(at(600)) == []
    assert sheet.note(agent(RoutingStatus.IDLE, 700), None) is None


def test_what_goes_on_is_known_so_far() -> None:
    sheet = Timesheet()
    sheet.note(agent(RoutingStatus.IDLE, 0), None)
    assert sheet.so_far(at(10)) == [Slice(AGENT1, Doing.AVAILABLE, at(0), at(10))]
    assert sheet.so_far(at(0)) == []
    assert sheet.note(agent(RoutingStatus.IDLE, 0), None) is None
    assert sheet.so_far(at(20)) == [Slice(AGENT1, Doing.AVAILABLE, at(0), at(20))]


def test_an_agent_of_whom_nothing_is_known_has_no_time() -> None:
    sheet = Timesheet()
    assert sheet.note(replace(agent(RoutingStatus.IDLE, 0), routing_since=None), None) is None
    assert sheet.so_far(at(10)) == []


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    sheet = Timesheet()
    sheet.note(agent(RoutingStatus.IDLE, 100), None)
    assert sheet.note(agent(RoutingStatus.ON_CALL, 50), WATER) is None


def test_time_is_put_into_the_intervals_that_it_was_spent_in() -> None:
    cells = fold([], [Slice(AGENT1, Doing.AVAILABLE, NOON - timedelta(seconds=60), at(30))])
    assert cells[Cell(NOON - timedelta(minutes=15), None, AGENT1)].available_s == 60
    assert cells[Cell(NOON, None, AGENT1)].available_s == 30
