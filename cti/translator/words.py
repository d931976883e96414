"""The words of Asterisk 22 that we act on: keys of its messages, names of channels, numbers of its states.

Keys were taken from recorded traffic of Asterisk 22.10. A message with other keys is not believed: caller-written text
may have become a header of its own.
"""

import re
from functools import lru_cache
from typing import Final

from cti.ami.errors import ForgedFrameError
from cti.ami.messages import Event
from cti.domain.events import DeviceState
from cti.domain.ids import BridgeId, ChannelId, Extension, LinkedId, QueueName, number_of

CHANNEL: Final = frozenset(
    {
        "Channel",
        "ChannelState",
        "ChannelStateDesc",
        "CallerIDNum",
        "CallerIDName",
        "ConnectedLineNum",
        "ConnectedLineName",
        "Language",
        "AccountCode",
        "Context",
        "Exten",
        "Priority",
        "Uniqueid",
        "Linkedid",
    }
)
DESTINATION: Final = frozenset(f"Dest{key}" for key in CHANNEL)
PARKEE: Final = frozenset(f"Parkee{key}" for key in CHANNEL)
BRIDGE: Final = frozenset(
    {
        "BridgeUniqueid",
        "BridgeType",
        "BridgeTechnology",
        "BridgeCreator",
        "BridgeName",
        "BridgeNumChannels",
        "BridgeVideoSourceMode",
    }
)
MEMBER: Final = frozenset(
    {
        "Queue",
        "StateInterface",
        "Membership",
        "Penalty",
        "CallsTaken",
        "LastCall",
        "LastPause",
        "LoginTime",
        "InCall",
        "Status",
        "Paused",
        "PausedReason",
        "Wrapuptime",
    }
)
VARIABLES: Final = frozenset({"ChanVariable", "DestChanVariable"})
"""A site may have Asterisk add these to every channel; we never read them."""

_ESCAPED: Final = {"\\": "\\", "'": "'", '"': '"', "?": "?"} | dict.fromkeys("abfnrtv", " ")
_ESCAPE: Final = re.compile(r"\\([\\'\"?abfnrtv])")

UP: Final = "6"
"""``AST_STATE_UP`` (``include/asterisk/channelstate.h``)."""

DEVICES: Final = (
    DeviceState.UNKNOWN,
    DeviceState.NOT_IN_USE,
    DeviceState.IN_USE,
    DeviceState.BUSY,
    DeviceState.INVALID,
    DeviceState.UNAVAILABLE,
    DeviceState.RINGING,
    DeviceState.RING_IN_USE,
    DeviceState.ON_HOLD,
)
"""In the order of ``enum ast_device_state``."""
DEVICE_NAMES: Final = {
    "UNKNOWN": DeviceState.UNKNOWN,
    "NOT_INUSE": DeviceState.NOT_IN_USE,
    "INUSE": DeviceState.IN_USE,
    "BUSY": DeviceState.BUSY,
    "INVALID": DeviceState.INVALID,
    "UNAVAILABLE": DeviceState.UNAVAILABLE,
    "RINGING": DeviceState.RINGING,
    "RINGINUSE": DeviceState.RING_IN_USE,
    "ONHOLD": DeviceState.ON_HOLD,
}

