"""Recorded traffic of a real Asterisk 22, and single messages made from it."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cti.ami.frames import Framer
from cti.ami.messages import Event, read
from cti.domain.events import Event as Fact
from cti.domain.ids import CallId, Extension, LinkedId, PbxName, call_id
from cti.translator import Translator
from cti.translator.inward import NAMES

TRANSCRIPTS = Path(__file__).parent / "transcripts"
PHONE = Extension("2001")
BEGIN = datetime(2026, 11, 22, 5, 20, tzinfo=UTC)
PBX = PbxName("main")
BOOT = 1795324801
LISTED = {"CoreShowChannel", "QueueEntry", "QueueMember", "QueueParams"}


def call_ids(linkedid: LinkedId) -> CallId:
    return call_id(PBX, BOOT, linkedid)


TRANSLATOR = Translator(PBX, call_ids)


def transcript(name: str) -> bytes:
    return (TRANSCRIPTS / f"{name}.txt").read_bytes()


def messages(raw: bytes, *, pieces: tuple[int, ...] = ()) -> list[Event]:
    """Frame and read what is wanted of a stream, cut at ``pieces``; a second between one message and the next."""
    framer = Framer({name.encode() for name in NAMES | LISTED})
    edges = (0, *pieces, len(raw))
    frames = [frame for start, end in itertools.pairwise(edges) for frame in framer.feed(raw[start:end])]
    found = []
    for number, (name, frame) in enumerate(frames):
        message = read(frame, Event)
        message.name, message.at, message.position = name.decode(), BEGIN + timedelta(seconds=number), number
        found.append(message)
    return found


def named(name: str, transcript_name: str = "answered", *, nth: int = 0) -> Event:
    """Return one recorded message."""
    return [message for message in messages(transcript(transcript_name)) if message.name == name][nth]


def changed(message: Event, **headers: str | None) -> Event:
    """Return a copy with other headers; None takes one away."""
    copy = Event(message)
    copy.name, copy.at, copy.position, copy.loose = message.name, message.at, message.position, message.loose
    for key, value in headers.items():
        if value is None:
            del copy[key]
        else:
            copy[key] = value
    return copy


def facts(raw: bytes, *, pieces: tuple[int, ...] = ()) -> list[Fact]:
    found: list[Fact] = []
    for message in messages(raw, pieces=pieces):
        if message.name in NAMES:
            found += TRANSLATOR.facts(message)
    return found
