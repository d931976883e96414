import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi.environment import KEYS, MAX_ARGUMENTS, MAX_VALUE, Environment, EnvironmentReader
from ivr.agi.errors import RemoteProtocolError
from tests.ivr.agi.transcript import LINKEDID, SECRET, environment


def read(block: bytes) -> Environment:
    reader = EnvironmentReader()
    for line in block.decode().removesuffix("\n\n").split("\n"):
        reader.add(line)
    return reader.finish()


def test_an_environment_as_asterisk_sends_it_is_read() -> None:
    found = read(environment())
    assert (found.script, found.channel, found.language) == ("hotline", "PJSIP/trunk-00000001", "en")
    assert (found.caller_number, found.caller_name, found.dialled) == ("13800138000", "张三", "96000")
    assert found.arguments == (SECRET, LINKEDID)


def test_unknown_is_told_as_nothing() -> None:
    found = read(environment(callerid="unknown", calleridname="unknown", dnid="unknown"))
    assert (found.caller_number, found.caller_name, found.dialled) == ("", "", "")


def test_neither_the_caller_nor_the_secret_shows_in_a_log_line() -> None:
    shown = repr(read(environment()))
    assert "13800138000" not in shown
    assert "张三" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize("missing", range(len(KEYS)))
def test_an_environment_that_lacks_a_line_is_refused(missing: int) -> None:
    lines = environment().split(b"\n")
    del lines[missing]
    with pytest.raises(RemoteProtocolError):
        read(b"\n".join(lines))


@pytest.mark.parametrize("place", range(len(KEYS)))
def test_a_line_that_comes_twice_is_refused(place: int) -> None:
    lines = environment().split(b"\n")
    lines.insert(place, lines[place])
    with pytest.raises(RemoteProtocolError, match="each once"):
        read(b"\n".join(lines))


@pytest.mark.parametrize("place", range(len(KEYS) - 1))
def test_lines_in_another_order_are_refused(place: int) -> None:
    lines = environment().split(b"\n")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    with pytest.raises(RemoteProtocolError, match="order"):
        read(b"\n".join(lines))


def test_a_caller_name_with_a_forged_line_in_it_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        read(environment(calleridname="x\nagi_arg_1: guess"))


def test_an_environment_that_ends_early_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="early"):
        EnvironmentReader().finish()


def test_only_asterisk_on_a_network_is_served() -> None:
    with pytest.raises(RemoteProtocolError, match="agi_network"):
        read(environment(network="no"))


@pytest.mark.parametrize("name", ["a\tb", "a\rb", "a\x00b", "a\x1bb", "a\x7fb", "a\x85b"])
def test_control_characters_in_a_caller_name_are_refused(name: str) -> None:
    with pytest.raises(RemoteProtocolError, match="control"):
        read(environment(calleridname=name))


def test_an_ideographic_space_in_a_caller_name_is_no_control_character() -> None:
    assert read(environment(calleridname="张\u3000三")).caller_name == "张\u3000三"


def test_limits_are_kept() -> None:
    read(environment(calleridname="x" * MAX_VALUE))
    with pytest.raises(RemoteProtocolError, match="too long"):
        read(environment(calleridname="x" * (MAX_VALUE + 1)))
    assert len(read(environment(*("x" * MAX_ARGUMENTS))).arguments) == MAX_ARGUMENTS
    with pytest.raises(RemoteProtocolError):
        read(environment(*("x" * (MAX_ARGUMENTS + 1))))


def test_a_line_without_colon_and_a_number_that_is_none_are_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="key: value"):
        EnvironmentReader().add("agi_network")
    with pytest.raises(RemoteProtocolError, match="number"):
        read(environment(priority="one"))
    read(environment(callingpres="-1"))


@given(st.text(), st.text(), st.lists(st.text(), min_size=1, max_size=12))
def test_whatever_a_caller_writes_is_read_as_it_is_or_refused(number: str, name: str, arguments: list[str]) -> None:
    try:
        block = environment(*arguments, callerid=number, calleridname=name)
        found = read(block)
    except (RemoteProtocolError, UnicodeEncodeError):
        return
    assert found.caller_number == ("" if number == "unknown" else number)
    assert found.caller_name == ("" if name == "unknown" else name)
    assert found.arguments == tuple(arguments)
