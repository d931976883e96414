"""Recording, calling back, surveys, transfers, flows that call others, read-back: what callers meet at each."""

import asyncio
from typing import Any

import pytest

from cti.domain.events import CallEvent, IvrStepPassed
from ivr.errors import HungUpError
from ivr.flow.bundle import Bundle
from ivr.flow.engine import FlowRun
from ivr.flow.line import Recorded
from ivr.flow.loader import bundle
from ivr.flow.outcome import Outcome
from ivr.flow.story import Clock, Story
from ivr.flow.surroundings import Surroundings
from ivr.ports import AccountDigits, Count, Date, Money, Phone
from ivr.simulator.desk import PretendDesk
from tests.ivr.flow.scripted import ACCOUNT, CALL, NOW, PIN, ScriptedLine, TableBilling, services

NUMBER = "13800138000"
PROMPTS: dict[str, dict[str, str]] = {
    **{name: {} for name in ("hello", "none", "wrong", "more", "hold", "bye", "consent", "speak", "review", "key")},
    "offer": {"number": "phone"},
    "read_back": {"number": "phone"},
}
HEAD = """
flow: main
languages: [zh, en]
start: first
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  person: {do: queue}
  bye: {do: hang_up, say: bye}
"""
END = HEAD.replace("  bye: {do: hang_up, say: bye}\n", "")
RECORD = (
    HEAD
    + """
  first:
    do: record
    purpose: leak
    consent: consent
    ask: speak
    longest_s: 30
    shortest_s: 2
    silence_s: 3
    serves: true
    REVIEW
    then: bye
    nothing: quiet
    unavailable: broken
  quiet: {do: queue, queue: quiet}
  broken: {do: queue, queue: broken}
"""
)
REVIEWED = RECORD.replace("REVIEW", "review: review")
PLAIN = RECORD.replace("REVIEW", "")
CALLBACK = (
    HEAD
    + """
  first:
    do: callback
    offer: offer
    ask: key
    confirm: read_back
    queue: water
    serves: true
    then: bye
    already: there
    refused: refused
    unavailable: broken
  there: {do: queue, queue: there}
  refused: {do: queue, queue: refused}
  broken: {do: queue, queue: broken}
"""
)
SURVEY = (
    HEAD
    + """
  first:
    do: survey
    questions:
      - {name: service, ask: hello}
      - {name: solved, ask: key}
    unhappy: 2
    word: {consent: consent, ask: speak}
    then: bye
"""
)


class Told:
    """What became of one call."""

    def __init__(self, line: ScriptedLine, desk: PretendDesk) -> None:
        self.line = line
        self.desk = desk
        self.facts: list[CallEvent] = []
        self.outcome = Outcome("failed")

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(fact.step, fact.way) for fact in self.facts if isinstance(fact, IvrStepPassed)]


def read(text: str, **others: str) -> Bundle:
    def find(name: str) -> tuple[str, str] | None:
        return (others[name], f"{name}.yaml") if name in others else None

    around = Surroundings(PROMPTS, services(TableBilling()), {"night"})
    return bundle(text, file="main.yaml", find=find, around=around)


async def go(
    flow: Bundle, keys: str, *, desk: PretendDesk | None = None, number: str = NUMBER, line: Any = None, **more: Any
) -> Told:
    told = Told(line or ScriptedLine(keys, **more), desk or PretendDesk())
    story = Story(CALL, told.facts.append, Clock(now=lambda: NOW))
    run = FlowRun(
        flow.flow,
        told.line,
        services(TableBilling()),
        story,
        desk=told.desk.desk,
        called=flow.called,
        number=number,
    )
    async with asyncio.timeout(20):
        told.outcome = await run.run()
    return told


# ------------------------------------------------------------------ recording


async def test_a_message_is_recorded_under_a_name_of_ours_and_kept() -> None:
    told = await go(read(PLAIN), "", speech=[(8.0, "#")])
    (message,) = told.desk.messages
    assert (message.purpose, message.seconds, message.language, message.call) == ("leak", 8.0, "zh", CALL)
    assert told.line.recorded == [(told.line.recorded[0][0], 30, 3, "#0*")]
    assert str(message.recording) in str(told.line.recorded[0][0])
    assert told.line.prompts == ["consent", "speak", "bye"]
    assert told.outcome == Outcome("done", served=True)


