"""Callers who leave a wish to be called back, or a message, and the calls that we then place."""

from collections.abc import Callable, Mapping

from cti.domain import calls, events, restored
from cti.domain.model import Call, CallStage, Outcome
from cti.domain.values import replace
from cti.domain.work import Work


def on_callback_asked(work: Work, event: events.CallbackAsked) -> None:
    """Note that the caller will be called back: for them waiting is over."""
    _leave(work, event, Outcome.CALLBACK)


def on_message_left(work: Work, event: events.MessageLeft) -> None:
    """Note the message, unless they will be called back as well."""
    _leave(work, event, Outcome.VOICEMAIL)


def _leave(work: Work, event: events.CallEvent, what: Outcome) -> None:
    call = work.any_call(event.call)
    if call is None or call.left is Outcome.CALLBACK:
        return
    call = replace(call, left=what)
    if call.ended_at is not None and call.outcome is not Outcome.PBX_RESTART:
        call = replace(call, outcome=calls.outcome(call))
    work.put_call(call)


def on_callback_placed(work: Work, event: restored.CallbackPlaced) -> None:
    """Open the call that we place, with what is known of whom we call. Who answers has proved nothing yet."""
    first = event.first
    call = work.any_call(event.call) or _opened(work, event)
    work.put_call(
        replace(
            call,
            callback_of=first.id,
            inbound=False,
            caller_number=first.caller_number,
            caller_name=first.caller_name,
            dialled=first.dialled,
            language=first.language,
            account=first.account,
            ivr_path=first.ivr_path,
        )
    )


def _opened(work: Work, event: restored.CallbackPlaced) -> Call:
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


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.CallbackAsked: on_callback_asked,
    events.MessageLeft: on_message_left,
    restored.CallbackPlaced: on_callback_placed,
}
