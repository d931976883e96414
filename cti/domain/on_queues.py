"""What queues do: callers join, wait, give up; agents are offered calls, answer or miss them; members come and go."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from cti.domain import agents, calls, events, queues
from cti.domain.model import Call, CallStage, Membership, Queue
from cti.domain.values import changed, replace
from cti.domain.work import Work


def on_queue_opened(work: Work, event: events.QueueOpened) -> None:
    """Take a queue with its settings."""
    work.put_queue(replace(work.queue(event.queue), wrap_up_s=event.wrap_up_s))


def on_day_began(work: Work, event: events.DayBegan) -> None:
    """Start the day's sums from nothing."""
    for queue in tuple(work.state.queues.values()):
        work.put_queue(queues.new_day(queue))


def on_caller_queued(work: Work, event: events.CallerQueued) -> None:
    """Let the caller wait. A visit that is known already begins once, and goes on when they come back to it."""
    call = work.call(event.call)
    if call is None or work.waits(call) or (call.queued_at is not None and event.at <= call.queued_at):
        return
    if _comes_back(call, event):
        call = calls.back_in_queue(call)
    else:
        call = work.visiting(replace(call, queue=None), event.queue, event.at)
    queues.join(work.line(event.queue), call.id, event.position)
    work.put_call(calls.moved(call, calls.CallMove.JOINED_QUEUE, event.at))


def _comes_back(call: Call, event: events.CallerQueued) -> bool:
    """Tell whether the caller was out of this queue for a moment only: neither answered nor given up."""
    return call.queue == event.queue and not call.counted and call.queued_at is not None and not call.talks


def on_caller_found_served(work: Work, event: events.CallerFoundServed) -> None:
    """Note which queue the call came from. It is in no sum: nobody knows the wait."""
    call = work.call(event.call)
    if call is not None and call.queue is None:
        work.put_call(replace(call, queue=event.queue, counted=True))


def on_queue_seen(work: Work, event: events.QueueSeen) -> None:
    """Put the waiting callers into the order that the PBX has them in, and drop those of its own it has not."""
    before = work.state.waiting(event.queue)
    known, told = set(before), set(event.waiting)
    waiting = {id_: work.call(id_) for id_ in before if id_ not in told}
    gone = [call for call in waiting.values() if call is not None and call.pbx == event.pbx]
    seen = [id_ for id_ in event.waiting if id_ in known]
    after = tuple(dict.fromkeys([*seen, *(waiting.keys() - {call.id for call in gone})]))
    if after != before:
        line = work.line(event.queue)
        line.clear()
        line.update(dict.fromkeys(after))
    elif event.queue not in work.state.queues:
        work.line(event.queue)
    for call in gone:
        call = calls.left_queue(call, event.at)
        waited = call.stage in (CallStage.QUEUED, CallStage.OFFERED)
        work.put_call(work.back(call, event.at) if waited else call)


def on_caller_left_queue(work: Work, event: events.CallerLeftQueue) -> None:
    """Let the caller wait no longer. One who is being offered to an agent is as good as answered."""
    call = work.call(event.call)
    if call is None or call.queue != event.queue or not work.waits(call) or _is_of_former_visit(call, event):
        return
    work.leave_line(call)
    call = calls.left_queue(call, event.at)
    if call.stage is CallStage.QUEUED:
        call = calls.moved(call, calls.CallMove.SENT_ON, event.at)
    work.put_call(call)


def on_caller_abandoned(work: Work, event: events.CallerAbandoned) -> None:
    """Count a caller who gave up. The hangup follows, or came before."""
    call = work.call(event.call)
    if call is not None:
        call = work.visiting(call, event.queue, event.at - timedelta(seconds=event.wait_s))
        work.put_call(work.gave_up(call, event.wait_s, event.at))


