"""Facts for a centre: those of the recorded calls, and a house full of agents and live calls to apply them beside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench._stream import recording, repetition
from cti.ami.messages import Event, read
from cti.domain import events
from cti.domain.centre import Centre
from cti.domain.ids import AgentId, CallId, ChannelId, Extension, LinkedId, PbxName, QueueName, call_id
from cti.services.live import Live
from cti.translator import Translator
from cti.translator.inward import NAMES

PBX = PbxName("main")
QUEUE = QueueName("water")
BOOT = 1_795_000_000
BEGIN = datetime(2026, 11, 25, 8, tzinfo=UTC)
FIRST_PHONE = 3000
WAITING_OF_TEN = 1
"""Of ten live calls so many wait in the queue, the others talk."""


def ids(linkedid: LinkedId) -> CallId:
    """Return our id of a call of the benches' PBX."""
    return call_id(PBX, BOOT, linkedid)


def recorded(number: int) -> list[events.Event]:
    """Return the facts of the recorded calls, which happen for the ``number``-th time, at the times they had."""
    translator = Translator(PBX, ids)
    found: list[events.Event] = []
    begin = BEGIN + timedelta(hours=1 + number)
    for at_s, together in recording().reads:
        for frame in together:
            name = frame[7:].split(b"\r\n", 1)[0].decode()
            if name in NAMES:
                event = read(repetition(frame + b"\r\n", number)[:-2], Event)
                event.name, event.at, event.position = name, begin + timedelta(seconds=at_s), 0
                found += translator.facts(event)
    return found


def house(agents: int, calls: int) -> Live:
    """Return a live centre with so many agents at work, from phone 3000 on, and so many live calls.

    The calls are of the agents with the highest phones, so that those of the recording are free.
    """
    live = Live(Centre())
    live.apply(events.LinkUp(at=BEGIN, pbx=PBX, boot=BOOT))
    live.apply(events.QueueOpened(at=BEGIN, queue=QUEUE, wrap_up_s=1))
    for n in range(agents):
        for fact in at_work(FIRST_PHONE + n):
            live.apply(fact)
    for fact in calls_of(calls, agents):
        live.apply(fact)
    return live


def calls_of(calls: int, agents: int | None = None) -> Iterator[events.Event]:
    """Yield what makes so many live calls in a house of so many agents (as many if not said)."""
    last = FIRST_PHONE + (calls if agents is None else agents) - 1
    for n in range(calls):
        yield from waiting(n)
        if n % 10 >= WAITING_OF_TEN:
            yield from talking(n, last - n)


def at_work(phone: int) -> Iterator[events.Event]:
    """Yield what makes an agent of this phone available and a member of the queue."""
    agent, extension = AgentId(f"agent{phone}"), Extension(str(phone))
    yield events.AgentEnrolled(at=BEGIN, agent=agent, name=agent, extension=extension, queues=(QUEUE,))
    yield events.ConsoleOpened(at=BEGIN, agent=agent)
    yield events.PresenceChosen(at=BEGIN, agent=agent, presence=events.Presence.AVAILABLE, by=agent)
    yield events.MemberSeen(
        at=BEGIN,
        pbx=PBX,
        queue=QUEUE,
        extension=extension,
        paused=False,
        device=events.DeviceState.NOT_IN_USE,
        reason="",
    )


def waiting(n: int) -> tuple[events.Event, ...]:
    """Return what makes a call wait in the queue, after the menu."""
    leg, call = caller(n), ids(LinkedId(caller(n)))
    began = events.LegStarted(
        at=BEGIN,
        pbx=PBX,
        call=call,
        leg=leg,
        linkedid=LinkedId(leg),
        channel=f"PJSIP/trunk-{n:08x}",
        caller_number=f"138{n:08d}",
        caller_name="王芳",
        dialled="96000",
        inbound=True,
        extension=None,
    )
    return (
        began,
        events.LegAnswered(at=BEGIN, pbx=PBX, call=call, leg=leg),
        events.IvrEntered(
            at=BEGIN,
            pbx=PBX,
            call=call,
            linkedid=LinkedId(leg),
            flow="water",
            caller_number=f"138{n:08d}",
            caller_name="王芳",
            dialled="96000",
        ),
        events.LanguageChosen(at=BEGIN, call=call, language="zh"),
        events.CallerQueued(at=BEGIN, pbx=PBX, call=call, leg=leg, queue=QUEUE, position=10_000),
    )


def talking(n: int, phone: int) -> tuple[events.Event, ...]:
    """Return what makes a waiting call talk with the agent of this phone."""
    leg, call, extension = caller(n), ids(LinkedId(caller(n))), Extension(str(phone))
    agents_leg = ChannelId(f"1795600000.{1_000_000 + n}")
    return (
        events.LegStarted(
            at=BEGIN,
            pbx=PBX,
            call=call,
            leg=agents_leg,
            linkedid=LinkedId(leg),
            channel=f"PJSIP/{phone}-{n:08x}",
            caller_number=extension,
            caller_name="",
            dialled="s",
            inbound=False,
            extension=extension,
        ),
        events.LegAnswered(at=BEGIN, pbx=PBX, call=call, leg=agents_leg),
        events.CallerLeftQueue(at=BEGIN, pbx=PBX, call=call, leg=leg, queue=QUEUE),
        events.AgentConnected(
            at=BEGIN, pbx=PBX, call=call, leg=leg, queue=QUEUE, extension=extension, wait_s=2, ring_s=1
        ),
        events.LegBridged(at=BEGIN, pbx=PBX, call=call, leg=leg),
        events.LegBridged(at=BEGIN, pbx=PBX, call=call, leg=agents_leg),
    )


def caller(n: int) -> ChannelId:
    """Return the id of a caller's leg, which its call is named after."""
    return ChannelId(f"1795600000.{n}")
