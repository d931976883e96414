"""One call on an AGI connection, as verbs: answer, play, take a key, set a variable.

Owns the command in flight: one at a time, each with a deadline. Leaves the rules of the line to
:mod:`ivr.agi.protocol`, accepting and closing connections to :mod:`ivr.agi.server`, and what is said to the flow.

A session is good until the first error. A command that is cancelled or not answered in time leaves its reply
unread, so the session refuses all further ones: the connection is closed and the dialplan takes the caller to a
person.
"""

import asyncio
from typing import Final

from ivr.agi.environment import Environment
from ivr.agi.errors import (
    CommandRefusedError,
    CommandTimeoutError,
    PlaybackFailedError,
    RecordingRefusedError,
    RemoteProtocolError,
)
from ivr.agi.protocol import AgiProtocol, Closed, Event, Reply
from ivr.errors import HungUpError

KEYS: Final = "0123456789*#"
COMMAND_S: Final = 3.0
"""How long Asterisk may take for a command that itself takes no time."""
LONGEST_FILE_S: Final = 30.0
RECORDING: Final = "wav"
RATE_HZ: Final = 8000
_READ = 4096
_DEAD_CHANNEL = 511
_GONE = -1


class Wire:
    """The socket and the protocol state over it: replies to commands, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = AgiProtocol()
        self._events: list[Event] = []

    async def environment(self) -> Environment:
        """Return the environment, once it is whole."""
        event = await self._event()
        if isinstance(event, Environment):
            return event
        raise HungUpError

    async def ask(self, verb: str, arguments: tuple[str, ...]) -> Reply:
        """Send a command and return the reply to it."""
        if self._gone():
            raise HungUpError
        self._writer.write(self._protocol.send(verb, arguments))
        event = await self._event()
        if isinstance(event, Reply):
            return event
        raise HungUpError

    def _gone(self) -> bool:
        self._events += self._protocol.events_received()
        return bool(self._events)

    async def _event(self) -> Event:
        while not self._events:
            try:
                data = await self._reader.read(_READ)
            except ConnectionError:
                data = b""
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_end()
            self._events += self._protocol.events_received()
        event = self._events[0]
        if not isinstance(event, Closed):
            del self._events[0]
        return event


class AgiSession:
    """One call. ``HungUpError`` from any verb means that the caller is gone."""

    def __init__(self, wire: Wire, environment: Environment) -> None:
        self.environment = environment
        self._wire = wire

    async def answer(self) -> None:
        """Answer the call; nothing happens if it is answered already."""
        await self._ask("ANSWER")

    async def stream_file(self, path: str, keys: str = "", *, length_s: float = LONGEST_FILE_S) -> str:
        """Play ``path`` (absolute, without extension) until its end or one of ``keys``; return that key or ``''``.

        ``length_s`` bounds how long it may take. Other keys pressed meanwhile are lost: Asterisk drops them.
        """
        reply = await self._reply("STREAM FILE", (path, keys), length_s + COMMAND_S)
        if reply.number == _GONE:
            # said of a caller who is gone and of a file that can't be opened; so see whether the caller is there
            await self._ask("NOOP")
            raise PlaybackFailedError(path)
        return _key(reply)

    async def stream_and_wait(
        self, path: str, keys: str, wait_s: float, *, length_s: float = LONGEST_FILE_S
    ) -> tuple[str, float]:
        """Play ``path`` and wait for ``wait_s`` after it; return one of ``keys`` or ``''``, and the seconds played.

        One command for both, so that no key is lost between two (see :meth:`wait_for_digits`). ``GET OPTION`` ends its
        wait at any key, but tells of none that is not among ``keys``: only that the wait ended before its time
        (``handle_getoption`` in res_agi.c). A caller who hangs up in the wait looks like one who is silent; the next
        command tells.
        """
        arguments = (path, keys, str(max(1, round(wait_s * 1000))))
        reply = await self._reply("GET OPTION", arguments, length_s + wait_s + COMMAND_S)
        if reply.number == _GONE:
            # said of a caller who is gone and of a file that can't be opened; so see whether the caller is there
            await self._ask("NOOP")
            raise PlaybackFailedError(path)
        return _key(reply), (reply.endpos or 0) / RATE_HZ

    async def record_file(self, path: str, keys: str, *, longest_s: float, silence_s: float) -> tuple[float, str]:
        """Record into ``path`` (absolute, without extension) as WAV, 8 kHz, until silence, a key or the longest.

        Returns how many seconds there are and the key that ended it, or ``''``. Raises
        :class:`RecordingRefusedError` when the file can't be written. ``RECORD FILE`` has its limit in milliseconds,
        silence in seconds, and takes the last second of that silence off again (``handle_recordfile``, res_agi.c).
        """
        arguments = (path, RECORDING, keys, str(round(longest_s * 1000)), f"s={round(silence_s)}")
        reply = await self._reply("RECORD FILE", arguments, longest_s + COMMAND_S)
        if reply.number == _GONE:
            # said of a caller who is gone and of a file that can't be written; so see whether the caller is there
            await self._ask("NOOP")
            raise RecordingRefusedError(path)
        # after silence the number is what was left of the time, and no key
        return (reply.endpos or 0) / RATE_HZ, _key(reply) if reply.value == "dtmf" else ""

    async def wait_for_digit(self, timeout_s: float) -> str:
        """Return the key pressed within ``timeout_s``, or ``''``."""
        reply = await self._ask(
            "WAIT FOR DIGIT", str(max(1, round(timeout_s * 1000))), deadline_s=timeout_s + COMMAND_S
        )
        return _key(reply)

    async def wait_for_digits(self, most: int, within_s: float) -> str:
        """Return up to ``most`` keys, each pressed within ``within_s`` of the one before, and ``#`` if that ended them.

        One command for all of them, so that none is lost between two: Asterisk reads a channel between commands as
        well and throws its keys away. ``GET DATA`` without a file plays nothing; its limit holds for the first key
        and for each further one; ``#`` ends it and is not told of, ``*`` is a key like the digits; ``(timeout)``
        tells of silence (``handle_getdata`` in res_agi.c, ``ast_app_getdata_full`` in app.c,
        ``ast_readstring_full`` in channel.c).
        """
        arguments = ("", str(max(1, round(within_s * 1000))), str(most))
        reply = await self._reply("GET DATA", arguments, most * within_s + COMMAND_S)
        if reply.result == str(_GONE):
            raise HungUpError
        keys = reply.result
        if len(keys) > most or not set(keys) <= set(KEYS + "ABCD"):
            raise RemoteProtocolError("keys are none")
        ended = "#" if len(keys) < most and reply.value is None else ""
        return keys + ended

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or write a dialplan function such as ``CHANNEL(language)``."""
        await self._ask("SET VARIABLE", name, value)

    async def get_variable(self, name: str) -> str | None:
        """Return a channel variable, or None. Not for one that a caller can write: AGI doesn't escape values."""
        reply = await self._ask("GET VARIABLE", name)
        return reply.value if reply.number == 1 else None

    async def refresh_deadline(self, seconds: int = 45) -> None:
        """Put off the dead man's switch: unless this is called again, Asterisk itself takes the caller to a person."""
        await self.set_variable("TIMEOUT(absolute)", str(seconds))

    async def _ask(self, verb: str, *arguments: str, deadline_s: float = COMMAND_S) -> Reply:
        reply = await self._reply(verb, arguments, deadline_s)
        if reply.number == _GONE:
            raise HungUpError
        return reply

    async def _reply(self, verb: str, arguments: tuple[str, ...], deadline_s: float) -> Reply:
        try:
            async with asyncio.timeout(deadline_s):
                reply = await self._wire.ask(verb, arguments)
        except TimeoutError:
            raise CommandTimeoutError(verb, deadline_s) from None
        if reply.code == _DEAD_CHANNEL:
            raise HungUpError
        if reply.code != 200:
            raise CommandRefusedError(verb, reply.code)
        return reply


def _key(reply: Reply) -> str:
    if reply.number == 0:
        return ""
    key = chr(reply.number) if 0 < reply.number < 128 else ""
    if not key or key not in KEYS + "ABCD":
        raise RemoteProtocolError("a key is none")
    return key
