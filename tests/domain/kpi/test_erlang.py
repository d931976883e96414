"""Erlang C against published tables, against exact arithmetic, and where it must hold whatever the numbers."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.kpi.erlang import Staffing, agents_needed, erlang_b


@pytest.mark.parametrize(
    ("agents", "load", "waits"),
    [(1, 0.5, 0.5), (2, 1, 1 / 3), (5, 3, 0.2362), (10, 8, 0.4092), (11, 10, 0.6821), (14, 10, 0.1741)],
)
def test_known_values_of_erlang_c(agents: int, load: float, waits: float) -> None:
    assert Staffing(agents, load, 180).wait_probability == pytest.approx(waits, abs=5e-5)


@pytest.mark.parametrize(("agents", "load", "blocked"), [(10, 5, 0.0184), (20, 12.03, 0.01), (100, 84.06, 0.01)])
def test_known_values_of_erlang_b(agents: int, load: float, blocked: float) -> None:
    assert erlang_b(agents, load) == pytest.approx(blocked, abs=5e-5)


def test_the_textbook_example_of_two_hundred_calls_an_hour() -> None:
    """200 calls an hour of three minutes are 10 erlangs; with 14 agents 17.4 % wait, 88.8 % are served in 20 s."""
    staffing = Staffing(14, 200 * 180 / 3600, 180)
    assert staffing.wait_probability == pytest.approx(0.174, abs=5e-4)
    assert staffing.service_level(20) == pytest.approx(0.888, abs=5e-4)
    assert staffing.asa_s == pytest.approx(7.8, abs=0.05)
    assert staffing.occupancy == pytest.approx(0.714, abs=5e-4)
    assert agents_needed(10, 180, service_level=0.8, target_s=20) == 14


def exact(agents: int, load: Fraction) -> Fraction:
    """The formula as it is written, in whole numbers of any length."""
    term, below = Fraction(1), Fraction(0)
    for n in range(agents):
        below += term
        term = term * load / (n + 1)
    top = term * agents / (agents - load)
    return top / (below + top)


@pytest.mark.parametrize(("agents", "load"), [(3, 2), (50, 45), (500, 480), (500, 499), (500, 100)])
def test_five_hundred_agents_as_exactly_as_whole_numbers_have_it(agents: int, load: int) -> None:
    found = Staffing(agents, load, 240).wait_probability
    assert found == pytest.approx(float(exact(agents, Fraction(load))), rel=1e-12)


loads = st.floats(0, 490, allow_nan=False)
staffs = st.integers(1, 500)


@given(staffs, loads, st.floats(1, 3600), st.floats(0, 600))
def test_probabilities_are_probabilities(agents: int, load: float, aht_s: float, target_s: float) -> None:
    staffing = Staffing(agents, load, aht_s)
    assert 0 <= staffing.wait_probability <= 1
    assert 0 <= staffing.service_level(target_s) <= 1
    assert staffing.asa_s is None or staffing.asa_s >= 0


@given(staffs, loads, st.floats(1, 600))
def test_one_agent_more_never_makes_callers_wait_longer(agents: int, load: float, target_s: float) -> None:
    few, more = Staffing(agents, load, 180), Staffing(agents + 1, load, 180)
    assert more.service_level(target_s) >= few.service_level(target_s) - 1e-12
    assert few.asa_s is None or (more.asa_s is not None and more.asa_s <= few.asa_s + 1e-9)


@given(st.floats(0, 200), st.floats(0, 0.99), st.floats(0, 120))
def test_the_fewest_agents_are_enough_and_one_less_is_not(load: float, level: float, target_s: float) -> None:
    agents = agents_needed(load, 200, service_level=level, target_s=target_s)
    assert Staffing(agents, load, 200).service_level(target_s) >= level
    if agents > math.floor(load):
        assert Staffing(agents - 1, load, 200).service_level(target_s) < level


def test_with_too_few_agents_the_queue_never_ends() -> None:
    staffing = Staffing(10, 10, 180)
    assert (staffing.wait_probability, staffing.service_level(20), staffing.asa_s) == (1, 0, None)
    assert Staffing(0, 5, 180).occupancy == math.inf


def test_nobody_waits_when_nobody_calls() -> None:
    for agents in (0, 3):
        staffing = Staffing(agents, 0, 180)
        assert (staffing.wait_probability, staffing.service_level(0), staffing.asa_s) == (0, 1, 0)


@pytest.mark.parametrize("wrong", [(-1, 1, 180), (1, -1, 180), (1, math.nan, 180), (1, 1, 0), (1, 1, math.nan)])
def test_what_makes_no_sense_is_refused(wrong: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Staffing(*wrong)


@pytest.mark.parametrize("level", [1, 1.5, -0.1, math.nan])
def test_a_promise_that_nobody_can_keep_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="at once"):
        agents_needed(10, 180, service_level=level, target_s=20)
