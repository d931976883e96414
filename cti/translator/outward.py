"""From orders to AMI actions."""

from cti.ami import actions
from cti.domain import orders
from cti.translator.words import interface


def action(order: orders.Order) -> actions.AmiAction:
    """Return the action that carries out ``order``. Raises ``TypeError`` for one that nobody taught us."""
    phone = interface(order.extension)
    match order:
        case orders.AddMember(agent=agent, paused=paused, reason=reason):
            return actions.queue_add(order.queue, phone, member_name=agent, paused=paused, reason=reason)
        case orders.RemoveMember():
            return actions.queue_remove(order.queue, phone)
        case orders.PauseMember(reason=reason):
            return actions.queue_pause(phone, paused=True, queue=order.queue, reason=reason)
        case orders.UnpauseMember():
            return actions.queue_pause(phone, paused=False, queue=order.queue)
    raise TypeError(f"no action for {type(order).__name__}")
