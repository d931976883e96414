"""Flows that call others: what keeps them from working together, told with file, line and what to do."""

import pytest

from ivr.flow.check import Problem
from ivr.flow.errors import FlowFaultsError
from ivr.flow.lint import Spoken, lint
from ivr.flow.loader import bundle
from ivr.flow.model import Flow
from ivr.flow.surroundings import Surroundings
from tests.ivr.flow.scripted import TableBilling, services

PROMPTS: dict[str, dict[str, str]] = {
    **{name: {} for name in ("hello", "none", "wrong", "more", "hold")},
    "amount": {"amount": "money"},
}
MAIN = """\
flow: main
languages: [zh]
start: account
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  account: {do: ask, ask: hello, into: account, digits: 8, claims_account: true, then: part}
  part:
    do: call
    flow: part
    ways: {in: bill, out: person}
  bill:
    do: look_up
    service: latest_bill
    hold: hold
    ways: {due: told, part_paid: told, overdue: told, paid: told, none: person, unavailable: person}
  told: {do: say, say: amount, then: person}
  person: {do: queue}
"""
PART = """\
flow: part
languages: [zh]
keyed: [account]
start: pin
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  pin: {do: ask, ask: hello, into: pin, digits: 6, secret: true, then: check}
  check:
    do: look_up
    service: identify
    hold: hold
    ways: {verified: in, refused: out, given_up: out, locked: out, unavailable: person}
  in: {do: return, way: in}
  out: {do: return, way: out}
  person: {do: queue}
"""


def faults(main: str = MAIN, **others: str) -> list[str]:
    """Return what is wrong with ``main`` and those it calls."""

    def find(name: str) -> tuple[str, str] | None:
        return (others[name], f"{name}.yaml") if name in others else None

    def inspection(flow: Flow, around: Surroundings) -> tuple[Problem, ...]:
        return lint(flow, around, lambda prompt, language: Spoken("您好", 1.0, measured=True))

    around = Surroundings(PROMPTS, services(TableBilling()), {"night"})
    try:
        bundle(main, file="main.yaml", find=find, around=around, inspection=inspection)
    except FlowFaultsError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_flows_that_suit_each_other_pass() -> None:
    assert faults(part=PART) == []


OTHER = MAIN.replace("flow: main", "flow: other")


@pytest.mark.parametrize(
    ("main", "part", "told"),
    [
        (MAIN, None, "main.yaml:10: there is no flow 'part'. Write it as part.yaml beside this file."),
        (MAIN, PART.replace("flow: part", "flow: other"), "part.yaml:1: this is the flow 'other'"),
        (MAIN, PART.replace("way: out", "way: gone"), "main.yaml:11: 'gone' is not handled. Add 'gone:'"),
        (MAIN, PART.replace("way: out", "way: gone"), "main.yaml:11: 'part' never answers 'out'"),
        (
            MAIN,
            PART.replace("{do: return, way: in}", "{do: queue}").replace("{do: return, way: out}", "{do: queue}"),
            "main.yaml:10: 'part' never comes back. Give it a step with 'do: return'.",
        ),
        (MAIN, PART.replace("keyed: [account]", "keyed: [account, meter]"), "main.yaml:10: 'part' needs 'meter'"),
        (MAIN, PART.replace("start: pin", "takes: {total: money}\nstart: pin"), "'part' takes a money 'total'"),
        (MAIN, PART.replace("start: pin", "words: {mood: [good]}\nstart: pin"), "'part' needs the word 'mood'"),
        (MAIN, PART.replace("start: pin", "proved: true\nstart: pin"), "'part' is for proved callers"),
        (MAIN.replace("[zh]", "[zh, en]"), PART, "'part' does not speak 'en'"),
        (MAIN, PART.replace("verified: in, refused: out", "verified: in, refused: in"), "nobody has proved to be one"),
        (MAIN, PART.replace("start: pin", "start: nowhere"), "part.yaml:4: there is no step 'nowhere'"),
        (MAIN.replace("told: {do: say", "told: {do: transfer, to: nowhere, say: hello}\n  x: {do: say"), PART,
         "the settings have no target 'nowhere'. Use one of: night."),
    ],
)  # fmt: skip
def test_what_does_not_suit_is_told_where_it_stands(main: str, part: str | None, told: str) -> None:
    found = faults(main) if part is None else faults(main, part=part)
    assert any(told in fault for fault in found), found


def test_a_flow_that_comes_to_call_itself_is_refused() -> None:
    again = PART.replace("out: {do: return, way: out}", "out: {do: call, flow: main, ways: {}}")
    assert any("part.yaml" in told and "calls itself: main → part → main" in told for told in faults(part=again))


def test_a_circle_through_a_flow_that_does_not_listen_is_told() -> None:
    deaf = "flow: deaf\nlanguages: [zh]\nstart: out\nperson: person\nhelp: {none: none, wrong: wrong, more: more}\n"
    deaf += "steps:\n  out: {do: return, way: out}\n  person: {do: queue}\n"
    main = MAIN.replace("then: part}", "then: round}") + "  round: {do: call, flow: deaf, ways: {out: again}}\n"
    main += "  again: {do: say, say: hello, then: round}\n"
    assert any("can't leave the circle round → again → round" in told for told in faults(main, part=PART, deaf=deaf))
    heard = deaf.replace("start: out", "start: ask").replace(
        "steps:\n", "steps:\n  ask: {do: menu, ask: hello, choices: {1: out}}\n"
    )
    assert not any("circle" in told for told in faults(main, part=PART, deaf=heard))
