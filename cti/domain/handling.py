"""What an agent may do with the call they have: transfer it, consult a colleague, and what may follow from that.

Rules. Only the agent who has the caller decides, and only about that call. Who talks may transfer the caller, or
consult a colleague while the caller waits. Who consults may take the caller back, hand them over, or join all three;
the latter two need a colleague who has answered. In a conference nobody owns the caller: one leaves by hanging up. A
caller goes to a queue of this site or to another agent's phone, never anywhere else.
"""

from dataclasses import dataclass
from enum import StrEnum

from cti.domain import calls, topology
from cti.domain.ids import CallId, Extension
from cti.domain.model import Agent, Call, CentreState, Leg, TalkKind, TalkState


class Handling(StrEnum):
    """What can be done with a call."""

    TRANSFER = "transfer"
    CONSULT = "consult"
    TAKE_BACK = "take_back"
    HAND_OVER = "hand_over"
    JOIN = "join"


_TALKING = frozenset({Handling.TRANSFER, Handling.CONSULT})
POSSIBLE: dict[TalkState, frozenset[Handling]] = {
    TalkState.NONE: frozenset(),
    TalkState.TALKING: _TALKING,
    TalkState.ON_HOLD: _TALKING,
    TalkState.MUTED: _TALKING,
    TalkState.CONSULTING: frozenset({Handling.TAKE_BACK, Handling.HAND_OVER, Handling.JOIN}),
    TalkState.IN_CONFERENCE: frozenset(),
}
NEED_ANSWER = frozenset({Handling.HAND_OVER, Handling.JOIN})
"""These need a colleague who has answered."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose channels are in the call that an agent has; ``colleague`` rings, or talks with the agent."""

    call: Call
    agent: Leg
    caller: Leg
    colleague: Leg | None
    answered: bool


def parties(state: CentreState, agent: Agent, handling: Handling) -> Parties | None:
    """Return who is in the agent's call, None if this can't be done with it now."""
    call = state.calls.get(agent.call) if agent.call is not None else None
    talk = calls.open_talk(call, agent.extension) if call is not None else None
    if call is None or talk is None or talk.kind is not TalkKind.CALLER or handling not in POSSIBLE[agent.talk]:
        return None
    mine = _leg_of(call, agent.extension)
    caller = call.legs.get(call.first_leg)
    others = [leg for leg in call.legs.values() if leg.extension and leg is not mine and leg is not caller]
    colleague = next((leg for leg in others if not leg.pair and leg.bridge is not None), others[-1] if others else None)
    answered = colleague is not None and mine is not None and colleague.id in topology.together(call, mine.id)
    needs_colleague = POSSIBLE[TalkState.CONSULTING]
    if mine is None or caller is None or (handling in needs_colleague and colleague is None):
        return None
    if handling in NEED_ANSWER and not answered:
        return None
    return Parties(call, mine, caller, colleague, answered)


def _leg_of(call: Call, extension: Extension) -> Leg | None:
    return next((leg for leg in call.legs.values() if leg.extension == extension and not leg.pair), None)


def is_free(agent: Agent) -> bool:
    """Tell whether a colleague can be asked, or given a caller: there, and in no call."""
    return (
        agent.presence_since is not None and not agent.talks_in and agent.call is None and agent.presence != "offline"
    )


def lost(state: CentreState, call: CallId) -> Call | None:
    """Return a call whose agent has gone while the caller waited for them to come back; None if all is well."""
    known = state.calls.get(call)
    if known is None or calls.in_conversation(known) or known.parked is not None:
        return None
    waits = known.queue is not None and known.id in state.lines.get(known.queue, ())
    caller = known.legs.get(known.first_leg)
    return None if waits or known.offers or caller is None or caller.bridge is not None else known
