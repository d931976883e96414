"""The live state and the records as each role may see them: wire types, with numbers masked.

Who may see a caller's number is decided here and nowhere else, by :class:`Reader`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent_console.auth import Login
from agent_console.wire_incidents import IncidentView
from agent_console.wire_live import AgentView, CallView, LinkView, LiveView, QueueView
from agent_console.wire_records import CallPage, CallRecord, IvrStepView, Ticket, TicketPage
from cti.domain.ids import AgentId, CallId, QueueName
from cti.domain.incidents import Incident
from cti.domain.model import Agent, Call, CallStage, CentreState, IvrStep, Link, Queue
from cti.domain.work import Rules

SERVICE_LEVEL_TARGET_S = Rules().target_s
WAITING = frozenset({CallStage.QUEUED, CallStage.OFFERED})
_DIGIT = re.compile(r"\d")
_SECRET_DIGITS = 7


def mask_number(number: str) -> str:
    """Return ``number`` as somebody sees it who may not have it: its start, stars, its last two digits.

    What has no more than four digits (an inner extension, ``anonymous``) tells nobody anything and stays.
    """
    digits = len(_DIGIT.findall(number))
    if digits <= 4:
        return number
    shown_first, shown_last = (3, 2) if digits >= _SECRET_DIGITS else (1, 1)
    seen = 0
    out = []
    for character in number:
        if character.isdecimal():
            seen += 1
            hidden = shown_first < seen <= digits - shown_last
            out.append("*" if hidden else character)
        else:
            out.append(character)
    return "".join(out)


def mask_name(name: str) -> str:
    """Return a caller's name unless it carries their number, as many networks make it."""
    return mask_number(name) if len(_DIGIT.findall(name)) >= _SECRET_DIGITS else name


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks: all of it, or their own calls only. ``own`` are the calls on their phone now."""

    agent: AgentId
    everything: bool
    own: frozenset[CallId] = frozenset()

    @classmethod
    def of(cls, login: Login, state: CentreState) -> "Reader":
        """Return the reader that this session is, just now."""
        own = () if login.sees_everything else own_calls(login.user, state)
        return cls(login.user, login.sees_everything, frozenset(own))

    def may_see(self, call: CallId | None) -> bool:
        """Tell whether this call's number is theirs to see."""
        return self.everything or call in self.own

    def number(self, number: str, call: CallId | None) -> str:
        """Return the number as they may see it."""
        return number if self.may_see(call) else mask_number(number)

    def name(self, name: str, call: CallId | None) -> str:
        """Return the caller's name as they may see it."""
        return name if self.may_see(call) else mask_name(name)


def own_calls(agent: AgentId, state: CentreState) -> Iterable[CallId]:
    """Yield the live calls that are on this agent's phone, ringing or up."""
    known = state.agents.get(agent)
    if known is not None and known.call is not None:
        yield known.call
    for call in state.calls.values():
        if is_with(agent, call):
            yield call.id


def is_with(agent: AgentId, call: Call) -> bool:
    """Tell whether the call rings at this agent's phone or is up there."""
    return agent in agents_with(call)


def agents_with(call: Call) -> tuple[AgentId | None, ...]:
    """Return the agents with whom the call is; None among them means nobody."""
    return (call.offered_to, call.agent)


# ------------------------------------------------------------------ the live state


def call_view(call: Call, state: CentreState, reader: Reader) -> CallView:
    """Return a live call as ``reader`` may see it."""
    return CallView(
        id=call.id,
        pbx=call.pbx,
        stage=call.stage,
        stage_since=call.stage_since,
        started_at=call.started_at,
        caller_number=reader.number(call.caller_number, call.id),
        caller_name=reader.name(call.caller_name, call.id),
        language=call.language,
        account=call.account,
        verified=call.verified,
        ivr_step=call.ivr_path[-1].step if call.ivr_path else None,
        queue=call.queue,
        queued_at=call.queued_at,
        position=position(call, state),
        agent=call.agent or call.offered_to,
        answered_at=call.answered_at,
    )


def position(call: Call, state: CentreState) -> int | None:
    """Return the caller's place in the queue, from 1, while they wait."""
    line = state.lines.get(call.queue, {}) if call.queue is not None else {}
    return tuple(line).index(call.id) + 1 if call.id in line else None


def agent_view(agent: Agent) -> AgentView:
    """Return an agent as the live page and their own console show them."""
    return AgentView(
        id=agent.id,
        name=agent.name,
        extension=agent.extension,
        queues=list(agent.queues),
        presence=agent.presence,
        reason=agent.reason,
        presence_since=agent.presence_since,
        pending=agent.pending,
        pending_reason=agent.pending_reason,
        routing=agent.routing,
        routing_since=agent.routing_since,
        talk=agent.talk,
        call=agent.call,
        wrap_up_until=agent.wrap_up_until,
        device=agent.device,
        console=agent.console,
    )


