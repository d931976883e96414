"""AMI traffic that may be given away: who called and what they keyed is gone, what happened is not.

An allow-list. Each header that we know has a kind, and each kind says what may stay of a value; a header that we
don't know, a value that is not of its kind and a line that is no header are left out, because nobody can say what is
in them. The same number or name becomes the same invented one throughout a recording, so calls of one caller stay
calls of one caller; the key to that is made for the recording and thrown away with the :class:`Masker`.

What stays: names of events, ids of calls and channels, queues, states, counts and durations, and numbers of up to five
digits (phones of the house, the hotline). What is replaced: longer numbers (their length and first digit stay), names,
keys pressed, values of variables, arguments of applications.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]{6,}")
_PHONE: Final = re.compile(r"[+*#0-9]{0,40}")
_WORD: Final = re.compile(r"(?!.*[0-9]{6})[A-Za-z_][A-Za-z0-9_ ,./:()-]{0,80}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_ID: Final = re.compile(r"(?:[A-Za-z0-9_-]{1,64}-)?[0-9]{1,20}\.[0-9]{1,10}")
_BRIDGE: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COUNT: Final = re.compile(r"-?[0-9]{1,5}(?:\.[0-9]{1,6})?")
_TIME: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2,6}(?::[0-9]{2}){2}")
_DATE_AND_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}")
_CHANNEL: Final = re.compile(r"([A-Za-z0-9_]{1,16}/)([^\r\n]{1,128}?)((?:-[0-9a-f]{8})?(?:;[12])?)")
_HEX: Final = re.compile(r"0x[0-9a-f]{1,8}")
_PACKET_TYPE: Final = re.compile(r"[0-9]{3}\((?:SR|RR)\)")
_SHORT_FIGURE: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_REPORTED: Final = (
    "FractionLost",
    "CumulativeLost",
    "HighestSequence",
    "SequenceNumberCycles",
    "IAJitter",
    "LSR",
    "DLSR",
)
"""What ``RTCPSent`` and ``RTCPReceived`` tell of the sound (``main/rtp_engine.c``)."""
_INVENTED: Final = re.compile(r"[A-Za-z]{1,20}:[A-Za-z0-9_/-]{1,100}")
_QUEUES_FIRST: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_UNKNOWN: Final = "<unknown>"
_NAMES: Final = ("Caller", "客户")

Kind = Callable[["Masker", str], str | None]
"""Returns what may stand in a recording for a value; None if the line must go."""


def _kept(shape: re.Pattern[str]) -> Kind:
    """Return the kind of values that stay as they are if they look like this."""
    return lambda _masker, value: value if value == "" or shape.fullmatch(value) else None


def _number(masker: "Masker", value: str) -> str | None:
    if value == _UNKNOWN:
        return value
    return masker.digits(value) if _PHONE.fullmatch(value) else masker.number_like(value)


def _dialled(masker: "Masker", value: str) -> str | None:
    return value if len(value) == 1 and value.isascii() else _number(masker, value)


def _token(masker: "Masker", value: str) -> str | None:
    return masker.digits(value) if _TOKEN.fullmatch(value) else None


def _name(masker: "Masker", value: str) -> str:
    return value if value in ("", _UNKNOWN) else masker.name(value)


def _channel(masker: "Masker", value: str) -> str | None:
    if value == "":
        return value
    found = _CHANNEL.fullmatch(value)
    return found and found[1] + masker.digits(_without_text(found[2])) + found[3]


def _device(masker: "Masker", value: str) -> str | None:
    """Keep a phone, or what the PBX's modules invent to be watched like one: ``Queue:water_avail``."""
    return masker.digits(value) if _INVENTED.fullmatch(value) else _channel(masker, value)


def _word_or_unknown(_masker: "Masker", value: str) -> str | None:
    return value if value in ("", _UNKNOWN) or _WORD.fullmatch(value) else None


def _without_text(place: str) -> str:
    """Return the middle of a channel's name with nothing in it but what names are made of."""
    return re.sub(r"[^A-Za-z0-9_.@:+-]", "_", place)


def _hidden(_masker: "Masker", value: str) -> str:
    return "masked" if value else ""


def _key(_masker: "Masker", value: str) -> str | None:
    return "0" if len(value) == 1 else None


def _variable(_masker: "Masker", value: str) -> str | None:
    name, equals, _value = value.partition("=")
    return f"{name}{equals}masked" if _WORD.fullmatch(name) else None


def _arguments(_masker: "Masker", value: str) -> str:
    """Keep the first argument if it can be a queue's name: a snapshot tells by it where a caller came from."""
    first = value.split(",", 1)[0]
    return first if _QUEUES_FIRST.fullmatch(first) and not _DIGITS.search(first) else _hidden(_masker, value)


_NAME, _LONG, _ID_, _N, _T = _kept(_WORD), _kept(_DATE_AND_TIME), _kept(_ID), _kept(_COUNT), _kept(_TIME)
_FIGURE: Final = _kept(_SHORT_FIGURE)

_OF_A_CHANNEL: Final[Mapping[str, Kind]] = {
    "Channel": _channel,
    "ChannelState": _N,
    "ChannelStateDesc": _NAME,
    "CallerIDNum": _number,
    "CallerIDName": _name,
    "ConnectedLineNum": _number,
    "ConnectedLineName": _name,
    "Language": _NAME,
    "AccountCode": _hidden,
    "Context": _NAME,
    "Exten": _dialled,
    "Priority": _N,
    "Uniqueid": _ID_,
    "Linkedid": _ID_,
}

