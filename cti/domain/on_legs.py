"""What channels do to calls: they start, are answered, join bridges and leave them, hold, are parked and hang up.

Transfers, consultations and conferences have no handlers of their own, whoever began them: what became of a call is
seen from who hears whom afterwards.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from cti.domain import calls, events, topology
from cti.domain.ids import UNNAMED, Extension
from cti.domain.model import Call, CallStage, Leg, Talk, TalkKind
from cti.domain.values import changed, replace
from cti.domain.work import Work


def on_leg_started(work: Work, event: events.LegStarted) -> None:
    """Open the call with its first leg, or add a leg; an agent's leg in a visit to a queue is an offer."""
    call = work.any_call(event.call) or _opened(work, event)
    if call.ended_at is not None or event.leg in call.legs or event.leg in call.legs_over:
        return
    leg = Leg(event.leg, event.channel, event.extension, event.at, pair=event.pair)
    call = calls.with_leg(call, leg)
    if event.leg == call.first_leg:
        call = _named(work, call, event)
    elif topology.phone_of(call, leg, work.is_agents) is not None and event.extension is not None:
        call = _asking(call, event.extension, event.at)
        call = work.told(work.offer(call, event.extension, event.at))
    work.put_call(call)


def _asking(call: Call, phone: Extension, at: datetime) -> Call:
    """Return the call in which a colleague's phone rings: who has the caller, and is in no bridge now, is asking."""
    if call.first_leg not in call.legs or call.legs[call.first_leg].bridge is not None:
        return call
    out = {leg.extension for leg in call.legs.values() if leg.bridge is None and leg.left is not None} - {phone}
    for talk in call.talks:
        if talk.until is None and talk.kind is TalkKind.CALLER and talk.extension in out and not talk.apart:
            call = calls.held(call, talk, at, apart=True)
    return call


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


def _named(work: Work, call: Call, event: events.LegStarted) -> Call:
    """Return the call with what its first leg tells. A call from an agent's own phone comes from nobody outside."""
    ours = event.extension is not None and work.is_agents(event.extension)
    return replace(
        call,
        started_at=min(call.started_at, event.at),
        caller_number=call.caller_number or event.caller_number,
        caller_name=call.caller_name or event.caller_name,
        dialled=call.dialled or event.dialled,
        inbound=(event.inbound and not ours) or call.ivr_flow is not None,
    )


def on_leg_answered(work: Work, event: events.LegAnswered) -> None:
    """Note that the channel is up. Whether anybody talks, a bridge tells."""
    call = work.call(event.call)
    leg = call.legs.get(event.leg) if call else None
    if call and leg and not leg.up:
        work.put_call(calls.with_leg(call, changed(leg, up=True)))


def on_leg_bridged(work: Work, event: events.LegBridged) -> None:
    """Begin conversations with whoever is heard now: calls reach agents past the queue as well."""
    call = work.call(event.call)
    leg = call.legs.get(event.leg) if call else None
    if call is None or leg is None or _is_old_place(leg, event):
        return
    if leg.bridge != event.bridge:
        left = leg.left if leg.bridge is None else leg.bridge
        leg = changed(leg, bridge=event.bridge, left=left, bridged_at=event.at)
        call = calls.with_leg(call, leg)
    work.put_call(work.told(_heard(work, call, leg, event)))


def on_leg_unbridged(work: Work, event: events.LegUnbridged) -> None:
    """Take the leg out of the bridge. Conversations go on: who left may be on the way to another bridge."""
    call = work.call(event.call)
    leg = call.legs.get(event.leg) if call else None
    if call is not None and leg is not None and event.bridge in (leg.bridge, UNNAMED) and leg.bridge is not None:
        if _is_older(leg, event):
            return
        leg = changed(leg, bridge=None, left=leg.bridge, bridged_at=event.at)
        work.put_call(work.told(calls.with_leg(call, leg)))


def _is_older(leg: Leg, event: events.LegEvent) -> bool:
    return leg.bridged_at is not None and event.at < leg.bridged_at


def _is_old_place(leg: Leg, event: events.LegBridged) -> bool:
    """Tell whether the leg has left this bridge since. What arrives in one read has one time."""
    here_before = event.bridge == leg.left and event.bridge != UNNAMED and leg.bridged_at == event.at
    return _is_older(leg, event) or here_before


def _heard(work: Work, call: Call, leg: Leg, event: events.LegBridged) -> Call:
    """Return the call with what follows from who is together with this leg now."""
    legs = topology.together(call, leg.id)
    outside = topology.customers(call, legs, work.is_agents)
    phones = topology.phones(call, legs, work.is_agents)
    if len(outside) > 1 and call.first_leg in outside:
        call = work.connect(call, topology.OUTSIDE, event.at, since=event.since)
    for phone in phones:
        if outside:
            call = _with_caller(work, call, phone, event)
        elif len(phones) > 1:
            call = _with_colleague(work, call, phone, event)
    return call


