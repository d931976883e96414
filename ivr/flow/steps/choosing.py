"""Ways that a key or a word decides."""

from ivr.flow.model import Branch, Menu
from ivr.flow.steps.listening import NO_INPUT, Attempts
from ivr.flow.visit import PERSON_KEY, REPEAT_KEY, Passed, Visit


async def menu(visit: Visit, step: Menu) -> Passed:
    """Offer the choices until one is taken."""
    attempts = Attempts(visit.flow)
    languages = step.languages or (visit.language,)
    way = NO_INPUT
    while not attempts.over:
        question = [
            speaking
            for language in languages
            for speaking in visit.speaking(step.ask, language=language, slow=attempts.slow)
        ]
        key = await visit.keypad.ask([*visit.speaking(attempts.lead), *question], visit.flow.first_key_s)
        if key == PERSON_KEY:
            _see(visit, key)
            return visit.to_person(key)
        if choice := step.choices.get(key):
            if choice.language is not None:
                await visit.speak(choice.language)
            return Passed(key, choice.go, key)
        if not key and step.silence is not None:
            return Passed(NO_INPUT, step.silence, visit.seen)
        if key == REPEAT_KEY:
            attempts.repeat()
        else:
            _see(visit, key)
            way = attempts.fail(key)
    return visit.to_person(way)


def _see(visit: Visit, key: str) -> None:
    """Keep a menu key for the agent, unless it may belong to a PIN that was keyed too long, or twice.

    The keys of one menu are one entry: spread out they would be as long as an account number is.
    """
    if key == PERSON_KEY or (key and not visit.asked_secret):
        visit.entries[:] = ["".join([*visit.entries, key])]


def branch(visit: Visit, step: Branch) -> Passed:
    """Go by a word that is known."""
    word = visit.language if step.by == "language" else visit.words.get(step.by, "")
    return Passed(word or "otherwise", step.ways.get(word, step.otherwise), silent=True)
