"""Headers: exact keys, exact values, nothing made up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.errors import ActionRefusedError, ForgedFrameError, MalformedFrameError
from cti.ami.messages import MAX_LINE, Event, Response, read


def event(text: str) -> Event:
    found = read(text.encode(), Event)
    found.name = found["Event"]
    return found


def test_a_missing_key_is_an_error_and_case_matters() -> None:
    found = event("Event: Hangup\r\nUniqueid: 1.1")
    assert found["Uniqueid"] == "1.1"
    with pytest.raises(KeyError):
        found["uniqueid"]


@pytest.mark.parametrize("line", ["Value: ", "Value:"])
def test_an_empty_last_value_is_kept(line: str) -> None:
    assert event(f"Event: VarSet\r\nVariable: A\r\n{line}")["Value"] == ""


def test_spaces_in_a_value_are_kept() -> None:
    assert event("Event: VarSet\r\nValue:  two  ")["Value"] == " two  "


def test_a_value_may_hold_colons() -> None:
    assert event("Event: A\r\nURI: sip:1001@x: 5\r\nBare:")["URI"] == "sip:1001@x: 5"


def test_a_line_without_colon_is_kept_apart() -> None:
    found = event("Event: A\r\nno header at all\r\nX: 1")
    assert (found["X"], found.loose) == ("1", ("no header at all",))


def test_what_is_no_text_becomes_visible() -> None:
    found = read("Event: A\r\nName: 你好".encode("gbk"), Event)
    assert found["Name"].count("�") >= 1


def test_a_doubled_key_is_a_forged_message() -> None:
    with pytest.raises(ForgedFrameError, match="Hangup: a key comes twice"):
        event("Event: Hangup\r\nUniqueid: 1.1\r\nCallerIDNum: 1\r\nUniqueid: 2.2")


def test_a_doubled_key_in_a_response_is_forged_too() -> None:
    with pytest.raises(ForgedFrameError, match="a response"):
        read(b"Response: Success\r\nA: 1\r\nA: 2", Response)


def test_channel_variables_that_a_site_configured_may_repeat() -> None:
    assert event("Event: A\r\nChanVariable: x=1\r\nChanVariable: y=2")["ChanVariable"] == "x=1"


def test_a_long_line_is_malformed_and_a_long_message_is_not() -> None:
    with pytest.raises(MalformedFrameError):
        event("Event: A\r\nX: " + "x" * MAX_LINE)
    long = "".join(f"\r\nKey{n}: {'x' * 1000}" for n in range(40))
    assert len(event("Event: A" + long)) == 41


def test_an_event_with_just_the_keys_it_has_is_accepted() -> None:
    found = event("Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.1\r\nCause: 16")
    found.expect(frozenset({"Uniqueid"}), frozenset({"Cause", "Cause-txt"}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Event: Hangup\r\nCause: 16", "1 keys are missing"),
        ("Event: Hangup\r\nUniqueid: 1\r\nX-Forged: 1", "1 unexpected keys"),
        ("Event: Hangup\r\nUniqueid: 1\r\nforged", "no header"),
    ],
)
def test_an_event_with_other_keys_is_forged_and_the_error_quotes_none_of_it(text: str, why: str) -> None:
    with pytest.raises(ForgedFrameError, match=why) as caught:
        event(text).expect(frozenset({"Uniqueid"}), frozenset({"Cause"}))
    assert "X-Forged" not in str(caught.value)


def test_a_response_succeeds_only_if_the_pbx_says_so() -> None:
    good = read(b"Response: Success\r\nMessage: Added", Response)
    bad = read(b"Response: Error\r\nMessage: No", Response)
    none = read(b"Message: nothing", Response)
    bad.name = "QueueAdd"
    assert (good.success, bad.success, none.success) == (True, False, False)
    assert good.or_raise() is good
    assert (good.message, read(b"Response: Success", Response).message) == ("Added", "")
    with pytest.raises(ActionRefusedError, match="QueueAdd") as caught:
        bad.or_raise()
    assert caught.value.response is bad


def test_a_failed_originate_response_is_no_success() -> None:
    failed = read(b"Event: OriginateResponse\r\nResponse: Failure\r\nReason: 3", Response)
    assert not failed.success


KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=40)


@given(st.dictionaries(KEYS, VALUES, max_size=12))
def test_what_is_written_is_read(headers: dict[str, str]) -> None:
    headers = {"Event": "A"} | headers
    text = "\r\n".join(f"{key}: {value}" for key, value in headers.items())
    found = read(text.encode(), Event)
    assert found == headers
    assert found.loose == ()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_refusal(frame: bytes) -> None:
    try:
        found = read(frame, Event)
    except ForgedFrameError:
        return
    assert len(found) + len(found.loose) == frame.count(b"\r\n") + 1


def test_where_and_when_are_known() -> None:
    found = event("Event: A")
    found.at, found.position = datetime(2026, 1, 1, tzinfo=UTC), 7
    assert found.position == 7
