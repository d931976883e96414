"""The first thing Asterisk says on an AGI connection: whose call this is. Pure.

Caller name and number in it are written by whoever calls and are not escaped by Asterisk, so a line break in one
would forge the lines that follow it. Hence the exact list, in the exact order of ``setup_env`` in
``res/res_agi.c`` (Asterisk 22), each key once; anything else is refused.
"""

import re
from dataclasses import dataclass, field

from ivr.agi.errors import RemoteProtocolError

KEYS = (
    "agi_network",
    "agi_network_script",
    "agi_request",
    "agi_channel",
    "agi_language",
    "agi_type",
    "agi_uniqueid",
    "agi_version",
    "agi_callerid",
    "agi_calleridname",
    "agi_callingpres",
    "agi_callingani2",
    "agi_callington",
    "agi_callingtns",
    "agi_dnid",
    "agi_rdnis",
    "agi_context",
    "agi_extension",
    "agi_priority",
    "agi_enhanced",
    "agi_accountcode",
    "agi_threadid",
)
"""What Asterisk 22 sends to a FastAGI server, in this order; ``agi_arg_1`` … follow."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What neither side may put into a line: control characters, and halves of characters that UTF-8 can't carry."""

MAX_ARGUMENTS = 8
MAX_VALUE = 1024
NUMBERS = frozenset(
    {"agi_callingpres", "agi_callingani2", "agi_callington", "agi_callingtns", "agi_priority", "agi_threadid"}
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Whose call this is. ``unknown`` is told as an empty string; texts are the caller's own, never to be trusted."""

    script: str
    channel: str
    language: str
    unique_id: str
    asterisk: str
    caller_number: str = field(repr=False)
    caller_name: str = field(repr=False)
    dialled: str = field(repr=False)
    context: str
    extension: str
    arguments: tuple[str, ...] = field(repr=False)


class EnvironmentReader:
    """Takes the environment line by line until the blank one."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._arguments: list[str] = []

    def add(self, line: str) -> None:
        """Take one line; refuse one that Asterisk would not send here."""
        key, colon, value = line.partition(": ")
        if not colon:
            raise RemoteProtocolError("an environment line is 'key: value'")
        if key != self._expected():
            raise RemoteProtocolError("the environment has its keys in Asterisk's order, each once")
        if len(value) > MAX_VALUE:
            raise RemoteProtocolError("an environment value is too long")
        if CONTROL.search(value):
            raise RemoteProtocolError("an environment value has control characters")
        if key in NUMBERS and not value.removeprefix("-").isdecimal():
            raise RemoteProtocolError("a number in the environment is none")
        self._keep(key, value)

    def _expected(self) -> str:
        if len(self._values) < len(KEYS):
            return KEYS[len(self._values)]
        if len(self._arguments) < MAX_ARGUMENTS:
            return f"agi_arg_{len(self._arguments) + 1}"
        return ""

    def _keep(self, key: str, value: str) -> None:
        if len(self._values) < len(KEYS):
            self._values[key] = value
        else:
            self._arguments.append(value)

    def finish(self) -> Environment:
        """Return the environment, now that its blank line has come."""
        if len(self._values) < len(KEYS):
            raise RemoteProtocolError("the environment ended early")
        values = self._values
        if values["agi_network"] != "yes":
            raise RemoteProtocolError("agi_network is not yes")
        return Environment(
            script=values["agi_network_script"],
            channel=values["agi_channel"],
            language=values["agi_language"],
            unique_id=values["agi_uniqueid"],
            asterisk=values["agi_version"],
            caller_number=_known(values["agi_callerid"]),
            caller_name=_known(values["agi_calleridname"]),
            dialled=_known(values["agi_dnid"]),
            context=values["agi_context"],
            extension=values["agi_extension"],
            arguments=tuple(self._arguments),
        )


def _known(value: str) -> str:
    return "" if value == "unknown" else value
