"""What channels do to calls: they start, are answered, talk, hold and hang up."""

from collections.abc import Callable, Mapping

from cti.domain import agents, calls, events
from cti.domain.ids import Extension
from cti.domain.model import Call, CallStage, Leg, Talk
from cti.domain.values import replace
from cti.domain.work import Work


def on_leg_started(work: Work, event: events.LegStarted) -> None:
    """Open the call with its first leg, or add a leg; an agent's leg in a visit to a queue is an offer."""
    call = work.any_call(event.call) or _opened(work, event)
    if call.ended_at is not None or event.leg in call.legs or event.leg in call.legs_over:
        return
    call = calls.with_leg(call, Leg(event.leg, event.channel, event.extension, event.at))
    if event.leg == call.first_leg:
        call = _with_caller(call, event)
    elif event.extension is not None:
        call = work.offer(call, event.extension, event.at)
    work.put_call(call)


def _opened(work: Work, event: events.LegStarted) -> Call:
    link = work.state.links.get(event.pbx)
    return Call(
        event.call,
        event.pbx,
        event.linkedid,
        started_at=event.at,
        stage=CallStage.RINGING,
        stage_since=event.at,
        boot=link.boot if link else None,
    )


def _with_caller(call: Call, event: events.LegStarted) -> Call:
    return replace(
        call,
        started_at=min(call.started_at, event.at),
        caller_number=call.caller_number or event.caller_number,
        caller_name=call.caller_name or event.caller_name,
        dialled=call.dialled or event.dialled,
        inbound=event.inbound or call.ivr_flow is not None,
    )


def on_leg_answered(work: Work, event: events.LegAnswered) -> None:
    """Note that the channel is up. Whether anybody talks, a bridge tells."""
    call = work.call(event.call)
    leg = call.legs.get(event.leg) if call else None
    if call and leg and not leg.up:
        work.put_call(calls.with_leg(call, replace(leg, up=True)))


def on_leg_bridged(work: Work, event: events.LegBridged) -> None:
    """Begin a conversation when it is an agent's leg: calls reach agents past the queue as well."""
    call = work.call(event.call)
    extension = _agents_side(call, event)
    if call and extension is not None:
        work.put_call(work.connect(call, extension, event.at))


def on_leg_held(work: Work, event: events.LegHeld) -> None:
    """Put the conversation on hold, if it is the agent who did it."""
    call = work.call(event.call)
    extension = _agents_side(call, event)
    talk = calls.open_talk(call, extension) if call and extension else None
    if call is None or talk is None or talk.held_since is not None or _is_old_hold(talk, event):
        return
    work.put_call(calls.held(call, talk, event.at))
    agent = work.agent_with(talk.extension)
    if agent is not None:
        work.put_agent(agents.held(agent))


def on_leg_resumed(work: Work, event: events.LegResumed) -> None:
    """Take the conversation off hold."""
    call = work.call(event.call)
    extension = _agents_side(call, event)
    talk = calls.open_talk(call, extension) if call and extension else None
    if call is None or talk is None or talk.held_since is None or _is_old_hold(talk, event):
        return
    work.put_call(calls.resumed(call, talk, talk.held_since, event.at))
    agent = work.agent_with(talk.extension)
    if agent is not None:
        work.put_agent(agents.resumed(agent))


def on_leg_ended(work: Work, event: events.LegEnded) -> None:
    """Take the leg away; with the last one the call ends. A leg that was never seen counts once it is gone."""
    call = work.call(event.call)
    if call is None or event.leg in call.legs_over:
        return
    extension = _agents_side(call, event)
    leg = call.legs.get(event.leg)
    callers = event.leg == call.first_leg
    call = calls.without_leg(call, event.leg)
    if extension is not None:
        call = work.end_offer(call, extension, event.at, missed=False)
        call = work.end_talk(call, extension, event.at)
        if event.cause == calls.PHONE_DIED:
            work.phone_died(call, extension)
    if callers:
        call = work.caller_gone(replace(call, cause=event.cause), event.at)
    if call.legs or not (leg or callers):
        work.put_call(call)
    else:
        work.end_call(replace(call, cause=event.cause if call.cause is None else call.cause), event.at)


def _is_old_hold(talk: Talk, event: events.LegEvent) -> bool:
    """Tell whether this is older than the last change. What arrives in one read has one time, so equal is not old."""
    return talk.hold_changed is not None and event.at < talk.hold_changed


def _agents_side(call: Call | None, event: events.LegEvent) -> Extension | None:
    """Return whose phone this leg is, None when it is the caller's own or nobody's."""
    leg = call.legs.get(event.leg) if call else None
    return None if leg is None or (call and leg.id == call.first_leg) else leg.extension


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.LegStarted: on_leg_started,
    events.LegAnswered: on_leg_answered,
    events.LegBridged: on_leg_bridged,
    events.LegHeld: on_leg_held,
    events.LegResumed: on_leg_resumed,
    events.LegEnded: on_leg_ended,
}
