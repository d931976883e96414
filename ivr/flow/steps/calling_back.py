"""Offering to call back: on the number that the caller calls from, or on one that they key and hear read back."""

import asyncio

from ivr.flow.model import UNAVAILABLE, Callback
from ivr.flow.steps.listening import NO_INPUT, WRONG_INPUT, Attempts, choose, entry
from ivr.flow.visit import PERSON_KEY, REPEAT_KEY, Passed, Visit
from ivr.ports import CallbackVerdict, CallbackWish, DeskUnavailableError, Phone

OWN, OTHER = "1", "2"
YES, NO = "1", "2"
SHORTEST, LONGEST = 5, 15
"""A telephone number as it is dialled: E.164 has 15 digits at most; local ones are seldom under 5."""


async def callback(visit: Visit, step: Callback) -> Passed:
    """Arrange a call back."""
    number, own = await _number(visit, step)
    if not number:
        return visit.to_person(own)
    wish = CallbackWish(visit.call, number, own == OWN, step.queue, visit.language, visit.verified)
    try:
        verdict = await visit.ask_desk(asyncio.ensure_future(visit.desk.callbacks.request(wish)))
    except DeskUnavailableError:
        return Passed(UNAVAILABLE, step.unavailable or visit.flow.person)
    if verdict is CallbackVerdict.REFUSED:
        return Passed(verdict, step.refused)
    visit.served = visit.served or step.serves
    return Passed(verdict, step.then if verdict is CallbackVerdict.ARRANGED else step.already or step.then)


async def _number(visit: Visit, step: Callback) -> tuple[str, str]:
    """Return the number to call with ``1`` for the caller's own; or no number, and why not."""
    if visit.own_number:
        offer = visit.speaking(step.offer, extra={"number": Phone(visit.own_number)})
        wish = await choose(visit, offer, (OWN, OTHER))
        if wish == OWN:
            return visit.own_number, wish
        if wish != OTHER:
            return "", wish
    return await _keyed(visit, step)


async def _keyed(visit: Visit, step: Callback) -> tuple[str, str]:
    attempts = Attempts(visit.flow)
    way = NO_INPUT
    while not attempts.over:
        question = [*visit.speaking(attempts.lead), *visit.speaking(step.ask, slow=attempts.slow)]
        digits, ended = await entry(visit, question, LONGEST, "#")
        if ended == REPEAT_KEY:
            attempts.repeat()
            continue
        if digits == PERSON_KEY:
            return "", PERSON_KEY
        if not (digits.isdecimal() and len(digits) >= SHORTEST):
            way = attempts.fail(digits + ended)
            continue
        said = await choose(visit, visit.speaking((step.confirm,), extra={"number": Phone(digits)}), (YES, NO))
        if said == YES:
            return digits, OTHER
        if said != NO:
            return "", said
        attempts.lead = ()
        attempts.failures += 1
        way = WRONG_INPUT
    return "", way
