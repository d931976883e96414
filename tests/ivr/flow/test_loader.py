import pytest

from ivr.flow.errors import FlowFaultsError
from ivr.flow.loader import MAX_BYTES, parse
from ivr.flow.model import Ask, Menu, Way
from ivr.flow.surroundings import Surroundings
from tests.ivr.flow.scripted import TableBilling, services

PROMPTS = {
    "hello": {},
    "none": {},
    "wrong": {},
    "more": {},
    "hold": {},
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
      2: {go: goodbye, language: en}
  account:
    do: ask
    ask: [hello]
    into: account
    digits: 8
    check: account
    wrong: wrong
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
      refused: {go: account, times: 2, afterwards: person}
      given_up: person
      locked: person
      unavailable: person
  bill:
    do: look_up
    service: latest_bill
    hold: hold
    ways: {due: amount, part_paid: amount, overdue: amount, paid: amount, none: goodbye, unavailable: person}
  amount:
    do: say
    say: [amount, {prompt: total, values: {total: arrears_total}}]
    then: split
  split:
    do: branch
    by: arrears
    ways: {some: person}
    otherwise: goodbye
  goodbye:
    do: hang_up
  person:
    do: queue
"""


def faults(text: str) -> list[tuple[int, str]]:
    """Return the faults of a flow, line and text."""
    with pytest.raises(FlowFaultsError) as caught:
        parse(text, file="x.yaml", around=Surroundings(PROMPTS, services(TableBilling())))
    return [(fault.line, str(fault)) for fault in caught.value.faults]


def line_of(text: str) -> int:
    return FLOW[: FLOW.index(text)].count("\n") + 1


def test_a_sound_flow_is_read() -> None:
    flow = parse(FLOW, file="test.yaml", around=Surroundings(PROMPTS, services(TableBilling())))
    main, account = flow.steps["main"], flow.steps["account"]
    assert isinstance(main, Menu)
    assert {key: choice.go for key, choice in main.choices.items()} == {"1": "account", "2": "goodbye"}
    assert isinstance(account, Ask)
    assert account.digits == 8
    assert flow.language == "zh"
    identify = flow.steps["identify"].model_dump()["ways"]
    assert identify["refused"] == Way(go="account", times=2, afterwards="person").model_dump()


BROKEN = [
    # (what is written, instead of what, the line by its text, what the fault says)
    ("start: mian", "start: main", "start: main", "no step 'mian'"),
    ("person: goodbye", "person: person", "person: person", "does not lead to a person"),
    ("then: pim", "then: pin", "then: pin", "no step 'pim'"),
    ("1: acount", "1: account", "1: account", "no step 'acount'"),
    ("do: dance", "do: hang_up", "  goodbye:", "Use one of: say, menu"),
    ("does: queue", "do: queue", "  person:\n", "Add 'do:'"),
    ("ask: hullo", "ask: hello", "ask: hello", "no prompt 'hullo'"),
    ("more: moar}", "more: more}", "help:", "no prompt 'moar'"),
    ("0: account", "1: account", "0 and", "never choices"),
    ("digits: lots", "digits: 8", "digits: 8", "'digits'"),
    ("digits: 0", "digits: 8", "digits: 8", "'digits'"),
    ("colour: red", "check: account", "check: account", "Remove it"),
    ("service: identity", "service: identify", "service: identify", "no service 'identity'"),
    ("into: konto", "into: account", "service: identify", "needs 'account'"),
    ("close: person", "locked: person", "ways:\n      verified", "'locked' is not handled"),
    ("lacked: person", "locked: person", "locked: person", "never answers 'lacked'"),
    ("some: person}\n    #", "some: person}\n    otherwise: goodbye", "split:", "'otherwise'"),
    ("by: mood", "by: arrears", "by: arrears", "nothing gives a word 'mood'"),
    ("ways: {lots: person}", "ways: {some: person}", "ways: {some", "never 'lots'"),
    ("{total: balance}", "{total: arrears_total}", "say: [amount", "that nothing gives"),
    ("{sum: arrears_total}", "{total: arrears_total}", "say: [amount", "no slot 'sum'"),
    ("{go: account, times: 2}", "{go: account, times: 2, afterwards: person}", "refused:", "go together"),
    ("1: goodbye", "1: account", "  account:\n    do", "no way leads to 'account'"),
]


@pytest.mark.parametrize(("written", "instead", "place", "says"), BROKEN)
def test_a_fault_is_told_with_its_line_and_what_to_do(written: str, instead: str, place: str, says: str) -> None:
    assert instead in FLOW
    found = faults(FLOW.replace(instead, written, 1))
    matching = [line for line, text in found if says in text]
    assert matching
    if place in FLOW:
        assert line_of(place) in matching


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    found = faults(FLOW.replace("then: pin", "then: pim").replace("1: account", "1: acount"))
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert len(found) >= 4  # two targets, two steps that are unreachable now


def test_a_key_that_stands_twice_is_refused() -> None:
    found = faults(FLOW + "  person:\n    do: hang_up\n")
    assert any("twice" in text for _, text in found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a flow"),
        ("- a\n- b\n", "not a flow"),
        ("flow: [", "not YAML"),
        ("flow: \x00", "not YAML"),
        ("a: &x [1]\nb: *x\n", "alias"),
        ("x" * (MAX_BYTES + 1), "too long"),
        ("flow: test", "'steps'"),
        ("flow: test\nsteps: {a: !!python/object:os.system {do: queue}}", "'start'"),
    ],
)
def test_what_is_no_flow_is_refused(text: str, says: str) -> None:
    assert any(says in fault for _, fault in faults(text))


def test_words_that_yaml_takes_for_truth_are_words() -> None:
    text = FLOW.replace("  goodbye:", "  yes:").replace("go: goodbye", "go: yes").replace(": goodbye", ": yes")
    assert "yes" in parse(text, file="x", around=Surroundings(PROMPTS, services(TableBilling()))).steps
