import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi.environment import Environment
from ivr.agi.errors import LocalProtocolError, RemoteProtocolError
from ivr.agi.protocol import (
    MAX_COMMAND,
    MAX_LINE,
    READERS,
    TRANSITIONS,
    AgiProtocol,
    Closed,
    Event,
    HungUp,
    Move,
    Reply,
    State,
    command_line,
    quoted,
)
from tests.ivr.agi.transcript import environment


def idle() -> AgiProtocol:
    protocol = AgiProtocol()
    protocol.receive_data(environment())
    assert isinstance(protocol.events_received()[0], Environment)
    return protocol


def waiting() -> AgiProtocol:
    protocol = idle()
    protocol.send("ANSWER")
    return protocol


def answered(data: bytes) -> list[Event]:
    protocol = waiting()
    protocol.receive_data(data)
    return protocol.events_received()


REPLIES = [
    (b"200 result=0\n", Reply(200, "0")),
    (b"200 result=-1\n", Reply(200, "-1")),
    (b"200 result=49 endpos=12345\n", Reply(200, "49", None, 12345)),
    (b"200 result=1 (a value)\n", Reply(200, "1", "a value")),
    (b"200 result=1 ()\n", Reply(200, "1", "")),
    (b"200 result=1 (with ) in it)\n", Reply(200, "1", "with ) in it")),
    (b"200 result=1234 (timeout)\n", Reply(200, "1234", "timeout")),
    (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
    (b"200 result=12*#\n", Reply(200, "12*#")),
    (b"200 result=0 (timeout) endpos=7\n", Reply(200, "0", "timeout", 7)),
    (b"510 Invalid or unknown command\n", Reply(510)),
    (b"511 Command Not Permitted on a dead channel or intercept routine\n", Reply(511)),
    (b"520 Invalid command syntax.  Proper usage not available.\n", Reply(520)),
    (
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: ANSWER\nHANGUP\n200 result=0\n\n"
        b"520 End of proper usage.\n",
        Reply(520),
    ),
    ("200 result=1 (水费)\n".encode(), Reply(200, "1", "水费")),
    ("200 result=1 (水费)\n".encode("gb18030"), Reply(200, "1", "水费")),
    (b"200 result=1 (\xff\xff)\n", Reply(200, "1", "\ufffd\ufffd")),
]


@pytest.mark.parametrize(("line", "reply"), REPLIES)
def test_replies_are_read(line: bytes, reply: Reply) -> None:
    assert answered(line) == [reply]


@pytest.mark.parametrize(("line", "reply"), REPLIES)
def test_a_reply_split_anywhere_is_the_same_reply(line: bytes, reply: Reply) -> None:
    for split in range(len(line)):
        protocol = waiting()
        protocol.receive_data(line[:split])
        protocol.receive_data(line[split:])
        assert protocol.events_received() == [reply]
        assert protocol.state is State.IDLE


CONVERSATION = environment() + b"200 result=0\n200 result=50 endpos=800\nHANGUP\n511 gone\n"


def converse(feed: Callable[[AgiProtocol, bytes], None], pieces: list[bytes]) -> list[Event]:
    """Feed pieces; send a command whenever none is under way."""
    protocol, events = AgiProtocol(), []
    for piece in pieces:
        feed(protocol, piece)
        events += protocol.events_received()
        if protocol.state is State.IDLE:
            protocol.send("ANSWER")
    protocol.receive_end()
    return events + protocol.events_received()


def test_a_call_fed_byte_by_byte_gives_the_same_events() -> None:
    events = converse(AgiProtocol.receive_data, [bytes([byte]) for byte in CONVERSATION])
    assert [type(event) for event in events] == [Environment, Reply, Reply, HungUp, Closed]
    assert events[1:3] == [Reply(200, "0"), Reply(200, "50", None, 800)]


@given(st.sets(st.integers(0, len(environment()))))
def test_an_environment_split_anywhere_is_the_same(cuts: set[int]) -> None:
    whole, protocol, start = environment(), AgiProtocol(), 0
    for cut in [*sorted(cuts), len(whole)]:
        protocol.receive_data(whole[start:cut])
        start = cut
    assert protocol.events_received() == idle_events()


def idle_events() -> list[Event]:
    protocol = AgiProtocol()
    protocol.receive_data(environment())
    return protocol.events_received()


def test_a_hangup_between_replies_shifts_none() -> None:
    protocol = waiting()
    protocol.receive_data(b"HANGUP\n200 result=0\n")
    assert protocol.events_received() == [HungUp()]
    assert protocol.state is State.HUNG_UP
    with pytest.raises(LocalProtocolError):
        protocol.send("ANSWER")


def test_a_hangup_while_nothing_is_asked_is_heard() -> None:
    protocol = idle()
    for byte in b"HANGUP\n":
        protocol.receive_data(bytes([byte]))
    assert protocol.events_received() == [HungUp()]


@pytest.mark.parametrize("data", [b"200 result=1\n", b"2", b"\n", b"HANGUPS", b"hangup\n"])
def test_what_nobody_asked_for_is_refused(data: bytes) -> None:
    protocol = idle()
    with pytest.raises(RemoteProtocolError, match="no command"):
        protocol.receive_data(data)


def test_a_value_that_forges_a_second_reply_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="no command"):
        answered(b"200 result=1 (x)\n200 result=1 (forged)\n")
    with pytest.raises(RemoteProtocolError, match="no command"):
        answered(b"200 result=1 (x)\n200 res")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"OK",
        b"200",
        b"200 result",
        b"200 result=1 (open",
        b"200 result=x",
        b"200  result=0",
        b"200 result=0 endpos=-1",
        b"200 result=0\r",
        b" HANGUP",
        b"100 result=0",
        b"520",
    ],
)
def test_what_is_no_reply_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not a reply"):
        answered(line + b"\n")


