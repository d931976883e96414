"""What the consoles need from the live call centre. ``cti.services`` fulfils it; tests put a small one in its place."""

from collections.abc import Callable
from typing import Protocol

from cti.domain.events import Presence
from cti.domain.ids import AgentId
from cti.domain.model import CentreState, Changes


class LiveCentre(Protocol):
    """The live state and the orders that a console may give."""

    @property
    def state(self) -> CentreState:
        """The state now; read it at once, in the same turn of the loop."""

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``listener`` after each change, in order; returns the function that stops it. It must not block."""

    async def choose_presence(self, agent: AgentId, presence: Presence, *, by: AgentId) -> None:
        """Set or, during a call or wrap-up, note down the agent's presence. Raises a ``CentreError``."""

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        """Give the agent more time after the call. Raises a ``CentreError`` when there is no wrap-up."""

    async def finish_wrap_up(self, agent: AgentId) -> None:
        """End the agent's wrap-up now. Raises a ``CentreError`` when there is none."""

    def console_opened(self, agent: AgentId) -> None:
        """Note that the agent has a console connected."""

    def console_closed(self, agent: AgentId) -> None:
        """Note that the agent's console is gone; after the grace time that is a ``ConsoleLost``."""
