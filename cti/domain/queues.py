"""The line of each queue, in the PBX's order, and the day's sums.

Rules. Each visit of a call to a queue is offered once, and counted once more: as answered, with the wait, or as
abandoned. A visit that ends otherwise (the queue timed out, somebody took the call elsewhere) flowed out, which is
what remains. A line is changed in place: joining at its end and leaving cost the same however many wait.
"""

from cti.domain.ids import CallId
from cti.domain.model import Queue
from cti.domain.values import changed

Line = dict[CallId, None]


def join(line: Line, call: CallId, position: int) -> None:
    """Let a caller wait at ``position``, counted from 1; whoever comes before others costs as many as those are."""
    line.pop(call, None)
    behind = list(line)[position - 1 :] if position <= len(line) else []
    line[call] = None
    for other in behind:
        del line[other]
        line[other] = None


def offered(queue: Queue) -> Queue:
    """Count one more visit."""
    return changed(queue, offered=queue.offered + 1)


def answered(queue: Queue, wait_s: int, *, target_s: int) -> Queue:
    """Count one more visit that an agent answered."""
    return changed(
        queue,
        answered=queue.answered + 1,
        wait_of_answered_s=queue.wait_of_answered_s + wait_s,
        answered_in_target=queue.answered_in_target + (wait_s <= target_s),
    )


def abandoned(queue: Queue) -> Queue:
    """Count one more caller who gave up."""
    return changed(queue, abandoned=queue.abandoned + 1)


def new_day(queue: Queue) -> Queue:
    """Start the day's sums from nothing."""
    return Queue(queue.name, wrap_up_s=queue.wrap_up_s)