def test_a_line_without_end_is_refused_at_its_limit() -> None:
    with pytest.raises(RemoteProtocolError, match="too long"):
        answered(b"x" * (MAX_LINE + 1))
    with pytest.raises(RemoteProtocolError, match="too long"):
        answered(b"x" * (MAX_LINE + 1) + b"\n")


def test_an_explanation_without_end_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="too long"):
        answered(b"520-Proper usage:\n" + b"talk\n" * 4000)


def test_an_environment_without_end_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        AgiProtocol().receive_data(environment()[:-1] * 40)


def test_a_long_environment_is_refused_by_its_size() -> None:
    block = environment(*["x" * 1000] * 8, calleridname="x" * 1000, context="x" * 1000, extension="x" * 1000)
    padded = block.replace(b"agi_accountcode: ", b"agi_accountcode: " + b"y" * 1000)
    AgiProtocol().receive_data(padded)
    wide = block.replace(b"x" * 1000, "水".encode() * 1000)
    with pytest.raises(RemoteProtocolError, match="too long"):
        AgiProtocol().receive_data(wide)


def test_half_a_line_at_the_end_is_not_said() -> None:
    protocol = waiting()
    protocol.receive_data(b"200 result=0")
    protocol.receive_end()
    assert protocol.events_received() == [Closed()]


def test_numbers_are_read_from_results() -> None:
    assert Reply(200, "-1").number == -1
    with pytest.raises(RemoteProtocolError):
        _ = Reply(200, "12*").number


# ------------------------------------------------------------------ the table

LINES: dict[Move, bytes] = {
    Move.VARIABLE: b"agi_network: yes\n",
    Move.REPLY: b"200 result=0\n",
    Move.USAGE: b"520-Usage\n",
    Move.TEXT: b"text\n",
    Move.USAGE_END: b"520 End of proper usage.\n",
    Move.HANGUP: b"HANGUP\n",
}


