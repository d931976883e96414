"""What the caller did in our menu. These facts come by a road of their own, before or after the PBX's.

A fact that arrives when the call has ended still belongs to it: the record is made more exact and told again.
"""

from collections.abc import Callable, Mapping

from cti.domain import calls, events
from cti.domain.model import Call, CallStage, IvrStep, Outcome
from cti.domain.values import replace
from cti.domain.work import Work


def on_ivr_entered(work: Work, event: events.IvrEntered) -> None:
    """Note that the caller is in the menu; opens the call if the PBX's own word is still on its way, or lost."""
    call = work.any_call(event.call) or _opened(work, event)
    call = replace(
        call,
        started_at=min(call.started_at, event.at),
        ivr_flow=event.flow,
        ivr_version=event.version,
        inbound=True,
        caller_number=call.caller_number or event.caller_number,
        caller_name=call.caller_name or event.caller_name,
        dialled=call.dialled or event.dialled,
    )
    _put(work, calls.moved(call, calls.CallMove.ENTERED_MENU, event.at))


def _opened(work: Work, event: events.IvrEntered) -> Call:
    link = work.state.links.get(event.pbx)
    return Call(
        event.call,
        event.pbx,
        event.linkedid,
        started_at=event.at,
        stage=CallStage.RINGING,
        stage_since=event.at,
        boot=link.boot if link and link.up else None,
    )


def on_ivr_step_passed(work: Work, event: events.IvrStepPassed) -> None:
    """Add one step to the caller's path."""
    step = IvrStep(event.step, event.way, event.at, event.took_ms, event.keyed, event.silent)
    call = work.any_call(event.call)
    if call is not None and step not in call.ivr_path:
        _put(work, replace(call, ivr_path=(*call.ivr_path, step)))


def on_language_chosen(work: Work, event: events.LanguageChosen) -> None:
    """Note the caller's language."""
    call = work.any_call(event.call)
    if call is not None:
        _put(work, replace(call, language=event.language))


def on_account_claimed(work: Work, event: events.AccountClaimed) -> None:
    """Note the account. What a PIN has proved stays proved for that account."""
    call = work.any_call(event.call)
    if call is not None:
        proved = call.verified and call.account == event.account
        _put(work, replace(call, account=event.account, verified=event.verified or proved))


def on_ivr_left(work: Work, event: events.IvrLeft) -> None:
    """Note how the menu ended. Whoever was served once was served."""
    call = work.any_call(event.call)
    if call is not None:
        heard = call.heard if event.leaves_as is None else Outcome(event.leaves_as)
        served = call.ivr_served or event.served
        _put(work, replace(call, ivr_result=event.result, ivr_served=served, heard=heard))


def _put(work: Work, call: Call) -> None:
    if call.ended_at is not None and call.outcome is not Outcome.PBX_RESTART:
        call = replace(call, outcome=calls.outcome(call))
    work.put_call(call)


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.IvrEntered: on_ivr_entered,
    events.IvrStepPassed: on_ivr_step_passed,
    events.LanguageChosen: on_language_chosen,
    events.AccountClaimed: on_account_claimed,
    events.IvrLeft: on_ivr_left,
}
