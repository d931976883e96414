"""A masked recording tells of nobody, and everything that happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.masking import KINDS, Masker
from cti.translator.inward import _ROWS

SECRET = "13800138000"


def masked(*lines: str, masker: Masker | None = None) -> list[str]:
    found = (masker or Masker(b"k")).masked("\r\n".join(lines).encode())
    return [] if found is None else found.decode().split("\r\n")


def test_numbers_names_keys_and_variables_are_gone_and_the_event_is_there() -> None:
    event = (
        "Event: Newchannel",
        f"Channel: Local/{SECRET}@dial-0000001a;1",
        f"CallerIDNum: {SECRET}",
        "CallerIDName: 王芳",
        "Exten: 96000",
        "Uniqueid: 1795645861.12",
        "Linkedid: main-1795645861.11",
        "Digit: 7",
        f"ChanVariable: PIN={SECRET}",
        "Value: 123456",
        "AppData: agi://127.0.0.1/hotline,a-secret",
    )
    text = "\n".join(masked(*event))
    for personal in (SECRET, "王芳", "Digit: 7", "123456", "a-secret"):
        assert personal not in text
    for structure in ("Exten: 96000", "1795645861.12", "main-1795645861.11", "@dial-0000001a;1", "PIN=masked"):
        assert structure in text


def test_one_caller_stays_one_caller_throughout_a_recording_and_is_another_in_the_next() -> None:
    masker = Masker()
    one, same = (masked("Event: X", f"CallerIDNum: {SECRET}", masker=masker)[1] for _ in range(2))
    other = masked("Event: X", "CallerIDNum: 13900139000", masker=masker)[1]
    elsewhere = masked("Event: X", f"CallerIDNum: {SECRET}", masker=Masker())[1]
    assert one == same
    assert len({one, other, elsewhere}) == 3
    assert len(one) == len(f"CallerIDNum: {SECRET}")


def test_a_name_of_chinese_letters_stays_one_and_an_empty_one_stays_empty() -> None:
    assert not masked("Event: X", "CallerIDName: 王芳")[1].isascii()
    assert masked("Event: X", "CallerIDName: O'Neil")[1].isascii()
    assert masked("Event: X", "CallerIDName: ", "ConnectedLineName: <unknown>")[1:] == [
        "CallerIDName: ",
        "ConnectedLineName: <unknown>",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "no header at all",
        f"X-Unknown: {SECRET}",
        f"Uniqueid: {SECRET}",
        f"Context: from-{SECRET}",
        f"Position: {SECRET}",
        f"ChannelStateDesc: called by {SECRET}",
        "Digit: 123456",
        f"{SECRET}: x",
    ],
)
def test_a_line_that_cant_be_masked_is_left_out_and_counted(line: str) -> None:
    masker = Masker()
    assert masked("Event: X", line, "Count: 1", masker=masker) == ["Event: X", "Count: 1"]
    assert masker.dropped == 1


def test_a_message_whose_name_is_not_one_is_left_out() -> None:
    assert Masker().masked(f"Event: {SECRET}\r\nCount: 1".encode()) is None


@given(st.sampled_from(sorted(KINDS)), st.from_regex(r"[0-9]{6,20}", fullmatch=True))
def test_no_long_number_gets_through_a_header_of_callers(header: str, number: str) -> None:
    kept = masked("Event: X", f"{header}: {number}")[1:]
    times = ("Timestamp", "LastCall", "LastPause", "LoginTime", "Duration", "LongestHoldTime", "BillableSeconds")
    figures = ("OffsetMs", "RTT", "MES", "ReportCount", "CoreStartup", "CoreReload", "Sent", "Report0")
    if not header.startswith((*times, *figures)):
        assert all(number not in line for line in kept)


def test_every_header_that_we_act_on_may_stand_in_a_recording() -> None:
    needed = {key for row in _ROWS.values() for key in row.keys}
    assert needed <= set(KINDS)
