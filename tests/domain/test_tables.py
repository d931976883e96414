"""Each table over all pairs of state and move: what is not in it changes nothing."""

import importlib
import pkgutil
from itertools import product

import pytest

from cti import domain
from cti.domain import agents, calls, events, restored
from cti.domain.agents import ROUTING, AgentMove
from cti.domain.calls import STAGES, CallMove
from cti.domain.centre import HANDLERS, Centre
from cti.domain.events import Event
from cti.domain.model import CallStage, RoutingStatus
from cti.domain.values import replace
from tests.domain.story import ANNA, Story, at


@pytest.mark.parametrize(("stage", "move"), list(product(CallStage, CallMove)))
def test_a_call_moves_as_its_table_says(stage: CallStage, move: CallMove) -> None:
    story = Story()
    story.leg(0)
    call = replace(story.call(), stage=stage)
    after = calls.moved(call, move, at(5))
    if move in STAGES[stage]:
        assert (after.stage, after.stage_since) == (STAGES[stage][move], at(5))
    else:
        assert after is call


@pytest.mark.parametrize(("routing", "move"), list(product(RoutingStatus, AgentMove)))
def test_an_agent_moves_as_the_table_says(routing: RoutingStatus, move: AgentMove) -> None:
    agent = replace(Story().agent(ANNA), routing=routing)
    after = agents.moved(agent, move, at(5))
    if move in ROUTING[routing]:
        assert (after.routing, after.routing_since) == (ROUTING[routing][move], at(5))
    else:
        assert after is agent


def test_every_stage_and_every_status_has_its_row() -> None:
    assert set(STAGES) == set(CallStage)
    assert set(ROUTING) == set(RoutingStatus)


@pytest.mark.parametrize("stage", [stage for stage in CallStage if stage is not CallStage.ENDED])
def test_every_stage_can_end(stage: CallStage) -> None:
    assert STAGES[stage][CallMove.ENDED] is CallStage.ENDED


@pytest.mark.parametrize("routing", RoutingStatus)
def test_from_every_status_an_agent_can_be_talking(routing: RoutingStatus) -> None:
    assert routing is RoutingStatus.ON_CALL or ROUTING[routing][AgentMove.CONNECTED] is RoutingStatus.ON_CALL


def test_every_event_has_a_handler() -> None:
    known = (vars(events) | vars(restored)).values()
    kinds = {kind for kind in known if isinstance(kind, type) and issubclass(kind, Event)}
    bases = {base for kind in kinds for base in kind.__mro__[1:]}
    assert set(HANDLERS) == kinds - bases


def test_an_event_that_nobody_handles_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        Centre().apply(events.CallEvent(at=at(0), call=Story.of(Story(ready=False))["call"]))


@pytest.mark.parametrize("module", [found.name for found in pkgutil.walk_packages(domain.__path__, "cti.domain.")])
def test_every_module_of_the_domain_can_be_read_without_anything_around_it(module: str) -> None:
    assert importlib.import_module(module).__doc__
