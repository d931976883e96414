"""Whatever flow the walk finds no circle in, a caller who does nothing comes to its end."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.engine import FlowRun
from ivr.flow.model import Branch, Flow, HangUp, LookUp, Menu, Queue, Say, Step
from ivr.flow.service import Answer, Caller
from ivr.flow.story import Clock, Story
from ivr.flow.surroundings import Surroundings
from ivr.flow.walk import dead_ends, deaf_circles
from tests.ivr.flow.scripted import CALL, NOW, ScriptedLine

AROUND = Surroundings({}, {})
NAMES = [f"s{number}" for number in range(6)]


class Never:
    """A service that never has an answer."""

    needs: frozenset[str] = frozenset()
    ways: frozenset[str] = frozenset()
    words: Mapping[str, frozenset[str]] = MappingProxyType({})
    gives: Mapping[str, str] = MappingProxyType({})
    proves: frozenset[str] = frozenset()
    personal = False

    async def __call__(self, caller: Caller) -> Answer:
        return Answer("unavailable")


names = st.sampled_from(NAMES)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda go: Say.model_validate({"do": "say", "say": "x", "then": go}), names),
    st.builds(lambda go: Menu.model_validate({"do": "menu", "ask": "x", "choices": {"1": go}}), names),
    st.builds(
        lambda go, silence: Menu.model_validate({"do": "menu", "ask": "x", "choices": {"1": go}, "silence": silence}),
        names,
        names,
    ),
    st.builds(
        lambda go, else_go: Branch.model_validate(
            {"do": "branch", "by": "language", "ways": {"zh": go}, "otherwise": else_go}
        ),
        names,
        names,
    ),
    st.builds(
        lambda go, after: LookUp.model_validate(
            {"do": "look_up", "service": "never", "hold": "x", "ways": {"unavailable": _way(go, after)}}
        ),
        names,
        st.none() | names,
    ),
    st.just(HangUp(do="hang_up")),
    st.just(Queue(do="queue")),
)


def _way(go: str, after: str | None) -> object:
    return go if after is None else {"go": go, "times": 1, "afterwards": after}


flows = st.builds(
    lambda made: Flow.model_validate(
        {
            "flow": "any",
            "languages": ["zh"],
            "start": NAMES[0],
            "person": "person",
            "help": {"none": "x", "wrong": "x", "more": "x"},
            "steps": {**dict(zip(NAMES, made, strict=True)), "person": Queue(do="queue")},
        }
    ),
    st.lists(steps, min_size=len(NAMES), max_size=len(NAMES)),
)


@settings(max_examples=300, deadline=None)
@given(flow=flows)
def test_without_a_deaf_circle_a_silent_caller_comes_to_an_end(flow: Flow) -> None:
    circles = list(deaf_circles(flow, AROUND))
    for circle in circles:
        assert set(circle) <= flow.steps.keys()
        assert not any(isinstance(flow.steps[name], Queue | HangUp) for name in circle)
    if circles:
        return
    run = FlowRun(
        flow, ScriptedLine("." * 100), {"never": Never()}, Story(CALL, lambda _: None, Clock(now=lambda: NOW))
    )
    assert asyncio.run(run.run()).result in ("person", "done")


@settings(max_examples=300, deadline=None)
@given(flow=flows)
def test_a_dead_end_is_told_if_and_only_if_there_is_one(flow: Flow) -> None:
    ending = {name for name in flow.steps if _can_end(flow, name, frozenset())}
    told = set(dead_ends(flow))
    assert told.isdisjoint(ending)
    assert bool(told) == (len(ending) < len(flow.steps))


def _can_end(flow: Flow, name: str, passed: frozenset[str]) -> bool:
    step = flow.steps[name]
    match step:
        case Queue() | HangUp():
            return True
        case Say():
            onward = {step.then}
        case Menu():
            onward = {choice.go for choice in step.choices.values()} | ({step.silence} if step.silence else set())
        case Branch():
            onward = {*step.ways.values(), step.otherwise}
        case LookUp():
            onward = {go for way in step.ways.values() for go in (way.go, way.afterwards) if go}
        case _:
            raise AssertionError(step)
    return any(_can_end(flow, go, passed | {name}) for go in onward - passed - {name})