def in_state(state: State) -> AgiProtocol:
    protocol = AgiProtocol()
    protocol.state = state
    return protocol


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_transitions_and_its_reader(state: State) -> None:
    assert state in TRANSITIONS
    assert state in READERS


@pytest.mark.parametrize("state", State)
def test_a_command_is_sent_only_when_none_is_under_way(state: State) -> None:
    protocol = in_state(state)
    if state is State.IDLE:
        assert protocol.send("ANSWER") == b"ANSWER\n"
        assert protocol.state is State.WAITING
    else:
        with pytest.raises(LocalProtocolError):
            protocol.send("ANSWER")
        assert protocol.state is state


@pytest.mark.parametrize("state", State)
def test_the_end_can_come_in_every_state_once(state: State) -> None:
    protocol = in_state(state)
    if state is State.CLOSED:
        with pytest.raises(RemoteProtocolError):
            protocol.receive_end()
    else:
        protocol.receive_end()
        assert protocol.state is State.CLOSED


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", LINES)
def test_each_line_in_each_state_does_what_the_table_says(state: State, move: Move) -> None:
    protocol = in_state(state)
    meanings = {move, Move.TEXT} if state in (State.USAGE, State.HUNG_UP) else {move}
    if state is State.WAITING and move is Move.USAGE_END:
        meanings = {Move.REPLY}  # a 520 of one line
    allowed = [TRANSITIONS[state][meaning] for meaning in Move if meaning in meanings & TRANSITIONS[state].keys()]
    if not allowed:
        with pytest.raises(RemoteProtocolError):
            protocol.receive_data(LINES[move])
    else:
        protocol.receive_data(LINES[move])
        assert protocol.state in allowed


# ------------------------------------------------------------------ commands


def words(line: str) -> list[str]:
    """Split a command as ``parse_args`` in ``res/res_agi.c`` does, written anew from its rules."""
    found: list[str] = []
    quote = escaped = False
    fresh = True
    for character in line:
        if character == '"' and not escaped:
            quote = not quote
            if quote and fresh:
                found.append("")
                fresh = False
        elif character in " \t" and not quote and not escaped:
            fresh = True
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            if fresh:
                found.append("")
                fresh = False
            found[-1] += character
        escaped = False
    return found


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60), max_size=5))
def test_asterisk_reads_back_every_argument_as_it_was(arguments: list[str]) -> None:
    line = command_line("SET VARIABLE", arguments)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert words(line[:-1].decode()) == ["SET", "VARIABLE", *arguments]


@pytest.mark.parametrize("character", [chr(code) for code in [*range(32), *range(127, 160), 0xD800]])
def test_control_characters_never_reach_asterisk(character: str) -> None:
    with pytest.raises(LocalProtocolError):
        quoted(f"a{character}b")


@pytest.mark.parametrize("verb", ["", "answer", "ANSWER\nHANGUP", 'EXEC "x"', "STREAM  FILE"])
def test_a_verb_is_words_of_ours(verb: str) -> None:
    with pytest.raises(LocalProtocolError):
        command_line(verb)


def test_a_command_longer_than_asterisks_buffer_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="too long"):
        command_line("SET VARIABLE", ["x", "y" * MAX_COMMAND])


def test_a_command_is_one_line_of_quoted_words() -> None:
    assert command_line("STREAM FILE", ["/a b", '1"\\']) == b'STREAM FILE "/a b" "1\\"\\\\"\n'


@given(st.binary(max_size=400))
def test_garbage_is_refused_or_waited_on_but_never_crashes(data: bytes) -> None:
    for protocol in (AgiProtocol(), idle(), waiting()):
        try:
            protocol.receive_data(data)
        except RemoteProtocolError as error:
            told = str(error)
        else:
            told = "nothing"
        # what the peer sent is not repeated in what we log
        assert re.fullmatch(r"[a-z0-9 ,':_]+", told, re.IGNORECASE)
