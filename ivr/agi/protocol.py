"""The AGI protocol without I/O: bytes in, replies out; commands in, bytes out. No loop, no socket, no clock.

Asterisk speaks first: the environment, a blank line. Then we send one command a line and Asterisk answers each with
one line, ``200 result=…``, except that a wrong use is explained over several (``520-…`` to ``520 End of …``). When
the caller hangs up a line ``HANGUP`` comes at any moment between replies; it answers nothing. Facts:
``res/res_agi.c`` of Asterisk 22.

One command at a time: a command sent while another runs would *stop* that one, unanswered (``ast_waitstream_full``
watches our socket), so this is refused here. A reply that nobody asked for is refused as well: it is what a
value with a line break in it looks like.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ivr.agi.environment import CONTROL, Environment, EnvironmentReader
from ivr.agi.errors import LocalProtocolError, RemoteProtocolError

MAX_LINE = 4096
MAX_ENVIRONMENT = 16_384
MAX_USAGE = 16_384
MAX_COMMAND = 2000  # Asterisk reads commands into 2048 bytes (AGI_BUF_SIZE)

_RESULT = re.compile(r"200 result=(?P<result>[0-9A-D*#-]*)(?: \((?P<value>.*)\))?(?: endpos=(?P<endpos>\d{1,12}))?")
_REFUSAL = re.compile(r"(?P<code>5[0-9]{2}) .*")
_USAGE = re.compile(r"520-.*")
_USAGE_END = "520 End of proper usage."
_HANGUP = b"HANGUP\n"


class State(StrEnum):
    """Where a connection is."""

    ENVIRONMENT = "environment"
    IDLE = "idle"
    WAITING = "waiting"
    USAGE = "usage"
    HUNG_UP = "hung_up"
    CLOSED = "closed"


class Move(StrEnum):
    """What can happen to it."""

    VARIABLE = "variable"
    BLANK = "blank"
    COMMAND = "command"
    REPLY = "reply"
    USAGE = "usage"
    TEXT = "text"
    USAGE_END = "usage_end"
    HANGUP = "hangup"
    END = "end"


TRANSITIONS: dict[State, dict[Move, State]] = {
    State.ENVIRONMENT: {
        Move.VARIABLE: State.ENVIRONMENT,
        Move.BLANK: State.IDLE,
        Move.END: State.CLOSED,
    },
    State.IDLE: {
        Move.COMMAND: State.WAITING,
        Move.HANGUP: State.HUNG_UP,
        Move.END: State.CLOSED,
    },
    State.WAITING: {
        Move.REPLY: State.IDLE,
        Move.USAGE: State.USAGE,
        Move.HANGUP: State.HUNG_UP,
        Move.END: State.CLOSED,
    },
    State.USAGE: {
        Move.TEXT: State.USAGE,
        Move.USAGE_END: State.IDLE,
        Move.END: State.CLOSED,
    },
    # after HANGUP a reply to the command that was running may still come; nobody waits for it any more
    State.HUNG_UP: {
        Move.TEXT: State.HUNG_UP,
        Move.END: State.CLOSED,
    },
    State.CLOSED: {},
}
"""A missing entry is the error: ours for ``COMMAND``, the peer's for all others."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to the command in flight.

    ``result`` is the text after ``result=``, ``value`` what stood in parentheses (``timeout``, a variable's value).
    """

    code: int
    result: str = field(default="", repr=False)
    value: str | None = field(default=None, repr=False)
    endpos: int | None = None

    @property
    def number(self) -> int:
        """``result`` as the number that most commands give."""
        try:
            return int(self.result)
        except ValueError:
            raise RemoteProtocolError("a result is not a number") from None


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone. The connection may stay for a moment; nothing more is to be asked of it."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer has closed the connection."""


Event = Environment | Reply | HungUp | Closed


def quoted(argument: str) -> str:
    """Return ``argument`` as one word of a command, as ``parse_args`` in ``res_agi.c`` will read it back.

    Control characters are refused: a line break in an argument would be a second command.
    """
    if CONTROL.search(argument):
        raise LocalProtocolError("an argument has control characters")
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command_line(verb: str, arguments: Iterable[str] = ()) -> bytes:
    """Return the line for ``verb`` (words of ours, such as ``STREAM FILE``) with ``arguments``, each quoted."""
    if not re.fullmatch(r"[A-Z]+( [A-Z]+)*", verb):
        raise LocalProtocolError("a verb is upper-case words")
    line = " ".join([verb, *(quoted(argument) for argument in arguments)]).encode() + b"\n"
    if len(line) > MAX_COMMAND:
        raise LocalProtocolError("a command is too long for Asterisk")
    return line


class AgiProtocol:
    """One connection's state. Owns the bytes that are not yet a line."""

    def __init__(self) -> None:
        self.state = State.ENVIRONMENT
        self._buffer = bytearray()
        self._environment = EnvironmentReader()
        self._taken = 0
        self._events: list[Event] = []

    def send(self, verb: str, arguments: Iterable[str] = ()) -> bytes:
        """Note that this command is under way and return its bytes."""
        line = command_line(verb, arguments)
        after = TRANSITIONS[self.state].get(Move.COMMAND)
        if after is None:
            raise LocalProtocolError(f"no command may be sent while {self.state}")
        self.state = after
        return line

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they come, split anywhere."""
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._receive_line(line)
        self._check_rest()

    def receive_end(self) -> None:
        """Take the end of the stream. An unfinished line is dropped: it was not said."""
        self._buffer.clear()
        self._move(Move.END)
        self._events.append(Closed())

    def events_received(self) -> list[Event]:
        """Return what came of the bytes so far, once."""
        events, self._events = self._events, []
        return events

    def _check_rest(self) -> None:
        if len(self._buffer) > MAX_LINE:
            raise RemoteProtocolError("a line is too long")
        if self.state is State.IDLE and not _HANGUP.startswith(self._buffer):
            raise RemoteProtocolError("a reply to no command")

    def _receive_line(self, raw: bytes) -> None:
        if len(raw) > MAX_LINE:
            raise RemoteProtocolError("a line is too long")
        READERS[self.state](self, _text(raw), len(raw))

    def _move(self, move: Move) -> None:
        after = TRANSITIONS[self.state].get(move)
        if after is None:
            raise RemoteProtocolError(f"{move} while {self.state}")
        self.state = after

    def _read_environment(self, line: str, size: int) -> None:
        self._count(size, MAX_ENVIRONMENT, "the environment is too long")
        if line:
            self._environment.add(line)
            self._move(Move.VARIABLE)
        else:
            self._events.append(self._environment.finish())
            self._move(Move.BLANK)
            self._taken = 0

    def _read_idle(self, line: str, size: int) -> None:
        if line != "HANGUP":
            raise RemoteProtocolError("a reply to no command")
        self._hang_up()

    def _read_reply(self, line: str, size: int) -> None:
        if line == "HANGUP":
            self._hang_up()
        elif match := _RESULT.fullmatch(line):
            endpos = match["endpos"]
            reply = Reply(200, match["result"], match["value"], None if endpos is None else int(endpos))
            self._events.append(reply)
            self._move(Move.REPLY)
        elif _USAGE.fullmatch(line):
            self._move(Move.USAGE)
        elif match := _REFUSAL.fullmatch(line):
            self._events.append(Reply(int(match["code"])))
            self._move(Move.REPLY)
        else:
            raise RemoteProtocolError("a line is not a reply")

    def _read_usage(self, line: str, size: int) -> None:
        self._count(size, MAX_USAGE, "an explanation is too long")
        if line == _USAGE_END:
            self._taken = 0
            self._events.append(Reply(520))
            self._move(Move.USAGE_END)
        else:
            self._move(Move.TEXT)

    def _read_nothing(self, line: str, size: int) -> None:
        self._move(Move.TEXT)

    def _hang_up(self) -> None:
        self._events.append(HungUp())
        self._move(Move.HANGUP)

    def _count(self, size: int, limit: int, rule: str) -> None:
        self._taken += size + 1
        if self._taken > limit:
            raise RemoteProtocolError(rule)


READERS = {
    State.ENVIRONMENT: AgiProtocol._read_environment,
    State.IDLE: AgiProtocol._read_idle,
    State.WAITING: AgiProtocol._read_reply,
    State.USAGE: AgiProtocol._read_usage,
    State.HUNG_UP: AgiProtocol._read_nothing,
    State.CLOSED: AgiProtocol._read_nothing,
}
"""Who reads a line in each state."""


def _text(raw: bytes) -> str:
    """Decode a line: UTF-8, or GB 18030 as older Chinese gateways send names, or what is left of it."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")