async def test_what_is_too_short_is_no_message_and_three_of_them_end_it() -> None:
    told = await go(read(PLAIN), "", speech=[(0.5, ""), (1.9, "#"), (0.0, "")])
    assert told.desk.messages == []
    assert len(told.desk.dropped) == 3
    assert told.line.prompts.count("speak") == 3
    assert told.line.prompts.count("none") == 2
    assert told.line.prompts.count("more") == 1
    assert told.outcome == Outcome("person", queue="quiet")


async def test_a_caller_hears_the_message_records_it_again_and_keeps_that() -> None:
    told = await go(read(REVIEWED), "231", speech=[(5.0, "#"), (9.0, "")])
    assert [message.seconds for message in told.desk.messages] == [9.0]
    assert len(told.desk.dropped) == 1
    assert told.line.played_back == [told.line.recorded[0][0]]


async def test_who_says_nothing_to_the_review_has_left_the_message() -> None:
    told = await go(read(REVIEWED), "...", speech=[(5.0, "")])
    assert [message.seconds for message in told.desk.messages] == [5.0]
    assert told.outcome.result == "done"


@pytest.mark.parametrize("speech", [[(4.0, "0")], [(4.0, "*"), (4.0, "0")]])
async def test_zero_leads_to_a_person_and_star_begins_again(speech: list[tuple[float, str]]) -> None:
    told = await go(read(PLAIN), "", speech=list(speech))
    assert told.outcome.result == "person"
    assert told.steps[0] == ("first", "0")
    assert told.desk.messages == []
    assert len(told.desk.dropped) == len(speech)


class HangsUp(ScriptedLine):
    async def record(self, *_: object, **__: object) -> Recorded:
        raise HungUpError


async def test_a_caller_who_hangs_up_while_speaking_has_left_a_message() -> None:
    told = await go(read(PLAIN), "", line=HangsUp(""))
    assert [message.seconds for message in told.desk.messages] == [None]
    assert told.outcome.result == "hangup"
    assert told.steps == [("first", "hangup")]


async def test_a_caller_who_hangs_up_during_the_review_has_left_a_message() -> None:
    told = await go(read(REVIEWED), "!", speech=[(5.0, "#")])
    assert [message.seconds for message in told.desk.messages] == [5.0]


async def test_without_a_place_for_messages_the_flow_goes_on() -> None:
    told = await go(read(PLAIN), "", desk=PretendDesk("down"), speech=[(8.0, "#")])
    assert told.outcome == Outcome("person", queue="broken")


async def test_a_pbx_that_cannot_record_leads_the_same_way() -> None:
    assert (await go(read(PLAIN), "")).outcome == Outcome("person", queue="broken")


async def test_the_message_brings_what_was_keyed_but_no_pin() -> None:
    text = PLAIN.replace("  first:\n    do: record", "  rec:\n    do: record") + (
        f"  first: {{do: ask, ask: key, into: account, digits: 8, then: pin}}\n"
        f"  pin: {{do: ask, ask: key, into: pin, digits: {len(PIN)}, secret: true, then: rec}}\n"
    )
    told = await go(read(text), f"{ACCOUNT}{PIN}", speech=[(5.0, "")])
    (message,) = told.desk.messages
    assert dict(message.keyed) == {"account": ACCOUNT}


# ------------------------------------------------------------------ calling back


async def test_the_callers_own_number_is_offered() -> None:
    told = await go(read(CALLBACK), "1")
    (wish,) = told.desk.wishes
    assert (wish.number, wish.own, wish.queue) == (NUMBER, True, "water")
    assert told.line.values[0]["number"] == Phone(NUMBER)
    assert told.outcome == Outcome("done", served=True)


async def test_another_number_is_read_back_and_keyed_again_if_it_is_wrong() -> None:
    told = await go(read(CALLBACK), "2" + "02112345678#" + "2" + "02187654321#" + "1")
    (wish,) = told.desk.wishes
    assert (wish.number, wish.own) == ("02187654321", False)
    assert [values["number"] for values in told.line.values if "number" in values][1:] == [
        Phone("02112345678"),
        Phone("02187654321"),
    ]


@pytest.mark.parametrize("number", ["", "anonymous", "unknown", "1;2", "+" + "1" * 40])
async def test_without_a_number_to_call_one_is_asked_for_at_once(number: str) -> None:
    told = await go(read(CALLBACK), "87654321#1", number=number)
    assert told.line.prompts[:2] == ["key", "read_back"]
    assert told.desk.wishes[0].number == "87654321"


