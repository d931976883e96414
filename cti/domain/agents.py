"""What the system makes of an agent: routing status, and how it follows presence, offers and conversations.

Rules. An agent who is available is idle, and the queue may offer calls. An offer that ends without an answer leaves
them idle, unless it was they who missed it: then they are *not responding* and get nothing more until they choose
available again. Any conversation, wherever it came from, makes them on call. After a caller from a queue comes
wrap-up, and nothing is offered meanwhile. A presence chosen while a phone rings, in a call or in wrap-up is pending:
it takes effect when the agent is free again. A console that is lost in a call, or a phone that dies in one, leaves
the agent paused, never available. A pair that is not in the table changes nothing.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from cti.domain.events import DeviceState, Presence
from cti.domain.ids import CallId, QueueName
from cti.domain.model import Agent, Membership, Offer, RoutingStatus, TalkState
from cti.domain.values import replace


class AgentMove(StrEnum):
    """What can happen to an agent's routing status."""

    SIGNED_ON = "signed_on"
    SIGNED_OFF = "signed_off"
    OFFERED = "offered"
    OFFER_OVER = "offer_over"
    OFFER_MISSED = "offer_missed"
    CONNECTED = "connected"
    HUNG_UP = "hung_up"
    FREED = "freed"


ROUTING: dict[RoutingStatus, dict[AgentMove, RoutingStatus]] = {
    RoutingStatus.OFF_QUEUE: {
        AgentMove.SIGNED_ON: RoutingStatus.IDLE,
        AgentMove.CONNECTED: RoutingStatus.ON_CALL,
    },
    RoutingStatus.IDLE: {
        AgentMove.SIGNED_OFF: RoutingStatus.OFF_QUEUE,
        AgentMove.OFFERED: RoutingStatus.RINGING,
        AgentMove.OFFER_MISSED: RoutingStatus.NOT_RESPONDING,
        AgentMove.CONNECTED: RoutingStatus.ON_CALL,
    },
    RoutingStatus.RINGING: {
        AgentMove.OFFER_OVER: RoutingStatus.IDLE,
        AgentMove.OFFER_MISSED: RoutingStatus.NOT_RESPONDING,
        AgentMove.CONNECTED: RoutingStatus.ON_CALL,
    },
    RoutingStatus.ON_CALL: {
        AgentMove.HUNG_UP: RoutingStatus.WRAP_UP,
        AgentMove.FREED: RoutingStatus.IDLE,
    },
    RoutingStatus.WRAP_UP: {
        AgentMove.CONNECTED: RoutingStatus.ON_CALL,
        AgentMove.FREED: RoutingStatus.IDLE,
    },
    RoutingStatus.NOT_RESPONDING: {
        AgentMove.SIGNED_ON: RoutingStatus.IDLE,
        AgentMove.SIGNED_OFF: RoutingStatus.OFF_QUEUE,
        AgentMove.CONNECTED: RoutingStatus.ON_CALL,
    },
}

PRESENCE_WAITS = frozenset({RoutingStatus.RINGING, RoutingStatus.ON_CALL, RoutingStatus.WRAP_UP})
"""In these a presence that is chosen is pending."""

IN_CALL = frozenset({RoutingStatus.ON_CALL, RoutingStatus.WRAP_UP})
"""In these a lost console leaves the agent paused afterwards; in all others it logs the agent off."""


def moved(agent: Agent, move: AgentMove, at: datetime) -> Agent:
    """Return the agent as they are once ``move`` has happened; the same agent where the table knows no such move."""
    routing = ROUTING[agent.routing].get(move, agent.routing)
    return agent if routing is agent.routing else replace(agent, routing=routing, routing_since=at)


# ------------------------------------------------------------------ presence


def chose(agent: Agent, presence: Presence, at: datetime) -> Agent:
    """Return the agent once a presence was chosen: in effect now, or pending."""
    if agent.routing in PRESENCE_WAITS:
        return replace(agent, pending=None if presence is agent.presence else presence)
    return _present(replace(agent, offer_over=None), presence, at)


def console_lost(agent: Agent, at: datetime) -> Agent:
    """Return the agent once their console has been away for longer than the grace time."""
    agent = replace(agent, console=False)
    if agent.routing in IN_CALL:
        return replace(agent, pending=Presence.AWAY)
    return chose(agent, Presence.OFFLINE, at)


def phone_died(agent: Agent) -> Agent:
    """Return the agent once their phone has died in a call: paused after wrap-up, until they choose to be available."""
    return replace(agent, pending=Presence.AWAY) if agent.routing in IN_CALL else agent


def _present(agent: Agent, presence: Presence, at: datetime) -> Agent:
    """Let a presence take effect."""
    since = agent.presence_since if presence is agent.presence and agent.presence_since else at
    agent = replace(agent, presence=presence, presence_since=since, pending=None)
    return moved(agent, AgentMove.SIGNED_ON if presence is Presence.AVAILABLE else AgentMove.SIGNED_OFF, at)


def _settled(agent: Agent, at: datetime) -> Agent:
    """Let what was pending take effect, now that the agent is out of a call."""
    if agent.pending is None and (agent.presence is Presence.AVAILABLE or agent.routing is not RoutingStatus.IDLE):
        return agent
    return _present(agent, agent.pending or agent.presence, at)


# ------------------------------------------------------------------ offers


def offered(agent: Agent, offer: Offer) -> Agent:
    """Return the agent whose phone is about to ring."""
    agent = moved(agent, AgentMove.OFFERED, offer.at)
    return replace(agent, call=offer.call, offer_over=None) if agent.routing is RoutingStatus.RINGING else agent


