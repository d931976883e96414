"""Recording what a caller says: after a tone, under a name made by us, heard again and done anew if they like.

A caller who hangs up while speaking has said what they wanted to say: it is kept.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.errors import HungUpError
from ivr.flow.errors import RecordingFailedError
from ivr.flow.model import UNAVAILABLE, Record, Recording
from ivr.flow.steps.listening import Attempts, choose
from ivr.flow.visit import DESK_S, PERSON_KEY, REPEAT_KEY, Passed, Visit
from ivr.ports import DeskUnavailableError, Message, RecordingId

KEEP, LISTEN, AGAIN = "1", "2", "3"
KEPT: Final = "ok"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class _Take:
    """One recording: its name, its file, how long it is."""

    id: RecordingId
    path: Path
    seconds: float


async def record(visit: Visit, step: Record) -> Passed:
    """Record a message and hand it over."""
    way = await take_message(visit, step, step.purpose)
    if way == KEPT:
        visit.served = visit.served or step.serves
        return Passed(way, step.then)
    if way == NOTHING:
        return Passed(way, step.nothing or visit.flow.person)
    if way == UNAVAILABLE:
        return Passed(way, step.unavailable or visit.flow.person)
    return visit.to_person(way)


async def take_message(visit: Visit, step: Recording, purpose: str) -> str:
    """Record until there is a message that the caller wants kept, and have it kept.

    Returns ``ok``, ``nothing``, ``unavailable``, ``0``, or how the review came to nothing.
    """
    try:
        return await _take_message(visit, step, purpose)
    except (DeskUnavailableError, RecordingFailedError):
        return UNAVAILABLE


async def _take_message(visit: Visit, step: Recording, purpose: str) -> str:
    attempts = Attempts(visit.flow)
    if step.consent is not None:
        await visit.keypad.play(visit.speaking((step.consent,)))
    while not attempts.over:
        await visit.keypad.play([*visit.speaking(attempts.lead), *visit.speaking(step.ask, slow=attempts.slow)])
        early = visit.keypad.early()
        if early == PERSON_KEY:
            return PERSON_KEY
        if early == REPEAT_KEY:
            attempts.repeat()
            continue
        take = await _one(visit, step, purpose)
        if isinstance(take, str):
            if take == PERSON_KEY:
                return take
            if take == REPEAT_KEY:
                attempts.repeat()
            else:
                attempts.fail("")
            continue
        wish = await _wish(visit, step, take, purpose)
        if wish == KEEP:
            await visit.ask_desk(asyncio.ensure_future(_keep(visit, take.id, purpose, take.seconds)))
            return KEPT
        await _drop(visit, take.id)
        if wish != AGAIN:
            return wish
        attempts.repeat()
    return NOTHING


async def _one(visit: Visit, step: Recording, purpose: str) -> _Take | str:
    """Record once; return what was said, or the key for which it was given up, ``''`` when nothing was said."""
    recording, path = await visit.ask_desk(asyncio.ensure_future(visit.desk.recordings.place(visit.call)))
    keys = step.terminator + PERSON_KEY + REPEAT_KEY
    try:
        recorded = await visit.line.record(path, longest_s=step.longest_s, silence_s=step.silence_s, keys=keys)
    except HungUpError:
        await _keep_rest(visit, recording, purpose, None)
        raise
    given_up = recorded.key in (PERSON_KEY, REPEAT_KEY)
    if given_up or recorded.seconds < step.shortest_s:
        await _drop(visit, recording)
        return recorded.key if given_up else ""
    return _Take(recording, path, recorded.seconds)


async def _wish(visit: Visit, step: Recording, take: _Take, purpose: str) -> str:
    """Return what the caller wants done with it: ``1`` keep, ``3`` again, ``0`` a person."""
    if step.review is None:
        return KEEP
    try:
        while (wish := await choose(visit, visit.speaking((step.review,)), (KEEP, LISTEN, AGAIN))) == LISTEN:
            await visit.keypad.play_back(take.path, take.seconds)
    except HungUpError:
        await _keep_rest(visit, take.id, purpose, take.seconds)
        raise
    # whoever has no answer to this question has still said what was recorded
    return wish if wish in (AGAIN, PERSON_KEY) else KEEP


async def _keep(visit: Visit, recording: RecordingId, purpose: str, seconds: float | None) -> None:
    keyed = {name: digits for name, digits in visit.keyed.items() if not visit.is_secret(digits)}
    message = Message(recording, visit.call, purpose, visit.language, seconds, visit.verified, keyed)
    await visit.desk.recordings.keep(message)


async def _keep_rest(visit: Visit, recording: RecordingId, purpose: str, seconds: float | None) -> None:
    """Keep what was said by a caller who has hung up; nobody is left to be told if that fails."""
    with suppress(DeskUnavailableError, TimeoutError):
        async with asyncio.timeout(DESK_S):
            await _keep(visit, recording, purpose, seconds)


async def _drop(visit: Visit, recording: RecordingId) -> None:
    """Delete a recording; one that can't be deleted now is nobody's, and goes with the others of its age."""
    with suppress(DeskUnavailableError):
        await visit.ask_desk(asyncio.ensure_future(visit.desk.recordings.drop(recording)))