def on_agent_offered(work: Work, event: events.AgentOffered) -> None:
    """Raise the offer, unless the agent's leg told us already."""
    call = work.call(event.call)
    if call is not None:
        call = work.visiting(call, event.queue, event.at)
        work.put_call(work.offer(call, event.extension, event.at))


def on_offer_ended(work: Work, event: events.OfferEnded) -> None:
    """End the offer. That the agent missed it may be told before or after their leg is gone."""
    call = work.any_call(event.call)
    agent = work.agent_with(event.extension)
    if call is None or agent is None:
        return
    of_a_former_one = any(offer.agent == agent.id and event.at < offer.at for offer in call.offers)
    if not of_a_former_one:
        work.put_call(work.end_offer(call, event.extension, event.at, missed=event.missed))


def on_agent_connected(work: Work, event: events.AgentConnected) -> None:
    """Begin the conversation, and count the wait as the queue does."""
    call = work.call(event.call)
    if call is not None and not _is_of_former_visit(call, event):
        call = work.visiting(call, event.queue, event.at - timedelta(seconds=event.wait_s))
        call = work.count_answer(call, _whole_wait_s(call, event), event.at)
        work.put_call(work.connect(call, event.extension, event.at))


def _whole_wait_s(call: Call, event: events.AgentConnected) -> int:
    """Return what the caller has waited since they came; the PBX counts anew for one who was out for a moment."""
    return event.wait_s if call.queued_at is None else max(event.wait_s, calls.seconds(call.queued_at, event.at))


def on_agent_completed(work: Work, event: events.AgentCompleted) -> None:
    """End the conversation, if the agent's leg has not done so already."""
    call = work.call(event.call)
    talk = calls.open_talk(call, event.extension) if call else None
    if call is not None and talk is not None and event.at >= talk.since:
        work.put_call(work.end_talk(call, event.extension, event.at))


def _is_of_former_visit(call: Call, event: events.LegEvent) -> bool:
    """Tell whether this was so before the call joined its queue the last time, and is told again."""
    return call.queued_at is not None and event.at < call.queued_at


def on_member_seen(work: Work, event: events.MemberSeen) -> None:
    """Note how the queue has the agent; one of whom nothing is known since our start is adopted from it."""
    agent = work.agent_with(event.extension)
    if agent is None:
        work.state.unclaimed.setdefault(event.extension, {})[event.queue] = event
        return
    membership = Membership(event.paused, event.reason if event.paused else "")
    if agent.presence_since is None:
        queue = work.state.queues.get(event.queue, Queue(event.queue))
        agent = agents.adopted(agent, membership, event.at, wrap_up_s=queue.wrap_up_s)
    work.put_agent(agents.seen_in_queue(agent, event.queue, membership, event.device))


def on_member_gone(work: Work, event: events.MemberGone) -> None:
    """Note that the queue has the agent no longer."""
    work.state.unclaimed.get(event.extension, {}).pop(event.queue, None)
    agent = work.agent_with(event.extension)
    if agent is not None:
        work.put_agent(agents.gone_from_queue(agent, event.queue))


def on_device_seen(work: Work, event: events.DeviceSeen) -> None:
    """Note what the agent's phone is doing."""
    agent = work.agent_with(event.extension)
    if agent is not None:
        work.put_agent(agent if agent.device is event.device else changed(agent, device=event.device))


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.QueueOpened: on_queue_opened,
    events.DayBegan: on_day_began,
    events.CallerQueued: on_caller_queued,
    events.CallerFoundServed: on_caller_found_served,
    events.QueueSeen: on_queue_seen,
    events.CallerLeftQueue: on_caller_left_queue,
    events.CallerAbandoned: on_caller_abandoned,
    events.AgentOffered: on_agent_offered,
    events.OfferEnded: on_offer_ended,
    events.AgentConnected: on_agent_connected,
    events.AgentCompleted: on_agent_completed,
    events.MemberSeen: on_member_seen,
    events.MemberGone: on_member_gone,
    events.DeviceSeen: on_device_seen,
}
