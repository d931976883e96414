"""Counts and sums over calls and agents' time. They add up: that of a day is the sum of its quarters of an hour.

Nothing in a tally depends on a target or a threshold. Waits are counted into buckets, so that "answered within T" is
exact for every T that is a bound, and any past period can be judged by another target without being computed anew.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from cti.domain.kpi.facts import CallFacts, Fate, Rating
from cti.domain.kpi.times import Doing

BOUNDS_S: Final = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Upper bounds, inclusive, of the buckets of waits; one more bucket takes what is longer."""

Waits = tuple[int, ...]
NO_WAITS: Final[Waits] = (0,) * (len(BOUNDS_S) + 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted. Durations are sums of whole seconds, ``longest_wait_s`` alone is a maximum.

    ``flowed_out`` are all who wanted a person and were neither answered nor gave up; ``callbacks`` are among them.
    ``followed`` are calls of which it can be known whether the same account came back about the same category,
    ``resolved`` those after which it did not.
    """

    calls: int = 0
    into_ivr: int = 0
    self_served: int = 0
    announced: int = 0
    queued: int = 0
    answered: int = 0
    abandoned: int = 0
    flowed_out: int = 0
    callbacks: int = 0
    wait_answered_s: int = 0
    wait_abandoned_s: int = 0
    wait_flowed_out_s: int = 0
    longest_wait_s: int = 0
    talk_s: int = 0
    hold_s: int = 0
    wrap_up_s: int = 0
    on_call_s: int = 0
    available_s: int = 0
    followed: int = 0
    resolved: int = 0
    asked: int = 0
    rated: int = 0
    satisfied: int = 0
    very_satisfied: int = 0
    answered_waits: Waits = NO_WAITS
    abandoned_waits: Waits = NO_WAITS

    @property
    def offered(self) -> int:
        """All who wanted a person."""
        return self.answered + self.abandoned + self.flowed_out

    def __add__(self, other: "Tally") -> "Tally":
        return total((self, other))


SUMS: Final = tuple(
    field.name for field in fields(Tally) if field.name not in ("longest_wait_s", "answered_waits", "abandoned_waits")
)
"""The fields that are sums of whole numbers."""


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum; that of none is the empty tally."""
    parts = tuple(tallies)
    return Tally(
        **{name: sum(getattr(part, name) for part in parts) for name in SUMS},
        longest_wait_s=max((part.longest_wait_s for part in parts), default=0),
        answered_waits=_added(part.answered_waits for part in parts),
        abandoned_waits=_added(part.abandoned_waits for part in parts),
    )


def _added(waits: Iterable[Waits]) -> Waits:
    return tuple(map(sum, zip(NO_WAITS, *waits, strict=True)))


def tally_of(facts: CallFacts) -> Tally:
    """Return what one call counts."""
    answered, abandoned = facts.fate is Fate.ANSWERED, facts.fate is Fate.ABANDONED
    flowed_out = facts.fate in (Fate.FLOWED_OUT, Fate.CALLBACK)
    return Tally(
        calls=1,
        into_ivr=facts.into_ivr,
        self_served=facts.self_served,
        announced=facts.announced,
        queued=facts.queue is not None,
        answered=answered,
        abandoned=abandoned,
        flowed_out=flowed_out,
        callbacks=facts.fate is Fate.CALLBACK,
        wait_answered_s=facts.wait_s * answered,
        wait_abandoned_s=facts.wait_s * abandoned,
        wait_flowed_out_s=facts.wait_s * flowed_out,
        longest_wait_s=facts.wait_s,
        talk_s=facts.talk_s,
        hold_s=facts.hold_s,
        followed=facts.came_back is not None,
        resolved=facts.came_back is False,
        asked=facts.asked,
        rated=facts.rating is not None,
        satisfied=facts.rating is Rating.SATISFIED,
        very_satisfied=facts.rating is Rating.VERY_SATISFIED,
        answered_waits=bucket(facts.wait_s) if answered else NO_WAITS,
        abandoned_waits=bucket(facts.wait_s) if abandoned else NO_WAITS,
    )


def tally_of_time(doing: Doing, seconds: int) -> Tally:
    """Return what an agent's time counts."""
    return Tally(
        available_s=seconds * (doing is Doing.AVAILABLE),
        on_call_s=seconds * (doing is Doing.ON_CALL),
        wrap_up_s=seconds * (doing is Doing.WRAP_UP),
    )


def bucket(wait_s: int) -> Waits:
    """Return the buckets with one wait in them."""
    place = bisect_left(BOUNDS_S, wait_s)
    return tuple(int(n == place) for n in range(len(NO_WAITS)))


def within(waits: Waits, bound_s: int) -> int:
    """Return how many waits were at most ``bound_s``, which must be one of the bounds."""
    return sum(waits[: BOUNDS_S.index(bound_s) + 1])
