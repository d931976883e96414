"""弹屏: what the agent should see before the phone rings."""

from agent_console.wire import Pop
from cti.domain.ids import AgentId


class PopDesk:
    """Keeps each agent's current pop."""

    def __init__(self) -> None:
        self._current: dict[AgentId, Pop] = {}

    async def current(self, agent: AgentId) -> Pop | None:
        """Return the agent's current pop."""
        return self._current.get(agent)
