"""What the dialplan is told at the end of a flow, and what a caller is told of the line before they join it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest

from cti.domain.events import Language
from cti.domain.ids import CallId
from cti.domain.utility import BillingUnavailableError
from ivr.flow.outcome import Outcome
from ivr.flow.service import Caller
from ivr.ports import Admission, Count, Duration, Outlook, Value
from ivr.services.later import if_wanted, noting_priority
from ivr.services.place import Place
from ivr.services.to_person import Joining, Leaving, Returning, Staying, UsualQueue, spoken

CALL = CallId(UUID(int=1))


@dataclass
class Line:
    at: Outlook
    over: list[CallId] = field(default_factory=list)

    async def admit(self, call: CallId, wish: str | None, language: Language) -> Admission:
        return Admission(f"{wish}-{language}", 5, self.at)

    def outlook(self, call: CallId) -> Outlook:
        return self.at

    def position(self, call: CallId) -> int:
        return self.at.position

    async def declined(self, call: CallId) -> None:
        self.over.append(call)


def leaving(outcome: Outcome, said: list[Any]) -> Leaving:
    async def say(prompt: str, values: Mapping[str, Value]) -> None:
        said.append((prompt, dict(values)))

    return Leaving(CALL, outcome, "zh", say)


@pytest.mark.parametrize(
    ("outlook", "told"),
    [
        (Outlook(1, 0), None),
        (Outlook(4, 6), ("line.wait", {"position": Count(4), "wait": Duration(6)})),
        (Outlook(4, None), ("line.position", {"position": Count(4)})),
        (Outlook(90, 61), ("line.position", {"position": Count(90)})),
    ],
)
async def test_a_caller_hears_how_long_the_line_is_before_they_join_it(outlook: Outlook, told: object) -> None:
    said: list[Any] = []
    variables = await Joining(Line(outlook)).person(leaving(Outcome("person", queue="repair"), said))
    assert variables == {"HYDROPHONE_QUEUE": "repair-zh", "HYDROPHONE_PRIORITY": "5"}
    assert said == ([] if told is None else [told])
    assert spoken(outlook) == told


async def test_who_comes_back_is_told_their_position_and_nothing_else_changes() -> None:
    assert await Returning(Line(Outlook(7, 3))).person(leaving(Outcome("person"), [])) == {"HYDROPHONE_POSITION": "7"}
    assert await Staying().person(leaving(Outcome("person"), [])) == {}
    await Staying().done(leaving(Outcome("done"), []))


async def test_without_a_line_it_is_the_queue_of_the_flow_or_the_usual_one() -> None:
    usual = UsualQueue("water")
    assert await usual.person(leaving(Outcome("person", queue="repair"), [])) == {"HYDROPHONE_QUEUE": "repair"}
    assert await usual.person(leaving(Outcome("person"), [])) == {"HYDROPHONE_QUEUE": "water"}
    await usual.done(leaving(Outcome("done"), []))
    await Joining(Line(Outlook(1, 0))).done(leaving(Outcome("done"), []))


@pytest.mark.parametrize("served", [True, False])
async def test_who_says_that_they_need_nobody_is_not_called_again(served: bool) -> None:
    line = Line(Outlook(1, 0))
    await Returning(line).done(leaving(Outcome("done", served=served), []))
    assert line.over == ([CALL] if served else [])


@pytest.mark.parametrize(
    ("outlook", "way"), [(Outlook(1, 0), "next"), (Outlook(2, 3), "known"), (Outlook(2, None), "unknown")]
)
async def test_a_waiting_caller_may_ask_where_they_stand(outlook: Outlook, way: str) -> None:
    answer = await Place(Line(outlook))(Caller({}, call=CALL))
    assert answer.way == way
    assert answer.values["position"] == Count(outlook.position)
    with pytest.raises(BillingUnavailableError):
        await Place(None)(Caller({}, call=CALL))


@dataclass
class Environment:
    arguments: tuple[str, ...]


@dataclass
class Session:
    environment: Environment


@pytest.mark.parametrize(("given", "noted"), [("10", [10]), ("0", [0]), ("", []), ("x", []), ("999", []), ("１", [])])
async def test_the_priority_that_the_dialplan_gives_is_noted_if_it_is_one(given: str, noted: list[int]) -> None:
    seen: list[int] = []
    ran: list[Any] = []

    async def run(session: Any) -> None:
        ran.append(session)

    session = cast("Any", Session(Environment(("secret", "1.1", given))))
    await noting_priority(run, lambda _: CALL, lambda _, priority: seen.append(priority))(session)
    assert (seen, ran) == (noted, [session])


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_flow_that_is_not_wanted_does_not_begin(wanted: bool) -> None:
    ran: list[Any] = []

    async def run(session: Any) -> None:
        ran.append(session)

    async def asked(call: CallId) -> bool:
        return wanted

    await if_wanted(run, lambda _: CALL, asked)(cast("Any", Session(Environment(()))))
    assert bool(ran) is wanted
