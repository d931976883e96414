"""What each role may see of the live state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console import views
from agent_console.views import Reader, mask_name, mask_number
from cti.domain.model import CentreState, Queue
from tests.console.fake_stores import a_record, a_ticket
from tests.console.fakes import AGENT1, CALLER, SUPERVISOR1, WATER, Clock, FakeLive


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800138000", "138******00"),
        ("+8613800138000", "+861********00"),
        ("(021) 6299-1234", "(021) ****-**34"),
        ("021-62991234", "021-******34"),
        ("123456", "1****6"),
        ("12345", "1***5"),
        ("2001", "2001"),
        ("", ""),
        ("anonymous", "anonymous"),
        ("<b>1380013", "<b>138**13"),
    ],
)
def test_numbers_are_masked(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@given(st.text(alphabet="0123456789+- ()x", min_size=1))
def test_a_masked_number_shows_at_most_five_digits_and_keeps_its_shape(number: str) -> None:
    masked = mask_number(number)

    assert len(masked) == len(number)
    digits = sum(character.isdigit() for character in number)
    assert sum(character.isdigit() for character in masked) <= max(4, min(5, digits - 1))


@given(st.text())
def test_masking_never_fails_and_never_adds(text: str) -> None:
    assert len(mask_number(text)) == len(text)
    assert len(mask_name(text)) == len(text)


@pytest.mark.parametrize("digits", ["١٣٨٠٠١٣٨٠٠٠", "１３８００１３８０００"])
def test_digits_of_other_scripts_are_masked_too(digits: str) -> None:
    assert mask_number(digits).count("*") == 6


def test_a_name_is_shown_unless_it_carries_the_number() -> None:
    assert mask_name("王小明") == "王小明"
    assert "0013" not in mask_name("Wang 13800138000")


@pytest.fixture
def busy(live: FakeLive, clock: Clock) -> FakeLive:
    """Three callers wait since different times, the first is offered to agent1."""
    live.open_house()
    for n in (1, 2, 3):
        live.arrive(n)
        clock.move(10)
        live.queue(n, position=n)
    live.offer(1)
    return live


def test_places_and_the_longest_wait_come_from_the_queue(busy: FakeLive) -> None:
    live = views.live_view(busy.state, Reader(SUPERVISOR1, everything=True), busy.clock())

    places = {call.position for call in live.calls}
    assert {2, 3} <= places
    assert live.queues[0].longest_wait_since == min(c.queued_at for c in live.calls if c.queued_at and c.position)


def test_a_reader_owns_the_call_that_rings_at_their_phone(busy: FakeLive) -> None:
    own = frozenset(views.own_calls(AGENT1, busy.state))

    assert len(own) == 1
    assert Reader(AGENT1, everything=False, own=own).number(CALLER, next(iter(own))) == CALLER


def test_figures_are_missing_until_something_was_counted() -> None:
    nobody_waits = CentreState()
    empty = views.queue_view(Queue(WATER), nobody_waits)
    some = views.queue_view(
        Queue(WATER, offered=4, answered=3, abandoned=1, wait_of_answered_s=30, answered_in_target=2), nobody_waits
    )

    assert (empty.asa_s, empty.service_level_pct) == (None, None)
    assert (some.asa_s, some.service_level_pct) == (10.0, 50.0)


def test_a_hostile_name_stays_the_text_it_is() -> None:
    record = a_record(name="<img src=x onerror=alert(1)>")

    assert views.call_record(record, Reader(AGENT1, everything=False)).caller_name == record.caller_name


def test_a_tickets_call_is_masked_with_it() -> None:
    seen = views.ticket(a_ticket(), Reader(AGENT1, everything=False))

    assert CALLER not in seen.model_dump_json()
