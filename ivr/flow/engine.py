"""Takes one caller through a flow, and through those that it calls. Knows nothing of Asterisk: it talks to a line.

``0`` leads to a person and ``*`` repeats at every step; three failures lead to a person with what was keyed; a
caller who hangs up ends it quietly, wherever they are. Every step passed is told to the call centre. What happens at
each kind of step is in :mod:`ivr.flow.steps`.
"""

from collections.abc import Mapping
from typing import Final

from cti.domain.events import Language
from ivr.errors import HungUpError
from ivr.flow.errors import EndlessFlowError
from ivr.flow.line import Line
from ivr.flow.model import (
    Ask,
    Branch,
    Callback,
    CallFlow,
    Flow,
    HangUp,
    LookUp,
    Menu,
    Queue,
    Record,
    Return,
    Say,
    Step,
    Survey,
    Transfer,
)
from ivr.flow.outcome import Outcome
from ivr.flow.service import Service
from ivr.flow.steps import asking, calling_back, choosing, looking_up, recording, saying, surveying
from ivr.flow.story import Story
from ivr.flow.visit import Passed, Visit
from ivr.ports import Desk

MAX_STEPS: Final = 300


class FlowRun:
    """One caller in one flow, from the first step to the last. Owns what they keyed, and forgets it with the call.

    ``called`` are the flows that it may call, by name; ``number`` is what the network says they call from;
    steps are told with the ``prefix`` before their names. With a ``door`` between the flow and a person nobody is told
    that they are put through.
    """

    def __init__(
        self,
        flow: Flow,
        line: Line,
        services: Mapping[str, Service],
        story: Story,
        *,
        desk: Desk | None = None,
        called: Mapping[str, Flow] | None = None,
        language: Language | None = None,
        number: str = "",
        prefix: str = "",
        door: bool = False,
    ) -> None:
        self._flow = flow
        self._called = called or {}
        self._story = story
        self._visit = Visit(flow, line, services, desk or Desk(), story, language or flow.language, number)
        self._visit.door = door
        self._prefix = prefix
        self._steps = 0

    @property
    def language(self) -> Language:
        """The language that the caller speaks."""
        return self._visit.language

    async def run(self) -> Outcome:
        """Go through the flow and return how it ended."""
        try:
            if await self._through(self._flow, self._prefix):
                # nobody called this flow, so there is nowhere to go back to
                return Outcome("person", served=self._visit.served)
        except HungUpError:
            return Outcome("hangup", served=self._visit.served, leaves_as=self._visit.leaves_as)
        return self._visit.end

    async def _through(self, flow: Flow, prefix: str) -> bool:
        """Go through ``flow``; tell whether it went back to the one that called it."""
        name: str | None = flow.start
        while name is not None:
            self._visit.flow = flow
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise EndlessFlowError(MAX_STEPS)
            step = flow.steps[name]
            passed = await self._told(prefix + name, name, step)
            if isinstance(step, Return):
                return True
            name = passed.go
        return False

    async def _told(self, told: str, name: str, step: Step) -> Passed:
        """Pass a step, and tell of it under the name ``told``."""
        visit, since = self._visit, self._story.clock.monotonic()
        visit.entries.clear()
        try:
            passed = await self._pass(told, name, step)
        except HungUpError:
            self._story.passed(told, "hangup", since, visit.seen, silent=isinstance(step, CallFlow))
            raise
        except Exception:
            self._story.passed(told, "failed", since, visit.seen, silent=isinstance(step, CallFlow))
            raise
        self._story.passed(told, passed.way, since, passed.keyed, silent=passed.silent)
        return passed

    async def _pass(self, told: str, name: str, step: Step) -> Passed:
        visit = self._visit
        match step:
            case Say():
                return await saying.say(visit, step)
            case Menu():
                return await choosing.menu(visit, step)
            case Ask():
                return await asking.ask(visit, step)
            case LookUp():
                return await looking_up.look_up(visit, name, step)
            case Branch():
                return choosing.branch(visit, step)
            case Record():
                return await recording.record(visit, step)
            case Callback():
                return await calling_back.callback(visit, step)
            case Survey():
                return await surveying.survey(visit, name, step)
            case CallFlow():
                return await self._call(told, name, step)
            case Return():
                return saying.go_back(visit, step)
            case Queue():
                return await saying.queue(visit, step)
            case Transfer():
                return await saying.transfer(visit, step)
            case HangUp():
                return await saying.hang_up(visit, step)

    async def _call(self, told: str, name: str, step: CallFlow) -> Passed:
        """Go through another flow; unless it goes back, the call ends there."""
        visit, caller = self._visit, self._visit.flow
        returned = await self._through(self._called[step.flow], f"{told}.")
        visit.flow = caller
        visit.entries.clear()
        if not returned:
            return Passed("ended", None, silent=True)
        return Passed(visit.returned, looking_up.way_on(visit, name, step, visit.returned), silent=True)
