"""Everything we ever ask of the PBX, one typed constructor each. There is no way to send anything else.

``write=originate`` is as strong as ``system`` (it ran ChanSpy with barge), and some queue actions need no privilege
at all, so what may be asked is decided here: no dialplan application, no console command, no file.
Arguments may come from people; each is checked against what such a thing looks like, and the link refuses line
breaks in all of them once more. Who may ask for what is up to the services.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cti.ami.errors import UnsafeHeaderError


@dataclass(frozen=True, slots=True)
class ListShape:
    """How a list action answers: an event per item, then one that says whether that was all."""

    items: frozenset[str]
    complete: str
    nothing: str | None = None
    """The PBX's message for an empty list, where it calls that an error."""

    @property
    def names(self) -> frozenset[str]:
        """All events that belong to the answer."""
        return self.items | {self.complete}


@dataclass(frozen=True, slots=True)
class AmiAction:
    """One order or question, not yet sent. Made by this module's functions only.

    ``repeatable``: doing it twice is as good as once. ``answered_by``: the event that tells how it ended, for
    actions whose response only says that they were queued.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = ()
    repeatable: bool = False
    shape: ListShape | None = None
    answered_by: str | None = None


_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_CHANNEL = re.compile(r"[A-Za-z0-9_]{1,16}/[A-Za-z0-9_.@:;/+-]{1,128}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,149}")
"""``AST_MAX_UNIQUEID`` (``include/asterisk/channel.h``) is 150 with its end."""
_DIALABLE = re.compile(r"(PJSIP|Local)/[A-Za-z0-9_.@/+-]{1,128}")
_EXTENSION = re.compile(r"[A-Za-z0-9_*#+-]{1,80}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}")
_DEVICE = re.compile(r"[A-Za-z0-9_]{1,16}/[A-Za-z0-9_.@:/+-]{1,128}")
_CALLER_NAME = re.compile(r'[^\x00-\x1f\x7f"<>\\]{0,80}')
_CALLER_NUMBER = re.compile(r"\+?[0-9*#]{0,40}")
_LIST_ITEM_VALUE = re.compile(r'[^\x00-\x1f\x7f,"\\$]{0,512}')
"""``Originate`` splits its ``Variable`` header at commas and honours quotes, so neither may be in a value."""
_FREE_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,512}")

_QUEUE_STATUS: Final = ListShape(frozenset({"QueueParams", "QueueMember", "QueueEntry"}), "QueueStatusComplete")
_QUEUE_SUMMARY: Final = ListShape(frozenset({"QueueSummary"}), "QueueSummaryComplete")
_CHANNELS: Final = ListShape(frozenset({"CoreShowChannel"}), "CoreShowChannelsComplete")
_DEVICES: Final = ListShape(frozenset({"DeviceStateChange"}), "DeviceStateListComplete")
_CONTACTS: Final = ListShape(frozenset({"ContactList"}), "ContactListComplete", nothing="No Contacts found")

ANSWERS: Final = frozenset().union(
    *(shape.names for shape in (_QUEUE_STATUS, _QUEUE_SUMMARY, _CHANNELS, _DEVICES, _CONTACTS)), {"OriginateResponse"}
)
"""The events that can be part of an answer."""


def _checked(header: str, pattern: re.Pattern[str], value: str) -> tuple[str, str]:
    if not pattern.fullmatch(value):
        raise UnsafeHeaderError(header, "does not look like one")
    return header, value


# ------------------------------------------------------------------ questions


def ping() -> AmiAction:
    """Ask for a sign of life."""
    return AmiAction("Ping", repeatable=True)


def core_status() -> AmiAction:
    """Ask when the PBX started. ``CoreStartupDate`` and ``CoreStartupTime`` are in the PBX's own time zone."""
    return AmiAction("CoreStatus", repeatable=True)


def core_show_channels() -> AmiAction:
    """List the channels there are now."""
    return AmiAction("CoreShowChannels", repeatable=True, shape=_CHANNELS)


def queue_status(queue: str | None = None) -> AmiAction:
    """List queues with their members and waiting callers."""
    headers = () if queue is None else (_checked("Queue", _NAME, queue),)
    return AmiAction("QueueStatus", headers, repeatable=True, shape=_QUEUE_STATUS)


def queue_summary(queue: str | None = None) -> AmiAction:
    """List queues with their counts."""
    headers = () if queue is None else (_checked("Queue", _NAME, queue),)
    return AmiAction("QueueSummary", headers, repeatable=True, shape=_QUEUE_SUMMARY)


def device_state_list() -> AmiAction:
    """List the state of every device. Needs the module ``res_manager_devicestate``."""
    return AmiAction("DeviceStateList", repeatable=True, shape=_DEVICES)


def pjsip_show_contacts() -> AmiAction:
    """List the registered phones. Needs ``write=system``, so our least-privileged user is refused."""
    return AmiAction("PJSIPShowContacts", repeatable=True, shape=_CONTACTS)


def get_var(variable: str, channel: str | None = None) -> AmiAction:
    """Ask for the value of a variable, of one channel or global. Never a dialplan function."""
    headers = [_checked("Variable", _VARIABLE, variable)]
    if channel is not None:
        headers.append(_checked("Channel", _CHANNEL, channel))
    return AmiAction("Getvar", tuple(headers), repeatable=True)


# ------------------------------------------------------------------ queues


