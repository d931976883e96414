"""Sessions, one-time tickets, and the brake on guessing, without a server."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent_console.auth import MAX_PUSH_TICKETS, MAX_WATCHED, LoginThrottle, PushTickets, Sessions
from agent_console.errors import NotLoggedInError, TooManyTriesError
from tests.console.fake_stores import USERS
from tests.console.fakes import Clock


def sessions(clock: Clock) -> Sessions:
    return Sessions("key", clock, lifetime=timedelta(hours=1))


def test_a_session_says_who_it_is(clock: Clock) -> None:
    token, login = sessions(clock).open(USERS["agent1"])

    assert sessions(clock).who(token) == login
    assert (login.user, login.extension) == ("agent1", "1001")


KNOWN = sessions(Clock())
TOKEN, LOGIN = KNOWN.open(USERS["agent1"])
SPARE_BITS = (len(TOKEN) - 1, TOKEN.index(".") - 1)
"""Base64's last letter has bits that say nothing."""


@given(place=st.integers(0, len(TOKEN) - 1), letter=st.characters())
def test_no_changed_token_is_anybodys(place: int, letter: str) -> None:
    assume(letter != TOKEN[place] and place not in SPARE_BITS)

    with pytest.raises(NotLoggedInError):
        KNOWN.who(TOKEN[:place] + letter + TOKEN[place + 1 :])


@given(st.text(max_size=200))
def test_no_text_at_all_is_anybodys(token: str) -> None:
    with pytest.raises(NotLoggedInError):
        sessions(Clock()).who(token)


async def test_closed_sessions_are_forgotten_once_they_would_have_expired(clock: Clock) -> None:
    known = sessions(clock)
    _, first = known.open(USERS["agent1"])
    await known.close(first)
    clock.move(3_601)
    _, second = known.open(USERS["agent1"])
    await known.close(second)

    assert set(known._closed) == {second.sid}


def test_a_ticket_is_good_once(clock: Clock) -> None:
    tickets = PushTickets(clock)
    _, login = sessions(clock).open(USERS["agent1"])
    ticket = tickets.issue(login)

    assert tickets.redeem(ticket) is login
    with pytest.raises(NotLoggedInError):
        tickets.redeem(ticket)


def test_a_ticket_is_good_for_thirty_seconds(clock: Clock) -> None:
    tickets = PushTickets(clock)
    _, login = sessions(clock).open(USERS["agent1"])
    ticket = tickets.issue(login)
    clock.move(30)

    with pytest.raises(NotLoggedInError):
        tickets.redeem(ticket)


def test_unused_tickets_are_bounded(clock: Clock) -> None:
    tickets = PushTickets(clock)
    _, login = sessions(clock).open(USERS["agent1"])
    first = tickets.issue(login)
    for _ in range(MAX_PUSH_TICKETS):
        tickets.issue(login)

    with pytest.raises(NotLoggedInError):
        tickets.redeem(first)


def test_each_failure_doubles_the_wait(clock: Clock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    waits = []
    for n in range(12):
        throttle.begin("agent1", "10.0.0.1")
        if n >= 5:
            with pytest.raises(TooManyTriesError) as refusal:
                throttle.begin("agent1", "10.0.0.2")
            waits.append(refusal.value.retry_after_s or 0)
            clock.move(waits[-1])
        elif n == 4:
            clock.move(2)

    assert waits[:4] == [3, 5, 9, 17]
    assert max(waits) == 61


def test_success_forgets_the_failures(clock: Clock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for _ in range(50):
        throttle.begin("agent1", "10.0.0.1")
        throttle.succeeded("agent1", "10.0.0.1")


def test_failures_are_forgotten_after_a_quarter_of_an_hour(clock: Clock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for _ in range(5):
        throttle.begin("agent1", "10.0.0.1")
    clock.move(901)

    for _ in range(4):
        throttle.begin("agent1", "10.0.0.1")


def test_what_is_remembered_of_guessers_is_bounded(clock: Clock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for n in range(MAX_WATCHED + 100):
        throttle.begin(f"user{n}", f"address{n}")

    assert len(throttle._tries) == MAX_WATCHED
