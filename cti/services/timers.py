"""Timers by agent on the event loop: one each, replaced when set anew, all cancelled at the end."""

import asyncio
from collections.abc import Callable

from cti.domain.ids import AgentId

CallLater = Callable[[float, Callable[[], None]], asyncio.TimerHandle]


class Timers:
    """Owns its timers until :meth:`close`. ``call_later`` stands for the loop's own in tests."""

    def __init__(self, call_later: CallLater | None = None) -> None:
        self._call_later = call_later or (lambda delay, call: asyncio.get_running_loop().call_later(delay, call))
        self._set: dict[AgentId, asyncio.TimerHandle] = {}

    def __contains__(self, agent: object) -> bool:
        return agent in self._set

    def start(self, agent: AgentId, delay_s: float, call: Callable[[], None]) -> None:
        """Call ``call`` after ``delay_s``, in place of what was set for this agent."""
        self.stop(agent)

        def run() -> None:
            self._set.pop(agent, None)
            call()

        self._set[agent] = self._call_later(max(0.0, delay_s), run)

    def stop(self, agent: AgentId) -> None:
        """Cancel what is set for this agent."""
        handle = self._set.pop(agent, None)
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Cancel all."""
        for agent in tuple(self._set):
            self.stop(agent)
