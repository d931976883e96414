"""A model Asterisk: channels, bridges, one queue and its line. It tells what it does as facts, and knows the truth.

It knows nothing of how the centre keeps what it is told. Calls are told apart by number, phones by their agents; what
an agent does to a call (transfer, consult, conference, park) does to channels what Asterisk 22 was recorded to do.
"""

from dataclasses import dataclass, field
from itertools import count

from cti.domain import events as e
from cti.domain.centre import Centre
from cti.domain.events import DeviceState, Event
from cti.domain.ids import AgentId, BridgeId, CallId, ChannelId, Extension, LinkedId, PbxName, QueueName, call_id
from tests.domain.story import BEGIN, PBX, WATER, at

AGENTS = {AgentId(name): Extension(str(1001 + n)) for n, name in enumerate(("anna", "bo", "chen"))}
NAMES = {extension: agent for agent, extension in AGENTS.items()}


@dataclass
class Channel:
    """One channel. ``phone`` is whose phone it is, None for a caller's."""

    id: ChannelId
    linkedid: LinkedId
    phone: Extension | None
    up: bool = False
    bridge: BridgeId | None = None
    since: float = 0.0


@dataclass
class ModelCall:
    """What the model knows of one call. ``owner`` has the caller, ``colleague`` is asked about them."""

    caller: Channel
    waiting: bool = False
    ringing: Channel | None = None
    owners: list[Channel] = field(default_factory=list)
    colleague: Channel | None = None
    on_hold: bool = False
    parked: bool = False

    @property
    def owner(self) -> Channel | None:
        """The one agent who has the caller, None if there is none or there are several."""
        return self.owners[0] if len(self.owners) == 1 else None


