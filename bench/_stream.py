"""Recorded traffic as a long stream: each repetition has calls, channels and bridges of its own, so the state is real.

The recording is a morning of a small hotline on the sandbox Asterisk, as Hydrophone's AMI user gets it: callers who
choose a language and a person, wait, talk, are put on hold, give up. ``python -m bench._record`` makes it anew.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cti.ami.recording import Recording, load
from cti.domain import events as facts
from cti.domain.ids import AgentId, Extension, QueueName
from cti.services.live import Live

SHIPPED = Path(__file__).parent / "streams" / "hotline.ami.gz"
QUEUE = "water"
READ_BYTES = 64 * 1024
"""How much is handed on at a time: what asyncio reads at once when the PBX is busy is up to 256 KiB."""

_UNIQUE = re.compile(rb"\b([0-9]{10})(?=\.[0-9]+\r)")
_CHANNEL = re.compile(rb"-([0-9a-f]{8})(?=[;\r])")
_BRIDGE = re.compile(rb"(?<=BridgeUniqueid: )([0-9a-f]{8})")
_PHONE = re.compile(rb"Interface: PJSIP/([0-9]+)\r")
_BETWEEN_S = 100_000
_BETWEEN_CHANNELS = 0x10000


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes as they come from the socket, read by read."""

    reads: tuple[bytes, ...]
    events: int
    calls: int


@lru_cache(maxsize=1)
def recording() -> Recording:
    """Return the shipped recording."""
    return load(SHIPPED)


@lru_cache(maxsize=1)
def once() -> bytes:
    """Return the recording's events as they came from the socket."""
    return b"".join(event + b"\r\n\r\n" for event in recording().events)


def stream(events: int) -> Stream:
    """Return at least so many events, in whole repetitions of the recording."""
    times = -(-events // once().count(b"\r\n\r\n"))
    whole = b"".join(repetition(once(), n) for n in range(times))
    reads = tuple(whole[start : start + READ_BYTES] for start in range(0, len(whole), READ_BYTES))
    calls = len(set(re.findall(rb"\r\nLinkedid: ([0-9.]+)\r", whole)))
    return Stream(reads, whole.count(b"\r\n\r\n"), calls)


def repetition(data: bytes, number: int) -> bytes:
    """Return the recording as if it had happened again, with new calls by the same people."""
    data = _UNIQUE.sub(lambda found: b"%d" % (int(found[1]) + number * _BETWEEN_S), data)
    data = _CHANNEL.sub(lambda found: b"-%08x" % (int(found[1], 16) + number * _BETWEEN_CHANNELS & 0xFFFFFFFF), data)
    return _BRIDGE.sub(lambda found: b"%08x" % (int(found[1], 16) ^ number), data)


def enrol(live: Live, queue: str, at: datetime) -> None:
    """Let the agents of the recording work: enrolled, available, with a console."""
    phones = sorted({found for event in recording().events for found in _PHONE.findall(event)})
    live.apply(facts.QueueOpened(at=at, queue=QueueName(queue), wrap_up_s=1))
    for phone in map(bytes.decode, phones):
        enrolled(live, AgentId(f"agent{phone}"), Extension(phone), queue, at)


def enrolled(live: Live, agent: AgentId, extension: Extension, queue: str, at: datetime) -> None:
    """Let one agent work."""
    live.apply(facts.AgentEnrolled(at=at, agent=agent, name=agent, extension=extension, queues=(QueueName(queue),)))
    live.apply(facts.ConsoleOpened(at=at, agent=agent))
    live.apply(facts.PresenceChosen(at=at, agent=agent, presence=facts.Presence.AVAILABLE, by=agent))
