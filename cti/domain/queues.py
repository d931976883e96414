"""Who waits in a queue, in the PBX's order, and the day's sums. Values in, values out.

Rules. Each visit of a call to a queue is offered once, and counted once more: as answered, with the wait, or as
abandoned. A visit that ends otherwise (the queue timed out, somebody took the call elsewhere) flowed out, which is
what remains.
"""

from cti.domain.ids import CallId
from cti.domain.model import Queue
from cti.domain.values import replace


def joined(queue: Queue, call: CallId, position: int) -> Queue:
    """Return the queue with this caller at ``position``, counted from 1."""
    others = [waiting for waiting in queue.waiting if waiting != call]
    others.insert(position - 1, call)
    return replace(queue, waiting=tuple(others))


def left(queue: Queue, call: CallId) -> Queue:
    """Return the queue without this caller."""
    if call not in queue.waiting:
        return queue
    return replace(queue, waiting=tuple(waiting for waiting in queue.waiting if waiting != call))


def offered(queue: Queue) -> Queue:
    """Count one more visit."""
    return replace(queue, offered=queue.offered + 1)


def answered(queue: Queue, wait_s: int, *, target_s: int) -> Queue:
    """Count one more visit that an agent answered."""
    return replace(
        queue,
        answered=queue.answered + 1,
        wait_of_answered_s=queue.wait_of_answered_s + wait_s,
        answered_in_target=queue.answered_in_target + (wait_s <= target_s),
    )


def abandoned(queue: Queue) -> Queue:
    """Count one more caller who gave up."""
    return replace(queue, abandoned=queue.abandoned + 1)


def new_day(queue: Queue) -> Queue:
    """Start the day's sums from nothing; who waits goes on waiting."""
    return Queue(queue.name, waiting=queue.waiting, wrap_up_s=queue.wrap_up_s)
