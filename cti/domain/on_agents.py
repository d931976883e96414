"""What agents choose, and what becomes of their consoles and their wrap-up."""

from collections.abc import Callable, Mapping

from cti.domain import agents, events
from cti.domain.model import Agent
from cti.domain.on_queues import on_member_seen
from cti.domain.values import replace
from cti.domain.work import Work


def on_agent_enrolled(work: Work, event: events.AgentEnrolled) -> None:
    """Take a person as an agent, or what changed about them, and the phone that a queue may have already."""
    known = work.state.agents.get(event.agent)
    if known is None:
        known = Agent(event.agent, event.name, event.extension, event.queues)
    work.put_agent(replace(known, name=event.name, extension=event.extension, queues=event.queues))
    for seen in work.state.unclaimed.pop(event.extension, {}).values():
        on_member_seen(work, seen)


def on_presence_chosen(work: Work, event: events.PresenceChosen) -> None:
    """Let the presence take effect, or note it as pending."""
    agent = work.state.agents.get(event.agent)
    if agent is not None:
        work.put_agent(agents.chose(agent, event.presence, event.at, event.reason))


def on_console_opened(work: Work, event: events.ConsoleOpened) -> None:
    """Note that the agent has a console."""
    agent = work.state.agents.get(event.agent)
    if agent is not None:
        work.put_agent(replace(agent, console=True))


def on_console_lost(work: Work, event: events.ConsoleLost) -> None:
    """Log the agent off, or have them paused after the call they are in."""
    agent = work.state.agents.get(event.agent)
    if agent is not None:
        work.put_agent(agents.console_lost(agent, event.at))


def on_agent_muted(work: Work, event: events.AgentMuted) -> None:
    """Note whether the agent can be heard. A microphone is only off for the conversation in which it was."""
    agent = work.state.agents.get(event.agent)
    call = work.call(agent.call) if agent is not None and agent.call is not None else None
    if agent is None or call is None or not agent.talks_in:
        return
    work.put_agent(replace(agent, muted=event.muted))
    work.told(call)


def on_wrap_up_extended(work: Work, event: events.WrapUpExtended) -> None:
    """Give the agent more time."""
    agent = work.state.agents.get(event.agent)
    if agent is not None:
        work.put_agent(agents.wrap_up_extended(agent, event.by_s))


def on_wrap_up_ended(work: Work, event: events.WrapUpEnded) -> None:
    """Free the agent."""
    agent = work.state.agents.get(event.agent)
    if agent is not None:
        work.put_agent(agents.wrap_up_ended(agent, event.at, timed_out=event.timed_out))


HANDLERS: Mapping[type[events.Event], Callable[..., None]] = {
    events.AgentEnrolled: on_agent_enrolled,
    events.PresenceChosen: on_presence_chosen,
    events.ConsoleOpened: on_console_opened,
    events.ConsoleLost: on_console_lost,
    events.AgentMuted: on_agent_muted,
    events.WrapUpExtended: on_wrap_up_extended,
    events.WrapUpEnded: on_wrap_up_ended,
}
