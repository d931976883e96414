"""Saying something, and the ends of a flow."""

from ivr.flow.model import Ask, HangUp, Queue, Return, Say, Transfer
from ivr.flow.outcome import Outcome
from ivr.flow.visit import MAX_REPEATS, PERSON_KEY, REPEAT_KEY, Passed, Visit


async def say(visit: Visit, step: Say) -> Passed:
    """Say it and go on; a key counts for the step that follows."""
    visit.leaves_as = step.leaves_as or visit.leaves_as
    for heard_before in range(MAX_REPEATS):
        if await visit.keypad.play(visit.speaking(step.say, slow=heard_before > 0)):
            visit.served = visit.served or step.serves
            return Passed("ok", step.then)
        if visit.keypad.peek() != REPEAT_KEY:
            break
        visit.keypad.early()
    if visit.keypad.peek() == PERSON_KEY and not isinstance(visit.flow.steps[step.then], Ask):
        # an entry may begin with 0; anything else that follows would have to hear it first
        visit.keypad.early()
        return visit.to_person(PERSON_KEY)
    return Passed("skipped", step.then)


async def queue(visit: Visit, step: Queue) -> Passed:
    """Hand the caller to a person."""
    visit.keypad.early()
    if not visit.door:
        await visit.keypad.play(visit.speaking(step.say))
    visit.end = Outcome("person", queue=step.queue)
    return Passed("person", None)


async def transfer(visit: Visit, step: Transfer) -> Passed:
    """Put the caller through to a target of the site's."""
    if visit.keypad.early() == PERSON_KEY:
        return visit.to_person(PERSON_KEY)
    await visit.keypad.play(visit.speaking(step.say))
    if visit.keypad.early() == PERSON_KEY:
        return visit.to_person(PERSON_KEY)
    visit.end = Outcome("transfer", served=visit.served, target=step.to)
    return Passed("transfer", None)


async def hang_up(visit: Visit, step: HangUp) -> Passed:
    """Say goodbye, unless the caller wants a person after all."""
    if visit.keypad.early() == PERSON_KEY:
        return visit.to_person(PERSON_KEY)
    await visit.keypad.play(visit.speaking(step.say))
    if visit.keypad.early() == PERSON_KEY:
        return visit.to_person(PERSON_KEY)
    visit.end = Outcome("done", served=visit.served, leaves_as=visit.leaves_as)
    return Passed("done", None)


def go_back(visit: Visit, step: Return) -> Passed:
    """Go back to the flow that called; what the caller has heard in this one is not what they came for."""
    visit.leaves_as = None
    visit.returned = step.way
    return Passed(step.way, None, silent=True)