def _with_caller(work: Work, call: Call, phone: Extension, event: events.LegBridged) -> Call:
    talk = calls.open_talk(call, phone)
    if talk is not None and talk.apart:
        return calls.held(call, talk, event.at, apart=False)
    return work.connect(call, phone, event.at, since=event.since)


def _with_colleague(work: Work, call: Call, phone: Extension, event: events.LegBridged) -> Call:
    talk = calls.open_talk(call, phone)
    if talk is not None and talk.kind is TalkKind.CALLER and not talk.apart:
        return calls.held(call, talk, event.at, apart=True)
    return work.connect(call, phone, event.at, TalkKind.COLLEAGUE, since=event.since)


def on_leg_held(work: Work, event: events.LegHeld) -> None:
    """Put the conversation on hold, if it is the agent who did it."""
    _hold(work, event, on_hold=True)


def on_leg_resumed(work: Work, event: events.LegResumed) -> None:
    """Take the conversation off hold."""
    _hold(work, event, on_hold=False)


def _hold(work: Work, event: events.LegHeld | events.LegResumed, *, on_hold: bool) -> None:
    call = work.call(event.call)
    phone = _agents_side(work, call, event)
    talk = calls.open_talk(call, phone) if call and phone is not None else None
    if call is None or talk is None or talk.on_hold is on_hold or _is_old_hold(talk, event):
        return
    stamped = replace(talk, hold_changed=event.at)
    call = calls.with_talks(call, tuple(stamped if one is talk else one for one in call.talks))
    work.put_call(work.told(calls.held(call, stamped, event.at, on_hold=on_hold)))


def on_leg_ended(work: Work, event: events.LegEnded) -> None:
    """Take the leg away; with the last one the call ends. A leg that was never seen counts once it is gone."""
    call = work.call(event.call)
    if call is None or event.leg in call.legs_over:
        return
    phone = _agents_side(work, call, event)
    leg = call.legs.get(event.leg)
    callers = event.leg == call.first_leg
    outside = leg is not None and not callers and phone is None and not leg.pair
    call = calls.without_leg(call, event.leg)
    if phone is not None:
        call = _phone_gone(work, call, phone, event.at)
        if event.cause == calls.PHONE_DIED:
            work.phone_died(call, phone)
    if callers or outside:
        call = work.end_talk(call, topology.OUTSIDE, event.at)
    if callers:
        call = work.caller_gone(replace(call, cause=event.cause), event.at)
    if call.legs or not (leg or callers):
        work.put_call(work.told(call))
    else:
        work.end_call(replace(call, cause=event.cause if call.cause is None else call.cause), event.at)


def _phone_gone(work: Work, call: Call, phone: Extension, at: datetime) -> Call:
    """Return the call once a leg of this phone is gone, unless another one of it rings or talks there now."""
    others = [leg for leg in call.legs.values() if leg.extension == phone]
    if any(leg.bridge is not None for leg in others):
        return call
    if not others:
        call = work.end_offer(call, phone, at, missed=False)
    call = work.end_talk(call, phone, at)
    return work.offer(call, phone, at) if others else call


def _is_old_hold(talk: Talk, event: events.LegEvent) -> bool:
    """Tell whether this is older than the last change. What arrives in one read has one time, so equal is not old."""
    return talk.hold_changed is not None and event.at < talk.hold_changed


def _agents_side(work: Work, call: Call | None, event: events.LegEvent) -> Extension | None:
    """Return whose phone this leg is, None when it is a customer's."""
    leg = call.legs.get(event.leg) if call else None
    return topology.phone_of(call, leg, work.is_agents) if call and leg else None


# ------------------------------------------------------------------ parking


def on_caller_parked(work: Work, event: events.CallerParked) -> None:
    """Put the caller into a parking space."""
    call = work.call(event.call)
    if call is not None and event.leg in call.legs:
        work.put_call(calls.moved(replace(call, parked=event.space), calls.CallMove.PARKED, event.at))


def on_caller_unparked(work: Work, event: events.CallerUnparked) -> None:
    """Take the caller out of it; where they go now is told by what follows."""
    call = work.call(event.call)
    if call is None or call.parked is None:
        return
    call = replace(call, parked=None)
    work.put_call(calls.moved(call, calls.CallMove.SENT_ON, event.at) if call.stage is CallStage.PARKED else call)


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.LegStarted: on_leg_started,
    events.LegAnswered: on_leg_answered,
    events.LegBridged: on_leg_bridged,
    events.LegUnbridged: on_leg_unbridged,
    events.CallerParked: on_caller_parked,
    events.CallerUnparked: on_caller_unparked,
    events.LegHeld: on_leg_held,
    events.LegResumed: on_leg_resumed,
    events.LegEnded: on_leg_ended,
}
