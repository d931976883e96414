"""Calls and agents' time of an invented day, as Hypothesis or a seed has it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cti.domain.ids import AgentId, CallId, QueueName
from cti.domain.kpi.facts import CallFacts, Fate, Rating
from cti.domain.kpi.times import Doing, Slice
from cti.domain.model import Call, Outcome
from tests.storage.calls import a_call

MIDNIGHT = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
"""The day's first moment in Shanghai."""
WATER, SALES = QueueName("water"), QueueName("sales")
DAY_S = 24 * 3600

queues = st.sampled_from([None, WATER, SALES])
agents = st.sampled_from([AgentId("agent1"), AgentId("agent2")])
moments = st.integers(0, DAY_S - 1).map(lambda s: MIDNIGHT + timedelta(seconds=s))
seconds = st.integers(0, 2_000)

facts = st.builds(
    CallFacts,
    call=st.uuids().map(CallId),
    at=moments,
    queue=queues,
    agent=st.none() | agents,
    into_ivr=st.booleans(),
    self_served=st.booleans(),
    announced=st.booleans(),
    fate=st.none() | st.sampled_from(Fate),
    wait_s=seconds,
    talk_s=seconds,
    hold_s=seconds,
    came_back=st.none() | st.booleans(),
    asked=st.booleans(),
    rating=st.none() | st.sampled_from(Rating),
)
lists_of_facts = st.lists(facts, max_size=12, unique_by=lambda f: f.call)


@st.composite
def slices(draw: st.DrawFn) -> Slice:
    since = draw(moments) + timedelta(microseconds=draw(st.integers(0, 999_999)))
    until = since + timedelta(seconds=draw(st.integers(0, 8 * 3600)), microseconds=draw(st.integers(0, 999_999)))
    return Slice(draw(agents), draw(st.sampled_from(Doing)), since, until, draw(queues))


def generated_call(chance: random.Random, number: int) -> Call:
    """One ended call of a plausible day: most ask for a person, some give up, a few are served by the menu."""
    arrived = MIDNIGHT + timedelta(seconds=chance.randrange(DAY_S - 4 * 3600), milliseconds=chance.randrange(1000))
    menu_s = chance.randrange(5, 90)
    common: dict[str, Any] = {
        "id": CallId(UUID(int=number)),
        "started_at": arrived,
        "stage_since": arrived,
        "ivr_flow": "water",
        "account": chance.choice(["10000018", "20000019", None]),
        "cause": 16,
    }
    if chance.random() < 0.25:
        outcome = chance.choice([Outcome.SELF_SERVICE, Outcome.ANNOUNCEMENT, Outcome.ABANDONED])
        over = arrived + timedelta(seconds=menu_s)
        return a_call(number, **common, outcome=outcome, ended_at=over, ivr_served=outcome is Outcome.SELF_SERVICE)
    wait_s = min(int(chance.expovariate(1 / 25)), 900)
    queued_at = arrived + timedelta(seconds=menu_s)
    left_at = queued_at + timedelta(seconds=wait_s)
    common |= {"queue": chance.choice([WATER, WATER, SALES]), "queued_at": queued_at, "wait_s": wait_s}
    fate = chance.choices([Outcome.ANSWERED, Outcome.ABANDONED, Outcome.OVERFLOWED], [0.8, 0.15, 0.05])[0]
    if fate is not Outcome.ANSWERED:
        return a_call(number, **common, outcome=fate, ended_at=left_at)
    talk_s, hold_s = chance.randrange(5, 600), chance.choice([0, 0, 0, 30])
    return a_call(
        number,
        **common,
        outcome=fate,
        agent=chance.choice([AgentId("agent1"), AgentId("agent2"), AgentId("agent3")]),
        answered_at=left_at,
        talk_s=talk_s,
        hold_s=hold_s,
        ended_at=left_at + timedelta(seconds=talk_s + hold_s),
    )


def generated_day(seed: int, calls: int) -> list[Call]:
    """The same ended calls for the same seed."""
    chance = random.Random(seed)
    return [generated_call(chance, number) for number in range(1, calls + 1)]
