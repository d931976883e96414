"""What callers would suffer, each found where it stands."""

from collections.abc import Mapping

import pytest

from cti.domain.events import Language
from ivr.flow.check import Problem
from ivr.flow.errors import FlowFaultsError
from ivr.flow.lint import Spoken, lint
from ivr.flow.loader import parse
from ivr.flow.model import Flow
from ivr.flow.surroundings import Surroundings
from tests.ivr.flow.scripted import TableBilling, services

SERVICES = services(TableBilling())
PROMPTS: Mapping[str, Mapping[str, str]] = {
    **{name: {} for name in ("hello", "none", "wrong", "more", "hold", "bye", "untold", "english")},
    "long": {},
    "amount": {"amount": "money"},
    "total": {"total": "money"},
}
FLOW = """\
flow: test
languages: [zh, en]
start: main
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  main:
    do: menu
    ask: hello
    choices:
      1: account
      2: {go: account, language: en}
  account:
    do: ask
    ask: hello
    into: account
    digits: 8
    claims_account: true
    then: pin
  pin:
    do: ask
    ask: hello
    into: pin
    digits: 6
    secret: true
    then: identify
  identify:
    do: look_up
    service: identify
    hold: hold
    ways:
      verified: bill
      refused: person
      given_up: person
      locked: person
      unavailable: person
  bill:
    do: look_up
    service: latest_bill
    hold: hold
    ways: {WAYS}
  amount:
    do: say
    say: amount
    then: goodbye
  goodbye:
    do: hang_up
    say: bye
  person:
    do: queue
""".replace(
    "WAYS", ", ".join(f"{way}: amount" for way in sorted(SERVICES["latest_bill"].ways)) + ", unavailable: person"
)


def voice(prompt: str, language: Language) -> Spoken | None:
    if prompt == "untold" and language == "en":
        return None
    words = "您好" if language == "zh" and prompt != "english" else "hello"
    if prompt.startswith("inline."):
        return Spoken("您好", 1.0, measured=False)
    return Spoken(words, 11.0 if prompt == "long" else 1.0, measured=prompt == "long")


def faults(text: str) -> list[tuple[int, str]]:
    """Return what is found, by line."""

    def inspection(flow: Flow, around: Surroundings) -> tuple[Problem, ...]:
        return lint(flow, around, voice)

    try:
        parse(text, file="x.yaml", around=Surroundings(PROMPTS, SERVICES), inspection=inspection)
    except FlowFaultsError as error:
        return [(fault.line, str(fault)) for fault in error.faults]
    return []


def changed(*changes: tuple[str, str]) -> str:
    text = FLOW
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_good_flow_passes() -> None:
    assert faults(FLOW) == []


AGAIN = "  again:\n    do: menu\n    ask: hello\n    choices: {1: again}\n"
CIRCLE = "  again:\n    do: say\n    say: hello\n    then: bill\n"
TRIED = "unavailable: {go: again, times: 2, afterwards: person}"
BIG = "choices:\n      3: account\n      4: account\n      5: account\n      6: account"

FAULTY = [
    # (changes, the line by its text, what the fault says)
    (
        (("refused: person", "refused: again"), ("  person:\n", AGAIN + "  person:\n")),
        "again:\n",
        "no way leads to an end",
    ),
    (
        (("unavailable: person}", "unavailable: again}"), ("  person:\n", CIRCLE + "  person:\n")),
        "bill:\n",
        "can't leave the circle bill → again → bill",
    ),
    (
        (("locked: person\n      unavailable: person", "locked: person\n      unavailable: goodbye"),),
        "unavailable: goodbye",
        "hung up on",
    ),
    ((("{go: account, language: en}", "account"),), "languages:", "no caller gets to 'en'"),
    ((("[zh, en]", "[zh]"),), "2: {go", "none of this flow's languages"),
    ((("say: bye", "say: untold"),), "say: untold", "'untold' says nothing in 'en'"),
    ((("say: bye", "say: english"),), "say: english", "'english' is not in 'zh'"),
    ((("say: bye", "say: [long, long]"),), "say: [long", "takes 22 s in 'zh' (measured)"),
    ((("ask: hello", "languages: [zh, en]\n    ask: long"),), "ask: long", "takes 22 s in 'zh and en' (measured)"),
    ((("choices:", BIG),), "choices:", "has 6 choices"),
    ((("1: account", "1: bill"),), "service: latest_bill", "by main → bill nobody has proved"),
    ((("1: account", "1: amount"),), "say: amount", "'amount' tells the money 'amount', and by main → amount nobody"),
]

