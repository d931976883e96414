"""Tallies add up, whatever they are tallies of."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.kpi.cells import Cell, Step, by_step, fold, step_of
from cti.domain.kpi.facts import CallFacts, facts_of
from cti.domain.kpi.tally import BOUNDS_S, SUMS, Tally, bucket, tally_of, total, within
from cti.domain.kpi.times import INTERVAL, Slice, interval_of, pieces
from cti.domain.model import Call
from tests.domain.kpi.days import MIDNIGHT, facts, generated_day, lists_of_facts, slices

SHANGHAI = ZoneInfo("Asia/Shanghai")


def tally(calls: list[CallFacts]) -> Tally:
    return total(map(tally_of, calls))


@given(lists_of_facts, lists_of_facts)
def test_the_tally_of_two_lists_is_the_sum_of_their_tallies(one: list[CallFacts], other: list[CallFacts]) -> None:
    assert tally(one + other) == tally(one) + tally(other) == tally(other) + tally(one)


@given(lists_of_facts, lists_of_facts, lists_of_facts)
def test_it_does_not_matter_what_is_added_first(a: list[CallFacts], b: list[CallFacts], c: list[CallFacts]) -> None:
    assert (tally(a) + tally(b)) + tally(c) == tally(a) + (tally(b) + tally(c))


@given(facts)
def test_adding_nothing_changes_nothing(one: CallFacts) -> None:
    assert tally_of(one) + Tally() == tally_of(one) == Tally() + tally_of(one)


@given(lists_of_facts, st.lists(slices(), max_size=6), st.sampled_from(Step))
def test_the_sums_of_any_step_make_the_sum_of_the_whole(calls: list[CallFacts], times: list[Slice], step: Step) -> None:
    cells = fold(calls, times)
    assert total(by_step(cells, step, SHANGHAI).values()) == total(cells.values())


@given(lists_of_facts)
def test_the_days_intervals_are_the_day(calls: list[CallFacts]) -> None:
    days = by_step(fold(calls), Step.DAY, SHANGHAI)
    assert days == ({MIDNIGHT: tally(calls)} if calls else {})


@given(lists_of_facts)
def test_a_call_that_is_told_twice_counts_once(calls: list[CallFacts]) -> None:
    assert fold(calls + calls) == fold(calls)


@given(lists_of_facts)
def test_everybody_offered_was_answered_gave_up_or_flowed_out(calls: list[CallFacts]) -> None:
    counted = tally(calls)
    assert counted.offered == sum(call.fate is not None for call in calls)
    assert sum(counted.answered_waits) == counted.answered
    assert sum(counted.abandoned_waits) == counted.abandoned
    assert counted.callbacks <= counted.flowed_out


@given(slices())
def test_a_slices_seconds_are_those_of_its_pieces(whole: Slice) -> None:
    parts = list(pieces(whole))
    assert sum(seconds for _, seconds in parts) == int(whole.until.timestamp()) - int(whole.since.timestamp())
    assert all(seconds <= INTERVAL.total_seconds() for _, seconds in parts)
    assert [at for at, _ in parts] == sorted({at for at, _ in parts})


@given(st.integers(0, 5_000), st.sampled_from(BOUNDS_S))
def test_a_wait_is_within_a_bound_if_it_is_not_longer(wait_s: int, bound_s: int) -> None:
    assert within(bucket(wait_s), bound_s) == (wait_s <= bound_s)


def test_every_field_is_added() -> None:
    names = {field.name for field in fields(Tally)}
    assert names == {*SUMS, "longest_wait_s", "answered_waits", "abandoned_waits"}


def test_a_generated_day_has_every_kind_of_call() -> None:
    day = tally([call for call in map(_facts, generated_day(1, 400)) if call is not None])
    assert min(day.answered, day.abandoned, day.flowed_out, day.self_served, day.announced) > 0


def _facts(call: Call) -> CallFacts | None:
    return facts_of(call)


def test_an_interval_is_a_quarter_of_an_hour() -> None:
    assert interval_of(datetime(2026, 11, 22, 12, 44, 59, 999, tzinfo=SHANGHAI)) == datetime(
        2026, 11, 22, 4, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("zone", "step", "began"),
    [
        ("Asia/Kolkata", Step.HOUR, datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("Asia/Shanghai", Step.DAY, datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", Step.DAY, datetime(2026, 11, 21, 18, 15, tzinfo=UTC)),
        ("UTC", Step.INTERVAL, datetime(2026, 11, 22, 4, 15, tzinfo=UTC)),
    ],
)
def test_hours_and_days_are_those_of_the_site(zone: str, step: Step, began: datetime) -> None:
    assert step_of(datetime(2026, 11, 22, 4, 20, tzinfo=UTC), step, ZoneInfo(zone)) == began


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 20, tzinfo=UTC)
    assert step_of(first + timedelta(hours=1), Step.HOUR, berlin) - step_of(first, Step.HOUR, berlin) == timedelta(
        hours=1
    )
    day = step_of(first + timedelta(hours=1), Step.DAY, berlin)
    assert day == step_of(first, Step.DAY, berlin) == datetime(2026, 10, 24, 22, 0, tzinfo=UTC)


def test_a_call_is_in_the_cell_of_its_arrival_its_queue_and_its_agent() -> None:
    counted = [found for found in map(_facts, generated_day(2, 50)) if found is not None]
    cells = fold(counted)
    for call in counted:
        assert cells[Cell(interval_of(call.at), call.queue, call.agent)].calls >= 1
    assert sum(cell.calls for cell in cells.values()) == 50
