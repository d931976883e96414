"""Erlang C: how long callers wait for a given number of agents, and how many agents a promise takes.

Assumes that calls arrive by chance, nobody gives up, and whoever waited longest is served first. Computed by the
recursion of Erlang B, whose every step stays between 0 and 1: no factorial, no power, exact for thousands of agents.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staffing:
    """``agents`` at ``load`` (erlang: calls per second × seconds per call): the inputs, and what follows from them."""

    agents: int
    load: float
    aht_s: float

    def __post_init__(self) -> None:
        if self.agents < 0 or not self.load >= 0 or not self.aht_s > 0:
            raise ValueError("agents and load are at least 0, and a call takes time")

    @property
    def occupancy(self) -> float:
        """How busy the agents are, ρ = A ÷ N; above 1 the queue never ends."""
        return self.load / self.agents if self.agents else math.inf

    @property
    def wait_probability(self) -> float:
        """The part of the callers who have to wait at all, Pw = C(N, A)."""
        if self.load >= self.agents:
            return 1.0 if self.load else 0.0
        blocked = erlang_b(self.agents, self.load)
        return blocked / (1 - self.occupancy * (1 - blocked))

    def service_level(self, target_s: float) -> float:
        """The part of the callers answered within ``target_s``, 1 − Pw · e^(−(N−A)·T/AHT)."""
        spare = self.agents - self.load
        if spare <= 0:
            return 1.0 - self.wait_probability
        return 1 - self.wait_probability * math.exp(-spare * target_s / self.aht_s)

    @property
    def asa_s(self) -> float | None:
        """The mean wait, Pw · AHT ÷ (N − A); None when the queue never ends."""
        spare = self.agents - self.load
        if spare > 0:
            return self.wait_probability * self.aht_s / spare
        return None if self.load else 0.0


def erlang_b(agents: int, load: float) -> float:
    """Return the part of the calls that find all ``agents`` busy when nobody waits."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def agents_needed(load: float, aht_s: float, *, service_level: float, target_s: float) -> int:
    """Return the fewest agents with whom ``service_level`` (below 1) of the callers are answered in ``target_s``."""
    if not 0 <= service_level < 1:
        raise ValueError("no number of agents answers every call at once")
    agents = math.floor(load)
    while Staffing(agents, load, aht_s).service_level(target_s) < service_level:
        agents += 1
    return agents
