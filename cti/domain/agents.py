"""What the system makes of an agent: presence, routing status and call state are three separate things.

Presence is chosen, by the agent or for them: offline, available, a kind of break, or *away* with a reason of the
site's own. Choosing it while a phone rings, in a call or in wrap-up makes it *pending*: it takes effect when the agent
is free again. A console that is lost in a call, or a phone that dies in one, leaves the agent paused
afterwards, never available.

Routing status is set by the system. An agent who is available is idle, and the queue may offer calls. An offer that
ends without an answer leaves them idle, unless it was they who missed it: then they are *not responding* and get
nothing more until they choose available again. Any conversation, wherever it came from, makes them on call, until the
last one is over. After a caller from a queue comes wrap-up, and nothing is offered meanwhile; after a colleague's
question comes none. A pair that is not in the table changes nothing.

Call state is what the conversation is doing, and follows from the call: the first row of ``CALL_STATES`` that holds.
Somebody who talks with a colleague while the caller waits is consulting, and so is the colleague.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from cti.domain import topology
from cti.domain.events import DeviceState, Presence
from cti.domain.ids import CallId, Extension, QueueName, ReasonCode
from cti.domain.model import Agent, Call, Membership, Offer, RoutingStatus, Talk, TalkKind, TalkState
from cti.domain.values import Value, changed, replace


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
    return agent if routing is agent.routing else changed(agent, routing=routing, routing_since=at)


# ------------------------------------------------------------------ presence


def chose(agent: Agent, presence: Presence, at: datetime, reason: ReasonCode | None = None) -> Agent:
    """Return the agent once a presence was chosen: in effect now, or pending. Only *away* has a reason."""
    reason = reason if presence is Presence.AWAY else None
    if agent.routing in PRESENCE_WAITS:
        same = (presence, reason) == (agent.presence, agent.reason)
        return replace(agent, pending=None if same else presence, pending_reason=None if same else reason)
    return _present(replace(agent, offer_over=None), presence, at, reason)


def console_lost(agent: Agent, at: datetime) -> Agent:
    """Return the agent once their console has been away for longer than the grace time."""
    agent = replace(agent, console=False)
    if agent.routing in IN_CALL:
        return replace(agent, pending=Presence.AWAY, pending_reason=None)
    return chose(agent, Presence.OFFLINE, at)


def phone_died(agent: Agent) -> Agent:
    """Return the agent once their phone has died in a call: paused after wrap-up, until they choose to be available."""
    return replace(agent, pending=Presence.AWAY) if agent.routing in IN_CALL else agent


def _present(agent: Agent, presence: Presence, at: datetime, reason: ReasonCode | None = None) -> Agent:
    """Let a presence take effect."""
    same = (presence, reason) == (agent.presence, agent.reason)
    since = agent.presence_since if same and agent.presence_since else at
    agent = replace(agent, presence=presence, reason=reason, presence_since=since, pending=None, pending_reason=None)
    return moved(agent, AgentMove.SIGNED_ON if presence is Presence.AVAILABLE else AgentMove.SIGNED_OFF, at)


def _settled(agent: Agent, at: datetime) -> Agent:
    """Let what was pending take effect, now that the agent is out of a call."""
    if agent.pending is None and (agent.presence is Presence.AVAILABLE or agent.routing is not RoutingStatus.IDLE):
        return agent
    if agent.pending is None:
        return _present(agent, agent.presence, at, agent.reason)
    return _present(agent, agent.pending, at, agent.pending_reason)


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


def connected(agent: Agent, call: CallId, at: datetime, kind: TalkKind = TalkKind.CALLER) -> Agent:
    """Return the agent once a conversation of theirs has begun. Of two calls they have that with the caller."""
    agent = moved(agent, AgentMove.CONNECTED, at)
    others = tuple(other for other in agent.talks_in if other != call)
    talks_in = (call, *others) if kind is TalkKind.CALLER else (*others, call)
    muted = agent.muted and len(talks_in) > 1
    return replace(
        agent,
        call=talks_in[0],
        talks_in=talks_in,
        muted=muted,
        talk=TalkState.TALKING,
        wrap_up_until=None,
        offer_over=None,
    )


def hung_up(agent: Agent, call: CallId, at: datetime, *, wrap_up_s: int | None) -> Agent:
    """Return the agent once their conversation is over; ``wrap_up_s`` is None for a call that needs none."""
    others = tuple(other for other in agent.talks_in if other != call)
    wrap_up_s = agent.owed_wrap_up_s if wrap_up_s is None else wrap_up_s
    if others:
        return replace(agent, talks_in=others, call=others[0], owed_wrap_up_s=wrap_up_s)
    agent = replace(agent, talk=TalkState.NONE, talks_in=(), muted=False, call=call, owed_wrap_up_s=None)
    if wrap_up_s is None:
        return _freed(agent, at)
    return replace(moved(agent, AgentMove.HUNG_UP, at), wrap_up_until=at + timedelta(seconds=wrap_up_s))


class Doing(Value):
    """What an agent's call state follows from."""

    elsewhere: bool
    """They have another call as well."""
    apart: bool
    colleague: bool
    on_hold: bool
    muted: bool
    several: bool
    """Another agent hears the caller as well."""


