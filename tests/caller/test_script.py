"""The script of a call, as it is written and as the options make it."""

import pytest

from cti.caller.errors import ScriptError
from cti.caller.script import HangUp, Key, Listen, Stay, Then, Wait, parse, water_bill


def test_a_script_is_read_word_by_word() -> None:
    assert parse("listen 1 listen:5, 12345678# wait:1.5 stay:60 hangup") == (
        Listen(),
        Key("1"),
        Listen(5.0),
        Key("12345678#"),
        Wait(1.5),
        Stay(60.0),
        HangUp(),
    )


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("dance", "is no step"),
        ("wait", "needs seconds"),
        ("wait:soon", "needs seconds"),
        ("wait:-1", "between 0 and 3600"),
        ("stay:nan", "between 0 and 3600"),
        ("12a", "is no step"),
        ("1" * 33, "is no step"),
    ],
)
def test_a_word_that_is_no_step_is_named(word: str, told: str) -> None:
    with pytest.raises(ScriptError, match=told) as failure:
        parse(f"listen {word}")
    assert word in str(failure.value)


def test_the_pin_is_keyed_but_marked_secret() -> None:
    steps = water_bill("en", "10000001", "123456", Then.AGENT, 30.0)
    assert Key("123456", secret=True) in steps
    assert steps[1] == Key("2")
    assert steps[-2:] == [Key("0"), Stay(30.0)]


@pytest.mark.parametrize("account", ["", "1000000A", "1 0", "1" * 33, "１２３"])
def test_an_account_that_cannot_be_keyed_is_named(account: str) -> None:
    with pytest.raises(ScriptError, match="account") as failure:
        water_bill("zh", account, "123456", Then.AGENT, 30.0)
    assert repr(account) in str(failure.value)


def test_a_pin_that_cannot_be_keyed_is_told_but_not_shown() -> None:
    with pytest.raises(ScriptError, match="PIN") as failure:
        water_bill("zh", "10000001", "12345x", Then.AGENT, 30.0)
    assert "12345x" not in str(failure.value)


@pytest.mark.parametrize("then", Then)
def test_each_ending_leads_off_the_line(then: Then) -> None:
    steps = water_bill("zh", None, None, then, 5.0)
    assert steps[1] == Key("1")
    assert isinstance(steps[-1], HangUp | Stay)
