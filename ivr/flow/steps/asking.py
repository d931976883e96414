"""Asking for digits: length, check digit, the kind of value they must be, and read-back."""

from datetime import date

from cti.domain.ids import AccountNumber
from cti.domain.utility import is_account_number
from ivr.flow.model import Ask
from ivr.flow.steps.listening import NO_INPUT, WRONG_INPUT, Attempts, choose, entry
from ivr.flow.visit import MASK, PERSON_KEY, REPEAT_KEY, Passed, Visit
from ivr.ports import AccountDigits, Count, Date, Day, Digits, Money, Month, Phone, Value

YES, NO = "1", "2"
_LEAP_YEAR = 2024


async def ask(visit: Visit, step: Ask) -> Passed:
    """Ask for digits, have them confirmed if the flow wants that, and keep them."""
    attempts = Attempts(visit.flow)
    way = NO_INPUT
    visit.asked_secret = visit.asked_secret or step.secret
    while not attempts.over:
        question = [*visit.speaking(attempts.lead), *visit.speaking(step.ask, slow=attempts.slow)]
        digits, ended = await entry(visit, question, step.digits, step.terminator)
        if ended == REPEAT_KEY:
            attempts.repeat()
            continue
        if digits == PERSON_KEY and step.digits > 1:
            visit.entries.append(digits)
            return visit.to_person(PERSON_KEY)
        complete = (step.least or step.digits) <= len(digits) <= step.digits
        value = value_of(step, digits) if complete else None
        if value is None:
            if digits and not step.secret:
                visit.entries.append(MASK * len(digits))
            way = attempts.fail(digits + ended, step.wrong if complete else None)
            continue
        said = await _confirmed(visit, step, value)
        if said == YES:
            _take(visit, step, digits, value)
            return Passed("ok", step.then, "" if step.secret else visit.shown(digits))
        if said != NO:
            return visit.to_person(said)
        attempts.lead = ()
        attempts.failures += 1
        way = WRONG_INPUT
    return visit.to_person(way)


async def _confirmed(visit: Visit, step: Ask, value: Value) -> str:
    if step.confirm is None:
        return YES
    question = visit.speaking((step.confirm,), extra={step.into: value})
    return await choose(visit, question, (YES, NO))


def _take(visit: Visit, step: Ask, digits: str, value: Value) -> None:
    visit.keyed[step.into] = digits
    if step.secret:
        visit.secrets.add(digits)
        visit.values.pop(step.into, None)
    else:
        visit.values[step.into] = value
    if step.claims_account:
        account = AccountNumber(digits)
        if account != visit.verified:
            # what a PIN has proved of another account proves nothing of this one
            visit.verified = None
        visit.story.claims(account, verified=visit.verified is not None)


def value_of(step: Ask, digits: str) -> Value | None:
    """Return what ``digits`` are, or None if they are no such thing."""
    if not (digits.isascii() and digits.isdecimal()) or (step.check == "account" and not is_account_number(digits)):
        return None
    try:
        return _read(step, digits)
    except ValueError:
        return None


def _read(step: Ask, digits: str) -> Value:
    match step.kind:
        case "date":
            day = date.fromisoformat(digits)
            return Date(day.year, day.month, day.day)
        case "day":
            day = date.fromisoformat(f"{_LEAP_YEAR}{digits}")
            return Day(day.month, day.day)
        case "month":
            day = date.fromisoformat(f"{digits}01")
            return Month(day.year, day.month)
        case "money":
            return Money(int(digits) * 100)
        case "count":
            return Count(int(digits))
        case "phone":
            return Phone(digits)
        case "account":
            return AccountDigits(digits)
        case _:
            return Digits(digits)
