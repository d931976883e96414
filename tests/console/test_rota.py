"""Every console is told of every queue's last change, none of them late, never all at once."""

from hypothesis import given
from hypothesis import strategies as st

from agent_console.push.rota import Rota
from cti.domain.ids import QueueName

WATER, BILLS = QueueName("water"), QueueName("bills")


def test_consoles_take_turns_and_all_have_had_theirs_within_one_round() -> None:
    rota: Rota[int] = Rota(5)
    for console in range(20):
        rota.join(console)
    rota.note({WATER})
    turns = [list(rota.take()[1]) for _ in range(5)]
    assert sorted(console for turn in turns for console in turn) == list(range(20))
    assert {len(turn) for turn in turns} == {4}
    assert not rota.is_due
    assert list(rota.take()[1]) == []


def test_whoever_left_has_no_turn() -> None:
    rota: Rota[int] = Rota(1)
    rota.join(1)
    rota.join(2)
    rota.leave(1)
    rota.leave(3)
    rota.note({WATER})
    assert list(rota.take()[1]) == [2]


def test_where_nothing_is_gathered_everybody_is_told_at_once() -> None:
    rota: Rota[int] = Rota(1)
    for console in range(3):
        rota.join(console)
    rota.note({WATER, BILLS})
    queues, whose = rota.take()
    assert (queues, set(whose)) == ({WATER, BILLS}, {0, 1, 2})
    assert not rota.is_due


@given(st.lists(st.frozensets(st.sampled_from([WATER, BILLS])), max_size=30), st.integers(1, 7), st.integers(0, 12))
def test_nobody_misses_the_last_change_of_any_queue(
    flushes: list[frozenset[QueueName]], turns: int, consoles: int
) -> None:
    rota: Rota[int] = Rota(turns)
    for console in range(consoles):
        rota.join(console)
    told: dict[int, dict[QueueName, int]] = {console: {} for console in range(consoles)}
    last: dict[QueueName, int] = {}
    at = 0
    while at < len(flushes) or rota.is_due:
        changed = flushes[at] if at < len(flushes) else frozenset()
        rota.note(set(changed))
        last.update(dict.fromkeys(changed, at))
        queues, whose = rota.take()
        for console in whose:
            told[console].update(dict.fromkeys(queues, at))
        at += 1
    assert at <= len(flushes) + turns
    for seen in told.values():
        assert seen.keys() == last.keys()
        assert all(seen[queue] >= when for queue, when in last.items())
