"""A live centre on the real fold, a clock, and who and what is in it, for the console's tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cti.domain import events
from cti.domain.centre import Centre
from cti.domain.events import Event, Presence
from cti.domain.ids import (
    AccountNumber,
    AgentId,
    CallId,
    ChannelId,
    Extension,
    LinkedId,
    PbxName,
    QueueName,
    ReasonCode,
    call_id,
)  # fmt: skip
from cti.domain.model import CentreState, Changes

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PBX = PbxName("main")
WATER = QueueName("water")
ACCOUNT = AccountNumber("10000012")
CALLER = "13800138000"
AGENT1, AGENT2, SUPERVISOR1, ADMIN1 = AgentId("agent1"), AgentId("agent2"), AgentId("supervisor1"), AgentId("admin1")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON).total_seconds()

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class NotNowError(Exception):
    """What the live centre raises for an order that it can't follow."""

    id = "not_now"
    zh = "现在不行。"
    en = "Not now."


class FakeLive:
    """The live centre: the real fold, fed by tests."""

    def __init__(self, clock: Clock) -> None:
        self.centre = Centre()
        self.clock = clock
        self.listeners: list[Callable[[Changes], None]] = []
        self.orders: list[tuple[Any, ...]] = []
        self.consoles: list[tuple[str, AgentId]] = []
        self.refuse = False

    @property
    def state(self) -> CentreState:
        return self.centre.state

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, *facts: Event) -> None:
        for fact in facts:
            changes = self.centre.apply(fact)
            for listener in list(self.listeners):
                listener(changes)

    def _order(self, *order: Any) -> None:
        if self.refuse:
            raise NotNowError
        self.orders.append(order)

    async def choose_presence(
        self, agent: AgentId, presence: Presence, *, by: AgentId, reason: ReasonCode | None = None
    ) -> None:
        self._order("presence", agent, presence, by)
        self.tell(events.PresenceChosen(at=self.clock(), agent=agent, presence=presence, by=by, reason=reason))

    @property
    def handling(self) -> "FakeLive":
        return self

    async def transfer_to_queue(self, agent: AgentId, queue: QueueName) -> None:
        self._order("to_queue", agent, queue)

    async def transfer_to_agent(self, agent: AgentId, colleague: AgentId) -> None:
        self._order("to_agent", agent, colleague)

    async def consult(self, agent: AgentId, colleague: AgentId) -> None:
        self._order("consult", agent, colleague)

    async def take_back(self, agent: AgentId) -> None:
        self._order("take_back", agent)

    async def hand_over(self, agent: AgentId) -> None:
        self._order("hand_over", agent)

    async def join(self, agent: AgentId) -> None:
        self._order("join", agent)

    async def mute(self, agent: AgentId, *, muted: bool) -> None:
        self._order("mute", agent, muted)

    async def extend_wrap_up(self, agent: AgentId, *, by_s: int) -> None:
        self._order("extend", agent, by_s)

    async def finish_wrap_up(self, agent: AgentId) -> None:
        self._order("finish", agent)

    def console_opened(self, agent: AgentId) -> None:
        self.consoles.append(("opened", agent))

    def console_closed(self, agent: AgentId) -> None:
        self.consoles.append(("closed", agent))

    # ---------------------------------------------------------- a day at the hotline

    def open_house(self) -> None:
        """The PBX is up, two agents are there and available."""
        at = self.clock()
        self.tell(
            events.LinkUp(at=at, pbx=PBX, boot=1),
            events.Resynced(at=at, pbx=PBX, live=frozenset(), drift=0),
            events.QueueOpened(at=at, queue=WATER, wrap_up_s=30),
        )
        for agent, extension in ((AGENT1, "1001"), (AGENT2, "1002")):
            self.tell(
                events.AgentEnrolled(at=at, agent=agent, name=agent, extension=Extension(extension), queues=(WATER,)),
                events.PresenceChosen(at=at, agent=agent, presence=Presence.AVAILABLE, by=agent),
            )

    def arrive(self, n: int = 1, *, number: str = CALLER, name: str = "王小明") -> CallId:
        """A caller reaches the menu."""
        linkedid = LinkedId(f"1700000000.{n}")
        call = call_id(PBX, 1, linkedid)
        self.tell(
            events.LegStarted(
                at=self.clock(),
                pbx=PBX,
                call=call,
                leg=ChannelId(linkedid),
                linkedid=linkedid,
                channel=f"PJSIP/trunk-{n}",
                caller_number=number,
                caller_name=name,
                dialled="96000",
                inbound=True,
            ),
            events.IvrEntered(
                at=self.clock(),
                call=call,
                pbx=PBX,
                linkedid=linkedid,
                caller_number=number,
                caller_name=name,
                dialled="96000",
                flow="water",
            ),
        )
        return call

    def key(self, call: CallId, digits: str, *, step: str = "account", way: str = "ok") -> None:
        """The caller keys something."""
        self.tell(events.IvrStepPassed(at=self.clock(), call=call, step=step, way=way, took_ms=1_000, keyed=digits))

    def look_up(self, call: CallId, step: str, way: str) -> None:
        """The menu looks something up, which the caller does not notice."""
        self.tell(events.IvrStepPassed(at=self.clock(), call=call, step=step, way=way, took_ms=700, silent=True))

    def claim(self, call: CallId, *, verified: bool) -> None:
        """The caller's account is known."""
        self.tell(events.AccountClaimed(at=self.clock(), call=call, account=ACCOUNT, verified=verified))

    def queue(self, n: int = 1, *, position: int = 1) -> None:
        """The caller waits."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.CallerQueued(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                position=position,
            )
        )

    def offer(self, n: int = 1, extension: str = "1001") -> None:
        """The call is about to ring at an agent's phone."""
        linkedid = LinkedId(f"1700000000.{n}")
        call = call_id(PBX, 1, linkedid)
        self.tell(
            events.AgentOffered(
                at=self.clock(),
                pbx=PBX,
                call=call,
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
            )
        )

    def unanswered(self, n: int = 1, extension: str = "1001") -> None:
        """The agent's phone stopped ringing."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.OfferEnded(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
                missed=True,
            )
        )

    def answer(self, n: int = 1, extension: str = "1001") -> None:
        """The agent answered."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.AgentConnected(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
                wait_s=5,
                ring_s=1,
            )
        )

    def complete(self, n: int = 1, extension: str = "1001") -> None:
        """The agent hung up; the caller is still there, as for the survey."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.AgentCompleted(
                at=self.clock(),
                pbx=PBX,
                call=call_id(PBX, 1, linkedid),
                leg=ChannelId(linkedid),
                queue=WATER,
                extension=Extension(extension),
                talk_s=1,
            )
        )

    def hang_up(self, n: int = 1) -> None:
        """The caller is gone."""
        linkedid = LinkedId(f"1700000000.{n}")
        self.tell(
            events.LegEnded(at=self.clock(), pbx=PBX, call=call_id(PBX, 1, linkedid), leg=ChannelId(linkedid), cause=16)
        )

    def finish(self, agent: AgentId = AGENT1) -> None:
        """The agent's wrap-up is over."""
        self.tell(events.WrapUpEnded(at=self.clock(), agent=agent, timed_out=False))