@pytest.mark.parametrize(
    ("desk", "queue", "way"),
    [
        (PretendDesk(refused=[NUMBER]), "refused", "refused"),
        (PretendDesk(already=[NUMBER]), "there", "already"),
        (PretendDesk("down"), "broken", "unavailable"),
    ],
)
async def test_every_answer_has_its_way(desk: PretendDesk, queue: str, way: str) -> None:
    told = await go(read(CALLBACK), "1", desk=desk)
    assert told.outcome.queue == queue
    assert told.steps[0] == ("first", way)


@pytest.mark.parametrize("keys", ["0", "20.", "...", "777", "2123#12#1#", "2" + "12345#2" * 3, "212345#..."])
async def test_a_caller_who_gets_no_further_is_taken_to_a_person(keys: str) -> None:
    told = await go(read(CALLBACK), keys)
    assert told.outcome.result == "person"
    assert told.desk.wishes == []


# ------------------------------------------------------------------ surveys


async def test_marks_are_kept_as_they_are_given() -> None:
    told = await go(read(SURVEY), "54")
    assert [(mark.survey, mark.question, mark.mark) for mark in told.desk.marks] == [
        ("first", "service", 5),
        ("first", "solved", 4),
    ]
    assert told.steps == [("first", "ok"), ("bye", "done")]
    assert "speak" not in told.line.prompts


async def test_who_hangs_up_in_the_middle_has_given_the_first_mark() -> None:
    told = await go(read(SURVEY), "3!")
    assert [mark.mark for mark in told.desk.marks] == [3]


async def test_the_unhappy_may_say_why() -> None:
    told = await go(read(SURVEY), "52", speech=[(6.0, "#")])
    assert [message.purpose for message in told.desk.messages] == ["first"]
    assert told.steps[0] == ("first", "unhappy")


async def test_a_word_that_cannot_be_recorded_does_not_spoil_the_survey() -> None:
    told = await go(read(SURVEY), "11")
    assert told.outcome.result == "done"


async def test_who_has_no_answer_is_thanked() -> None:
    told = await go(read(SURVEY), "9...")
    assert told.outcome.result == "done"
    assert told.desk.marks == []


async def test_marks_that_nobody_takes_lead_to_a_person() -> None:
    assert (await go(read(SURVEY), "5", desk=PretendDesk("down"))).outcome.result == "person"


# ------------------------------------------------------------------ transfer, other flows


async def test_a_transfer_goes_to_a_target_of_the_settings() -> None:
    told = await go(read(END + "  first: {do: transfer, say: hold, to: night}\n"), "")
    assert told.outcome == Outcome("transfer", target="night")


@pytest.mark.parametrize("step", ["{do: transfer, say: hold, to: night}", "{do: hang_up, say: hold}"])
async def test_zero_during_the_last_words_still_leads_to_a_person(step: str) -> None:
    told = await go(read(END + f"  first: {step}\n"), "", during={"hold": "0"})
    assert told.outcome.result == "person"


MAIN = (
    HEAD
    + """
  first: {do: call, flow: part, ways: {in: bye, out: again}}
  again: {do: call, flow: part, ways: {in: bye, out: {go: again, times: 1, afterwards: person}}}
"""
)
PART = """
flow: part
languages: [zh, en]
start: choose
person: person
help: {none: none, wrong: wrong, more: more}
steps:
  choose: {do: menu, ask: hello, choices: {1: {go: in, language: en}, 2: out}}
  in: {do: return, way: in}
  out: {do: return, way: out}
  person: {do: queue, queue: part}
"""


async def test_a_flow_calls_another_and_goes_on_by_its_way() -> None:
    told = await go(read(MAIN, part=PART), "21")
    assert told.steps == [
        ("first.choose", "2"),
        ("first.out", "out"),
        ("first", "out"),
        ("again.choose", "1"),
        ("again.in", "in"),
        ("again", "in"),
        ("bye", "done"),
    ]
    assert told.line.said[-1] == ("bye", "en")


async def test_a_way_of_another_flow_may_be_taken_so_often_only() -> None:
    told = await go(read(MAIN, part=PART), "222")
    assert told.outcome == Outcome("person")


