"""The machine: its clock is set, the daemon freezes."""

import asyncio
import signal
import sys
import time

from bench.drill.drill import Run
from bench.drill.kills import each_queued
from bench.drill.people import Wish
from bench.drill.stepped import FILE

HOUR_S = 3600
FROZEN_S = 30.0
QUEUED_S = 60.0
THAWED_S = 10.0
POLL_S = 0.2


async def clock_stepped(run: Run) -> None:
    """The clock is set an hour on, then an hour back: no negative duration, nobody is logged out, wrap-ups go on."""
    install, daemon = run.install, run.install.daemon
    file = install.home / "clock"
    file.write_text("0")
    daemon.env[FILE], usual = str(file), daemon.prefix
    daemon.prefix = (sys.executable, "-m", "bench.drill.stepped")
    try:
        await _restart(run)
        people = await run.talking(run.size(40, 10))
        stay = install.phones.talking()[:2]  # a centre at rest takes the machine's new time
        install.phones.talk_s = lambda _leg: 1.5
        for hours in (1, -1):
            file.write_text(str(hours * HOUR_S))
            await asyncio.gather(*(install.phones.hang_up(leg) for leg in install.phones.talking() if leg not in stay))
            await asyncio.sleep(run.size(20, 6))
            agents = (await install.live())["agents"]
            gone = [agent["id"] for agent in agents if agent["presence"] != "available"]
            run.promise(not gone, f"{len(gone)} agents were logged out by the clock")
            tokens = await asyncio.gather(*(desk.choose("available") for desk in install.agents))
            run.promise(set(tokens) == {200}, "sessions are good after the clock was set")
            file.write_text("0")
            people += await install.crowd.arrive([Wish.PERSON] * run.size(20, 4), per_s=4)
        await run.serve(people)
        wrong = await install.rows("SELECT id FROM calls WHERE ended_at < started_at OR wait_s > 3000 OR talk_s > 3000")
        run.promise(not wrong, f"{len(wrong)} calls of a wrong length")
    finally:
        daemon.prefix = usual
        file.write_text("0")
        await _restart(run)


async def _restart(run: Run) -> None:
    """End the daemon politely; its keeper starts it anew."""
    asked = time.time()
    run.install.daemon.signal(signal.SIGTERM)
    await run.install.daemon.healthy_since(asked, within_s=60)


async def frozen(run: Run) -> None:
    """The daemon is frozen for half a minute: its watchdog ends it, and who is in the menu reaches a human queue."""
    install, in_menu = run.install, run.size(20, 6)
    people = await run.talking(run.size(40, 10))
    talking, most_s = install.phones.talking(), await run.start_within(THAWED_S)
    menu = await install.crowd.arrive([Wish.MENU] * in_menu, per_s=20)

    async def all_in_menu() -> bool:
        return (await install.ami.truth()).in_menu() >= in_menu

    await run.reached(all_in_menu, f"{in_menu} in the menu")
    kills, pid, begun = install.daemon.watchdog_kills, install.daemon.pid, time.time()
    install.daemon.signal(signal.SIGSTOP)
    queued = asyncio.create_task(each_queued(run, menu, begun, QUEUED_S))
    for _ in range(int(FROZEN_S / POLL_S)):
        if install.daemon.pid != pid:
            break
        await asyncio.sleep(POLL_S)
    else:
        install.daemon.signal(signal.SIGCONT)
    thawed = time.time()
    run.promise(install.daemon.watchdog_kills > kills, "the watchdog ended the frozen daemon")
    await run.back(thawed, most_s, "back and resynced")
    await queued
    run.promise(all(leg.ended_at is None for leg in talking), "who talked goes on talking")
    await run.serve([*people, *menu])
