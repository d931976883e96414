"""Every formula that a figure can be computed by. The text and the computation come from the same terms.

A formula is terms over terms. Where the field disagrees there are several for one KPI, and a profile chooses:

- *abandonment*: of the offered (Genesys), of the queued without callbacks (Amazon Connect), of all calls including
  those that stayed in the menu (Maryland); each also without short abandons, who hung up before anybody could answer.
- *service level*: "pure" of the offered; without those who gave up in time (Genesys); of the answered alone (Wazo,
  China's 12345); of all calls, where who was served by the menu counts as answered (Maryland).
- *average speed of answer*: of the answered; of all handled, by people or by the menu (Maryland, COMAR 20.50.12.08).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.domain.kpi.tally import BOUNDS_S, Tally, within


class Kpi(StrEnum):
    """What is measured."""

    CALLS = "calls"
    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    ABANDONMENT = "abandonment"
    SERVICE_LEVEL = "service_level"
    ASA = "asa"
    LONGEST_WAIT = "longest_wait"
    AHT = "aht"
    ACW = "acw"
    OCCUPANCY = "occupancy"
    ANSWER_RATE = "answer_rate"
    FCR = "fcr"
    CSAT = "csat"
    CSAT_RESPONSE = "csat_response"
    SELF_SERVICE = "self_service"


class Unit(StrEnum):
    """What the number counts."""

    COUNT = "count"
    PERCENT = "percent"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is judged by: answered within ``target_s``; an abandon of at most ``short_s`` is short. Both are bounds."""

    target_s: int = 20
    short_s: int = 5

    def __post_init__(self) -> None:
        if self.target_s not in BOUNDS_S or self.short_s not in BOUNDS_S:
            raise ValueError(f"waits are counted up to {BOUNDS_S} seconds")


@dataclass(frozen=True, slots=True)
class Term:
    """One quantity of a formula. ``{target_s}`` and ``{short_s}`` in its text stand for the rules."""

    id: str
    zh: str
    en: str
    of: Callable[[Tally, Rules], int]


