"""The life of one call: its stages, its conversations, its outcome. Values in, values out.

Rules. A call goes forward: it rings, is in the menu, waits, is offered, talks, ends. A fact of an earlier stage that
arrives late (the menu and the PBX reach us by two roads) adds what it knows but never pulls the call back. An offer
that ends unanswered puts the caller back among the waiting; a caller who neither waits nor talks is *sent on* and
rings elsewhere. Nothing happens to an ended call. A pair that is not in the table changes nothing: the PBX repeats
itself, and a repeated fact is still true.
"""

from datetime import datetime
from enum import StrEnum

from cti.domain.ids import AgentId, ChannelId, Extension
from cti.domain.model import Call, CallStage, Leg, Outcome, Talk
from cti.domain.values import replace

PUT_DOWN = frozenset({0, 16})
"""Q.850 causes of a caller who put the phone down. Asterisk 22 gives 0 for a BYE while the caller was in a queue."""

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
    ENDED = "ended"


STAGES: dict[CallStage, dict[CallMove, CallStage]] = {
    CallStage.RINGING: {
        CallMove.ENTERED_MENU: CallStage.IN_IVR,
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.IN_IVR: {
        CallMove.JOINED_QUEUE: CallStage.QUEUED,
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.QUEUED: {
        CallMove.OFFERED: CallStage.OFFERED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.OFFERED: {
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.TALKING: {
        CallMove.HELD: CallStage.ON_HOLD,
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.ON_HOLD: {
        CallMove.CONNECTED: CallStage.TALKING,
        CallMove.RESUMED: CallStage.TALKING,
        CallMove.WAITS_AGAIN: CallStage.QUEUED,
        CallMove.SENT_ON: CallStage.RINGING,
        CallMove.ENDED: CallStage.ENDED,
    },
    CallStage.ENDED: {},
}


def seconds(since: datetime, until: datetime) -> int:
    """Return the whole seconds between two times, 0 when the clock was set back meanwhile."""
    return max(0, int((until - since).total_seconds()))


def moved(call: Call, move: CallMove, at: datetime) -> Call:
    """Return the call as it is once ``move`` has happened; the same call where the table knows no such move."""
    stage = STAGES[call.stage].get(move, call.stage)
    return call if stage is call.stage else replace(call, stage=stage, stage_since=at)


# ------------------------------------------------------------------ legs


def with_leg(call: Call, leg: Leg) -> Call:
    """Return the call with this leg, new or changed."""
    return replace(call, legs={**call.legs, leg.id: leg})


def without_leg(call: Call, leg: ChannelId) -> Call:
    """Return the call once this leg has hung up, whether it was known or not."""
    legs = {id_: known for id_, known in call.legs.items() if id_ != leg}
    return replace(call, legs=legs, legs_over=call.legs_over | {leg})


# ------------------------------------------------------------------ conversations


def open_talk(call: Call, extension: Extension) -> Talk | None:
    """Return the conversation that this phone has in the call now."""
    return next((talk for talk in call.talks if talk.extension == extension and talk.until is None), None)


def in_conversation(call: Call) -> bool:
    """Tell whether any agent talks in the call now."""
    return any(talk.until is None for talk in call.talks)


def is_old_news(call: Call, extension: Extension, at: datetime) -> bool:
    """Tell whether this phone's conversation, told of at ``at``, is already known to be over.

    What arrives in one read has one time, so a conversation may begin when the one before it ended.
    """
    return any(talk.extension == extension and talk.until is not None and at < talk.until for talk in call.talks)


def connected(call: Call, extension: Extension, agent: AgentId | None, at: datetime) -> Call:
    """Return the call once this phone's conversation has begun.

    A call from before our own start is known to have been answered earlier than we can see.
    """
    known = call.answered_at is not None and not call.talks and call.agent == agent
    talk = Talk(extension, agent, call.answered_at or at) if known else Talk(extension, agent, at)
    call = replace(call, talks=(*call.talks, talk), agent=agent or call.agent, answered_at=call.answered_at or at)
    return moved(call, CallMove.CONNECTED, at)


def held(call: Call, talk: Talk, at: datetime) -> Call:
    """Return the call once this conversation was put on hold."""
    call = _with_talk(call, talk, replace(talk, held_since=at, holds=talk.holds + 1, hold_changed=at))
    return moved(call, CallMove.HELD, at)


def resumed(call: Call, talk: Talk, since: datetime, at: datetime) -> Call:
    """Return the call once this conversation, on hold since ``since``, was taken off hold."""
    hold_s = talk.hold_s + seconds(since, at)
    call = _with_talk(call, talk, replace(talk, held_since=None, hold_s=hold_s, hold_changed=at))
    return moved(call, CallMove.RESUMED, at)


def talk_over(call: Call, talk: Talk, at: datetime) -> Call:
    """Return the call once this conversation is over; its stage is for the caller of this to decide."""
    hold_s = talk.hold_s + (seconds(talk.held_since, at) if talk.held_since else 0)
    return _with_talk(call, talk, replace(talk, until=at, held_since=None, hold_s=hold_s))


def _with_talk(call: Call, old: Talk, new: Talk) -> Call:
    talks = tuple(new if talk is old else talk for talk in call.talks)
    hold_s = sum(talk.hold_s for talk in talks)
    talk_s = sum(max(0, seconds(talk.since, talk.until) - talk.hold_s) for talk in talks if talk.until)
    return replace(call, talks=talks, talk_s=talk_s, hold_s=hold_s, holds=sum(talk.holds for talk in talks))


# ------------------------------------------------------------------ records


def completed(call: Call, record: Call) -> Call:
    """Return a live call with what only its record knows: the menu's part, and what was before our start."""
    talks = call.talks
    if record.answered_at is not None and len(talks) == 1 and talks[0].agent == record.agent:
        talks = (replace(talks[0], since=min(talks[0].since, record.answered_at)),)
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
        talks=talks,
    )


# ------------------------------------------------------------------ the end


def ended(call: Call, at: datetime, cause: int | None = None, *, restart: bool = False) -> Call:
    """Return the call at its end, with its one outcome."""
    call = moved(replace(call, ended_at=max(at, call.started_at), cause=cause, legs={}, offers=()), CallMove.ENDED, at)
    return replace(call, outcome=Outcome.PBX_RESTART if restart else outcome(call))


def outcome(call: Call) -> Outcome:
    """Say what became of a call, from what happened in it.

    The first that holds: an agent talked with the caller; the caller left a wish or a message; they gave up waiting;
    they left the queue and reached nobody, or the menu put them through to somebody whom we don't see; the menu did
    what they came for, or told them why nobody can; the menu broke. A caller who just put the phone down somewhere on
    the way gave up too; anything else is a call that failed.
    """
    rules = (
        (call.answered_at is not None, Outcome.ANSWERED),
        (call.left is not None, call.left or Outcome.FAILED),
        (call.abandoned, Outcome.ABANDONED),
        (call.queue is not None or call.ivr_result == "transfer", Outcome.OVERFLOWED),
        (call.ivr_served, Outcome.SELF_SERVICE),
        (call.heard is not None, call.heard or Outcome.FAILED),
        (call.ivr_result == "failed", Outcome.FAILED),
        (call.inbound and (call.ivr_flow is not None or call.cause in PUT_DOWN), Outcome.ABANDONED),
    )
    return next((result for holds, result in rules if holds), Outcome.FAILED)