class ModelAsterisk:
    """One PBX. ``told`` is what it said since it was last read, and nothing while ``mute``."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step_s = 0.0
        self.boot = 1_795_000_000
        self.told: list[Event] = []
        self.mute = False
        self.calls: dict[LinkedId, ModelCall] = {}
        self.line: list[LinkedId] = []
        self._count = count(1)

    # -------------------------------------------------------------- telling

    def tell(self, event: type[Event], of: Channel | None = None, /, **fields: object) -> None:
        """Say one thing, a little later than the one before."""
        self.now += 0.01
        said: dict[str, object] = {"at": at(self.now + self.step_s)}
        if issubclass(event, e.PbxEvent):
            said["pbx"] = PBX
        if of is not None:
            said |= {"call": self.id(of.linkedid), "leg": of.id}
        if not self.mute:
            self.told.append(event(**said, **fields))  # type: ignore[arg-type]

    def id(self, linkedid: LinkedId) -> CallId:
        """Return our id of a call."""
        return call_id(PbxName(PBX), self.boot, linkedid)

    def _channel(self, phone: Extension | None, linkedid: LinkedId | None = None) -> Channel:
        name = ChannelId(f"{int(BEGIN.timestamp()) + int(self.now)}.{next(self._count)}")
        channel = Channel(name, linkedid or LinkedId(name), phone, since=self.now)
        self._tell_start(channel)
        return channel

    def _tell_start(self, channel: Channel, tell: type[Event] = e.LegStarted) -> None:
        first = str(channel.id) == channel.linkedid
        self.tell(
            tell, channel, linkedid=channel.linkedid,
            channel=f"PJSIP/{channel.phone or 'trunk'}-{int(channel.id.partition('.')[2]):08x}",
            caller_number="13800138000" if channel.phone is None else "", caller_name="",
            dialled="96000" if first else "", inbound=first, extension=channel.phone,
        )  # fmt: skip

    def _bridge(self, *channels: Channel) -> None:
        bridge = BridgeId(f"bridge-{next(self._count)}")
        for channel in channels:
            self._leave(channel)
            channel.bridge = bridge
            self.tell(e.LegBridged, channel, bridge=bridge)

    def _leave(self, channel: Channel) -> None:
        if channel.bridge is not None:
            self.tell(e.LegUnbridged, channel, bridge=channel.bridge)
            channel.bridge = None

    def _up(self, channel: Channel) -> None:
        channel.up = True
        self.tell(e.LegAnswered, channel)

    def _hang_up(self, channel: Channel) -> None:
        self._leave(channel)
        self.tell(e.LegEnded, channel, cause=16)

    # -------------------------------------------------------------- what happens to a caller

    def call_in(self) -> LinkedId:
        """Somebody calls, and is answered."""
        caller = self._channel(None)
        self._up(caller)
        self.calls[caller.linkedid] = ModelCall(caller)
        return caller.linkedid

    def join(self, linkedid: LinkedId) -> None:
        """The caller comes to the queue."""
        call = self.calls[linkedid]
        call.waiting = True
        self.line.append(linkedid)
        self.tell(e.CallerQueued, call.caller, queue=WATER, position=len(self.line))

    def ring(self, linkedid: LinkedId, phone: Extension) -> None:
        """The queue offers the caller to an agent."""
        call = self.calls[linkedid]
        call.ringing = self._channel(phone, linkedid)
        self.tell(e.AgentOffered, call.caller, queue=WATER, extension=phone)

    def miss(self, linkedid: LinkedId) -> None:
        """The agent lets it ring."""
        call = self.calls[linkedid]
        ringing, call.ringing = call.ringing, None
        assert ringing is not None
        self.tell(e.OfferEnded, call.caller, queue=WATER, extension=ringing.phone, missed=True)
        self._hang_up(ringing)

    def answer(self, linkedid: LinkedId) -> None:
        """The agent takes the caller out of the queue, or takes a caller who was sent to them."""
        call = self.calls[linkedid]
        phone, call.ringing = call.ringing, None
        assert phone is not None
        self._up(phone)
        if call.waiting:
            self._out_of_line(call)
            self.tell(e.AgentConnected, call.caller, queue=WATER, extension=phone.phone, wait_s=0, ring_s=0)
        call.owners = [phone]
        self._bridge(phone, call.caller)

    def _out_of_line(self, call: ModelCall) -> None:
        call.waiting = False
        self.line.remove(call.caller.linkedid)
        self.tell(e.CallerLeftQueue, call.caller, queue=WATER)

    def give_up(self, linkedid: LinkedId) -> None:
        """The caller hangs up, wherever they are: waiting, talking, on hold, parked."""
        call = self.calls.pop(linkedid)
        if call.waiting:
            self.line.remove(linkedid)
            self.tell(e.CallerAbandoned, call.caller, queue=WATER, wait_s=0)
        for channel in (call.ringing, *call.owners, call.colleague):
            if channel is not None:
                self._hang_up(channel)
        self._hang_up(call.caller)

    # -------------------------------------------------------------- what agents do

    def hold(self, linkedid: LinkedId) -> None:
        """Who has the caller puts them on hold, or takes them off it."""
        call = self.calls[linkedid]
        assert call.owner is not None
        call.on_hold = not call.on_hold
        self.tell(e.LegHeld if call.on_hold else e.LegResumed, call.owner)

    def send_to_queue(self, linkedid: LinkedId, *, complete: bool) -> None:
        """Blind transfer into the queue. ``AgentComplete`` does go missing."""
        self._let_go(linkedid, complete=complete)
        self.join(linkedid)

    def send_to_agent(self, linkedid: LinkedId, phone: Extension, *, complete: bool) -> None:
        """Blind transfer to a colleague, whose phone rings."""
        self._let_go(linkedid, complete=complete)
        self.calls[linkedid].ringing = self._channel(phone, linkedid)

    def _let_go(self, linkedid: LinkedId, *, complete: bool) -> None:
        call = self.calls[linkedid]
        owner = call.owner
        assert owner is not None
        if complete:
            self.tell(e.AgentCompleted, call.caller, queue=WATER, extension=owner.phone, talk_s=0)
        self._leave(call.caller)
        self._hang_up(owner)
        call.owners, call.on_hold = [], False

    def consult(self, linkedid: LinkedId, phone: Extension) -> None:
        """The caller waits, and a colleague's phone rings."""
        call = self.calls[linkedid]
        assert call.owner is not None
        self._leave(call.caller)
        self._leave(call.owner)
        call.colleague = self._channel(phone, linkedid)

    def consult_answered(self, linkedid: LinkedId) -> None:
        """The colleague takes the question."""
        call = self.calls[linkedid]
        assert call.colleague is not None
        assert call.owner is not None
        self._up(call.colleague)
        self._bridge(call.colleague, call.owner)

    def take_back(self, linkedid: LinkedId) -> None:
        """The colleague is let go, ringing or not."""
        call = self.calls[linkedid]
        assert call.colleague is not None
        assert call.owner is not None
        self._hang_up(call.colleague)
        call.colleague = None
        self._bridge(call.caller, call.owner)

    def hand_over(self, linkedid: LinkedId) -> None:
        """The colleague gets the caller: attended transfer."""
        call = self.calls[linkedid]
        owner, colleague = call.owner, call.colleague
        assert owner is not None
        assert colleague is not None
        self._bridge(call.caller, colleague)
        self._hang_up(owner)
        call.owners, call.colleague, call.on_hold = [colleague], None, False

    def conference(self, linkedid: LinkedId) -> None:
        """All three talk."""
        call = self.calls[linkedid]
        assert call.owner is not None
        assert call.colleague is not None
        self._bridge(call.owner, call.caller, call.colleague)
        call.owners, call.colleague = [call.owner, call.colleague], None

    def leave_conference(self, linkedid: LinkedId) -> None:
        """The first of them hangs up."""
        call = self.calls[linkedid]
        self._hang_up(call.owners.pop(0))
        call.on_hold = False

    def park(self, linkedid: LinkedId) -> None:
        """The caller is parked, and the agent is out of it."""
        call = self.calls[linkedid]
        assert call.owner is not None
        self._leave(call.caller)
        call.caller.bridge = BridgeId("parking")
        self.tell(e.LegBridged, call.caller, bridge=call.caller.bridge)
        self.tell(e.CallerParked, call.caller, space="701")
        self._hang_up(call.owner)
        call.owners, call.parked, call.on_hold = [], True, False

    def fetch(self, linkedid: LinkedId, phone: Extension) -> None:
        """Somebody dials the space: a call of their own, which becomes part of the caller's."""
        call = self.calls[linkedid]
        fetching = self._channel(phone)
        self._up(fetching)
        call.parked = False
        self._leave(call.caller)
        fetching.linkedid = linkedid
        self._bridge(call.caller, fetching)
        self.tell(e.CallerUnparked, call.caller)
        call.owners = [fetching]

    def desk_phone_transfer(self, linkedid: LinkedId, phone: Extension) -> None:
        """The agent's desk phone calls a colleague in a call of its own, then makes one of both."""
        call = self.calls[linkedid]
        owner = call.owner
        assert owner is not None
        second = self._channel(owner.phone)
        self._up(second)
        colleague = self._channel(phone, second.linkedid)
        self._up(colleague)
        self._bridge(second, colleague)
        self._leave(call.caller)
        self._leave(colleague)
        colleague.linkedid = linkedid
        self._bridge(call.caller, colleague)
        self._hang_up(owner)
        self._hang_up(second)
        call.owners, call.on_hold = [colleague], False

    def pause(self, phone: Extension, *, paused: bool) -> None:
        """The queue has a member paused, or not."""
        self.tell(
            e.MemberSeen, queue=WATER, extension=phone, paused=paused, device=DeviceState.NOT_IN_USE,
            reason="break" if paused else "",
        )  # fmt: skip

    # -------------------------------------------------------------- the link and the process

    def restart(self) -> None:
        """The process is killed and starts anew: nothing of before is left, and nothing told of it."""
        self.calls.clear()
        self.line.clear()
        self.told.clear()
        self.boot += 100 + int(self.now)

    def snapshot(self, centre: Centre) -> list[Event]:
        """Return what a resync makes of the PBX's lists, for a centre that knows what it knows."""
        before, self.told, self.mute = self.told, [], False
        assert not before
        state = centre.state
        channels = [channel for call in self.calls.values() for channel in self.channels(call)]
        known = [(call, leg) for call in state.calls.values() for leg in call.legs]
        self.tell(e.LinkUp, boot=self.boot)
        for channel in (call.caller for call in self.calls.values()):
            self._tell_start(channel)
        for place, linkedid in enumerate(self.line, start=1):
            self.tell(e.CallerQueued, self.calls[linkedid].caller, queue=WATER, position=place)
        for call in self.calls.values():
            if not call.waiting:
                self.tell(e.CallerFoundServed, call.caller, queue=WATER)
        for channel in channels:
            self._tell_start(channel)
        for channel in channels:
            if channel.up:
                self.tell(e.LegAnswered, channel)
            if channel.bridge is not None:
                self.tell(e.LegBridged, channel, bridge=channel.bridge, since=at(channel.since + self.step_s))
            else:
                self.tell(e.LegUnbridged, channel)
        self.tell(e.QueueSeen, queue=QueueName(WATER), waiting=tuple(self.id(linkedid) for linkedid in self.line))
        here, live = {channel.id for channel in channels}, {self.id(linkedid) for linkedid in self.calls}
        for kept, leg in known:
            if leg not in here and kept.id in live:
                self.tell(e.LegEnded, Channel(leg, kept.linkedid, None), cause=0)
        self.tell(e.Resynced, live=frozenset(live), drift=0)
        told, self.told = self.told, []
        return told

    def channels(self, call: ModelCall) -> list[Channel]:
        """Return the channels of a call, the caller's first."""
        others = (call.ringing, *call.owners, call.colleague)
        return [call.caller, *(channel for channel in others if channel is not None)]
