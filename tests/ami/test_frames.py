"""Bytes to messages: however they are split, whatever is in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.frames import DAMAGED, GREETING, RESPONSE, Frame, Framer
from cti.ami.messages import Event, read


class Everything:
    def __contains__(self, name: object) -> bool:
        return True


def framed(*pieces: bytes, wanted: object = None, max_message: int = 128 * 1024) -> list[Frame]:
    framer = Framer(wanted or Everything(), max_message=max_message)  # type: ignore[arg-type]
    return [frame for piece in pieces for frame in framer.feed(piece)]


def names(frames: list[Frame]) -> list[bytes]:
    return [name for name, _ in frames]


def test_a_greeting_is_known_before_anything_else_comes() -> None:
    framer = Framer(Everything())
    assert framer.feed(b"Asterisk Call Ma") == []
    assert framer.greeting is None
    assert framer.feed(b"nager/11.0.0\r\n") == []
    assert framer.greeting == "Asterisk Call Manager/11.0.0"


def test_a_recorded_session_is_the_same_messages_at_every_split_point(transcript: bytes) -> None:
    whole = framed(transcript)
    assert len(whole) > 25
    assert names(whole)[0] is RESPONSE
    assert DAMAGED not in names(whole)
    for at in range(len(transcript) + 1):
        assert framed(transcript[:at], transcript[at:]) == whole


def test_a_recorded_session_is_the_same_messages_byte_by_byte(transcript: bytes) -> None:
    assert framed(*(transcript[i : i + 1] for i in range(len(transcript)))) == framed(transcript)


def test_a_chinese_name_split_in_the_middle_of_a_character_is_whole(transcript: bytes) -> None:
    at = transcript.index("王".encode()) + 1
    frames = framed(transcript[:at], transcript[at:], wanted={b"NewCallerid", b"Hangup"})
    assert {read(frame, Event)["CallerIDName"] for name, frame in frames if name is not RESPONSE} == {"王小明"}


def test_what_nobody_wants_is_left_out_by_its_first_line() -> None:
    framer = Framer({b"Hangup"})
    frames = framer.feed(
        b"Event: VarSet\r\nA: 1\r\n\r\nEvent: Hangup\r\nB: 2\r\n\r\nEvent: Hangups\r\n\r\nEvent: Hangup\r\n\r\n"
    )
    assert frames == [(b"Hangup", b"Event: Hangup\r\nB: 2"), (b"Hangup", b"Event: Hangup")]
    assert (framer.counters.frames, framer.counters.skipped) == (4, 2)


def test_two_greetings_are_no_message() -> None:
    assert framed((GREETING + b"1\r\n") * 2 + b"Response: Success\r\n\r\n") == [(RESPONSE, b"Response: Success")]


def test_a_greeting_in_the_middle_is_no_message() -> None:
    assert framed(b"Event: A\r\n\r\n" + GREETING + b"1\r\nEvent: B\r\n\r\n") == [
        (b"A", b"Event: A"),
        (b"B", b"Event: B"),
    ]


def test_a_greeting_without_end_is_bounded() -> None:
    framer = Framer(Everything())
    framer.feed(GREETING + b"x" * 1000 + b"\r\n")
    assert framer.greeting is None
    assert names(framer.feed(b"\r\nEvent: B\r\n\r\n")) == [DAMAGED, b"B"]


def test_additional_blank_lines_mean_nothing() -> None:
    assert names(framed(b"\r\n\r\nEvent: A\r\n\r\n\r\n\r\n\r\nEvent: B\r\n\r\n")) == [b"A", b"B"]


def test_a_message_that_is_neither_event_nor_response_is_damage_in_its_place() -> None:
    assert names(framed(b"Event: A\r\n\r\nHello: x\r\n\r\nEvent: B\r\n\r\n")) == [b"A", DAMAGED, b"B"]


def test_a_message_made_with_bare_line_feeds_does_not_swallow_the_next_one() -> None:
    frames = framed(b"Event: A\nX: 1\n\nEvent: B\r\nY: 2\r\n\r\nEvent: C\r\n\r\n")
    assert frames[1:] == [(b"B", b"Event: B\r\nY: 2"), (b"C", b"Event: C")]
    assert frames[0][0] is DAMAGED


def test_an_event_name_with_a_bare_line_feed_is_damage() -> None:
    assert names(framed(b"Event: Hangup\nUniqueid: 1\r\nX: 2\r\n\r\n")) == [DAMAGED]


def test_a_bare_line_feed_in_a_value_keeps_the_event_and_its_neighbours() -> None:
    frames = framed(b"Event: A\r\nX: one\ntwo\r\n\r\nEvent: B\r\n\r\n", wanted={b"A"})
    assert frames == [(b"A", "Event: A\r\nX: one␊two".encode())]


def test_control_characters_that_could_end_a_line_become_visible() -> None:
    (_, frame), *_ = framed(b"Event: A\r\nX: \0 a\rb\nc\r\r\nY: 1\r\n\r\n")
    assert read(frame, Event) == {"Event": "A", "X": "␀ a␍b␊c␍", "Y": "1"}


@pytest.mark.parametrize("size", [101, 102, 103, 104, 105, 250, 10_000])
def test_a_message_too_long_is_dropped_once_and_the_next_is_read_at_every_split(size: int) -> None:
    long = b"Event: Long\r\nX: ".ljust(size, b"x")
    stream = b"Event: A\r\n\r\n" + long + b"\r\n\r\nEvent: B\r\n\r\n"
    for at in [*range(0, len(stream), max(1, len(stream) // 200)), len(stream)]:
        frames = framed(stream[:at], stream[at:], max_message=100)
        assert names(frames) == [b"A", DAMAGED, b"B"]


def test_a_message_of_the_greatest_length_is_kept() -> None:
    exact = b"Event: Long\r\nX: ".ljust(100, b"x")
    assert framed(exact[:50], exact[50:] + b"\r\n\r\n", max_message=100) == [(b"Long", exact)]


def test_bytes_without_end_are_not_kept() -> None:
    framer = Framer(Everything(), max_message=1000)
    found = [frame for _ in range(100) for frame in framer.feed(b"x" * 1000)]
    assert names(found) == [DAMAGED]
    assert len(framer._rest) <= 1000
    assert names(framer.feed(b"\r\n\r\nEvent: B\r\n\r\n")) == [b"B"]


NASTY = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\0", b"Event: A", b"Event: B", b"Response: Success",
        GREETING + b"9", b"K: v", b"K:", b": ", b"x" * 40,
        "名字: 王小明".encode(), "王".encode()[:2], "你好".encode("gbk"),
    ]
)  # fmt: skip


@given(st.lists(NASTY | st.binary(max_size=6), max_size=30).map(b"".join), st.data())
def test_any_bytes_split_anyhow_give_the_same_messages(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    wanted = {b"A"}
    assert framed(*pieces, wanted=wanted, max_message=64) == framed(stream, wanted=wanted, max_message=64)


@given(st.lists(NASTY | st.binary(max_size=6), max_size=30).map(b"".join))
def test_whatever_came_before_the_next_message_is_read(stream: bytes) -> None:
    after = b"\r\n\r\nEvent: Next\r\nX: 1\r\n\r\n"
    frames = framed(stream + after, wanted={b"Next"}, max_message=4096)
    assert (b"Next", b"Event: Next\r\nX: 1") in frames


@given(st.lists(NASTY, max_size=20).map(b"".join))
def test_no_message_holds_a_blank_line(stream: bytes) -> None:
    for _, frame in framed(stream + b"\r\n\r\n"):
        assert not re.search(rb"\n\r?\n", frame)