LATER = """\
  later:
    do: record
    purpose: leak
    ask: hello
    consent: hello
    then: goodbye
"""
SURVEY = """\
  later:
    do: survey
    questions: [{name: all, ask: hello}]
    word:
      ask: hello
    then: goodbye
"""
FAULTY += [
    ((("then: goodbye", "then: later"), ("  person:\n", step + "  person:\n")), place, says)
    for step, place, says in [
        (LATER.replace("    consent: hello\n", ""), "later:\n", "records a caller who has not been told"),
        (SURVEY, "word:", "records a caller who has not been told"),
        (LATER.replace("ask: hello", "ask: [long, long]"), "ask: [long, long]", "takes 22 s in 'zh'"),
        (LATER + "    unavailable: goodbye\n", "unavailable: goodbye", "hung up on"),
        (LATER + "    nothing: later\n", "later:\n", "can't leave the circle later → later"),
        (LATER.replace("consent: hello", "consent: {zh: 您好。, en: 您好。}"), "consent: {zh", "is not in 'en'"),
    ]
]


@pytest.mark.parametrize(("changes", "place", "says"), FAULTY)
def test_what_callers_would_suffer_is_told_with_its_line(
    changes: tuple[tuple[str, str], ...], place: str, says: str
) -> None:
    text = changed(*changes)
    found = faults(text)
    assert [line for line, told in found if says in told] == [line_of(text, place)], found


def test_each_fault_is_found_alone() -> None:
    for changes, _, says in FAULTY:
        found = faults(changed(*changes))
        assert len({line for line, _ in found}) == 1, (says, found)


def test_a_circle_that_may_be_gone_through_twice_is_no_fault() -> None:
    text = changed(("unavailable: person}", TRIED + "}"), ("  person:\n", CIRCLE + "  person:\n"))
    assert faults(text) == []


def test_a_circle_with_a_menu_in_it_can_be_left() -> None:
    text = changed(
        ("then: goodbye", "then: again"),
        ("  person:\n", AGAIN.replace("1: again", "1: bill, 2: goodbye") + "  person:\n"),
    )
    assert faults(text) == []


def test_another_account_needs_another_proof() -> None:
    text = changed(("then: goodbye", "then: second"))
    text += "  second:\n    do: ask\n    ask: hello\n    into: account\n    digits: 8\n"
    text += "    claims_account: true\n    then: tell\n"
    text += "  tell:\n    do: say\n    say: {prompt: total, values: {total: arrears_total}}\n    then: goodbye\n"
    assert [told for _, told in faults(text) if "'total' tells the money 'arrears_total'" in told]


def test_a_flow_with_steps_that_are_not_there_is_linted_all_the_same() -> None:
    assert any("no step 'nowhere'" in told for _, told in faults(changed(("then: goodbye", "then: nowhere"))))


def test_reading_back_what_was_just_keyed_tells_nobody_anything() -> None:
    confirm = "confirm: {zh: '您输入的是{account:account}。', en: 'You keyed {account:account}.'}"
    text = changed(("into: account", f"into: account\n    {confirm}"))
    assert [told for _, told in faults(text) if "nobody has proved" in told] == []
    later = changed(("ask: hello\n    into: pin", f"{confirm.replace('confirm', 'ask')}\n    into: pin"))
    assert [told for _, told in faults(later) if "tells the account 'account'" in told]
