"""Questions that a key or an entry answers: asked again with growing help, three times at most.

``0`` alone leads to a person, ``*`` has the question repeated, slower.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ivr.flow.line import Speaking
from ivr.flow.model import Flow
from ivr.flow.texts import Text
from ivr.flow.visit import MAX_REPEATS, PERSON_KEY, REPEAT_KEY, Visit

NO_INPUT = "no_input"
WRONG_INPUT = "wrong_input"


@dataclass(slots=True)
class Attempts:
    """Failures and repeats at one question, and what to say before asking again."""

    flow: Flow
    failures: int = 0
    repeats: int = 0
    lead: Sequence[Text] = ()

    def repeat(self) -> None:
        """Note that the caller wants to hear it again."""
        self.repeats += 1
        self.lead = ()
        if self.repeats > MAX_REPEATS:
            self.failures += 1

    def fail(self, keyed: str, wrong: Text | None = None) -> str:
        """Count a failure, choose what to say of it, and return its name."""
        self.failures += 1
        sentence = (wrong or self.flow.help.wrong) if keyed else self.flow.help.none
        self.lead = (sentence,) if self.failures == 1 else (sentence, self.flow.help.more)
        return WRONG_INPUT if keyed else NO_INPUT

    @property
    def slow(self) -> bool:
        """Whether the caller asked to hear it again."""
        return self.repeats > 0

    @property
    def over(self) -> bool:
        """Whether there were failures enough."""
        return self.failures >= self.flow.tries


async def choose(visit: Visit, question: Sequence[Speaking], keys: Collection[str]) -> str:
    """Ask for one of ``keys``; return it, ``0``, or how it came to nothing."""
    attempts = Attempts(visit.flow)
    way = NO_INPUT
    while not attempts.over:
        said = [*visit.speaking(attempts.lead), *slowly(question, slow=attempts.slow)]
        key = await visit.keypad.ask(said, visit.flow.first_key_s)
        if key == PERSON_KEY or key in keys:
            return key
        if key == REPEAT_KEY:
            attempts.repeat()
        else:
            way = attempts.fail(key)
    return way


def slowly(question: Sequence[Speaking], *, slow: bool) -> Sequence[Speaking]:
    """Return ``question`` to be said more slowly, if that is wanted."""
    if not slow:
        return question
    return [Speaking(said.prompt, said.language, said.values, True, said.barge_in) for said in question]


async def entry(visit: Visit, question: Sequence[Speaking], most: int, terminator: str) -> tuple[str, str]:
    """Ask for digits; return them and the key that ended them, ``''`` at full length and for silence.

    Such a key is the terminator or ``*``. Whether it is long enough is for whoever asked to judge.
    """
    first = await visit.keypad.ask(question, visit.flow.first_key_s)
    if not first or first in (terminator, REPEAT_KEY):
        return "", first
    keyed = first + (await visit.keypad.keys(most - 1, visit.flow.next_key_s) if most > 1 else "")
    end = next((at for at, key in enumerate(keyed) if key in (terminator, REPEAT_KEY)), len(keyed))
    return keyed[:end], keyed[end : end + 1]
