"""Asking a service of ours, with patience that has an end."""

import asyncio

from cti.domain.utility import BillingUnavailableError
from ivr.flow.model import UNAVAILABLE, CallFlow, LookUp
from ivr.flow.service import Answer, Caller, Service
from ivr.flow.visit import PERSON_KEY, Passed, Visit, end

QUICK_S = 0.3
"""What is answered this soon goes by unnoticed: keys pressed meanwhile count for what comes next."""


async def look_up(visit: Visit, name: str, step: LookUp) -> Passed:
    """Ask the service; whoever presses 0 meanwhile is taken to a person."""
    if visit.keypad.early() == PERSON_KEY:
        return Passed(PERSON_KEY, visit.flow.person)
    caller = Caller(dict(visit.keyed), visit.verified, visit.number, visit.call, dict(visit.notes))
    work = asyncio.ensure_future(_answer(visit.services[step.service], caller))
    try:
        key, held = await _wait(visit, work, step)
        if key == PERSON_KEY:
            return Passed(PERSON_KEY, visit.flow.person)
        answer = work.result() if work.done() else Answer(UNAVAILABLE)
    finally:
        await end(work)
    _learn(visit, answer)
    return Passed(answer.way, way_on(visit, name, step, answer.way), silent=not held)


async def _wait(visit: Visit, work: "asyncio.Future[Answer]", step: LookUp) -> tuple[str, bool]:
    """Wait for the answer; return ``0`` if the caller had no patience, and whether they were asked for it."""
    monotonic = visit.story.clock.monotonic
    over_at = monotonic() + step.limit_s
    quick_s = min(QUICK_S, step.hold_after_s)
    await asyncio.wait({work}, timeout=quick_s)
    if work.done():
        return "", False
    key = await visit.line.attend(work, step.hold_after_s - quick_s, PERSON_KEY)
    held = not key and not work.done()
    if held:
        (hold,) = visit.speaking((step.hold,))
        key = await visit.line.play(hold, PERSON_KEY)
    if not key and not work.done():
        key = await visit.line.attend(work, max(0.0, over_at - monotonic()), PERSON_KEY)
    return key, held


def _learn(visit: Visit, answer: Answer) -> None:
    visit.values.update(answer.values)
    visit.words.update(answer.words)
    visit.notes.update(answer.notes)
    if answer.verified is not None:
        visit.verified = answer.verified
        visit.story.claims(answer.verified, verified=True)


def way_on(visit: Visit, name: str, step: LookUp | CallFlow, word: str) -> str:
    """Return where ``word`` leads, counting how often it has."""
    way = step.ways[word]
    counted = (visit.flow.flow, name, word)
    taken = visit.taken[counted] = visit.taken.get(counted, 0) + 1
    if way.afterwards is not None and way.times is not None and taken > way.times:
        return way.afterwards
    return way.go


async def _answer(service: Service, caller: Caller) -> Answer:
    try:
        return await service(caller)
    except BillingUnavailableError:
        return Answer(UNAVAILABLE)
