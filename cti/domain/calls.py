"""The life of one call: its stages, its visits to queues, its conversations, its outcome. Values in, values out.

Rules. A call goes forward: it rings, is in the menu, waits, is offered, talks, ends. A fact of an earlier stage that
arrives late (the menu and the PBX reach us by two roads) adds what it knows but never pulls the call back. An offer
that ends unanswered puts the caller back among the waiting; a caller who neither waits nor talks is *sent on* and
rings elsewhere. Whoever talks may be transferred: into a queue, where they wait again, or to another phone. A caller
can be parked at any time, and is fetched from there. Nothing happens to an ended call. A pair that is not in the
table changes nothing: the PBX repeats itself, and a repeated fact is still true.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from cti.domain.ids import AgentId, ChannelId, Extension, QueueName
from cti.domain.model import Call, CallStage, Leg, Outcome, Talk, TalkKind, Visit, VisitEnd
from cti.domain.values import changed, replace

PUT_DOWN = frozenset({0, 16})
"""Q.850 causes of a caller who put the phone down. Asterisk 22 gives 0 for a BYE while the caller was in a queue."""

SECOND = timedelta(seconds=1)

PHONE_DIED = 44
"""The cause that Asterisk gives a leg it ends because no sound came from it any more (``rtp_timeout``)."""


class CallMove(StrEnum):
    """What can happen to a call's stage."""

    ENTERED_MENU = "entered_menu"
    JOINED_QUEUE = "joined_queue"
    OFFERED = "offered"
    WAITS_AGAIN = "waits_again"
    SENT_ON = "sent_on"
    CONNECTED = "connected"
    HELD = "held"
    RESUMED = "resumed"
    PARKED = "parked"
    ENDED = "ended"