_PHONE: Final = re.compile(r"PJSIP/([0-9]{2,10})")
_PHONES_CHANNEL: Final = re.compile(r"PJSIP/([0-9]{2,10})-[0-9a-f]{8}")
CHANNEL_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,16}/[A-Za-z0-9_.@:;/+*#-]{1,128}")
UNIQUE: Final = re.compile(r"(?:[A-Za-z0-9_.-]{1,64}-)?[0-9]{1,20}\.[0-9]{1,10}")
QUEUE: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_HALF: Final = re.compile(r"(Local/.+);[12]")
_BRIDGE: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_DURATION: Final = re.compile(r"([0-9]{2,6}):([0-5][0-9]):([0-5][0-9])")
_MOST_DIGITS: Final = 10
_LONGEST_TEXT: Final = 256
_LONGEST_ID: Final = 128
"""Nothing longer is an id; nothing longer is remembered as one."""
_NOTHING: Final = "<unknown>"
"""What Asterisk writes for a caller name or number that it was not given."""


def number(message: Event, key: str) -> int:
    """Return a whole number. Raises ``ForgedFrameError``."""
    value = message[key]
    if value.isdigit() and value.isascii() and len(value) <= _MOST_DIGITS:
        return int(value)
    raise _not_one(message, key)


def channel_name(message: Event, key: str = "Channel") -> str:
    """Return the name of a channel. Raises ``ForgedFrameError``."""
    return _whole(CHANNEL_NAME, message, key)[0]


def leg(message: Event, key: str = "Uniqueid") -> ChannelId:
    """Return the id of a channel. Raises ``ForgedFrameError``."""
    value = message[key]
    if len(value) > _LONGEST_ID or not _is_unique(value):
        raise _not_one(message, key)
    return ChannelId(value)


def linkedid(message: Event, key: str = "Linkedid") -> LinkedId:
    """Return the id that Asterisk gives the whole call. Raises ``ForgedFrameError``."""
    return LinkedId(leg(message, key))


@lru_cache(maxsize=8192)  # a call's ids come with each of its events
def _is_unique(value: str) -> bool:
    return UNIQUE.fullmatch(value) is not None


def bridge(message: Event, key: str = "BridgeUniqueid") -> BridgeId:
    """Return the id of a bridge. Raises ``ForgedFrameError``."""
    return BridgeId(_whole(_BRIDGE, message, key)[0])


def queue_name(message: Event) -> QueueName:
    """Return the name of a queue. Raises ``ForgedFrameError``."""
    value = message["Queue"]
    if len(value) > _LONGEST_ID or not _is_queue(value):
        raise _not_one(message, "Queue")
    return QueueName(value)


@lru_cache(maxsize=256)
def _is_queue(value: str) -> bool:
    return QUEUE.fullmatch(value) is not None


def queue_asked_for(message: Event) -> QueueName | None:
    """Return the queue that the dialplan asked for, from the arguments of ``Queue``."""
    found = QUEUE.match(message["ApplicationData"])
    return QueueName(found[0]) if found else None


def seconds(message: Event, key: str) -> int:
    """Return a duration given as hours, minutes and seconds. Raises ``ForgedFrameError``."""
    hours, minutes, rest = _whole(_DURATION, message, key).groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def text(message: Event, key: str) -> str:
    """Return what somebody outside wrote, whatever it is; empty where they wrote nothing."""
    value = message[key]
    return "" if value == _NOTHING else value[:_LONGEST_TEXT]


def phone_of_channel(name: str) -> Extension | None:
    """Return whose phone a channel belongs to, ``PJSIP/1001-0000001a``; None when it is no phone's."""
    found = _PHONES_CHANNEL.fullmatch(name)
    return Extension(found[1]) if found else None


def pair_of_channel(name: str) -> str:
    """Return what both halves of a local channel are called, ``Local/1002@agents-0000001a``; empty for any other."""
    found = _HALF.fullmatch(name)
    return found[1] if found else ""


def phone(interface: str) -> Extension | None:
    """Return whose phone a queue's member or a device is, ``PJSIP/1001``; None when it is something else."""
    return _phone(interface) if len(interface) <= _LONGEST_ID else None


@lru_cache(maxsize=8192)
def _phone(interface: str) -> Extension | None:
    found = _PHONE.fullmatch(interface)
    return Extension(found[1]) if found else None


def interface(extension: Extension) -> str:
    """Return how the PBX names this phone."""
    return f"PJSIP/{number_of(extension)}"


def _whole(pattern: re.Pattern[str], message: Event, key: str) -> re.Match[str]:
    found = pattern.fullmatch(message[key])
    if found is None:
        raise _not_one(message, key)
    return found


def _not_one(message: Event, key: str) -> ForgedFrameError:
    return ForgedFrameError(message.name, f"{key} does not look like one")


def name(message: Event, key: str) -> str:
    """Return a caller's name as it was sent: channel snapshots carry names in C's escapes.

    Source: ``ast_manager_build_channel_state_string_prefix`` in ``main/manager_channels.c``, which puts the names,
    and only them, through ``ast_escape_c`` (``main/utils.c``). Line breaks and the like become spaces.
    """
    value = text(message, key)
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], value) if "\\" in value else value
