"""A PBX on a real socket that has as many calls as it is told: the recorded ones, of other people, at another pace.

Of the recording one answered call is the pattern. Each call gets ids, a caller's number and an agent's phone of its
own; the menu takes a fifth of a second and the talk one second, but between joining the queue, the offer and the
answer is the time that it took. The fake says the truth about its calls and members whenever it is asked, carries out
orders about members, and notes when it wrote the event that makes an offer.
"""

import asyncio
import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from bench._site import Person
from bench._stream import recording
from cti.ami.messages import Event, read
from tests.fakes.asterisk_ami import Connection, FakeAsterisk, Headers, frame

QUEUE = "water"
MENU_S = 0.2
TALK_S = 1.0
_CHANNEL = ("CoreShowChannel", {"Application": "Queue", "ApplicationData": f"{QUEUE},b", "Duration": "00:00:01"})
_MEMBER = {
    "StateInterface": "",
    "Membership": "dynamic",
    "Penalty": "0",
    "CallsTaken": "0",
    "LastCall": "0",
    "LastPause": "0",
    "LoginTime": "1795646000",
    "InCall": "0",
    "Status": "1",
    "Wrapuptime": "0",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One recorded call: its events with the time of each in seconds, and what has to be another's each time."""

    events: tuple[tuple[float, bytes], ...]
    caller_leg: bytes
    agent_leg: bytes
    caller_channel: bytes
    agent_channel: bytes
    number: bytes
    phone: bytes


@lru_cache(maxsize=1)
def pattern() -> Pattern:
    """Return the first recorded call that was answered without much ado."""
    calls: dict[str, list[tuple[float, bytes, Event]]] = {}
    for at_s, together in recording().reads:
        for raw in together:
            event = read(raw, Event)
            calls.setdefault(event.get("Linkedid", ""), []).append((at_s, raw, event))
    for linkedid, told in calls.items():
        names = [event["Event"] for _at, _raw, event in told]
        if linkedid and "AgentComplete" in names and "Hold" not in names and "AgentRingNoAnswer" not in names:
            return _pattern(told)
    raise RuntimeError("the recording has no answered call")


def _pattern(told: list[tuple[float, bytes, Event]]) -> Pattern:
    first = told[0][2]
    agents = next(event for _at, _raw, event in told if event["Event"] == "Newchannel" and event is not first)
    joined = next(at for at, _raw, event in told if event["Event"] == "QueueCallerJoin")
    answered = next(at for at, _raw, event in told if event["Event"] == "AgentConnect")
    began, ended = told[0][0], told[-1][0]

    def paced(at_s: float) -> float:
        if at_s < joined:
            return (at_s - began) / (joined - began) * MENU_S
        if at_s <= answered:
            return MENU_S + at_s - joined
        return MENU_S + answered - joined + (at_s - answered) / (ended - answered) * TALK_S

    return Pattern(
        tuple((paced(at), raw + b"\r\n\r\n") for at, raw, _event in told),
        first["Uniqueid"].encode(),
        agents["Uniqueid"].encode(),
        first["Channel"].encode(),
        agents["Channel"].encode(),
        first["CallerIDNum"].encode(),
        agents["Channel"].removeprefix("PJSIP/").split("-")[0].encode(),
    )


class FakePbx(FakeAsterisk):
    """The PBX of a bench, with these people's phones. ``offered_ns`` is when each caller's offer was written."""

    def __init__(self, user: str, secret: str, people: Iterable[Person]) -> None:
        super().__init__(user, secret)
        self.offered_ns: dict[str, int] = {}
        self.events = 0
        self._phones = [str(one.extension) for one in people]
        self._members: dict[str, dict[str, str]] = {}
        self._channels: dict[bytes, dict[str, str]] = {}
        self._numbers = count(1)
        self._due: list[tuple[float, int, bytes, str]] = []
        self._order = count()
        started = {"CoreStartupDate": "2026-11-25", "CoreStartupTime": "08:00:00"}
        self.answers |= {
            "CoreStatus": lambda client, action: client.respond(action, **started),
            "CoreShowChannels": self._show_channels,
            "QueueStatus": self._show_queue,
            "DeviceStateList": self.listing("DeviceStateListComplete", []),
            "QueueAdd": self._add,
            "QueuePause": self._pause,
            "QueueRemove": self._remove,
        }

    @property
    def available(self) -> int:
        """How many members the queue may offer calls to."""
        return sum(member["Paused"] == "0" for member in self._members.values())

    # -------------------------------------------------------------- calls

    async def have_calls(self, per_s: float, seconds: float) -> list[str]:
        """Have calls at this rate for so long, and see them to their end; returns the callers' numbers."""
        loop = asyncio.get_running_loop()
        began, numbers = loop.time(), []
        for n in range(max(1, round(per_s * seconds))):
            await self._work_off(until=began + n / per_s)
            numbers.append(self._begin(began + n / per_s))
        await self._work_off()
        return numbers

    def _begin(self, at_s: float) -> str:
        of, n = pattern(), next(self._numbers)
        number = f"138{n:08d}"
        phone = self._phones[n % len(self._phones)]
        exchange = (
            (of.caller_leg, b"1795700000.%d" % (2 * n)),
            (of.agent_leg, b"1795700000.%d" % (2 * n + 1)),
            (of.caller_channel, b"PJSIP/trunk-%08x" % n),
            (of.agent_channel, b"PJSIP/%b-%08x" % (phone.encode(), n)),
            (b"PJSIP/" + of.phone + b"\r", b"PJSIP/%b\r" % phone.encode()),
            (of.number, number.encode()),
        )
        for after_s, raw in of.events:
            for old, new in exchange:
                raw = raw.replace(old, new)
            is_offer = raw.startswith(b"Event: Newchannel\r") and b"Channel: PJSIP/trunk-" not in raw
            heapq.heappush(self._due, (at_s + after_s, next(self._order), raw, number if is_offer else ""))
        return number

    async def _work_off(self, until: float = float("inf")) -> None:
        """Say what is due, in order, until this time of the loop's clock, or until nothing is left to say."""
        loop = asyncio.get_running_loop()
        while self._due and self._due[0][0] <= until:
            due_s = self._due[0][0]
            if due_s > loop.time():
                await asyncio.sleep(due_s - loop.time())
            while self._due and self._due[0][0] <= min(due_s, until):
                _at, _order, raw, offered_to = heapq.heappop(self._due)
                self._say(raw, offered_to)
            await asyncio.sleep(0)
        if until != float("inf") and until > loop.time():
            await asyncio.sleep(until - loop.time())

    def _say(self, raw: bytes, offered_to: str) -> None:
        if raw.startswith(b"Event: Newchannel\r"):
            lines = (line.partition(": ") for line in raw.decode().split("\r\n")[2:-2])
            channel = {name: value for name, _, value in lines}
            self._channels[channel["Uniqueid"].encode()] = channel
        elif raw.startswith(b"Event: Hangup\r"):
            self._channels.pop(raw.partition(b"Uniqueid: ")[2].partition(b"\r")[0], None)
        self.events += 1
        if offered_to:
            self.offered_ns[offered_to] = time.monotonic_ns()
        self.client.write(raw)

    # -------------------------------------------------------------- questions and orders

    def _show_channels(self, client: Connection, action: Headers) -> None:
        name, more = _CHANNEL
        items = [(name, channel | more | {"BridgeId": ""}) for channel in self._channels.values()]
        self.listing("CoreShowChannelsComplete", items)(client, action)

    def _show_queue(self, client: Connection, action: Headers) -> None:
        members = [
            (
                "QueueMember",
                {"Queue": QUEUE, "Name": one["MemberName"], "Location": one["Interface"], **_as_listed(one)},
            )
            for one in self._members.values()
        ]
        self.listing("QueueStatusComplete", [("QueueParams", {"Queue": QUEUE}), *members])(client, action)

    def _add(self, client: Connection, action: Headers) -> None:
        self._members[action["Interface"]] = {
            "MemberName": action.get("MemberName", ""),
            "Interface": action["Interface"],
            "Paused": action.get("Paused", "0").replace("true", "1").replace("false", "0"),
            "PausedReason": action.get("Reason", ""),
        }
        client.respond(action, Message="Added interface to queue")
        self._tell(client, "QueueMemberAdded", action["Interface"])

    def _pause(self, client: Connection, action: Headers) -> None:
        member = self._members.get(action["Interface"])
        if member is None:
            client.respond(action, "Error", Message="Interface not found")
            return
        member["Paused"] = action["Paused"].replace("true", "1").replace("false", "0")
        member["PausedReason"] = action.get("Reason", "")
        client.respond(action, Message="Interface paused successfully")
        self._tell(client, "QueueMemberPause", action["Interface"])

    def _remove(self, client: Connection, action: Headers) -> None:
        self._tell(client, "QueueMemberRemoved", action["Interface"])
        del self._members[action["Interface"]]
        client.respond(action, Message="Removed interface from queue")

    def _tell(self, client: Connection, event: str, interface: str) -> None:
        member = self._members[interface]
        client.write(frame("Event", event, {"Queue": QUEUE, "Ringinuse": "0", **_MEMBER, **member}))


def _as_listed(member: Headers) -> Headers:
    return _MEMBER | {"Paused": member["Paused"], "PausedReason": member["PausedReason"]}
