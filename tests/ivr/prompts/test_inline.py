"""Sentences written out in a flow: cut like the catalogue's, refused when they can't be spoken."""

import pytest

from ivr.flow.texts import WrittenOut
from ivr.ports import Money
from ivr.prompts.inline import faults, prompt


def test_a_sentence_is_cut_at_its_commas() -> None:
    made = prompt(
        "inline.x", {"zh": "您好，余额是{total:money}，谢谢。", "en": "Hello, it is {total:money}, thank you."}
    )
    assert [clause.text for clause in made.clauses["zh"]] == ["您好，", "余额是{total:money}，", "谢谢。"]
    assert [clause.text for clause in made.clauses["en"]] == ["Hello,", "it is {total:money},", "thank you."]
    assert made.slots == {"total": "money"}
    clip = made.clauses["en"][1].clip({"total": Money(8640)}, "en")
    assert clip.text == "it is eighty-six yuan forty,"


def test_one_clause_has_the_sentences_own_name() -> None:
    assert prompt("inline.x", {"en": "Hello."}).clauses["en"][0].id == "inline.x"


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ({"en": "Press 1."}, "digits must be spelt out in 'en'"),
        ({"en": "It is {total}."}, "one typed slot a clause in 'en'"),
        ({"en": "It is {total:colour}."}, "one typed slot a clause in 'en'"),
        ({"en": "From {a:day} to {b:day}."}, "one typed slot a clause in 'en'"),
        ({"en": "A { brace."}, "braces that are no slot in 'en'"),
        ({"zh": "余额是{total:money}。", "en": "Hello."}, "not every language says the same values"),
    ],
)
def test_what_cannot_be_spoken_is_told(texts: dict[str, str], fault: str) -> None:
    assert faults(texts) == (fault,)  # type: ignore[arg-type]


def test_a_language_without_words_is_for_others_to_judge() -> None:
    assert faults({"zh": "", "en": "Hello."}) == ()


def test_the_same_words_are_the_same_prompt() -> None:
    assert WrittenOut(zh="好。", en="Good.").prompt == WrittenOut(zh="好。", en="Good.", barge_in=False).prompt
    assert WrittenOut(zh="好。", en="Good.").prompt != WrittenOut(zh="好。", en="Well.").prompt
