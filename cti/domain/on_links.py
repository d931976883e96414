"""How far what we know of a PBX can be trusted: its link comes and goes, and the truth is checked.

A PBX that was started anew has lost every call it had: they end as lost by its restart, at the time that its own
account tells. Without an account nobody knows whether they had not ended before, so their end is marked as assumed.
Calls that only the menu told us of, or only their record, have no known life of the PBX: those that began before the
restart that the account tells of are lost too, all others are left to the resync, which knows whether they live.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from cti.domain import agents, calls, events, restored, topology
from cti.domain.ids import CallId
from cti.domain.model import Call, Link
from cti.domain.values import replace
from cti.domain.work import Work


def on_link_up(work: Work, event: events.LinkUp) -> None:
    """Trust the link again; end the calls of a former life of the PBX."""
    known = work.state.links.get(event.pbx)
    synced_at, drift = (known.synced_at, known.drift) if known else (None, 0)
    work.put_link(Link(event.pbx, up=True, since=event.at, boot=event.boot, synced_at=synced_at, drift=drift))
    for call in work.calls_of(event.pbx):
        if _is_of_former_life(call, event):
            call = replace(call, end_assumed=event.lost_at is None)
            work.end_call(call, event.lost_at or event.at, restart=True)


def _is_of_former_life(call: Call, event: events.LinkUp) -> bool:
    if call.boot is None:
        return event.lost_at is not None and call.started_at <= event.lost_at
    return call.boot != event.boot


def on_link_down(work: Work, event: events.LinkDown) -> None:
    """Note since when what we know ages."""
    known = work.state.links.get(event.pbx) or Link(event.pbx, up=True, since=event.at)
    if known.up:
        work.put_link(replace(known, up=False, since=event.at))


def on_resynced(work: Work, event: events.Resynced) -> None:
    """End the calls that are no more, and note when the truth was checked."""
    known = work.state.links.get(event.pbx) or Link(event.pbx, up=True, since=event.at)
    work.put_link(replace(known, synced_at=event.at, drift=known.drift + event.drift))
    for call in work.calls_of(event.pbx):
        if call.id not in event.live:
            work.end_call(call, event.at)
        else:
            _checked(work, call, known.boot, event.at)


def _checked(work: Work, call: Call, boot: int | None, at: datetime) -> None:
    """Put a call that lives; whoever is believed to talk in it and has no leg there any more does so no longer."""
    phones = {leg.extension for leg in call.legs.values()}
    for talk in call.talks:
        if talk.until is None and talk.extension != topology.OUTSIDE and talk.extension not in phones:
            call = work.end_talk(call, talk.extension, at)
    work.put_call(replace(call, boot=boot) if call.boot is None else call)


def on_truth_checked(work: Work, event: events.TruthChecked) -> None:
    """Note when the truth was checked. What was wrong has been put right by facts of its own."""
    known = work.state.links.get(event.pbx)
    if known is not None and known.up:
        work.put_link(replace(known, synced_at=event.at, drift=known.drift + event.drift))


def on_call_gone(work: Work, event: events.CallGone) -> None:
    """End a call whose end nobody saw."""
    call = work.call(event.call)
    if call is not None:
        work.end_call(replace(call, end_assumed=event.assumed), event.at, restart=event.restart)


def on_call_restored(work: Work, event: restored.CallRestored) -> None:
    """Take up a call from before our own start, or add to a live one what only its record knows."""
    record = event.record
    call = work.any_call(record.id)
    if call is None:
        _restored(work, record, event.at)
    elif call.ended_at is None:
        work.put_call(calls.completed(call, record))


def _restored(work: Work, record: Call, at: datetime) -> None:
    """Put a call of which only its record is known; who talked in it is taken to do so until the PBX is asked."""
    call = replace(record, legs={}, offers=(), offered_to=None, offered_at=None, stage_since=at)
    for talk in call.talks:
        agent = work.agent_with(talk.extension) if talk.until is None else None
        if agent is not None:
            work.put_agent(agents.connected(agent, call.id, at))
        if talk.until is None:
            call = calls.moved(call, calls.CallMove.CONNECTED, at)
    work.put_call(call)


# ------------------------------------------------------------------ two calls become one


def relocate(work: Work, known: CallId, event: events.LegEvent) -> None:
    """Move a leg from the ``known`` call to the one that it is told of in, if that is another one.

    Asterisk joins the Linkedids of channels that come into one bridge: the older one stays (``main/channel.c``,
    ``ast_channel_set_linkgroup``). So a leg only ever moves to the older call, and a call without legs has become
    part of it.
    """
    call, former = work.call(event.call), work.state.calls[known]
    if call is None or former is call or call.age > former.age:
        return
    leg = former.legs[event.leg]
    rest = {id_: other for id_, other in former.legs.items() if id_ != event.leg}
    phone = topology.phone_of(former, leg, work.is_agents)
    former = replace(former, legs=rest)
    if phone is not None:
        former = work.end_talk(work.end_offer(former, phone, event.at, missed=False), phone, event.at)
    if rest:
        work.put_call(former)
    else:
        call = calls.absorbed(call, former)
        work.end_call(replace(former, merged_into=call.id), event.at)
    work.put_call(calls.with_leg(call, replace(leg, bridge=None, left=leg.bridge or leg.left)))


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.LinkUp: on_link_up,
    events.LinkDown: on_link_down,
    events.Resynced: on_resynced,
    events.TruthChecked: on_truth_checked,
    events.CallGone: on_call_gone,
    restored.CallRestored: on_call_restored,
}