@dataclass(frozen=True, slots=True)
class Formula:
    """The sum of ``over``, divided by the sum of ``under`` if there is any."""

    id: str
    kpi: Kpi
    unit: Unit
    over: tuple[Term, ...]
    under: tuple[Term, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """Each quantity once, in the order of the text."""
        return tuple(dict.fromkeys((*self.over, *self.under)))

    def zh(self, rules: Rules) -> str:
        """Return the formula in Chinese."""
        return self._text([term.zh for term in self.over], [term.zh for term in self.under], rules)

    def en(self, rules: Rules) -> str:
        """Return the formula in English."""
        return self._text([term.en for term in self.over], [term.en for term in self.under], rules)

    def _text(self, over: list[str], under: list[str], rules: Rules) -> str:
        text = " + ".join(over)
        if under:
            text = f"{_bracketed(over)} ÷ {_bracketed(under)}"
        return text.format(target_s=rules.target_s, short_s=rules.short_s)

    def value(self, tally: Tally, rules: Rules) -> float | None:
        """Return the number; None when it would be divided by nothing."""
        over = sum(term.of(tally, rules) for term in self.over)
        if not self.under:
            return float(over)
        under = sum(term.of(tally, rules) for term in self.under)
        if under == 0:
            return None
        return 100 * over / under if self.unit is Unit.PERCENT else over / under


def _bracketed(terms: list[str]) -> str:
    return f"({' + '.join(terms)})" if len(terms) > 1 else terms[0]


def _short(tally: Tally, rules: Rules) -> int:
    return within(tally.abandoned_waits, rules.short_s)


# ------------------------------------------------------------------ quantities

CALLS = Term("calls", "全部来电(含自助语音)", "all calls incl. menu", lambda t, r: t.calls)
INTO_IVR = Term("into_ivr", "进入自助语音的来电", "calls into the menu", lambda t, r: t.into_ivr)
SELF_SERVED = Term("self_served", "自助办结", "served by self-service", lambda t, r: t.self_served)
ANNOUNCED = Term("announced", "听取公告后结束", "served by announcement", lambda t, r: t.announced)
OFFERED = Term("offered", "转人工总量", "offered", lambda t, r: t.offered)
OFFERED_LONG = Term(
    "offered_without_short",
    "转人工总量(不含 {short_s} 秒内放弃)",
    "offered without abandons in {short_s} s",
    lambda t, r: t.offered - _short(t, r),
)
QUEUED = Term(
    "queued_without_callbacks",
    "进入排队(不含回拨)",
    "queued without callbacks",
    lambda t, r: t.queued - t.callbacks,
)
QUEUED_LONG = Term(
    "queued_without_callbacks_and_short",
    "进入排队(不含回拨及 {short_s} 秒内放弃)",
    "queued without callbacks and abandons in {short_s} s",
    lambda t, r: t.queued - t.callbacks - _short(t, r),
)
CALLS_LONG = Term(
    "calls_without_short",
    "全部来电(不含 {short_s} 秒内放弃)",
    "all calls without abandons in {short_s} s",
    lambda t, r: t.calls - _short(t, r),
)
ANSWERED = Term("answered", "接听", "answered", lambda t, r: t.answered)
IN_TIME = Term(
    "answered_in_time",
    "{target_s} 秒内接听",
    "answered within {target_s} s",
    lambda t, r: within(t.answered_waits, r.target_s),
)
ABANDONED = Term("abandoned", "放弃", "abandoned", lambda t, r: t.abandoned)
ABANDONED_LONG = Term(
    "abandoned_without_short",
    "放弃(超过 {short_s} 秒)",
    "abandoned after {short_s} s",
    lambda t, r: t.abandoned - _short(t, r),
)
ABANDONED_LATE = Term(
    "abandoned_late",
    "{target_s} 秒后放弃",
    "abandoned after {target_s} s",
    lambda t, r: t.abandoned - within(t.abandoned_waits, r.target_s),
)
FLOWED_OUT = Term("flowed_out", "溢出", "flowed out", lambda t, r: t.flowed_out)
WAIT_ANSWERED = Term(
    "wait_answered_s", "接听前等待秒数", "seconds waited by the answered", lambda t, r: t.wait_answered_s
)
WAIT_ALL = Term(
    "wait_s",
    "全部等待秒数",
    "seconds waited by all",
    lambda t, r: t.wait_answered_s + t.wait_abandoned_s + t.wait_flowed_out_s,
)
LONGEST = Term("longest_wait_s", "最长等待秒数", "longest wait in seconds", lambda t, r: t.longest_wait_s)
TALK = Term("talk_s", "通话秒数", "seconds of talk", lambda t, r: t.talk_s)
HOLD = Term("hold_s", "保持秒数", "seconds on hold", lambda t, r: t.hold_s)
WRAP_UP = Term("wrap_up_s", "话后处理秒数", "seconds of after-call work", lambda t, r: t.wrap_up_s)
ON_CALL = Term("on_call_s", "坐席在线秒数", "agents' seconds on calls", lambda t, r: t.on_call_s)
AVAILABLE = Term("available_s", "坐席空闲秒数", "agents' seconds available", lambda t, r: t.available_s)
HANDLED = Term("handled", "处理量", "handled", lambda t, r: t.answered)
FOLLOWED = Term("followed", "户号与类别均已知的来电", "calls of known account and category", lambda t, r: t.followed)
RESOLVED = Term(
    "resolved",
    "其后同一户号未再为同类事项来电",
    "calls after which the account did not call about it again",
    lambda t, r: t.resolved,
)
ASKED = Term("asked", "邀请评价", "asked to rate", lambda t, r: t.asked)
RATED = Term("rated", "评价", "ratings", lambda t, r: t.rated)
SATISFIED = Term("satisfied", "满意", "satisfied", lambda t, r: t.satisfied)
VERY_SATISFIED = Term("very_satisfied", "非常满意", "very satisfied", lambda t, r: t.very_satisfied)

# ------------------------------------------------------------------ formulas

_SERVED = (SELF_SERVED, ANNOUNCED)


def _percent(id_: str, kpi: Kpi, over: tuple[Term, ...], under: tuple[Term, ...]) -> Formula:
    return Formula(id_, kpi, Unit.PERCENT, over, under)


def _mean(id_: str, kpi: Kpi, over: tuple[Term, ...], under: tuple[Term, ...]) -> Formula:
    return Formula(id_, kpi, Unit.SECONDS, over, under)


def _count(kpi: Kpi, *over: Term) -> Formula:
    return Formula(kpi, kpi, Unit.COUNT, over)


_ALL: Final = (
    _count(Kpi.CALLS, CALLS),
    _count(Kpi.OFFERED, ANSWERED, ABANDONED, FLOWED_OUT),
    _count(Kpi.ANSWERED, ANSWERED),
    _count(Kpi.ABANDONED, ABANDONED),
    _percent("abandonment_of_offered", Kpi.ABANDONMENT, (ABANDONED,), (OFFERED,)),
    _percent("abandonment_of_queued", Kpi.ABANDONMENT, (ABANDONED,), (QUEUED,)),
    _percent("abandonment_of_all", Kpi.ABANDONMENT, (ABANDONED,), (CALLS,)),
    _percent("abandonment_of_offered_without_short", Kpi.ABANDONMENT, (ABANDONED_LONG,), (OFFERED_LONG,)),
    _percent("abandonment_of_queued_without_short", Kpi.ABANDONMENT, (ABANDONED_LONG,), (QUEUED_LONG,)),
    _percent("abandonment_of_all_without_short", Kpi.ABANDONMENT, (ABANDONED_LONG,), (CALLS_LONG,)),
    _percent("service_level_of_offered", Kpi.SERVICE_LEVEL, (IN_TIME,), (OFFERED,)),
    _percent("service_level_without_early_abandons", Kpi.SERVICE_LEVEL, (IN_TIME,), (ANSWERED, ABANDONED_LATE)),
    _percent("service_level_of_answered", Kpi.SERVICE_LEVEL, (IN_TIME,), (ANSWERED,)),
    _percent("service_level_of_all", Kpi.SERVICE_LEVEL, (IN_TIME, *_SERVED), (CALLS,)),
    _mean("asa_of_answered", Kpi.ASA, (WAIT_ANSWERED,), (ANSWERED,)),
    _mean("asa_of_handled", Kpi.ASA, (WAIT_ALL,), (ANSWERED, *_SERVED)),
    Formula("longest_wait", Kpi.LONGEST_WAIT, Unit.SECONDS, (LONGEST,)),
    _mean("aht", Kpi.AHT, (TALK, HOLD, WRAP_UP), (HANDLED,)),
    _mean("acw", Kpi.ACW, (WRAP_UP,), (HANDLED,)),
    _percent("occupancy", Kpi.OCCUPANCY, (ON_CALL, WRAP_UP), (ON_CALL, WRAP_UP, AVAILABLE)),
    _percent("answer_rate", Kpi.ANSWER_RATE, (ANSWERED,), (OFFERED,)),
    _percent("fcr", Kpi.FCR, (RESOLVED,), (FOLLOWED,)),
    _percent("csat", Kpi.CSAT, (VERY_SATISFIED, SATISFIED), (RATED,)),
    _percent("csat_response", Kpi.CSAT_RESPONSE, (RATED,), (ASKED,)),
    _percent("self_service", Kpi.SELF_SERVICE, (SELF_SERVED,), (INTO_IVR,)),
)

FORMULAS: Final[dict[str, Formula]] = {formula.id: formula for formula in _ALL}
"""By id, which is stable: reports and scripts name it."""
