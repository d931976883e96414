"""Calls that were transferred, consulted about, joined, parked and merged on a real Asterisk 22, as it told of them."""

from dataclasses import dataclass

import pytest

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Call, Outcome, RoutingStatus, TalkKind, TalkState, VisitEnd
from tests.translator.frames import BEGIN, BOOT, PBX, facts, transcript

WATER = QueueName("water")
AGENTS = {AgentId(f"agent{phone}"): Extension(phone) for phone in ("1001", "1002", "1003")}
CALLER, COLLEAGUE = TalkKind.CALLER, TalkKind.COLLEAGUE


@dataclass
class Told:
    """What a recording made of a centre: the calls as they ended, and what each agent did on the way."""

    ended: list[Call]
    did: dict[str, list[TalkState]]
    centre: Centre


def told(name: str) -> Told:
    centre = Centre()
    centre.apply(e.QueueOpened(at=BEGIN, queue=WATER, wrap_up_s=30))
    centre.apply(e.LinkUp(at=BEGIN, pbx=PBX, boot=BOOT))
    for agent, phone in AGENTS.items():
        centre.apply(e.AgentEnrolled(at=BEGIN, agent=agent, name="", extension=phone, queues=(WATER,)))
        centre.apply(e.PresenceChosen(at=BEGIN, agent=agent, presence=e.Presence.AVAILABLE, by=agent))
    ended: list[Call] = []
    did: dict[str, list[TalkState]] = {phone: [] for phone in AGENTS.values()}
    for fact in facts(transcript(name)):
        ended += centre.apply(fact).ended
        for known in centre.state.agents.values():
            if known.talk is not TalkState.NONE and known.talk not in did[known.extension][-1:]:
                did[known.extension].append(known.talk)
    return Told(ended, did, centre)


def talks(call: Call) -> list[tuple[str, TalkKind]]:
    return [(talk.extension, talk.kind) for talk in call.talks]


@pytest.mark.parametrize(
    ("name", "visits", "conversations", "holds"),
    [
        ("transferred_to_agent", 1, [("1001", CALLER), ("1002", CALLER)], 0),
        ("transferred_to_queue", 2, [("1001", CALLER), ("1002", CALLER)], 0),
        ("consulted_and_returned", 2, [("1001", CALLER), ("1002", COLLEAGUE), ("1003", CALLER)], 1),
        ("conference", 1, [("1001", CALLER), ("1002", COLLEAGUE), ("1002", CALLER)], 1),
        ("forwarded", 1, [("1001", CALLER), ("1002", CALLER)], 0),
    ],
)
def test_each_visit_and_each_conversation_is_an_entry_of_the_call(
    name: str, visits: int, conversations: list[tuple[str, TalkKind]], holds: int
) -> None:
    (call,) = told(name).ended
    assert call.outcome is Outcome.ANSWERED
    assert talks(call) == conversations
    assert [(visit.queue, visit.end) for visit in call.visits] == [(WATER, VisitEnd.ANSWERED)] * visits
    assert (call.holds, bool(call.hold_s)) == (holds, bool(holds))
    assert all(talk.until is not None and talk.until >= talk.since for talk in call.talks)


def test_a_consultation_is_handed_over_and_the_colleague_sends_the_caller_on() -> None:
    found = told("consulted_and_completed")
    (call,) = found.ended
    assert talks(call) == [("1001", CALLER), ("1002", COLLEAGUE), ("1002", CALLER), ("1003", CALLER)]
    assert found.did["1001"] == [TalkState.TALKING, TalkState.CONSULTING]
    assert found.did["1002"][:2] == [TalkState.CONSULTING, TalkState.TALKING]
    assert found.did["1003"] == [TalkState.TALKING]


def test_who_comes_back_from_a_consultation_talks_again() -> None:
    found = told("consulted_and_returned")
    assert found.did["1001"] == [TalkState.TALKING, TalkState.CONSULTING, TalkState.TALKING]
    assert found.centre.state.agents[AgentId("agent1002")].routing is RoutingStatus.IDLE, "a question needs no wrap-up"
    assert found.centre.state.agents[AgentId("agent1001")].routing is RoutingStatus.WRAP_UP


def test_all_three_are_in_conference_until_one_has_left() -> None:
    found = told("conference")
    assert TalkState.IN_CONFERENCE in found.did["1001"]
    assert found.did["1002"][-2:] == [TalkState.IN_CONFERENCE, TalkState.TALKING]


def test_a_call_of_its_own_to_a_colleague_becomes_part_of_the_callers() -> None:
    question, call = told("merged").ended
    assert (question.inbound, talks(question)) == (False, [("1001", COLLEAGUE), ("1002", COLLEAGUE)])
    assert (call.inbound, talks(call)) == (True, [("1001", CALLER), ("1002", CALLER)])
    assert question.talk_s == 0, "what colleagues say to each other is no time with a caller"


def test_a_parked_caller_is_fetched_by_a_colleague_and_parked_again() -> None:
    fetching, call = told("parked").ended
    assert (fetching.merged_into, fetching.inbound) == (call.id, False)
    assert talks(call) == [("1001", CALLER), ("1002", CALLER)]
    stages = [known.stage for known in _stages("parked", call)]
    assert [stage.value for stage in dict.fromkeys(stages)][-1] == "parked"


def _stages(name: str, call: Call) -> list[Call]:
    centre = Centre()
    centre.apply(e.QueueOpened(at=BEGIN, queue=WATER, wrap_up_s=30))
    centre.apply(e.LinkUp(at=BEGIN, pbx=PBX, boot=BOOT))
    seen: list[Call] = []
    for fact in facts(transcript(name)):
        centre.apply(fact)
        if call.id in centre.state.calls:
            seen.append(centre.state.calls[call.id])
    return seen


@pytest.mark.parametrize(
    "name",
    [
        *("transferred_to_agent", "transferred_to_queue", "consulted_and_completed", "consulted_and_returned"),
        *("conference", "forwarded", "merged", "parked"),
    ],
)
def test_nobody_is_left_in_a_call_that_is_over(name: str) -> None:
    state = told(name).centre.state
    assert (state.calls, any(state.lines.values())) == ({}, False)
    free = {RoutingStatus.IDLE, RoutingStatus.WRAP_UP, RoutingStatus.OFF_QUEUE}
    assert all(agent.routing in free and not agent.talks_in for agent in state.agents.values())
