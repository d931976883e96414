"""Callbacks: the table, the places, when one is due. What that makes of queues is ``test_callback_queues``'s."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cti.domain.callbacks import (
    OPEN,
    STATES,
    Callback,
    CallbackMove,
    CallbackState,
    IllegalCallbackMoveError,
    Place,
    Rules,
    answered,
    asked,
    callback_id,
    callback_of,
    dialled,
    failed,
    linked_id,
    next_due,
    position,
    withdrawn,
)
from cti.domain.ids import CallId, LinkedId, QueueName

T0 = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
RULES = Rules()


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def callback(since: float = 0, priority: int = 0, number: int = 1) -> Callback:
    call = CallId(UUID(int=number))
    return asked(call, QueueName("water"), Place(at(since), priority), "+8613800000001", at(since))


MOVES = {
    CallbackMove.DIALLED: dialled,
    CallbackMove.FAILED: lambda one, when: failed(one, when, RULES),
    CallbackMove.ANSWERED: answered,
    CallbackMove.WITHDRAWN: withdrawn,
}


@pytest.mark.parametrize("state", CallbackState)
@pytest.mark.parametrize("move", CallbackMove)
def test_every_move_from_every_state_is_in_the_table_or_refused(state: CallbackState, move: CallbackMove) -> None:
    before = replace(callback(), state=state)
    if move in STATES[state]:
        assert MOVES[move](before, at(1)).state is STATES[state][move]
    else:
        with pytest.raises(IllegalCallbackMoveError, match=f"{state} can't be {move}"):
            MOVES[move](before, at(1))


def test_three_attempts_with_pauses_then_it_is_a_task_for_a_person() -> None:
    one = callback()
    waits = []
    now = T0
    while one.state in OPEN:
        one = failed(dialled(one, now), now, RULES)
        waits.append(one.next_at - now)
        now = max(now, one.next_at)
    assert (one.state, one.attempts) == (CallbackState.UNREACHED, 3)
    assert waits[:2] == [timedelta(minutes=5), timedelta(minutes=15)]


def test_a_site_without_pauses_tries_again_at_once() -> None:
    assert Rules(pauses=()).pause_after(1) == timedelta(0)


def test_asking_twice_in_one_call_is_one_callback() -> None:
    assert callback_id(CallId(UUID(int=1))) == callback().id != callback(number=2).id


def test_the_call_that_is_made_is_known_by_its_name() -> None:
    one = dialled(callback(), at(1))
    again = failed(one, at(2), RULES)
    assert callback_of(linked_id(one)) == one.id
    assert linked_id(one) == linked_id(one) != linked_id(dialled(again, at(9)))
    for foreign in ("1764061200.12", "cb-1764061200.12", f"cb-{'z' * 32}-1.1", f"xx-{one.id.hex}-1.1", "cb-"):
        assert callback_of(LinkedId(foreign)) is None


def test_who_comes_back_stands_behind_the_better_places_and_before_the_worse() -> None:
    line = [Place(at(0), priority=5), Place(at(1)), Place(at(3))]
    assert position(Place(at(2)), line) == 3
    assert position(Place(at(0)), line) == 2
    assert position(Place(at(9)), line) == 4
    assert position(Place(at(9), priority=9), line) == 1
    assert position(Place(at(2)), []) == 1


def test_an_agent_more_than_people_before_it_makes_it_due() -> None:
    one = callback(since=5)
    line = [Place(at(1))]
    assert next_due([one], line, free=1, staffed=2, now=at(6)) is None
    assert next_due([one], line, free=2, staffed=2, now=at(6)) == one


def test_it_is_due_when_the_next_free_agent_would_go_to_somebody_behind_it() -> None:
    one = callback(since=5)
    assert next_due([one], [Place(at(7))], free=0, staffed=1, now=at(8)) == one
    assert next_due([one], [Place(at(1)), Place(at(7))], free=0, staffed=1, now=at(8)) is None
    assert next_due([one], [], free=0, staffed=1, now=at(8)) is None


def test_nobody_is_called_while_nobody_takes_calls() -> None:
    assert next_due([callback()], [Place(at(7))], free=0, staffed=0, now=at(8)) is None


def test_an_attempt_under_way_takes_the_agent_it_is_made_for() -> None:
    first, second = dialled(callback(since=0), at(6)), callback(since=1, number=2)
    assert next_due([first, second], [], free=1, staffed=1, now=at(6)) is None
    assert next_due([first, second], [], free=2, staffed=2, now=at(6)) == second


def test_one_that_pauses_between_attempts_lets_the_next_one_go_first() -> None:
    first = failed(dialled(callback(since=0), at(6)), at(6), RULES)
    second = callback(since=1, number=2)
    assert next_due([first, second], [], free=1, staffed=1, now=at(7)) == second
    assert next_due([first, second], [], free=1, staffed=1, now=at(12)) == first


def test_a_vulnerable_customers_callback_comes_before_an_older_one() -> None:
    older, vulnerable = callback(since=0), callback(since=2, priority=5, number=2)
    assert next_due([older, vulnerable], [], free=1, staffed=1, now=at(3)) == vulnerable


def test_what_is_over_is_never_due() -> None:
    over = answered(dialled(callback(), at(1)), at(2))
    assert not over.open
    assert next_due([over, withdrawn(callback(number=2), at(1))], [], free=3, staffed=3, now=at(9)) is None
