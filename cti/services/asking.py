"""Asking one PBX for everything it has: the whole answer or none.

How differences are told apart and counted is here too, because both who take the truth (at a login, and once a
minute) count alike: by the call, phone or queue that was wrong, once each.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cti.ami import actions
from cti.ami.actions import AmiAction
from cti.ami.errors import ActionRefusedError
from cti.ami.messages import Event as Message
from cti.ami.messages import Response
from cti.domain import events
from cti.domain.ids import CallId, ChannelId, PbxName
from cti.domain.model import CentreState
from cti.translator import Snapshot, Translator, boot_time, snapshot

KINDS = ("call", "leg", "queue", "member", "phone")
"""What can turn out to be different from what we knew."""


class Link(Protocol):
    """The part of the AMI link that questions need."""

    async def send(self, action: AmiAction) -> Response:
        """Ask one thing."""

    async def collect(self, action: AmiAction) -> list[Message]:
        """Ask for a list."""


@dataclass(frozen=True, slots=True)
class Lists:
    """All that the PBX was asked for, as it answered. ``devices`` tell which phones are registered, too."""

    channels: Sequence[Message]
    queues: Sequence[Message]
    devices: Sequence[Message]


async def boot_of(link: Link) -> int:
    """Ask when the PBX was started. Raises ``AmiError``."""
    return boot_time((await link.send(actions.core_status())).or_raise())


async def lists_of(link: Link) -> Lists:
    """Ask for channels, queues and devices. Raises ``AmiError`` if one of the lists is not whole.

    Registrations and contacts may only be listed by users who may do anything (``write=system``), which ours is not.
    What of them matters to a call centre is in the devices: a phone that is not registered is *unavailable*.
    """
    channels = await link.collect(actions.core_show_channels())
    queues = await link.collect(actions.queue_status())
    try:
        devices: Sequence[Message] = await link.collect(actions.device_state_list())
    except ActionRefusedError:
        devices = ()  # without that module the queues still have their view of the phones
    return Lists(channels, queues, devices)


async def read(of: Translator, lists: Lists) -> Snapshot:
    """Read the lists, in a thread: a thousand calls would keep everybody else waiting. Raises ``ForgedFrameError``."""
    return await asyncio.to_thread(snapshot, of, lists.channels, lists.queues, lists.devices)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of one PBX at one moment: only that can turn out to be gone."""

    calls: frozenset[CallId]
    legs: frozenset[tuple[CallId, ChannelId]]

    @classmethod
    def now(cls, state: CentreState, pbx: PbxName) -> "Known":
        """Return what is known now."""
        mine = [call for call in state.calls.values() if call.pbx == pbx]
        return cls(
            calls=frozenset(call.id for call in mine),
            legs=frozenset((call.id, leg) for call in mine for leg in call.legs),
        )

    def and_those_of(self, later: "Known", calls: frozenset[CallId]) -> "Known":
        """Return what was known then, with what is known ``later`` of those ``calls``."""
        return Known(
            calls=self.calls | (later.calls & calls),
            legs=self.legs | {(call, leg) for call, leg in later.legs if call in calls},
        )


@dataclass(slots=True)
class Differences:
    """What was different, each call, phone and queue once."""

    _seen: dict[object, str] = field(default_factory=dict)

    def note(self, fact: events.Event, known: Known) -> None:
        """Note a fact that changed something."""
        match fact:
            case events.LegEvent(call=call):
                self._seen.setdefault(call, "leg" if call in known.calls else "call")
            case events.CallGone(call=call):
                self._seen.setdefault(call, "call")
            case events.MemberSeen(extension=extension) | events.MemberGone(extension=extension):
                self._seen.setdefault(extension, "member")
            case events.DeviceSeen(extension=extension):
                self._seen.setdefault(extension, "phone")
            case events.QueueSeen(queue=queue):
                self._seen.setdefault(queue, "queue")

    @property
    def by_kind(self) -> Counter[str]:
        """How many of each of :data:`KINDS`."""
        return Counter(self._seen.values())

    @property
    def drift(self) -> int:
        """How many in all."""
        return len(self._seen)