def queue_view(queue: Queue, state: CentreState) -> QueueView:
    """Return a queue with today's figures. The service level is "pure": answered in time ÷ offered and decided."""
    waiting = state.waiting(queue.name)
    decided = queue.offered - len(waiting)
    return QueueView(
        name=queue.name,
        waiting=list(waiting),
        longest_wait_since=longest_wait_since(queue, state),
        offered=queue.offered,
        answered=queue.answered,
        abandoned=queue.abandoned,
        asa_s=round(queue.wait_of_answered_s / queue.answered, 1) if queue.answered else None,
        service_level_pct=round(100 * queue.answered_in_target / decided, 1) if decided > 0 else None,
        service_level_target_s=SERVICE_LEVEL_TARGET_S,
    )


def longest_wait_since(queue: Queue, state: CentreState) -> datetime | None:
    """Return since when the caller waits who has waited longest."""
    waiting = (state.calls.get(call) for call in state.waiting(queue.name))
    return min((call.queued_at for call in waiting if call is not None and call.queued_at is not None), default=None)


def link_view(link: Link) -> LinkView:
    """Return how far the screen can be trusted for one PBX."""
    return LinkView(pbx=link.pbx, up=link.up, since=link.since, synced_at=link.synced_at, drift=link.drift)


def live_view(state: CentreState, reader: Reader, at: datetime) -> LiveView:
    """Return the whole live state as ``reader`` may see it: an agent sees themselves, their calls and the totals."""
    return LiveView(
        at=at,
        links=[link_view(link) for link in state.links.values()],
        calls=[call_view(call, state, reader) for call in state.calls.values() if shows_call(call, reader)],
        agents=[agent_view(agent) for agent in state.agents.values() if shows_agent(agent.id, reader)],
        queues=[queue_view(queue, state) for queue in state.queues.values()],
    )


def shows_call(call: Call, reader: Reader) -> bool:
    """Tell whether a call is on this reader's screen: live, and theirs unless they see all."""
    return call.stage is not CallStage.ENDED and reader.may_see(call.id)


def shows_agent(agent: AgentId, reader: Reader) -> bool:
    """Tell whether an agent is on this reader's screen."""
    return reader.everything or agent == reader.agent


def waiting_in(queue: QueueName, state: CentreState) -> tuple[CallId, ...]:
    """Return the calls whose places change when ``queue`` does."""
    return state.waiting(queue)


# ------------------------------------------------------------------ records


def call_record(record: CallRecord, reader: Reader) -> CallRecord:
    """Return a call's record as ``reader`` may see it."""
    call = CallId(record.id)
    if reader.may_see(call):
        return record
    return record.model_copy(
        update={"caller_number": mask_number(record.caller_number), "caller_name": mask_name(record.caller_name)}
    )


def ticket(whole: Ticket, reader: Reader) -> Ticket:
    """Return a ticket as ``reader`` may see it."""
    call = CallId(whole.call.id) if whole.call is not None else None
    if reader.may_see(call):
        return whole
    return whole.model_copy(
        update={
            "caller_number": mask_number(whole.caller_number),
            "call": call_record(whole.call, reader) if whole.call is not None else None,
        }
    )


def call_page(page: CallPage, reader: Reader) -> CallPage:
    """Return a page of calls as ``reader`` may see it."""
    return CallPage(items=[call_record(record, reader) for record in page.items], next=page.next)


def ticket_page(page: TicketPage, reader: Reader) -> TicketPage:
    """Return a page of tickets as ``reader`` may see it."""
    return TicketPage(items=[ticket(one, reader) for one in page.items], next=page.next)


def incident_view(incident: Incident, *, spoken: bool) -> IncidentView:
    """Return an incident as it goes over the wire."""
    return IncidentView(
        id=incident.id,
        kind=incident.kind,
        zone=incident.zone,
        streets_zh=incident.streets_zh,
        streets_en=incident.streets_en,
        since=incident.since,
        until=incident.until,
        ended_at=incident.ended_at,
        by=incident.by,
        spoken=spoken,
    )


def path_view(path: Sequence[IvrStep]) -> list[IvrStepView]:
    """Return the way through the menu as agents see it: only where the caller heard or chose something."""
    return [
        IvrStepView(step=one.step, way=one.way, keyed=one.keyed, took_ms=one.took_ms) for one in path if not one.silent
    ]