KINDS: Final[Mapping[str, Kind]] = {
    **_OF_A_CHANNEL,
    **{f"Dest{name}": kind for name, kind in _OF_A_CHANNEL.items()},
    **{
        f"{side}{name}": kind for side in ("Transferer", "Transferee", "Parkee") for name, kind in _OF_A_CHANNEL.items()
    },
    **dict.fromkeys(("ParkingDuration", "ParkingTimeout"), _N),
    **{"Parkinglot": _NAME, "ParkingSpace": _dialled, "ParkerDialString": _channel},
    **dict.fromkeys(("Event", "Response", "Privilege", "SystemName", "Ping", "EventList"), _NAME),
    **dict.fromkeys(("Queue", "Membership", "Strategy", "PausedReason", "Reason", "DialStatus", "State"), _NAME),
    **dict.fromkeys(("BridgeType", "BridgeTechnology", "BridgeVideoSourceMode", "Cause-txt"), _NAME),
    **dict.fromkeys(
        ("Application", "DestinationContext", "Class", "MusicClass", "Disposition", "AMAFlags", "Direction"), _NAME
    ),
    **dict.fromkeys(("TechCause", "AsteriskVersion", "AMIversion", "CoreRealTimeEnabled", "CoreCDRenabled"), _NAME),
    **dict.fromkeys(("BridgeName", "BridgeCreator"), _word_or_unknown),
    "Message": _NAME,
    "Device": _device,
    **dict.fromkeys(("BridgeUniqueid", "BridgeId"), _kept(_BRIDGE)),
    **dict.fromkeys(("UniqueID", "SwapUniqueid", "BridgeVideoSource"), _ID_),
    **dict.fromkeys(("Cause", "Position", "OriginalPosition", "Count", "HoldTime", "RingTime", "TalkTime"), _N),
    **dict.fromkeys(("Penalty", "CallsTaken", "InCall", "Status", "Paused", "Ringinuse", "Wrapuptime"), _N),
    **dict.fromkeys(
        ("BridgeNumChannels", "DurationMs", "Wait", "ListItems", "CoreCurrentCalls", "BillableSeconds"), _N
    ),
    **dict.fromkeys(("Max", "Calls", "Holdtime", "TalkTime", "Completed", "Abandoned", "ServiceLevel", "Weight"), _N),
    **dict.fromkeys(("ServicelevelPerf", "ServicelevelPerf2", "CoreMaxCalls", "LoggedIn", "Available", "Callers"), _N),
    **dict.fromkeys(("LastCall", "LastPause", "LoginTime", "Timestamp", "Duration", "LongestHoldTime"), _T),
    "BillableSeconds": _T,
    **dict.fromkeys(("CoreStartupDate", "CoreStartupTime", "CoreReloadDate", "CoreReloadTime", "OffsetMs"), _T),
    **dict.fromkeys(("StartTime", "AnswerTime", "EndTime"), _LONG),
    **dict.fromkeys(("Interface", "StateInterface", "Location", "DestinationChannel"), _channel),
    **dict.fromkeys(("MemberName", "Name", "CallerID"), _name),
    **dict.fromkeys(("Source", "DialString"), _number),
    **dict.fromkeys(("From", "To"), _hidden),
    **dict.fromkeys(("SSRC", "Report0SourceSSRC"), _kept(_HEX)),
    "PT": _kept(_PACKET_TYPE),
    **dict.fromkeys(("SentNTP", "SentRTP", "SentPackets", "SentOctets", "RTT", "MES", "ReportCount"), _FIGURE),
    **{f"Report0{what}": _FIGURE for what in _REPORTED},
    **dict.fromkeys(("Variable", "ChanVariable", "DestChanVariable"), _variable),
    **dict.fromkeys(("Value", "LastData", "UserField", "AppData"), _hidden),
    "Destination": _dialled,
    "ActionID": _token,
    "LastApplication": _NAME,
    "ApplicationData": _arguments,
    "Digit": _key,
}
"""Every header that may stand in a recording, and what may stay of it."""


class Masker:
    """Masks the messages of one recording. Keeps nothing of them: what stands for what is computed, with its key."""

    def __init__(self, key: bytes | None = None) -> None:
        self.dropped = 0
        self._key = key or secrets.token_bytes(32)

    def masked(self, frame: bytes) -> bytes | None:
        """Return a message (without its blank line) that tells of nobody; None if not even its name may stay."""
        first, *rest = frame.decode("utf-8", "replace").split("\r\n")
        head = self._line(first)
        if head is None:
            return None
        return "\r\n".join([head, *(line for line in map(self._line, rest) if line is not None)]).encode()

    def digits(self, text: str) -> str:
        """Return the text with each long run of digits replaced by another of its length and first digit."""
        return _DIGITS.sub(lambda found: self._other_digits(found[0]), text)

    def number_like(self, text: str) -> str:
        """Return digits in place of a text that should have been a number and is none."""
        return f"9{int.from_bytes(self._hash('text', text)[:4], 'big') % 10**9:09d}"

    def name(self, text: str) -> str:
        """Return a name in place of another; one with other than Latin letters stays one of that sort."""
        return f"{_NAMES[not text.isascii()]} {self._hash('name', text).hex()[:6]}"

    def _line(self, line: str) -> str | None:
        name, colon, value = line.partition(": ")
        kind = KINDS.get(name) if colon else None
        kept = kind(self, value) if kind is not None else None
        if kept is None:
            self.dropped += 1
            return None
        return f"{name}: {kept}"

    def _other_digits(self, digits: str) -> str:
        number = int.from_bytes(self._hash("digits", digits), "big")
        return digits[0] + str(number)[-(len(digits) - 1) :].rjust(len(digits) - 1, "0")

    def _hash(self, what: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{what}:{text}".encode(), "sha256")
