"""A catalogue that is being changed is told its faults as a flow is: line, and what to do."""

from importlib.resources import files

import pytest

from ivr.services.flow_files import catalogue_faults

CATALOGUE = files("ivr.prompts").joinpath("catalogue.toml").read_text(encoding="utf-8")


def test_the_shipped_catalogue_has_no_faults() -> None:
    assert catalogue_faults() == ()


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ('en = ["Thank you for calling. Goodbye."]\n', "", '[prompts."goodbye"]', "'goodbye': nothing to say in en"),
        ('en = "Please pay by {due:day}."\n', "", '[prompts."bill.latest"]', "'bill.latest': no clip due in en"),
        (
            '["For English, press two."]',
            '["For English, press 2."]',
            '[prompts."language.choose"]',
            "Write numbers as words",
        ),
        (
            '"普通话服务请按一。"',
            '"普通话服务请按1。"',
            '[prompts."language.choose"]',
            "'language.choose.2': digits must",
        ),
        ('{ total = "money" }', '{ total = "cash" }', '[prompts."bill.arrears"]', "no kind cash"),
        ("[core]", "[cores]", "", "'core' is missing"),
        ('[prompts."goodbye"]', '[prompts."goodbye"', '[prompts."goodbye"]', "not TOML"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, place: str, says: str) -> None:
    assert old in CATALOGUE
    text = CATALOGUE.replace(old, new, 1)
    faults = catalogue_faults(text)
    line = CATALOGUE[: CATALOGUE.index(place)].count("\n") + 1
    assert [fault.line for fault in faults if says in str(fault)] == [line], faults
