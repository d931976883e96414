"""Asking for marks from 1 to 5, and for a word from whoever is unhappy. Each mark is kept as it is given."""

import asyncio

from ivr.flow.model import UNAVAILABLE, Recording, Survey
from ivr.flow.steps.listening import choose
from ivr.flow.steps.recording import take_message
from ivr.flow.visit import PERSON_KEY, Passed, Visit
from ivr.ports import DeskUnavailableError, Mark

MARKS = ("1", "2", "3", "4", "5")


async def survey(visit: Visit, name: str, step: Survey) -> Passed:
    """Ask every question; whoever does not answer one is thanked for the others."""
    marks: list[int] = []
    for question in step.questions:
        key = await choose(visit, visit.speaking(question.ask), MARKS)
        if key not in MARKS:
            return visit.to_person(key) if key == PERSON_KEY else Passed(key, step.then)
        marks.append(int(key))
        mark = Mark(visit.call, name, question.name, marks[-1], visit.language)
        try:
            await visit.ask_desk(asyncio.ensure_future(visit.desk.surveys.mark(mark)))
        except DeskUnavailableError:
            return Passed(UNAVAILABLE, step.unavailable or visit.flow.person)
    if step.word is not None and min(marks) <= step.unhappy:
        return await _why(visit, name, step.word, step.then)
    return Passed("ok", step.then)


async def _why(visit: Visit, name: str, word: Recording, then: str) -> Passed:
    way = await take_message(visit, word, name)
    # the marks are given, whatever becomes of the word
    return visit.to_person(way) if way == PERSON_KEY else Passed("unhappy", then)
