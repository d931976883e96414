"""What an agent does with the call they have. Whose call it is, is never in a request: it is the one at their phone."""

import logging

from agent_console.api.route import AGENTS, NOTHING, Asked, Method, Route
from agent_console.backend import Backend
from agent_console.wire_handling import ColleagueTarget, MuteReport, QueueTarget, Targets, ToColleague, ToQueue
from agent_console.wire_live import AgentView
from cti.domain.handling import is_free
from cti.domain.ids import AgentId, QueueName

audit = logging.getLogger("hydrophone.audit")


async def targets(backend: Backend, asked: Asked[None, None]) -> Targets:
    """List where one's caller can go."""
    state = backend.live.state
    return Targets(
        queues=[QueueTarget(name=name, waiting=len(state.lines.get(name, ()))) for name in sorted(state.queues)],
        colleagues=[
            ColleagueTarget(id=agent.id, name=agent.name, presence=agent.presence, free=is_free(agent))
            for agent in sorted(state.agents.values(), key=lambda agent: agent.extension)
            if agent.id != asked.who.user
        ],
    )


async def to_queue(backend: Backend, asked: Asked[None, ToQueue]) -> AgentView:
    """Send the caller into a queue."""
    await backend.live.handling.transfer_to_queue(asked.who.user, QueueName(asked.body.queue))
    return _done(backend, asked.who.user, f"sent their caller to queue {asked.body.queue}")


async def to_colleague(backend: Backend, asked: Asked[None, ToColleague]) -> AgentView:
    """Send the caller to a colleague."""
    await backend.live.handling.transfer_to_agent(asked.who.user, AgentId(asked.body.agent))
    return _done(backend, asked.who.user, f"sent their caller to {asked.body.agent}")


async def consult(backend: Backend, asked: Asked[None, ToColleague]) -> AgentView:
    """Ask a colleague while the caller waits."""
    await backend.live.handling.consult(asked.who.user, AgentId(asked.body.agent))
    return _done(backend, asked.who.user, f"consults {asked.body.agent}")


async def take_back(backend: Backend, asked: Asked[None, None]) -> AgentView:
    """Go back to the caller."""
    await backend.live.handling.take_back(asked.who.user)
    return _done(backend, asked.who.user, "took their caller back")


async def hand_over(backend: Backend, asked: Asked[None, None]) -> AgentView:
    """Let the colleague have the caller."""
    await backend.live.handling.hand_over(asked.who.user)
    return _done(backend, asked.who.user, "handed their caller over")


async def join(backend: Backend, asked: Asked[None, None]) -> AgentView:
    """Talk with both, the caller and the colleague."""
    await backend.live.handling.join(asked.who.user)
    return _done(backend, asked.who.user, "joined caller and colleague")


async def mute(backend: Backend, asked: Asked[None, MuteReport]) -> AgentView:
    """Note whether one's microphone is off."""
    await backend.live.handling.mute(asked.who.user, muted=asked.body.muted)
    return backend.agent(asked.who.user)


def _done(backend: Backend, agent: AgentId, what: str) -> AgentView:
    audit.info("%s %s", agent, what)
    return backend.agent(agent)


ROUTES = (
    Route(
        method=Method.GET,
        path="/api/agent/call/targets",
        name="listTargets",
        summary="Where one's caller can be sent: the site's queues and one's colleagues",
        allowed=AGENTS,
        run=targets,
        query=NOTHING,
        body=NOTHING,
        answer=Targets,
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/to-queue",
        name="transferToQueue",
        summary="Send one's caller into a queue, before all others there",
        allowed=AGENTS,
        run=to_queue,
        query=NOTHING,
        body=ToQueue,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/to-colleague",
        name="transferToColleague",
        summary="Send one's caller to a colleague; back into the queue if nobody answers there",
        allowed=AGENTS,
        run=to_colleague,
        query=NOTHING,
        body=ToColleague,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/consult",
        name="consult",
        summary="Ask a colleague while one's caller waits with music",
        allowed=AGENTS,
        run=consult,
        query=NOTHING,
        body=ToColleague,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/take-back",
        name="takeBack",
        summary="End the consultation and go back to the caller",
        allowed=AGENTS,
        run=take_back,
        query=NOTHING,
        body=NOTHING,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/hand-over",
        name="handOver",
        summary="End the consultation and let the colleague have the caller",
        allowed=AGENTS,
        run=hand_over,
        query=NOTHING,
        body=NOTHING,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/join",
        name="joinCall",
        summary="Make a conference of the consultation: caller, colleague and oneself",
        allowed=AGENTS,
        run=join,
        query=NOTHING,
        body=NOTHING,
        answer=AgentView,
        refusals=(404, 409),
    ),
    Route(
        method=Method.POST,
        path="/api/agent/call/mute",
        name="reportMute",
        summary="Tell whether one's microphone is off, for the live page",
        allowed=AGENTS,
        run=mute,
        query=NOTHING,
        body=MuteReport,
        answer=AgentView,
        refusals=(404, 409),
    ),
)
