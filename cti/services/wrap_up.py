"""Wrap-up runs out: one timer per agent who is in it, set anew when it is extended."""

from collections.abc import Callable
from datetime import datetime

from cti.domain.events import WrapUpEnded
from cti.domain.ids import AgentId
from cti.domain.model import Changes
from cti.services.live import Live
from cti.services.timers import Timers


class WrapUps:
    """Listens to the centre and ends wrap-ups in time."""

    def __init__(self, live: Live, timers: Timers, now: Callable[[], datetime]) -> None:
        self._live = live
        self._timers = timers
        self._now = now
        self._ends: dict[AgentId, datetime] = {}

    def on_changes(self, changes: Changes) -> None:
        """Set, move or cancel the timers of the agents that changed."""
        for agent in changes.agents:
            until = self._live.state.agents[agent].wrap_up_until
            if until is None:
                self._ends.pop(agent, None)
                self._timers.stop(agent)
            elif self._ends.get(agent) != until:
                self._ends[agent] = until
                self._start(agent, until)

    def close(self) -> None:
        """Cancel all timers."""
        self._timers.close()

    def _start(self, agent: AgentId, until: datetime) -> None:
        self._timers.start(agent, (until - self._now()).total_seconds(), lambda: self._run_out(agent, until))

    def _run_out(self, agent: AgentId, until: datetime) -> None:
        """End the wrap-up. A timer can be a little early by the clock, so the time it stands for is used."""
        self._live.apply(WrapUpEnded(at=max(self._now(), until), agent=agent, timed_out=True))
