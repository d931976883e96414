"""The shipped catalogue keeps the house's wording rules, and a faulty one is refused with every fault."""

import re

import pytest

from config.settings import Settings
from ivr.flow.model import sentences
from ivr.flow.texts import INLINE
from ivr.ports import AccountDigits, Day, Digits, Money, Month, Phone, Value
from ivr.prompts.announcements import FILES
from ivr.prompts.catalogue import LANGUAGES, Clip, parse, shipped
from ivr.prompts.errors import CatalogueError, UnsayableError
from ivr.prompts.inline import prompt
from ivr.prompts.voices import key_of
from ivr.services.flow_files import FlowFiles, shipped_files
from ivr.services.hotline import SORRY

VALUES: dict[str, Value] = {"month": Month(2026, 10), "amount": Money(8640), "due": Day(11, 25), "total": Money(208061)}
CORE = '[core]\nfirst_month = "2026-12"\nlast_month = "2027-01"\ndue_days = ["last"]\n'


def _texts(language: str) -> list[str]:
    return [
        "".join(clause.text for clause in prompt.clauses[language])  # type: ignore[index]
        for prompt in shipped().prompts.values()
    ]


def test_a_bill_is_said_in_three_clauses_with_the_same_ids_in_both_languages() -> None:
    catalogue = shipped()
    chinese = catalogue.clips("bill.latest", VALUES, "zh")
    english = catalogue.clips("bill.latest", VALUES, "en")
    assert [clip.id for clip in chinese] == ["bill.lead.2026-10", "amount.8640", "due.11-25"]
    assert [clip.id for clip in english] == [clip.id for clip in chinese]
    assert [clip.text for clip in chinese] == [
        "您好，二零二六年十月的水费，",
        "金额为八十六元四角，",
        "请在十一月二十五日之前缴费。",
    ]
    assert [clip.text for clip in english] == [
        "Your water bill for October, two thousand twenty-six,",
        "comes to eighty-six yuan forty.",
        "Please pay by November twenty-fifth.",
    ]


def test_a_slot_of_another_name_fills_a_shared_clip() -> None:
    assert [clip.id for clip in shipped().clips("bill.arrears", VALUES, "zh")] == [
        "arrears.lead",
        "amount.208061",
        "arrears.plea",
    ]


@pytest.mark.parametrize("trap", ["是{", "缴纳", "请按幺"])
def test_no_mandarin_text_has_a_wording_that_the_line_garbles(trap: str) -> None:
    assert not [text for text in _texts("zh") if trap in text]


def test_no_mandarin_sentence_begins_with_you() -> None:
    assert not [text for text in _texts("zh") if re.match("您(?!好)", text)]


def test_every_clause_ends_in_a_pause() -> None:
    for text in _texts("zh"):
        assert text[-1] in "，。"


def test_every_sentence_of_the_shipped_flows_is_there() -> None:
    desk = FlowFiles(Settings())
    flows = [flow for path in shipped_files() for flow in desk.load(path).flows]
    said = {text.prompt for flow in flows for step in flow.steps.values() for _, text in sentences(step)}
    said |= {*FILES, SORRY}
    assert {prompt for prompt in said if not prompt.startswith(INLINE)} <= set(shipped().prompts)


def test_a_clip_has_spare_pieces_that_say_the_same() -> None:
    amount = shipped().clips("bill.latest", VALUES, "zh")[1]
    assert [piece.text for piece in amount.spare] == ["金额为，", "八十六元，", "四角，"]


def test_every_amount_under_ten_thousand_yuan_has_its_pieces_in_the_core() -> None:
    catalogue = shipped()
    core = catalogue.core_clips()
    for language in LANGUAGES:
        for fen in range(0, 1_000_000, 31):  # each yuan three times, each fen with a hundredth of them
            (clip,) = (c for c in catalogue.clips("bill.arrears", {"total": Money(fen)}, language) if c.spare)
            assert all((language, piece.id) in core for piece in clip.spare), clip


def test_every_day_has_its_pieces_in_the_core_and_months_are_there_whole() -> None:
    catalogue = shipped()
    core = catalogue.core_clips()
    for language in LANGUAGES:
        for month in catalogue.core.months:
            assert (language, f"bill.lead.{month.year}-{month.month:02d}") in core
        assert (language, "due.02-29") in core
        assert (language, "due.11-25") in core


