"""Who hears whom in a call: legs joined by bridges, and by local channels from one bridge to the next.

Rules. Two legs hear each other if a chain of bridges and local channels joins them. A leg is *the customer's* unless
it is the phone of one of our agents or half of a local channel. An agent who is joined with a customer talks with the
caller; agents who are joined with each other only talk about them. Who is in no bridge talks with nobody, yet: between
two bridges, and while a colleague's phone rings, an agent who has the caller still has them.
"""

from collections.abc import Callable

from cti.domain.ids import UNNAMED, ChannelId, Extension
from cti.domain.model import Call, Leg

OUTSIDE = Extension("")
"""Stands for the phone of somebody outside to whom the caller was sent on."""

IsAgents = Callable[[Extension], bool]


def together(call: Call, leg: ChannelId) -> frozenset[ChannelId]:
    """Return the legs that hear ``leg``, and itself; nobody while it is in no bridge."""
    start = call.legs[leg]
    if start.bridge is None:
        return frozenset()
    found, ways = {leg}, [start]
    while ways:
        one = ways.pop()
        for other in call.legs.values():
            if other.id not in found and _joined(one, other):
                found.add(other.id)
                ways.append(other)
    return frozenset(found)


def _joined(one: Leg, other: Leg) -> bool:
    """Tell whether two legs are joined at once. A bridge that nobody named is taken for the call's only one."""
    if one.pair and one.pair == other.pair:
        return True
    if one.bridge is None or other.bridge is None:
        return False
    return one.bridge == other.bridge or not one.bridge or not other.bridge


def phone_of(call: Call, leg: Leg, is_agents: IsAgents) -> Extension | None:
    """Return whose phone a leg is; None when it is a customer's, or half of a local channel.

    A call that begins at a phone which is no agent's comes from a customer, whatever phone that is.
    """
    if leg.extension is None or leg.pair:
        return None
    return leg.extension if leg.id != call.first_leg or is_agents(leg.extension) else None


def is_customers(call: Call, leg: Leg, is_agents: IsAgents) -> bool:
    """Tell whether a leg belongs to somebody outside."""
    return not leg.pair and phone_of(call, leg, is_agents) is None


def phones(call: Call, legs: frozenset[ChannelId], is_agents: IsAgents) -> tuple[Extension, ...]:
    """Return the agents' phones among ``legs``, in the order in which they came to the call."""
    found = [phone_of(call, leg, is_agents) for leg in call.legs.values() if leg.id in legs]
    return tuple([phone for phone in found if phone is not None])


def customers(call: Call, legs: frozenset[ChannelId], is_agents: IsAgents) -> tuple[ChannelId, ...]:
    """Return the customers among ``legs``. One bridge without a name is the caller's."""
    found = tuple([leg.id for leg in call.legs.values() if leg.id in legs and is_customers(call, leg, is_agents)])
    unnamed = not found and any(call.legs[leg].bridge == UNNAMED for leg in legs)
    return (call.first_leg,) if unnamed else found