def queue_add(
    queue: str, interface: str, *, member_name: str, paused: bool = False, penalty: int = 0, reason: str = ""
) -> AmiAction:
    """Put a phone into a queue. The PBX answers with an error if it is in it already."""
    headers = [
        _checked("Queue", _NAME, queue),
        _checked("Interface", _DEVICE, interface),
        _checked("StateInterface", _DEVICE, interface),
        _checked("MemberName", _FREE_TEXT, member_name),
        ("Penalty", str(int(penalty))),
        ("Paused", "true" if paused else "false"),
    ]
    if reason:
        headers.append(_checked("Reason", _FREE_TEXT, reason))
    return AmiAction("QueueAdd", tuple(headers))


def queue_remove(queue: str, interface: str) -> AmiAction:
    """Take a phone out of a queue. The PBX answers with an error if it is not in it."""
    return AmiAction("QueueRemove", (_checked("Queue", _NAME, queue), _checked("Interface", _DEVICE, interface)))


def queue_pause(interface: str, *, paused: bool, queue: str | None = None, reason: str = "") -> AmiAction:
    """Set whether a phone is offered calls, in one queue or in all."""
    headers = [_checked("Interface", _DEVICE, interface), ("Paused", "true" if paused else "false")]
    if queue is not None:
        headers.append(_checked("Queue", _NAME, queue))
    if reason:
        headers.append(_checked("Reason", _FREE_TEXT, reason))
    return AmiAction("QueuePause", tuple(headers), repeatable=True)


# ------------------------------------------------------------------ calls


def originate(
    channel: str,
    *,
    context: str,
    extension: str,
    ring_s: int = 30,
    caller_name: str = "",
    caller_number: str = "",
    variables: Mapping[str, str] | None = None,
    channel_id: str | None = None,
) -> AmiAction:
    """Ring ``channel``, then send it through the dialplan at ``context``,``extension``.

    ``channel_id`` is what the PBX is to call the new channel; it refuses a second one of the same name.

    Always asynchronous, since the PBX would answer nothing else until the phone is answered. Sending it returns the
    ``OriginateResponse``, so give the link more time than ``ring_s``.
    """
    headers = [
        _checked("Channel", _DIALABLE, channel),
        _checked("Context", _NAME, context),
        _checked("Exten", _EXTENSION, extension),
        ("Priority", "1"),
        ("Timeout", str(int(ring_s * 1000))),
        ("Async", "true"),
    ]
    if channel_id is not None:
        headers.append(_checked("ChannelId", _CHANNEL_ID, channel_id))
    if caller_name or caller_number:
        name = _checked("CallerID", _CALLER_NAME, caller_name)[1]
        number = _checked("CallerID", _CALLER_NUMBER, caller_number)[1]
        headers.append(("CallerID", f'"{name}" <{number}>'))
    for variable, value in (variables or {}).items():
        checked = f"{_checked('Variable', _VARIABLE, variable)[1]}={_checked('Variable', _LIST_ITEM_VALUE, value)[1]}"
        headers.append(("Variable", checked))
    return AmiAction("Originate", tuple(headers), answered_by="OriginateResponse")


def hangup(channel: str, *, cause: int = 16) -> AmiAction:
    """Hang up one channel, by its exact name. Q.850 cause 16 is the normal end of a call."""
    return AmiAction("Hangup", (_checked("Channel", _CHANNEL, channel), ("Cause", str(int(cause)))))


def redirect(channel: str, *, context: str, extension: str, other: tuple[str, str, str] | None = None) -> AmiAction:
    """Send a channel elsewhere in the dialplan; its other side goes on by itself, or to a place of its own.

    ``other`` is that side's channel, context and extension.
    """
    headers = [
        _checked("Channel", _CHANNEL, channel),
        _checked("Context", _NAME, context),
        _checked("Exten", _EXTENSION, extension),
        ("Priority", "1"),
    ]
    if other is not None:
        headers += [
            _checked("ExtraChannel", _CHANNEL, other[0]),
            _checked("ExtraContext", _NAME, other[1]),
            _checked("ExtraExten", _EXTENSION, other[2]),
            ("ExtraPriority", "1"),
        ]
    return AmiAction("Redirect", tuple(headers))


def bridge(channel: str, other: str) -> AmiAction:
    """Let two channels talk with each other, wherever they are now."""
    return AmiAction("Bridge", (_checked("Channel1", _CHANNEL, channel), _checked("Channel2", _CHANNEL, other)))


def blind_transfer(channel: str, *, context: str, extension: str) -> AmiAction:
    """Send the party that ``channel`` talks to elsewhere, and let ``channel`` go."""
    return AmiAction(
        "BlindTransfer",
        (
            _checked("Channel", _CHANNEL, channel),
            _checked("Context", _NAME, context),
            _checked("Exten", _EXTENSION, extension),
        ),
    )


def set_var(variable: str, value: str, channel: str | None = None) -> AmiAction:
    """Set a variable, of one channel or global. Never a dialplan function: ``SHELL(…)`` is one."""
    headers = [_checked("Variable", _VARIABLE, variable), _checked("Value", _FREE_TEXT, value)]
    if channel is not None:
        headers.append(_checked("Channel", _CHANNEL, channel))
    return AmiAction("Setvar", tuple(headers), repeatable=True)


def mix_monitor_mute(channel: str, *, muted: bool) -> AmiAction:
    """Silence a running recording, both directions, or let it go on (an account or card number is being said)."""
    return AmiAction(
        "MixMonitorMute",
        (_checked("Channel", _CHANNEL, channel), ("Direction", "both"), ("State", "1" if muted else "0")),
        repeatable=True,
    )


def stop_mix_monitor(channel: str) -> AmiAction:
    """End a running recording."""
    return AmiAction("StopMixMonitor", (_checked("Channel", _CHANNEL, channel),), repeatable=True)