def test_a_value_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(UnsayableError):
        shipped().clips("bill.arrears", {"total": Digits("12")}, "zh")
    with pytest.raises(UnsayableError):
        shipped().clips("bill.arrears", {}, "zh")


def test_an_unknown_prompt_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        shipped().clips("no.such", {}, "zh")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[prompts."a.b"]\nzh = ["好。"]\n', "nothing to say in en"),
        ('[prompts."A b"]\nzh = ["好。"]\nen = ["Good."]\n', "not an id"),
        ('[prompts."a"]\nzh = ["按1。"]\nen = ["Good."]\n', "digits must be spelt out"),
        ('[prompts."a"]\nclips = ["nowhere"]\n', "no clip nowhere"),
        ('[prompts."a"]\nslots = {x="size"}\nzh = ["{x:size}"]\nen = ["{x:size}"]\n', "no kind size"),
        ('[prompts."a"]\nslots = {x="day"}\nzh = ["{x:day}"]\nen = ["Good."]\n', "but en fills"),
        ('[prompts."a"]\nzh = ["{x:day}{y:day}"]\nen = ["Good."]\n', "one typed slot a clause"),
    ],
)
def test_a_faulty_catalogue_is_refused_with_its_faults(text: str, fault: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(fault)):
        parse(text + CORE)


def test_the_core_spans_the_months_it_names() -> None:
    core = parse('[prompts."a"]\nzh = ["好。"]\nen = ["Good."]\n' + CORE).core
    assert core.months == (Month(2026, 12), Month(2027, 1))
    assert Day(2, 28) in core.due_days
    assert Day(2, 29) in core.due_days
    assert len(core.due_days) == 13


def test_clips_without_a_slot_have_no_spare() -> None:
    assert shipped().clips("goodbye", {}, "en") == (Clip("goodbye", "en", "Thank you for calling. Goodbye."),)


def test_somebodys_digits_are_read_back_in_clauses_of_four() -> None:
    made = prompt("own", {"zh": "您的用户号为，{it:account}，对吗？", "en": "Your account number is {it:account}."})
    taught = shipped().taught({"own": made})
    clips = taught.clips("own", {"it": AccountDigits("10161100")}, "zh")
    assert [(clip.id, clip.text) for clip in clips] == [
        ("own.1", "您的用户号为，"),
        ("own.2.1016", "一零一六，"),
        ("own.2.1100", "一一零零，"),
        ("own.3", "对吗？"),
    ]
    assert [clip.personal for clip in clips] == [False, True, True, False]
    core = {name for language, name in shipped().core_clips() if language == "zh"}
    assert {piece.id for clip in clips for piece in clip.spare} <= core
    assert [(clip.id, clip.text) for clip in taught.clips("own", {"it": AccountDigits("10161100")}, "en")] == [
        ("own.before", "Your account number is,"),
        ("own.1016", "one zero one six,"),
        ("own.1100", "one one zero zero,"),
    ]
    assert [clip.id for clip in taught.clips("own", {"it": AccountDigits("1016")}, "zh")][1] == "own.2.1016"


def test_the_same_four_digits_are_one_clip_whatever_they_belong_to() -> None:
    readings = shipped().readings
    reading = shipped().clips("reading.heard", {"reading": Digits("1016")}, "zh")
    ticket = shipped().clips("report.number", {"ticket": Digits("20261016")}, "zh")
    assert key_of(reading[-1], readings) == key_of(ticket[-1], readings)


def test_a_telephone_number_is_read_back_as_it_is_written() -> None:
    clips = shipped().clips("callback.confirm", {"number": Phone("13900010002")}, "zh")
    assert [clip.text for clip in clips if clip.personal] == ["幺三九，", "零零零幺，", "零零零二，"]
    core = {name for language, name in shipped().core_clips() if language == "zh"}
    assert {piece.id for clip in clips for piece in clip.spare} <= core


def test_what_follows_somebodys_digits_is_a_clip_of_its_own() -> None:
    clips = shipped().clips("reading.swapped", {"meant": Digits("1016")}, "en")
    said = [clip.text for clip in clips]
    assert said[said.index("one zero one six,") + 1] == "press one,"
