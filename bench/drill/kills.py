"""Processes that die: the daemon, the PBX."""

import asyncio
import signal
import time

from bench.drill import evidence
from bench.drill.drill import Run
from bench.drill.people import Placed, Wish

BACK_S = 3.0
QUEUED_S = 10.0
BOOTED_S = 5.0


async def daemon_killed(run: Run) -> None:
    """kill -9 of the daemon: who talks goes on talking, who is in the menu reaches a human queue."""
    install = run.install
    in_menu = run.size(20, 6)
    people = await run.talking(run.size(80, 14))
    most_s = await run.start_within(BACK_S)
    menu = await install.crowd.arrive([Wish.MENU] * in_menu, per_s=20)

    async def all_in_menu() -> bool:
        return (await install.ami.truth()).in_menu() >= in_menu

    await run.reached(all_in_menu, f"{in_menu} in the menu")
    talking = install.phones.talking()
    killed = time.time()
    install.daemon.signal(signal.SIGKILL)
    queued = asyncio.create_task(each_queued(run, menu, killed, QUEUED_S))
    await run.back(killed, most_s, "back and resynced")
    await queued
    run.promise(all(leg.ended_at is None for leg in talking), "who talked when the daemon died goes on talking")
    await run.serve([*people, *menu])


async def each_queued(run: Run, callers: list[Placed], since: float, most_s: float) -> None:
    """Note when each of these callers is in the queue, or already with an agent, by the PBX's own word."""
    waiting = {caller.number for caller in callers}
    end = time.time() + 2 * most_s
    while waiting and time.time() < end:
        await asyncio.sleep(0.1)
        truth = await run.install.ami.truth()
        cel = await asyncio.to_thread(evidence.read_cel, run.install.cel)
        there = {call.number for call in cel if call.linkedid in truth.waiting or call.bridged} & waiting
        for _ in there:
            run.within(time.time() - since, most_s, "from the menu to a human queue")
        waiting -= there
    run.promise(not waiting, f"{len(waiting)} callers in the menu never reached a human queue")


async def pbx_killed(run: Run) -> None:
    """kill -9 of Asterisk: its calls end as lost by its restart, and a few seconds after its boot all is well."""
    install = run.install
    await run.talking(run.size(50, 12))
    install.pbx_deaths.append(time.time())
    await asyncio.to_thread(install.pbx.kill)
    install.phones.forget()
    await install.crowd.send_home(install.crowd.up())
    await install.pbx.up()
    booted = time.time()
    await run.back(booted, BOOTED_S, "recovered after FullyBooted")

    async def all_there() -> bool:
        members = (await install.ami.truth()).members
        return len(members) == len(install.agents)

    run.within(await run.reached(all_there, "the agents in the queue"), BOOTED_S, "agents re-added")
    await run.serve(await install.crowd.arrive([Wish.PERSON] * len(install.agents), per_s=8))
