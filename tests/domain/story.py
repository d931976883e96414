"""Facts for tests, told shortly: one PBX, one queue, two agents, calls by number, times in seconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.events import Event, Presence
from cti.domain.ids import AgentId, CallId, ChannelId, Extension, LinkedId, PbxName, QueueName, call_id
from cti.domain.model import Agent, Call, Changes, Queue

BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PBX = PbxName("main")
BOOT = 1_795_000_000
WATER = QueueName("water")
ANNA, BO = AgentId("anna"), AgentId("bo")
PHONES = {ANNA: Extension("1001"), BO: Extension("1002")}


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def linkedid(number: int) -> LinkedId:
    return LinkedId(f"1795000001.{number * 100}")


def call_of(number: int = 1) -> CallId:
    return call_id(PBX, BOOT, linkedid(number))


class Story:
    """A centre and the facts of calls, applied as they are told. ``log`` keeps all of them."""

    def __init__(self, *, ready: bool = True) -> None:
        self.centre = Centre()
        self.log: list[Event] = []
        self.changes: list[Changes] = []
        if ready:
            self.ready()

    def ready(self, *, presence: bool = True) -> None:
        """Tell of one queue, one PBX and two agents, who are available unless ``presence`` is left out."""
        self.tell(e.QueueOpened(at=at(-9), queue=WATER, wrap_up_s=30))
        self.tell(e.LinkUp(at=at(-9), pbx=PBX, boot=BOOT))
        for agent, phone in PHONES.items():
            self.tell(e.AgentEnrolled(at=at(-9), agent=agent, name=agent.title(), extension=phone, queues=(WATER,)))
            if presence:
                self.presence(agent, Presence.AVAILABLE, -8)

    def tell(self, event: Event) -> Changes:
        self.log.append(event)
        changes = self.centre.apply(event)
        self.changes.append(changes)
        return changes

    # -------------------------------------------------------------- what there is now

    def call(self, number: int = 1) -> Call:
        state = self.centre.state
        return state.calls.get(call_of(number)) or state.recent[call_of(number)]

    def agent(self, agent: AgentId = ANNA) -> Agent:
        return self.centre.state.agents[agent]

    @property
    def queue(self) -> Queue:
        return self.centre.state.queues[WATER]

    @property
    def line(self) -> tuple[CallId, ...]:
        return self.centre.state.waiting(WATER)

    # -------------------------------------------------------------- facts

    def leg(self, second: float, number: int = 1, *, agent: AgentId | None = None, nth: int = 1) -> Changes:
        first = agent is None
        return self.tell(
            e.LegStarted(
                at=at(second),
                **self.of(number, agent, nth),
                linkedid=linkedid(number),
                channel=f"PJSIP/{'trunk' if agent is None else PHONES[agent]}-0000000{nth}",
                caller_number="13800138000" if first else "1001",
                caller_name="王芳" if first else "",
                dialled="96000" if first else "s",
                inbound=first,
                extension=None if agent is None else PHONES[agent],
            )
        )

    def of(self, number: int = 1, agent: AgentId | None = None, nth: int = 1) -> dict[str, Any]:
        first = linkedid(number)
        leg = first if agent is None else f"{first}{PHONES[agent]}{nth}"
        return {"pbx": PBX, "call": call_of(number), "leg": ChannelId(leg)}

    def up(self, second: float, number: int = 1, *, agent: AgentId | None = None) -> Changes:
        return self.tell(e.LegAnswered(at=at(second), **self.of(number, agent)))

    def bridged(self, second: float, number: int = 1, *, agent: AgentId | None = ANNA) -> Changes:
        return self.tell(e.LegBridged(at=at(second), **self.of(number, agent)))

    def held(self, second: float, number: int = 1, *, agent: AgentId | None = ANNA) -> Changes:
        return self.tell(e.LegHeld(at=at(second), **self.of(number, agent)))

    def resumed(self, second: float, number: int = 1, *, agent: AgentId | None = ANNA) -> Changes:
        return self.tell(e.LegResumed(at=at(second), **self.of(number, agent)))

    def hung_up(
        self, second: float, number: int = 1, *, agent: AgentId | None = None, nth: int = 1, cause: int = 16
    ) -> Changes:
        return self.tell(e.LegEnded(at=at(second), **self.of(number, agent, nth), cause=cause))

    def queued(self, second: float, number: int = 1, *, position: int = 1) -> Changes:
        return self.tell(e.CallerQueued(at=at(second), **self.of(number), queue=WATER, position=position))

    def left(self, second: float, number: int = 1) -> Changes:
        return self.tell(e.CallerLeftQueue(at=at(second), **self.of(number), queue=WATER))

    def abandoned(self, second: float, wait_s: int, number: int = 1) -> Changes:
        return self.tell(e.CallerAbandoned(at=at(second), **self.of(number), queue=WATER, wait_s=wait_s))

    def offered(self, second: float, number: int = 1, *, agent: AgentId = ANNA) -> Changes:
        return self.tell(e.AgentOffered(at=at(second), **self.of(number), queue=WATER, extension=PHONES[agent]))

    def offer_ended(self, second: float, number: int = 1, *, agent: AgentId = ANNA, missed: bool = True) -> Changes:
        return self.tell(
            e.OfferEnded(at=at(second), **self.of(number), queue=WATER, extension=PHONES[agent], missed=missed)
        )

    def connected(self, second: float, wait_s: int, number: int = 1, *, agent: AgentId = ANNA) -> Changes:
        return self.tell(
            e.AgentConnected(
                at=at(second), **self.of(number), queue=WATER, extension=PHONES[agent], wait_s=wait_s, ring_s=1
            )
        )

    def completed(self, second: float, number: int = 1, *, agent: AgentId = ANNA) -> Changes:
        return self.tell(
            e.AgentCompleted(at=at(second), **self.of(number), queue=WATER, extension=PHONES[agent], talk_s=1)
        )

    def presence(self, agent: AgentId, presence: Presence, second: float) -> Changes:
        return self.tell(e.PresenceChosen(at=at(second), agent=agent, presence=presence, by=agent))

    def menu(self, second: float, number: int = 1) -> Changes:
        return self.tell(
            e.IvrEntered(
                at=at(second),
                call=call_of(number),
                pbx=PBX,
                linkedid=linkedid(number),
                caller_number="13800138000",
                caller_name="王芳",
                dialled="96000",
                flow="water",
            )
        )

    def step(self, second: float, step: str, way: str = "ok", number: int = 1) -> Changes:
        return self.tell(e.IvrStepPassed(at=at(second), call=call_of(number), step=step, way=way, took_ms=900))

    def left_menu(self, second: float, result: Any, *, served: bool = False, number: int = 1) -> Changes:
        return self.tell(e.IvrLeft(at=at(second), call=call_of(number), result=result, served=served))

    # -------------------------------------------------------------- whole passages

    def waiting(self, number: int = 1, *, since: float = 10) -> None:
        """A caller who waits in the queue since ``since``."""
        self.leg(0, number)
        self.up(0, number)
        self.menu(0.1, number)
        self.left_menu(since - 1, "person", number=number)
        self.queued(since, number, position=9)

    def talking(self, number: int = 1, *, agent: AgentId = ANNA, since: float = 20) -> None:
        """A caller who talks with an agent since ``since``, after ten seconds in the queue."""
        self.waiting(number, since=since - 10)
        self.leg(since - 2, number, agent=agent)
        self.offered(since - 1.7, number, agent=agent)
        self.left(since - 0.1, number)
        self.up(since - 0.1, number, agent=agent)
        self.connected(since, 10, number, agent=agent)
        self.bridged(since, number, agent=agent)
