"""The consoles: flapping, slow, two for one agent, a browser that is killed in a call."""

import asyncio
import socket
import time
from collections.abc import Sequence

from bench.drill import evidence
from bench.drill.desks import Desk
from bench.drill.drill import Run
from bench.drill.people import Placed, Wish
from bench.drill.phones import Leg

LAG_S = 1.0
REQUEUED_S = 10.0


async def flapping_and_slow(run: Run) -> None:
    """A console that comes and goes all the time, and three that take a byte a second: the others notice nothing."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    flapping = asyncio.create_task(_flap(install.agents[0]))
    slow = [asyncio.create_task(_sip_slowly(install.supervisor)) for _ in range(3)]
    try:
        people = await install.crowd.arrive([Wish.PERSON] * run.size(80, 20), per_s=2.5)
        await asyncio.sleep(1)
    finally:
        for task in (flapping, *slow):
            task.cancel()
        await asyncio.gather(flapping, *slow, return_exceptions=True)
    _fresh(run, people)
    await install.agents[0].close()  # it may just have come: a second line of its own would take the first one's place
    install.agents[0].open()
    await run.serve(people)


def _fresh(run: Run, people: Sequence[Placed]) -> None:
    for one in people:
        seen = run.install.supervisor.seen.get(one.number, time.time())
        run.within(seen - one.dialled_at, LAG_S, "a call on the supervisor's screen")


async def _flap(desk: Desk) -> None:
    while True:
        desk.kill()
        await asyncio.sleep(0.05)
        desk.open()
        await asyncio.sleep(0.1)


async def _sip_slowly(desk: Desk) -> None:
    """Open the push channel by hand and take a byte a second."""
    host, port, path = await desk.door()
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(line, (host, port))
        head = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {desk.origin}\r\nUpgrade: websocket\r\n"
        key = "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        await loop.sock_sendall(line, (head + key).encode())
        while True:
            await loop.sock_recv(line, 1)
            await asyncio.sleep(1)
    finally:
        line.close()


async def two_consoles(run: Run) -> None:
    """A second console of one agent: the newer one has the agent, the older one is told, calls go on."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    old = install.agents[0]
    new, before = old.another(), old.replaced
    new.open()

    async def taken_over() -> bool:
        return old.replaced == before + 1 and new.opened == 1

    try:
        run.within(await run.reached(taken_over, "the older console is told"), 2.0, "the older console is told")
        people = await install.crowd.arrive([Wish.PERSON] * run.size(40, 12), per_s=4)
        await run.serve(people)
        run.promise(len(new.pops) > 0, "the newer console has the pops")
        run.promise(await new.written(30.0), "the newer console's notes are acknowledged")
    finally:
        await new.close()
        await old.close()
        old.open()


async def browser_killed(run: Run) -> None:
    """Browsers die in a call: their callers are the first in the queue within 10 s, their agents are paused."""
    install = run.install
    await run.talking(len(install.agents))
    killed = install.phones.talking()[: run.size(10, 2)]
    waiting = await install.crowd.arrive([Wish.PERSON] * 2, per_s=4)

    async def others_wait() -> bool:
        return len((await install.ami.truth()).waiting) == len(waiting)

    await run.reached(others_wait, "others wait")
    desks = {desk.user: desk for desk in install.agents}
    dead = [desks[f"agent-{leg.extension}"] for leg in killed]
    died = time.time()
    for leg, desk in zip(killed, dead, strict=True):
        install.phones.dead.add(leg.extension)
        desk.kill()
    await _requeued(run, killed, died, behind={call.number for call in waiting})
    truth, live = await install.ami.truth(), await install.live()
    for leg in killed:
        member = truth.members.get(leg.extension)
        run.promise(member is None or member.paused, f"the agent of phone {leg.extension} is paused")
    routing = {agent["id"]: agent["routing"] for agent in live["agents"]}
    run.promise(all(routing[desk.user] != "idle" for desk in dead), "no agent without a phone is idle")
    install.phones.dead.clear()
    for desk in dead:
        desk.open()
    await run.serve(install.crowd.up())
    await asyncio.gather(*(desk.written(30.0) for desk in dead))
    presences = {agent["id"]: agent["presence"] for agent in (await install.live())["agents"]}
    run.promise(all(presences[desk.user] != "available" for desk in dead), "after wrap-up they are away, not available")
    await asyncio.gather(*(desk.insist("available") for desk in dead))


async def _requeued(run: Run, killed: Sequence[Leg], since: float, *, behind: set[str]) -> None:
    """Note when each caller waits again, and that they wait before those who came later."""
    left = {leg.linkedid for leg in killed}
    places: list[bool] = []
    while left and time.time() - since < 3 * REQUEUED_S:
        truth = await run.install.ami.truth()
        cel = {call.linkedid: call.number for call in await asyncio.to_thread(evidence.read_cel, run.install.cel)}
        for linkedid in left & set(truth.waiting):
            run.within(time.time() - since, REQUEUED_S, "the caller of a dead phone is in the queue again")
            place = truth.waiting.index(linkedid)
            places.append(not any(cel.get(other) in behind for other in truth.waiting[:place]))
        left -= set(truth.waiting)
        await asyncio.sleep(0.2)
    run.promise(not left, f"{len(left)} callers of dead phones never waited again")
    run.promise(all(places), "callers of dead phones wait before those who came later")
