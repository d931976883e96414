"""Reading by a learned layout is reading line by line, only faster: whatever comes, the same events and refusals."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cti.ami.errors import ForgedFrameError, MalformedFrameError
from cti.ami.layouts import MOST_PER_NAME, EventReader, FamiliarEvent
from cti.ami.messages import Event, read

KEYS = ("Event", "Privilege", "Channel", "CallerIDName")
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"))
EXACT = frozenset({"Channel", "CallerIDName"})


def frame(*pairs: tuple[str, str]) -> bytes:
    return "\r\n".join(f"{key}: {value}" for key, value in pairs).encode()


USUAL = frame(("Event", "Newchannel"), ("Privilege", "call,all"), ("Channel", "PJSIP/1"), ("CallerIDName", "王芳"))


def reader_that_knows(*frames: bytes) -> EventReader:
    reader = EventReader()
    for known in frames:
        reader.learn(b"Newchannel", reader.read(b"Newchannel", known))
    return reader


def test_the_second_event_of_a_kind_is_familiar_and_has_the_same_headers() -> None:
    event = reader_that_knows(USUAL).read(b"Newchannel", USUAL)
    assert isinstance(event, FamiliarEvent)
    assert dict(event) == dict(read(USUAL, Event))
    assert list(event) == list(KEYS)
    assert event.loose == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*KEYS, "Exten", "X: Y"]),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")),
        ),
        max_size=6,
    )
)
@example([("Event", "Newchannel"), ("Privilege", "x"), ("Channel", "a: b"), ("CallerIDName", "Exten: 1")])
@example([("Event", "Newchannel"), ("Privilege", "x"), ("CallerIDName", ""), ("Channel", "")])
def test_whatever_comes_is_read_as_it_would_be_line_by_line(pairs: list[tuple[str, str]]) -> None:
    text = frame(*pairs)
    reader = reader_that_knows(USUAL)
    try:
        slowly = read(text, Event)
    except ForgedFrameError:
        with pytest.raises(ForgedFrameError):
            reader.read(b"Newchannel", text)
        return
    event = reader.read(b"Newchannel", text)
    assert dict(event) == dict(slowly)
    assert event.loose == slowly.loose


def test_values_that_were_asked_for_are_at_hand_and_the_others_are_found() -> None:
    reader = reader_that_knows(USUAL)
    first = reader.read(b"Newchannel", USUAL)
    assert (first["Channel"], first["CallerIDName"]) == ("PJSIP/1", "王芳")
    another = reader.read(b"Newchannel", USUAL.replace(b"PJSIP/1", b"PJSIP/2"))
    assert dict.__len__(another) == 2
    assert (another["Channel"], another["CallerIDName"], another["Privilege"]) == ("PJSIP/2", "王芳", "call,all")
    assert dict.__len__(reader.read(b"Newchannel", USUAL)) == 3


def test_what_is_not_there_is_not_there_and_costs_the_next_ones_nothing() -> None:
    reader = reader_that_knows(USUAL)
    event = reader.read(b"Newchannel", USUAL)
    with pytest.raises(KeyError):
        event["Exten"]
    assert event.get("Exten", "none") == "none"
    assert "Exten" not in event
    assert dict.__len__(reader.read(b"Newchannel", USUAL)) == 0


@pytest.mark.parametrize(
    "look",
    [
        lambda event: event == read(USUAL, Event),
        lambda event: event.__ne__(read(USUAL, Event)) is False,
        lambda event: event.get("Channel") == "PJSIP/1",
        lambda event: "Channel" in event,
        lambda event: len(event) == len(KEYS),
        lambda event: list(event.keys()) == list(KEYS),
        lambda event: [*event.values()][-1] == "王芳",
        lambda event: ("Channel", "PJSIP/1") in event.items(),
    ],
)
def test_whoever_looks_at_all_headers_sees_all(look: Callable[[Event], bool]) -> None:
    assert look(reader_that_knows(USUAL).read(b"Newchannel", USUAL))


def test_a_header_more_is_not_familiar_and_is_refused() -> None:
    reader = reader_that_knows(USUAL)
    reader.read(b"Newchannel", USUAL).expect(EXACT)
    forged = reader.read(b"Newchannel", USUAL + b"\r\nExten: 1")
    forged.name = "Newchannel"
    with pytest.raises(ForgedFrameError):
        forged.expect(EXACT)


def test_what_was_in_order_for_one_reader_is_not_for_another() -> None:
    event = reader_that_knows(USUAL).read(b"Newchannel", USUAL)
    event.name = "Newchannel"
    event.expect(EXACT)
    event.expect(EXACT)
    with pytest.raises(ForgedFrameError):
        event.expect(EXACT | {"Exten"})


def test_a_line_too_long_is_refused_also_of_a_familiar_event() -> None:
    reader = reader_that_knows(USUAL)
    with pytest.raises(MalformedFrameError):
        reader.read(b"Newchannel", USUAL + b"x" * 17_000)


def test_only_a_few_layouts_are_kept_of_one_name() -> None:
    many = [USUAL + b"\r\nX-%d: 1" % n for n in range(MOST_PER_NAME + 3)]
    reader = reader_that_knows(*many)
    familiar = [isinstance(reader.read(b"Newchannel", one), FamiliarEvent) for one in many]
    assert familiar == [True] * MOST_PER_NAME + [False] * 3
