"""What a flow is written against: prompts, services, targets, flows that it may call; and what it brings itself.

Pure. What is wrong with a flow in these surroundings is :mod:`ivr.flow.check`'s.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ivr.flow.model import Ask, CallFlow, Flow, LookUp, later_values
from ivr.flow.service import Service


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``prompts`` of the catalogue with their slots, ``services``, ``targets`` for transfers, and other ``flows``."""

    prompts: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Service]
    targets: Collection[str] = ()
    flows: Mapping[str, Flow] = field(default_factory=dict)

    def brings(self, flow: Flow) -> set[tuple[str, str]]:
        """Return the values, with their kinds, that may be known in ``flow``."""
        found: set[tuple[str, str]] = set(flow.takes.items())
        for part in self.parts(flow):
            for step in part.steps.values():
                found |= set(later_values(step).items())
                if isinstance(step, LookUp) and step.service in self.services:
                    found |= set(self.services[step.service].gives.items())
        return found

    def asks(self, flow: Flow) -> set[str]:
        """Return the names of digits that may have been keyed in ``flow``."""
        asked = {step.into for part in self.parts(flow) for step in part.steps.values() if isinstance(step, Ask)}
        return asked | set(flow.keyed)

    def words(self, flow: Flow) -> Mapping[str, frozenset[str]]:
        """Return the words to branch by that may be known in ``flow``."""
        known: dict[str, frozenset[str]] = {"language": frozenset(flow.languages)}
        known.update({name: frozenset(words) for name, words in flow.words.items()})
        for part in self.parts(flow):
            for step in part.steps.values():
                if isinstance(step, LookUp) and step.service in self.services:
                    known.update(self.services[step.service].words)
        return known

    def parts(self, flow: Flow) -> Iterator[Flow]:
        """Yield ``flow`` and all that it calls, each once."""
        waiting, seen = [flow], {flow.flow}
        while waiting:
            part = waiting.pop()
            yield part
            for step in part.steps.values():
                if isinstance(step, CallFlow) and step.flow in self.flows and step.flow not in seen:
                    seen.add(step.flow)
                    waiting.append(self.flows[step.flow])
