"""The push channel's outbound policy, without sockets."""

from uuid import UUID

import pytest

from agent_console.push.frames import numbered
from agent_console.push.outbox import MAX_CHANGED, MAX_URGENT, Ids, Outbox, OutboxFullError


def ids(*calls: int) -> Ids:
    return Ids(calls={UUID(int=n) for n in calls})


def test_the_snapshot_comes_before_everything_even_a_pop() -> None:
    outbox = Outbox()
    outbox.urgent(b"{}")

    assert outbox.take_urgent() is None
    assert outbox.take_snapshot()
    assert outbox.take_urgent() == b"{}"


def test_changes_of_one_entity_are_one_entry_however_many() -> None:
    outbox = Outbox()
    outbox.take_snapshot()
    for _ in range(1_000):
        outbox.changed(ids(1, 2))

    assert outbox.take_changed() == ids(1, 2)
    assert outbox.take_changed() is None


def test_a_snapshot_makes_earlier_changes_old() -> None:
    outbox = Outbox()
    outbox.take_snapshot()
    outbox.changed(ids(1))
    outbox.resync()

    assert outbox.take_snapshot()
    assert outbox.take_changed() is None


def test_urgent_frames_keep_their_order_and_have_a_bound() -> None:
    outbox = Outbox()
    outbox.take_snapshot()
    for n in range(MAX_URGENT):
        outbox.urgent(b"%d" % n)

    with pytest.raises(OutboxFullError):
        outbox.urgent(b"one too many")
    assert [outbox.take_urgent() for _ in range(MAX_URGENT)] == [b"%d" % n for n in range(MAX_URGENT)]


def test_what_changed_has_a_bound() -> None:
    outbox = Outbox()
    outbox.take_snapshot()

    with pytest.raises(OutboxFullError):
        outbox.changed(ids(*range(MAX_CHANGED + 1)))


def test_what_one_console_took_stays_with_the_others() -> None:
    first, second, changed = Outbox(), Outbox(), ids(1)
    for outbox in (first, second):
        outbox.take_snapshot()
        outbox.changed(changed)
    first.take_changed()
    first.changed(ids(2))

    assert second.take_changed() == ids(1)


def test_a_number_is_written_into_a_frame_without_touching_the_rest() -> None:
    assert numbered(b'{"type":"heartbeat"}', 7) == b'{"seq":7,"type":"heartbeat"}'
