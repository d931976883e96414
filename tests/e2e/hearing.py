"""What a caller heard, by two oracles that know nothing of each other: correlation with clips, and recognition."""

import os
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.domain.events import Language
from ivr.ports import Day, Money, Month, Value
from ivr.prompts.catalogue import Clip, shipped
from ivr.prompts.heard import amounts
from ivr.prompts.listening import recogniser
from ivr.prompts.store import Store
from ivr.prompts.voices import key_of
from tests.e2e.install import REPO
from tests.hearing.correlate import RATE_HZ, Heard, Sound, heard, load, speech_dbfs

ZONE = ZoneInfo("Asia/Shanghai")
CACHE = Path(os.environ.get("HYDROPHONE_CACHE", REPO / "var/cache"))


def bill_clips(bill: Mapping[str, Any], language: Language) -> tuple[Clip, ...]:
    """Return the clips that say this open bill of ``ready.json`` today: past its due date it is called overdue."""
    year, month = (int(part) for part in bill["month"].split("-"))
    due = date.fromisoformat(bill["due"])
    values: dict[str, Value] = {"month": Month(year, month), "amount": Money(bill["open_fen"])}
    if due < datetime.now(ZONE).date():
        return shipped().clips("bill.overdue", values, language)
    return shipped().clips("bill.latest", values | {"due": Day(due.month, due.day)}, language)


def sounds(clips: Mapping[str, Clip]) -> dict[str, Sound]:
    """Return the sound of each clip that is in the store."""
    store, readings = Store(CACHE / "voice"), shipped().readings
    paths = {name: store.stem(key_of(clip, readings)).with_suffix(".alaw") for name, clip in clips.items()}
    return {name: load(path) for name, path in paths.items() if path.exists()}


def candidates(bills: list[Mapping[str, Any]], language: Language) -> dict[str, Sound]:
    """Return every core clip of ``language`` and what ``bills`` need: the right clips among all their look-alikes."""
    clips = {clip_id: clip for (spoken, clip_id), clip in shipped().core_clips().items() if spoken == language}
    for bill in bills:
        clips |= {clip.id: clip for clip in bill_clips(bill, language)}
    return sounds(clips)


def listen(recording: Sound, bills: list[Mapping[str, Any]], language: Language) -> list[Heard]:
    """Return which clips the caller heard, in order."""
    return heard(recording, candidates(bills, language))


def amounts_recognised(recording: Sound, at_s: float, length_s: float, language: Language) -> list[int]:
    """Return the amounts, in fen, that a recogniser hears in a stretch of the recording."""
    start, end = int(max(0.0, at_s) * RATE_HZ), int((at_s + length_s) * RATE_HZ)
    return amounts(recogniser(CACHE).text(recording[start:end], language), language)


__all__ = [
    "Sound",
    "amounts_recognised",
    "bill_clips",
    "candidates",
    "heard",
    "listen",
    "load",
    "sounds",
    "speech_dbfs",
]
