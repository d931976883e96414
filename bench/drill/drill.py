"""One drill: a stage with people on the line, a fault, a recovery, and the oracle's verdict on all that was written.

A drill is a coroutine function of a :class:`Run`. It places calls, hurts something, says when things were well again,
and leaves; the rest is done here for all drills alike: everybody is sent home, what was written is joined, agents are
compared with their phones, the daemon's footprint with what it was before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.drill import evidence as sources
from bench.drill.desks import DISPOSITION
from bench.drill.evidence import CallerLog, CallRow, Evidence, NoteRow, PhoneLeg, TicketRow
from bench.drill.install import Install
from bench.drill.oracle import Verdict, judge
from bench.drill.people import Placed, Wish

Condition = Callable[[], Awaitable[bool]]

AGREE_S: Final = 5.0
"""No agent is stuck so long after recovery."""
SETTLE_S: Final = 20.0
HOME_S: Final = 60.0
GROWTH: Final = 1.10
WARM_UP: Final = 25
_POLL_S = 0.2


class NotReachedError(Exception):
    """The stage of a drill was not reached: nothing is proved."""


@dataclass(slots=True)
class Run:
    """What a drill works with, and what it finds. ``recoveries`` are seconds."""

    install: Install
    quick: bool
    recoveries: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def size(self, full: int, quick: int) -> int:
        """Return how many, in this mode."""
        return quick if self.quick else full

    def promise(self, kept: bool, what: str) -> None:
        """Note a promise that was not kept."""
        if not kept:
            self.broken.append(what)

    def within(self, seconds: float, most_s: float, what: str) -> None:
        """Note a recovery, and whether it was in time."""
        self.recoveries.append(seconds)
        self.promise(seconds <= most_s, f"{what}: {seconds:.1f} s, at most {most_s:g} s")

    async def reached(self, condition: Condition, what: str, *, within_s: float = 40.0) -> float:
        """Wait for a stage; returns the seconds it took. Raises :class:`NotReachedError`."""
        begun = time.monotonic()
        while not await condition():
            if time.monotonic() - begun > within_s:
                raise NotReachedError(f"{what}: not within {within_s:g} s")
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - begun

    async def talking(self, count: int) -> list[Placed]:
        """Place calls until so many talk with agents who talk until they are told to stop."""
        self.install.phones.talk_s = lambda _leg: None
        placed = await self.install.crowd.arrive([Wish.PERSON] * count, per_s=8)
        agents = min(count, len(self.install.agents))

        async def all_talk() -> bool:
            truth = await self.install.ami.truth()
            return len(self.install.phones.talking()) >= agents and not truth.in_menu()

        await self.reached(all_talk, f"{agents} conversations")
        return placed

    async def hang_up(self, talk_s: float = 1.5) -> None:
        """Let the agents end their conversations, and take the callers who wait, briefly."""
        phones = self.install.phones
        phones.talk_s = lambda _leg: talk_s
        await asyncio.gather(*(phones.hang_up(leg) for leg in phones.talking()))

    async def serve(self, placed: Sequence[Placed], within_s: float = HOME_S) -> None:
        """Let the agents serve these callers until all are gone."""
        await self.hang_up()
        self.promise(await self.install.crowd.over(placed, within_s), "every caller who waits is served")

    async def back(self, since: float, most_s: float, what: str) -> None:
        """Wait until the daemon is well and has asked the PBX after ``since``."""
        self.within(await self.install.daemon.healthy_since(since, within_s=most_s + 40) - since, most_s, what)

    async def start_within(self, usual_s: float) -> float:
        """Return the seconds in which a daemon must be up again: ``usual_s``, or twice what loading takes just now."""
        return max(usual_s, 2 * await self.install.daemon.load_s())


Drill = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one drill."""

    fault: str
    verdict: Verdict
    recoveries: tuple[float, ...]
    broken: tuple[str, ...]
    drift: tuple[str, ...]
    took_s: float

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not (self.verdict.findings or self.broken or self.drift)

    @property
    def why(self) -> tuple[str, ...]:
        """Say what was found."""
        return (*(f"{f.kind}: {f.what}" for f in self.verdict.findings), *self.broken, *self.drift)


async def carry_out(install: Install, fault: str, drill: Drill, *, quick: bool) -> Result:
    """Do one drill and judge it."""
    run = Run(install, quick)
    if not any(install.footprint):
        await _warm_up(run)
    before, begun = await gather(install), time.monotonic()
    _remember_footprint(install)
    try:
        await drill(run)
    except Exception as error:  # noqa: BLE001 - one drill that breaks is a finding, and the others go on
        run.broken.append(f"{type(error).__name__}: {error}")
    await _send_home(run)
    verdict = await _verdict(install, before)
    drift = await disagreements(install)
    run.broken += _grown(install)
    took_s = time.monotonic() - begun
    return Result(fault, verdict, tuple(run.recoveries), tuple(run.broken), tuple(drift), took_s)


async def _warm_up(run: Run) -> None:
    """Have a daemon do once all that is done only once, so that its first drill's memory is not taken for growth."""
    run.install.phones.talk_s = lambda _leg: 1.0
    await run.serve(await run.install.crowd.arrive([Wish.PERSON] * WARM_UP, per_s=2.5))
    await _send_home(run)