async def test_zero_in_a_called_flow_ends_the_call_there() -> None:
    told = await go(read(MAIN, part=PART), "0")
    assert told.outcome == Outcome("person", queue="part")
    assert told.steps[-1] == ("first", "ended")


async def test_a_hangup_in_a_called_flow_is_told_where_it_was() -> None:
    told = await go(read(MAIN, part=PART), "!")
    assert told.steps == [("first.choose", "hangup"), ("first", "hangup")]


async def test_a_flow_that_nobody_called_returns_to_a_person() -> None:
    told = await go(read(PART), "1")
    assert told.outcome.result == "person"


# ------------------------------------------------------------------ asking


def asking(rest: str) -> Bundle:
    return read(HEAD + f"  first: {{do: ask, ask: key, into: it, {rest}, then: bye}}\n")


CONFIRM = "confirm: {zh: '您输入的是{it:KIND}，对吗？', en: 'You keyed {it:KIND}, is that right?'}"


async def test_an_entry_is_read_back_and_taken_when_it_is_right() -> None:
    told = await go(asking(f"digits: 8, check: account, {CONFIRM.replace('KIND', 'account')}"), f"{ACCOUNT}1")
    assert told.steps[0] == ("first", "ok")
    assert next(values["it"] for values in told.line.values if "it" in values) == AccountDigits(ACCOUNT)


async def test_an_entry_that_is_wrong_after_all_is_asked_for_again() -> None:
    told = await go(asking(f"digits: 8, {CONFIRM.replace('KIND', 'digits')}"), "123456782" + "87654321" + "1")
    keyed = [fact.keyed for fact in told.facts if isinstance(fact, IvrStepPassed)]
    assert keyed[0] == "87654321"


@pytest.mark.parametrize(
    ("reads", "digits", "keys", "value"),
    [
        ("date", 8, "20261125", Date(2026, 11, 25)),
        ("money", 5, "120#", Money(12000)),
        ("count", 5, "00427", Count(427)),
        ("phone", 12, "02112345678#", Phone("02112345678")),
    ],
)
async def test_an_entry_is_read_as_what_it_is(reads: str, digits: int, keys: str, value: object) -> None:
    least = "" if len(keys) == digits and "#" not in keys else ", least: 2"
    flow = asking(f"digits: {digits}{least}, reads: {reads}, {CONFIRM.replace('KIND', reads)}")
    told = await go(flow, keys + "1")
    assert told.line.values[1]["it"] == value


@pytest.mark.parametrize(
    ("reads", "digits", "keys"), [("date", 8, "20261325"), ("day", 4, "0230"), ("month", 6, "202613")]
)
async def test_what_is_no_such_value_is_wrong_input(reads: str, digits: int, keys: str) -> None:
    told = await go(asking(f"digits: {digits}, reads: {reads}"), keys * 3)
    assert told.steps[0] == ("first", "wrong_input")
    assert told.outcome.result == "person"


async def test_a_silent_caller_may_be_led_on_by_a_menu() -> None:
    text = HEAD + "  first: {do: menu, ask: hello, choices: {1: person}, silence: bye}\n"
    told = await go(read(text), ".")
    assert told.steps == [("first", "no_input"), ("bye", "done")]


# ------------------------------------------------------------------ how it is said


async def test_what_is_asked_for_again_is_said_more_slowly() -> None:
    text = HEAD + "  first: {do: menu, ask: hello, choices: {1: bye}}\n"
    told = await go(read(text), "*1")
    assert told.line.prompts == ["hello", "hello", "bye"]
    assert told.line.slow == ["hello"]


async def test_a_sentence_said_again_is_slower() -> None:
    told = await go(read(HEAD + "  first: {do: say, say: hello, then: bye}\n"), "", during={"hello": "*"})
    assert told.line.prompts == ["hello", "hello", "bye"]
    assert told.line.slow == ["hello"]


async def test_what_nobody_may_barge_into_is_heard_to_its_end() -> None:
    text = HEAD + "  first: {do: menu, ask: [hello, {prompt: consent, barge_in: false}], choices: {1: bye}}\n"
    told = await go(read(text), "", during={"hello": "1"})
    assert told.line.prompts == ["hello", "consent", "bye"]
    told = await go(read(text), "", during={"consent": "0"})
    assert told.outcome.result == "person"
