"""Small stand-ins with the ports' shapes: time that is turned by hand, a PBX that answers from a script, a store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cti.ami.actions import AmiAction
from cti.ami.errors import ActionRefusedError, AmiError
from cti.ami.messages import Event, Response
from cti.domain.ids import CallId, TicketId
from cti.domain.model import Call
from cti.services.live import Live
from tests.domain.story import BOOT, Story, at


class HandClock:
    """The time, in seconds since the story's beginning."""

    def __init__(self) -> None:
        self.second = 0.0
        self._due: list[tuple[float, Callable[[], None], list[bool]]] = []

    def __call__(self) -> datetime:
        return at(self.second)

    def monotonic(self) -> float:
        return self.second

    def call_later(self, delay: float, call: Callable[[], None]) -> Any:
        cancelled: list[bool] = []
        self._due.append((self.second + delay, call, cancelled))

        class Handle:
            def cancel(self) -> None:
                cancelled.append(True)

        return Handle()

    def turn(self, seconds: float) -> None:
        end = self.second + seconds
        while due := sorted((entry for entry in self._due if entry[0] <= end), key=lambda entry: entry[0]):
            when, call, cancelled = due[0]
            self._due.remove(due[0])
            self.second = max(self.second, when)
            if not cancelled:
                call()
        self.second = end

    @property
    def timers(self) -> int:
        return sum(not cancelled for _, _, cancelled in self._due)


class LiveStory(Story):
    """A story told to a live centre, so that services listen to it."""

    def __init__(self, *, ready: bool = True) -> None:
        super().__init__(ready=ready)
        self.live = Live(self.centre)
        self.told: list[Any] = []

    def tell(self, event: Any) -> Any:
        if not hasattr(self, "live"):
            return super().tell(event)
        self.log.append(event)
        self.told.append(self.live.apply(event))
        return self.told[-1]


@dataclass
class ScriptedLink:
    """An AMI link that answers from lists. ``fail`` maps an action's name to the errors of its next tries."""

    channels: list[Event] = field(default_factory=list)
    queues: list[Event] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    fail: dict[str, list[AmiError]] = field(default_factory=dict)
    sent: list[AmiAction] = field(default_factory=list)
    startup: str = "05:20:01"
    meanwhile: Callable[[], object] = lambda: None

    async def send(self, action: AmiAction) -> Response:
        self._take(action)
        answer = {"Response": "Error" if action.name in self.refuse else "Success"}
        if action.name == "CoreStatus":
            answer |= {"CoreStartupDate": "2026-11-22", "CoreStartupTime": self.startup}
        response = Response(answer)
        response.name = action.name
        return response

    async def collect(self, action: AmiAction) -> list[Event]:
        self._take(action)
        if action.name == "DeviceStateList":
            response = Response({"Response": "Error"})
            response.name = action.name
            raise ActionRefusedError(action.name, response)
        self.meanwhile()
        return list(self.channels if action.name == "CoreShowChannels" else self.queues)

    def _take(self, action: AmiAction) -> None:
        self.sent.append(action)
        if self.fail.get(action.name):
            raise self.fail[action.name].pop(0)

    @property
    def orders(self) -> list[tuple[str, str]]:
        """What was ordered about members: the action and what it says of being paused."""
        return [
            (action.name, dict(action.headers).get("Reason", dict(action.headers).get("Paused", "")))
            for action in self.sent
            if action.name.startswith("Queue") and action.name != "QueueStatus"
        ]


class ListStore:
    """Keeps calls in memory. ``down`` are the errors that the next saves raise."""

    def __init__(self) -> None:
        self.kept: dict[CallId, Call] = {}
        self.saves: list[Call] = []
        self.away: Exception | None = None

    async def save(self, call: Call) -> TicketId:
        await asyncio.sleep(0)
        if self.away is not None:
            raise self.away
        self.saves.append(call)
        self.kept[call.id] = call
        return TicketId(call.id)


async def until(holds: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait until ``holds``; the only wait that tests here know."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


Sleep = Callable[[float], Awaitable[None]]
__all__ = ["BOOT", "HandClock", "ListStore", "LiveStory", "ScriptedLink", "no_sleep", "until"]