CALL_STATES: tuple[tuple[Callable[[Doing], bool], TalkState], ...] = (
    (lambda doing: doing.elsewhere or doing.apart or doing.colleague, TalkState.CONSULTING),
    (lambda doing: doing.on_hold, TalkState.ON_HOLD),
    (lambda doing: doing.muted, TalkState.MUTED),
    (lambda doing: doing.several, TalkState.IN_CONFERENCE),
    (lambda _doing: True, TalkState.TALKING),
)


@cache  # of sixty-four
def call_state(doing: Doing) -> TalkState:
    """Say what a conversation is doing: the first row that holds."""
    return next(state for holds, state in CALL_STATES if holds(doing))


def doing(agent: Agent, call: Call, talk: Talk, is_agents: topology.IsAgents) -> Agent:
    """Return the agent with the call state that follows from the call they have."""
    state = call_state(
        Doing(
            elsewhere=len(agent.talks_in) > 1,
            apart=talk.apart,
            colleague=talk.kind is TalkKind.COLLEAGUE and any(one.kind is TalkKind.CALLER for one in call.talks),
            on_hold=talk.on_hold,
            muted=agent.muted,
            several=_several(call, talk.extension, is_agents),
        )
    )
    return agent if agent.talk is state else changed(agent, talk=state)


def _several(call: Call, extension: Extension, is_agents: topology.IsAgents) -> bool:
    if len(call.legs) < 3:  # the caller's and two agents', at least
        return False
    mine = next((leg for leg in call.legs.values() if leg.extension == extension and leg.bridge is not None), None)
    together = topology.together(call, mine.id) if mine is not None else frozenset()
    with_caller = any(topology.is_customers(call, call.legs[leg], is_agents) for leg in together)
    return with_caller and len(topology.phones(call, together, is_agents)) > 1


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
    return Membership(paused=True, reason=agent.reason or agent.presence)


def seen_in_queue(agent: Agent, queue: QueueName, membership: Membership, device: DeviceState) -> Agent:
    """Return the agent as the queue has them."""
    if agent.memberships.get(queue) == membership:
        return agent if agent.device is device else changed(agent, device=device)
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
    presence, reason = Presence.AVAILABLE, None
    if membership.paused and membership.reason not in set(Pause):
        known = membership.reason in set(Presence) - {Presence.AVAILABLE, Presence.OFFLINE}
        presence = Presence(membership.reason) if known else Presence.AWAY
        reason = None if known or not membership.reason else ReasonCode(membership.reason)
    talking = agent.routing is RoutingStatus.ON_CALL
    agent = _present(agent, presence, at, reason)
    if talking or not membership.paused:
        return agent
    if membership.reason == Pause.NOT_RESPONDING:
        return moved(agent, AgentMove.OFFER_MISSED, at)
    if membership.reason in set(Pause):
        agent = moved(moved(agent, AgentMove.CONNECTED, at), AgentMove.HUNG_UP, at)
        return replace(agent, wrap_up_until=at + timedelta(seconds=wrap_up_s))
    return agent