STAGES: dict[CallStage, dict[CallMove, CallStage]] = {
    CallStage.RINGING: {
        CallMove.ENTERED_MENU: CallStage.IN_IVR,
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.IN_IVR: {
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.QUEUED: {
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.OFFERED: {
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.TALKING: {
        CallMove.HELD: CallStage.ON_HOLD,
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.ON_HOLD: {
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.RESUMED: CallStage.TALKING,
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.PARKED: CallStage.PARKED,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.PARKED: {
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.ENDED: {},
}


def seconds(since: datetime, until: datetime) -> int:
    """Return the whole seconds between two times, 0 when the clock was set back meanwhile."""
    return max(0, (until - since) // SECOND)


def moved(call: Call, move: CallMove, at: datetime) -> Call:
    """Return the call as it is once ``move`` has happened; the same call where the table knows no such move."""
    stage = STAGES[call.stage].get(move, call.stage)
    return call if stage is call.stage else changed(call, stage=stage, stage_since=at)


# ------------------------------------------------------------------ legs


def with_leg(call: Call, leg: Leg) -> Call:
    """Return the call with this leg, new or changed."""
    return changed(call, legs={**call.legs, leg.id: leg})


def without_leg(call: Call, leg: ChannelId) -> Call:
    """Return the call once this leg has hung up, whether it was known or not."""
    legs = {id_: known for id_, known in call.legs.items() if id_ != leg}
    return changed(call, legs=legs, legs_over=call.legs_over | {leg})


# ------------------------------------------------------------------ visits to queues


def visiting(call: Call, queue: QueueName, at: datetime) -> Call:
    """Return the call once its caller has come to a queue; the visit before is over."""
    call = left_queue(call, at, VisitEnd.FLOWED_OUT)
    return changed(call, queue=queue, queued_at=at, counted=False, visits=(*call.visits, Visit(queue, at)))


def back_in_queue(call: Call) -> Call:
    """Return the call whose caller was out of the queue for a moment: the visit goes on."""
    if not call.visits:
        return call
    return replace(call, visits=(*call.visits[:-1], replace(call.visits[-1], until=None)))


def left_queue(call: Call, at: datetime, end: VisitEnd | None = None, *, wait_s: int | None = None) -> Call:
    """Return the call once its caller waits no longer; how the visit ended may be told later. What was told stays."""
    if not call.visits or (visit := call.visits[-1]).end is not None:
        return call
    until = visit.until if visit.until and end is not VisitEnd.ANSWERED else max(at, visit.since)
    waited = wait_s if wait_s is not None else seconds(visit.since, until)
    visit = replace(visit, until=until, wait_s=waited, end=end)
    former = call.visits[:-1]
    answered_before = any(one.end is VisitEnd.ANSWERED for one in former)
    return replace(call, visits=(*former, visit), wait_s=call.wait_s if answered_before else waited)


# ------------------------------------------------------------------ conversations


def open_talk(call: Call, extension: Extension) -> Talk | None:
    """Return the conversation that this phone has in the call now."""
    for talk in call.talks:
        if talk.until is None and talk.extension == extension:
            return talk
    return None


def in_conversation(call: Call) -> bool:
    """Tell whether anybody talks with the caller now, or has them on hold."""
    return any(talk.until is None and talk.kind is TalkKind.CALLER for talk in call.talks)


def is_old_news(call: Call, extension: Extension, at: datetime) -> bool:
    """Tell whether this phone's conversation, told of at ``at``, is already known to be over.

    What arrives in one read has one time, so a conversation may begin when the one before it ended.
    """
    return any(talk.extension == extension and talk.until is not None and at < talk.until for talk in call.talks)


def earliest(call: Call, extension: Extension, since: datetime) -> datetime:
    """Return when a conversation of this phone can have begun: at ``since``, or when the one before it ended."""
    return max([since, *(talk.until for talk in call.talks if talk.extension == extension and talk.until)])


def connected(
    call: Call, extension: Extension, agent: AgentId | None, at: datetime, kind: TalkKind = TalkKind.CALLER
) -> Call:
    """Return the call once this phone's conversation has begun.

    A call from before our own start is known to have been answered earlier than we can see.
    """
    known = call.answered_at is not None and not call.talks and call.agent == agent
    since = call.answered_at if known and call.answered_at is not None else at
    talks = (*call.talks, Talk(extension, agent, since, kind=kind, queue=call.queue))
    if kind is TalkKind.COLLEAGUE and (call.inbound or call.answered_at is not None):
        return changed(call, talks=talks)
    call = changed(call, talks=talks, agent=agent or call.agent, answered_at=call.answered_at or at)
    return moved(call, CallMove.CONNECTED, at)


def held(call: Call, talk: Talk, at: datetime, *, on_hold: bool | None = None, apart: bool | None = None) -> Call:
    """Return the call once the phone says that the caller is on hold or not, or the agent is apart from them or not."""
    on_hold, apart = talk.on_hold if on_hold is None else on_hold, talk.apart if apart is None else apart
    new = replace(talk, on_hold=on_hold, apart=apart)
    if (on_hold or apart) and talk.held_since is None:
        new = replace(new, held_since=at, holds=talk.holds + 1)
    elif not (on_hold or apart):
        new = _hold_over(talk, new, at)
    call = _with_talk(call, talk, new)
    open_ones = [one for one in call.talks if one.until is None and one.kind is TalkKind.CALLER]
    all_held = bool(open_ones) and all(one.held_since is not None for one in open_ones)
    return moved(call, CallMove.HELD if all_held else CallMove.RESUMED, at)


def _hold_over(talk: Talk, new: Talk, at: datetime) -> Talk:
    """Return the conversation with its hold ended.

    Whoever transfers a caller leaves the bridge a moment before they hang up: less than a second apart is no hold.
    """
    if talk.held_since is None:
        return new
    held_s = seconds(talk.held_since, at)
    passing = talk.apart and not talk.on_hold and not held_s
    return replace(new, held_since=None, hold_s=talk.hold_s + held_s, holds=talk.holds - passing)


def talk_over(call: Call, talk: Talk, at: datetime) -> Call:
    """Return the call once this conversation is over; its stage is for the caller of this to decide."""
    over = replace(talk, until=max(at, talk.since), on_hold=False, apart=False)
    return _with_talk(call, talk, _hold_over(talk, over, at))


def _with_talk(call: Call, old: Talk, new: Talk) -> Call:
    return with_talks(call, tuple(new if talk is old else talk for talk in call.talks))


def with_talks(call: Call, talks: tuple[Talk, ...]) -> Call:
    """Return the call with these conversations, and their sums: those with the caller count."""
    talk_s = hold_s = holds = 0
    for talk in talks:
        if talk.kind is TalkKind.CALLER:
            hold_s += talk.hold_s
            holds += talk.holds
            if talk.until is not None:
                talk_s += max(0, seconds(talk.since, talk.until) - talk.hold_s)
    return replace(call, talks=talks, talk_s=talk_s, hold_s=hold_s, holds=holds)


# ------------------------------------------------------------------ records


def completed(call: Call, record: Call) -> Call:
    """Return a live call with what only its record knows: the menu's part, and what was before our start."""
    call = _with_former_talks(call, record)
    return replace(
        call,
        started_at=min(call.started_at, record.started_at),
        caller_number=call.caller_number or record.caller_number,
        caller_name=call.caller_name or record.caller_name,
        dialled=call.dialled or record.dialled,
        language=call.language or record.language,
        account=call.account or record.account,
        verified=call.verified or (record.verified and call.account in (None, record.account)),
        ivr_flow=call.ivr_flow or record.ivr_flow,
        ivr_version=record.ivr_version if call.ivr_version is None else call.ivr_version,
        ivr_path=call.ivr_path or record.ivr_path,
        ivr_served=call.ivr_served or record.ivr_served,
        callback_of=call.callback_of or record.callback_of,
        queue=call.queue or record.queue,
        queued_at=call.queued_at or record.queued_at,
        counted=call.counted or record.counted,
        wait_s=call.wait_s or record.wait_s,
        agent=call.agent or record.agent,
        answered_at=record.answered_at or call.answered_at,
        visits=call.visits if len(call.visits) > len(record.visits) else record.visits,
    )


def _with_former_talks(call: Call, record: Call) -> Call:
    """Return a live call with the conversations of its record, those that go on from their real beginning."""
    live = {(talk.extension, talk.kind): talk for talk in call.talks if talk.until is None}
    known = {(talk.extension, talk.kind): talk for talk in record.talks if talk.until is None}
    until = min((talk.since for talk in call.talks), default=call.stage_since)
    over = tuple(
        talk if talk.until is not None else talk_over(record, talk, until).talks[record.talks.index(talk)]
        for talk in record.talks
        if talk.until is not None or (talk.extension, talk.kind) not in live
    )
    now = tuple(
        _since(talk, known.get((talk.extension, talk.kind))) if talk.until is None else talk for talk in call.talks
    )
    if not record.talks and record.answered_at is not None and len(now) == 1 and now[0].agent == record.agent:
        now = (replace(now[0], since=min(now[0].since, record.answered_at)),)
    return with_talks(call, over + tuple(talk for talk in now if talk not in over))


def _since(talk: Talk, known: Talk | None) -> Talk:
    if known is None:
        return talk
    return replace(talk, since=min(talk.since, known.since), hold_s=known.hold_s + talk.hold_s, holds=known.holds)


# ------------------------------------------------------------------ two calls become one


def absorbed(call: Call, other: Call) -> Call:
    """Return a call that another one has become part of.

    If the other one is the customer's and this one a colleague's, this is the customer's call from now on.
    """
    if call.inbound or not other.inbound:
        return call
    call = completed(call, other)
    return replace(call, inbound=True, caller_leg=other.first_leg, ivr_result=call.ivr_result or other.ivr_result)


# ------------------------------------------------------------------ the end


def ended(call: Call, at: datetime, cause: int | None = None, *, restart: bool = False) -> Call:
    """Return the call at its end, with its one outcome."""
    call = left_queue(call, at, VisitEnd.FLOWED_OUT)
    call = changed(call, ended_at=max(at, call.started_at), cause=cause, legs={}, offers=(), parked=None)
    call = moved(call, CallMove.ENDED, at)
    return changed(call, outcome=Outcome.PBX_RESTART if restart else outcome(call))


def outcome(call: Call) -> Outcome:
    """Say what became of a call, from what happened in it.

    The first that holds: an agent talked with the caller; the caller left a wish or a message; they gave up waiting;
    the call became part of another one; they left the queue and reached nobody, or the menu put them through to
    somebody whom we don't see; the menu did what they came for, or told them why nobody can; the menu broke. A caller
    who just put the phone down somewhere on the way gave up too; anything else is a call that failed.
    """
    rules = (
        (call.answered_at is not None, Outcome.ANSWERED),
        (call.left is not None, call.left or Outcome.FAILED),
        (call.abandoned, Outcome.ABANDONED),
        (call.merged_into is not None, Outcome.ANSWERED),
        (call.queue is not None or call.ivr_result == "transfer", Outcome.OVERFLOWED),
        (call.ivr_served, Outcome.SELF_SERVICE),
        (call.heard is not None, call.heard or Outcome.FAILED),
        (call.ivr_result == "failed", Outcome.FAILED),
        (call.inbound and (call.ivr_flow is not None or call.cause in PUT_DOWN), Outcome.ABANDONED),
    )
    return next((result for holds, result in rules if holds), Outcome.FAILED)
