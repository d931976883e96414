"""What one ended call counts as."""

from datetime import timedelta
from uuid import UUID

import pytest

from cti.domain.ids import AccountNumber, CallId
from cti.domain.kpi.facts import Fate, Rating, came_back, facts_of
from cti.domain.model import Call, Outcome
from tests.storage.calls import NOON, a_call, abandoned, answered, ended, in_menu, served

MINE, THEIRS = (AccountNumber("10000018"), "enquiry"), (AccountNumber("20000019"), "enquiry")


def test_an_answered_call_counts_its_wait_and_its_agents_work() -> None:
    facts = facts_of(ended())
    assert facts is not None
    assert (facts.fate, facts.queue, facts.agent) == (Fate.ANSWERED, "water", "agent1")
    assert (facts.wait_s, facts.talk_s, facts.hold_s, facts.into_ivr) == (20, 110, 10, True)
    assert facts.at == NOON


@pytest.mark.parametrize("call", [a_call(), answered(), ended(inbound=False)], ids=["new", "live", "outbound"])
def test_calls_that_live_and_calls_that_we_made_count_nothing(call: Call) -> None:
    assert facts_of(call) is None


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        (Outcome.ABANDONED, Fate.ABANDONED),
        (Outcome.CALLBACK, Fate.CALLBACK),
        (Outcome.OVERFLOWED, Fate.FLOWED_OUT),
        (Outcome.VOICEMAIL, Fate.FLOWED_OUT),
        (Outcome.PBX_RESTART, Fate.FLOWED_OUT),
        (Outcome.FAILED, Fate.FLOWED_OUT),
    ],
)
def test_who_waited_and_was_not_answered(outcome: Outcome, fate: Fate) -> None:
    facts = facts_of(abandoned(outcome=outcome))
    assert facts is not None
    assert (facts.fate, facts.wait_s, facts.agent) == (fate, 20, None)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_without_a_queue_is_nobodys_but_the_menus(outcome: Outcome) -> None:
    facts = facts_of(served(outcome=outcome))
    assert facts is not None
    assert facts.fate is None
    assert facts.self_served is (outcome is Outcome.SELF_SERVICE)
    assert facts.announced is (outcome is Outcome.ANNOUNCEMENT)


def test_a_call_that_was_answered_stays_answered_when_its_pbx_is_killed() -> None:
    facts = facts_of(ended(outcome=Outcome.PBX_RESTART))
    assert facts is not None
    assert facts.fate is Fate.ANSWERED


def test_a_call_that_reached_an_agent_past_the_queue_was_answered() -> None:
    facts = facts_of(ended(queue=None, queued_at=None, wait_s=0))
    assert facts is not None
    assert (facts.fate, facts.queue) == (Fate.ANSWERED, None)


def test_who_rated_was_asked() -> None:
    facts = facts_of(ended(), rating=Rating.SATISFIED)
    assert facts is not None
    assert facts.asked


def test_a_hangup_in_the_menu_is_no_abandon() -> None:
    facts = facts_of(in_menu(ended_at=NOON, outcome=Outcome.ABANDONED))
    assert facts is not None
    assert (facts.fate, facts.into_ivr, facts.wait_s) == (None, True, 0)


def test_who_calls_again_about_the_same_in_time_came_back() -> None:
    first, second, late, other = (CallId(UUID(int=n)) for n in range(1, 5))
    contacts = [
        (late, NOON + timedelta(days=20), MINE),
        (first, NOON, MINE),
        (second, NOON + timedelta(days=7), MINE),
        (other, NOON + timedelta(days=1), THEIRS),
    ]
    assert came_back(contacts, within=timedelta(days=7)) == {first}
