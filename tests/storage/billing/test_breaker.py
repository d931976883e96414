"""Who failed several times in a row is left alone, then asked once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.billing.breaker import Breaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(failures=3, rest_s=10)
    for _ in range(3):
        assert breaker.may_ask(at)
        breaker.failed(at)
    return breaker


def test_a_few_failures_with_answers_between_open_nothing() -> None:
    breaker = Breaker(failures=3, rest_s=10)
    for _ in range(5):
        breaker.failed(0)
        breaker.failed(0)
        breaker.succeeded()
    assert breaker.closed
    assert breaker.opened == 0


def test_failures_in_a_row_open_it_for_its_rest() -> None:
    breaker = opened()
    assert (breaker.closed, breaker.opened) == (False, 1)
    assert not breaker.may_ask(9.9)


def test_after_the_rest_one_asks_and_all_others_wait_for_what_comes_of_it() -> None:
    breaker = opened()
    assert breaker.may_ask(10)
    assert not breaker.may_ask(10)
    breaker.succeeded()
    assert breaker.closed
    assert breaker.may_ask(10)


def test_a_probe_that_fails_begins_another_rest() -> None:
    breaker = opened()
    assert breaker.may_ask(10)
    breaker.failed(10)
    assert not breaker.may_ask(19.9)
    assert breaker.may_ask(20)
    assert breaker.opened == 1


@pytest.mark.parametrize("probing", [True, False])
def test_a_caller_who_hung_up_proves_nothing_and_gives_the_probe_back(probing: bool) -> None:
    breaker = opened() if probing else Breaker(failures=1)
    assert breaker.may_ask(10)
    breaker.gave_up()
    assert breaker.closed is not probing
    assert breaker.may_ask(10)


def test_questions_from_before_it_opened_may_still_fail() -> None:
    breaker = opened()
    breaker.failed(5)
    assert not breaker.may_ask(14.9)
    assert breaker.may_ask(15)


@given(st.lists(st.tuples(st.sampled_from(["ask", "ok", "bad", "left"]), st.floats(0, 4)), max_size=60))
def test_whatever_happens_it_is_asked_again_within_a_rest(steps: list[tuple[str, float]]) -> None:
    breaker, now, under_way = Breaker(failures=3, rest_s=10), 0.0, 0
    for what, pause in steps:
        now += pause
        if what == "ask":
            under_way += breaker.may_ask(now)
        elif under_way:
            under_way -= 1
            {"ok": breaker.succeeded, "bad": lambda: breaker.failed(now), "left": breaker.gave_up}[what]()  # noqa: B023
    for _ in range(under_way):
        breaker.gave_up()
    assert breaker.may_ask(now + 10)
