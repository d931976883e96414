"""How the centre begins: from nothing, and then with what is known of before.

Rules. A centre that starts knows nothing; whoever folds the journal of several starts begins anew at each. What is
brought back from before never beats what was learned since: an agent who chose something stays so, a call that the
menu told us of is completed, the day's sums are added. How far the PBXs can be trusted is not brought back: they are
asked.
"""

from collections.abc import Callable, Mapping

from cti.domain import calls, events, restored
from cti.domain.ids import QueueName
from cti.domain.model import Agent, Queue
from cti.domain.queues import Line
from cti.domain.values import replace
from cti.domain.work import Work


def on_centre_started(work: Work, event: events.CentreStarted) -> None:
    """Forget everything: what follows is all there is."""
    work.begin_anew()


def on_centre_restored(work: Work, event: restored.CentreRestored) -> None:
    """Take up calls, agents and queues as they were when we were last there."""
    before = event.state
    for call in before.recent.values():
        if work.any_call(call.id) is None:
            work.put_call(call)
    for call in before.calls.values():
        live = work.any_call(call.id)
        if live is None:
            work.put_call(call)
        elif live.ended_at is None:
            work.put_call(calls.completed(live, call))
    for agent in before.agents.values():
        known = work.state.agents.get(agent.id)
        if known is not None and known.presence_since is None:
            work.put_agent(_as_before(known, agent))
    for queue in before.queues.values():
        work.put_queue(_with_sums(work.queue(queue.name), queue))
    for name, line in before.lines.items():
        _line_up(work, name, line)


def _line_up(work: Work, queue: QueueName, before: Line) -> None:
    """Put those who waited before in front of those who have come since."""
    line = work.line(queue)
    since = dict(line)
    line.clear()
    line.update(before | since)


def _as_before(known: Agent, before: Agent) -> Agent:
    """Return the agent as they were; who they are, which phone they have and what it does is known better now."""
    return replace(
        before,
        name=known.name,
        extension=known.extension,
        queues=known.queues,
        device=known.device,
        console=known.console,
        memberships=known.memberships or before.memberships,
        in_queues=known.in_queues or before.in_queues,
    )


def _with_sums(now: Queue, before: Queue) -> Queue:
    return replace(
        now,
        offered=before.offered + now.offered,
        answered=before.answered + now.answered,
        abandoned=before.abandoned + now.abandoned,
        wait_of_answered_s=before.wait_of_answered_s + now.wait_of_answered_s,
        answered_in_target=before.answered_in_target + now.answered_in_target,
    )


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.CentreStarted: on_centre_started,
    restored.CentreRestored: on_centre_restored,
}