def offer_over(agent: Agent, offer: Offer, at: datetime, *, missed: bool) -> Agent:
    """Return the agent whose phone stopped ringing unanswered."""
    agent = replace(agent, offer_over_at=at)
    if agent.routing is not RoutingStatus.RINGING or agent.call != offer.call:
        return agent
    agent = replace(agent, call=None, offer_over=None if missed else offer)
    return _settled(moved(agent, AgentMove.OFFER_MISSED if missed else AgentMove.OFFER_OVER, at), at)


def missed_after_all(agent: Agent, call: CallId, at: datetime) -> Agent:
    """Return the agent once the PBX says that the offer that ended just now had been missed by them."""
    offer = agent.offer_over
    if offer is None or offer.call != call or at < offer.at:
        return agent
    return _settled(moved(replace(agent, offer_over=None), AgentMove.OFFER_MISSED, at), at)


# ------------------------------------------------------------------ conversations and wrap-up


def connected(agent: Agent, call: CallId, at: datetime) -> Agent:
    """Return the agent once their conversation has begun."""
    agent = moved(agent, AgentMove.CONNECTED, at)
    return replace(agent, call=call, talk=TalkState.TALKING, wrap_up_until=None, offer_over=None)


def held(agent: Agent) -> Agent:
    """Return the agent once they have put the caller on hold."""
    return replace(agent, talk=TalkState.ON_HOLD)


def resumed(agent: Agent) -> Agent:
    """Return the agent once they talk with the caller again."""
    return replace(agent, talk=TalkState.TALKING)


def hung_up(agent: Agent, at: datetime, *, wrap_up_s: int | None) -> Agent:
    """Return the agent once their conversation is over; ``wrap_up_s`` is None for a call that needs none."""
    agent = replace(agent, talk=TalkState.NONE)
    if wrap_up_s is None:
        return _freed(agent, at)
    return replace(moved(agent, AgentMove.HUNG_UP, at), wrap_up_until=at + timedelta(seconds=wrap_up_s))


def wrap_up_extended(agent: Agent, by_s: int) -> Agent:
    """Return the agent with more time after the call, if they are in wrap-up."""
    if agent.wrap_up_until is None:
        return agent
    return replace(agent, wrap_up_until=agent.wrap_up_until + timedelta(seconds=by_s))


def wrap_up_ended(agent: Agent, at: datetime, *, timed_out: bool) -> Agent:
    """Return the agent free again. A timer that an extension has overtaken ends nothing."""
    if agent.wrap_up_until is None or (timed_out and at < agent.wrap_up_until):
        return agent
    return _freed(agent, at)


def _freed(agent: Agent, at: datetime) -> Agent:
    agent = moved(agent, AgentMove.FREED, at)
    return _settled(replace(agent, call=None, wrap_up_until=None), at)


# ------------------------------------------------------------------ the PBX's view


class Pause(StrEnum):
    """Why the system, not the agent, keeps a member paused. A chosen presence is a reason by its own name."""

    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    NOT_RESPONDING = "not_responding"


_PAUSES = {
    RoutingStatus.ON_CALL: Pause.ON_CALL,
    RoutingStatus.WRAP_UP: Pause.WRAP_UP,
    RoutingStatus.NOT_RESPONDING: Pause.NOT_RESPONDING,
}


def membership_due(agent: Agent) -> Membership | None:
    """Say how the PBX should have this agent in each of their queues; None: not at all."""
    pause = _PAUSES.get(agent.routing)
    if pause is not None:
        return Membership(paused=True, reason=pause)
    if agent.presence is Presence.OFFLINE:
        return None
    if agent.presence is Presence.AVAILABLE:
        return Membership(paused=False, reason="")
    return Membership(paused=True, reason=agent.presence)


def seen_in_queue(agent: Agent, queue: QueueName, membership: Membership, device: DeviceState) -> Agent:
    """Return the agent as the queue has them."""
    memberships = {**agent.memberships, queue: membership}
    return replace(agent, memberships=memberships, in_queues=frozenset(memberships), device=device)


def gone_from_queue(agent: Agent, queue: QueueName) -> Agent:
    """Return the agent once the queue has them no longer."""
    memberships = {name: known for name, known in agent.memberships.items() if name != queue}
    return replace(agent, memberships=memberships, in_queues=frozenset(memberships))


def adopted(agent: Agent, membership: Membership, at: datetime, *, wrap_up_s: int) -> Agent:
    """Return an agent of whom we know nothing since our start, as the PBX remembers them.

    The queue outlives us: whom it has was logged in, and the word they were paused with says what they were doing.
    Wrap-up begins anew, because nobody knows how much of it was left.
    """
    presence = Presence.AVAILABLE
    if membership.paused and membership.reason not in set(Pause):
        known = membership.reason in set(Presence) - {Presence.AVAILABLE, Presence.OFFLINE}
        presence = Presence(membership.reason) if known else Presence.AWAY
    talking = agent.routing is RoutingStatus.ON_CALL
    agent = _present(agent, presence, at)
    if talking or not membership.paused:
        return agent
    if membership.reason == Pause.NOT_RESPONDING:
        return moved(agent, AgentMove.OFFER_MISSED, at)
    if membership.reason in set(Pause):
        return hung_up(moved(agent, AgentMove.CONNECTED, at), at, wrap_up_s=wrap_up_s)
    return agent
