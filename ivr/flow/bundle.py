"""A flow with all that it calls, as one call goes through it from its first step to its last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ivr.flow.model import Flow, written_out
from ivr.flow.texts import WrittenOut

SHIPPED: Final = 0
"""The version of a flow that comes from a file and was never published."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """``flow`` is where calls begin, ``called`` the other flows by name, ``version`` what it was published as."""

    flow: Flow
    called: Mapping[str, Flow] = field(default_factory=dict)
    version: int = SHIPPED

    @property
    def flows(self) -> tuple[Flow, ...]:
        """All flows in it."""
        return (self.flow, *self.called.values())

    @property
    def written(self) -> Mapping[str, WrittenOut]:
        """The sentences that stand in the flows themselves, by their ids."""
        return {name: text for flow in self.flows for name, text in written_out(flow).items()}
