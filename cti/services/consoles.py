"""Which agents have a console, and what becomes of those who lost theirs.

A console that is gone for less than a minute (a reload, a short gap in the network) changes nothing. After that an
agent in no call is logged off; one in a call is paused when it ends.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final

from cti.domain.events import ConsoleLost, ConsoleOpened, Presence
from cti.domain.ids import AgentId
from cti.services.live import Live
from cti.services.timers import Timers

GRACE_S: Final = 60.0


class Consoles:
    """Counts each agent's consoles; a newer one may open before the older one has closed."""

    def __init__(self, live: Live, timers: Timers, now: Callable[[], datetime], *, grace_s: float = GRACE_S) -> None:
        self._live = live
        self._timers = timers
        self._now = now
        self._grace_s = grace_s
        self._open: Counter[AgentId] = Counter()
        self._known: set[AgentId] = set()

    def opened(self, agent: AgentId) -> None:
        """Note one more console of this agent."""
        self._known.add(agent)
        self._open[agent] += 1
        self._timers.stop(agent)
        self._live.apply(ConsoleOpened(at=self._now(), agent=agent))

    def closed(self, agent: AgentId) -> None:
        """Note one console less."""
        self._open[agent] = max(0, self._open[agent] - 1)
        if not self._open[agent]:
            self._wait_for(agent)

    def chose(self, agent: AgentId) -> None:
        """Note that somebody answers for this agent's presence, with or without a console."""
        self._known.add(agent)

    def watch_adopted(self) -> None:
        """Give the agents whom a queue remembered, and of whom we have no console yet, the same grace."""
        for agent in self._live.state.agents.values():
            if agent.id not in self._known and agent.presence is not Presence.OFFLINE:
                self._known.add(agent.id)
                self._wait_for(agent.id)

    def close(self) -> None:
        """Cancel all timers."""
        self._timers.close()

    def _wait_for(self, agent: AgentId) -> None:
        self._timers.start(agent, self._grace_s, lambda: self._lost(agent))

    def _lost(self, agent: AgentId) -> None:
        self._live.apply(ConsoleLost(at=self._now(), agent=agent))