async def _send_home(run: Run) -> None:
    install = run.install
    await run.hang_up(0.5)
    await install.crowd.send_home(install.crowd.up())
    written = await asyncio.gather(*(desk.written(HOME_S) for desk in install.agents))
    run.promise(all(written), "every note that an agent wrote is acknowledged in the end")


def _remember_footprint(install: Install) -> None:
    """Take the most that the daemon ever needed at rest: a database that was away has taken its connections along."""
    memory, descriptors = install.daemon.footprint()
    install.footprint = (max(memory, install.footprint[0]), max(descriptors, install.footprint[1]))


def _grown(install: Install) -> list[str]:
    before, now = install.footprint, install.daemon.footprint()
    names = ("MB of memory", "file descriptors")
    return [
        f"{name}: {new:.0f}, before {old:.0f}"
        for name, old, new in zip(names, before, now, strict=True)
        if new > GROWTH * old
    ]


# ------------------------------------------------------------------ what was written


async def gather(install: Install) -> Evidence:
    """Read every source."""
    calls = await install.rows(sources.CALLS)
    tickets = await install.rows(sources.TICKETS)
    notes = await install.rows(sources.NOTES)
    return Evidence(
        callers=tuple(
            CallerLog(c.number, c.dialled_at, c.answered_at, c.ended_at, c.ended_by) for c in install.crowd.placed
        ),
        phones=tuple(
            PhoneLeg(leg.linkedid, leg.answered_at, leg.ended_at, leg.ended_by) for leg in install.phones.legs
        ),
        cel=await asyncio.to_thread(sources.read_cel, install.cel),
        queue_log=await asyncio.to_thread(sources.read_queue_log, install.queue_log),
        calls=tuple(
            CallRow(r["id"], r["linkedid"], r["caller_number"], r["outcome"], r["queued"], r["ended_at"]) for r in calls
        ),
        tickets=tuple(TicketRow(r["id"], r["call_id"], r["disposition"]) for r in tickets),
        notes=tuple(NoteRow(r["ticket_id"], r["text"]) for r in notes if r["text"].startswith("note ")),
        acknowledged=tuple((a.ticket, a.text) for a in install.desks.acknowledged),
        disposition=DISPOSITION,
        pbx_deaths=tuple(install.pbx_deaths),
    )


def since(before: Evidence, now: Evidence) -> Evidence:
    """Return what is new: of calls that were known before, nothing."""
    known = {call.linkedid for call in before.cel}
    rows = {row.id for row in before.calls}
    tickets = {ticket.id for ticket in before.tickets}
    return Evidence(
        callers=now.callers[len(before.callers) :],
        phones=now.phones[len(before.phones) :],
        cel=tuple(call for call in now.cel if call.linkedid not in known),
        queue_log=tuple(event for event in now.queue_log if event.callid not in known),
        calls=tuple(row for row in now.calls if row.id not in rows),
        tickets=tuple(ticket for ticket in now.tickets if ticket.id not in tickets),
        notes=now.notes,
        acknowledged=now.acknowledged[len(before.acknowledged) :],
        disposition=now.disposition,
        pbx_deaths=now.pbx_deaths,
    )


async def _verdict(install: Install, before: Evidence) -> Verdict:
    """Judge once everything has had the time to be written."""
    end = time.monotonic() + SETTLE_S
    while True:
        try:
            verdict = judge(since(before, await gather(install)))
        except OSError as error:
            raise NotReachedError("the database is away after the drill") from error
        if not verdict.findings or time.monotonic() > end:
            return verdict
        await asyncio.sleep(0.5)


# ------------------------------------------------------------------ what is so now


async def disagreements(install: Install, within_s: float = AGREE_S) -> list[str]:
    """Compare our live state with the PBX's until they agree; returns what differs in the end."""
    end = time.monotonic() + within_s
    while True:
        found = await _differences(install)
        if not found or time.monotonic() > end:
            return found
        await asyncio.sleep(_POLL_S)


async def _differences(install: Install) -> list[str]:
    live, truth = await install.live(), await install.ami.truth()
    if not live:
        return ["nobody tells the live state"]
    found = []
    if len(live["calls"]) != len(truth.linkedids):
        found.append(f"{len(live['calls'])} live calls, the PBX has {len(truth.linkedids)}")
    waiting = sum(len(queue["waiting"]) for queue in live["queues"])
    if waiting != len(truth.waiting):
        found.append(f"{waiting} wait, in the PBX {len(truth.waiting)}")
    for agent in live["agents"]:
        member = truth.members.get(agent["extension"])
        ours = (agent["presence"], agent["routing"])
        if ours != ("available", "idle"):
            found.append(f"{agent['id']} is stuck: {ours}")
        elif member is None or member.paused or member.device != 1:
            found.append(f"{agent['id']} is idle, but the queue has {member}")
    return found


IN_USE: Final = frozenset({2, 3, 7, 8})
"""Asterisk's device states of a phone that is in a call: in use, busy, ringing and in use, on hold."""


async def screen_is_true(install: Install) -> bool:
    """Tell whether a supervisor sees what the PBX says: calls, who waits, who talks. For the middle of a drill."""
    live, truth = await install.live(), await install.ami.truth()
    if not live or len(live["calls"]) != len(truth.linkedids):
        return False
    waiting = sum(len(queue["waiting"]) for queue in live["queues"])
    busy = {agent["extension"] for agent in live["agents"] if agent["talk"] != "none"}
    in_use = {extension for extension, member in truth.members.items() if member.device in IN_USE}
    return waiting == len(truth.waiting) and busy == in_use
