"""The database and the disk: away, killed, silent after a COMMIT, full."""

import asyncio
import os
import resource
import signal
import time

from bench.drill.drill import Run
from bench.drill.people import Wish
from bench.drill.proxy import CutError
from storage.embedded import postmaster

RECONNECT_S = 10.0
DRAINED_S = 30.0
ROOM_BYTES = 3_000
"""How much a full disk still takes of each file: the line that is being written is cut in two."""


async def database_away(run: Run) -> None:
    """PostgreSQL stops for the middle third of a run: calls, pops and agents go on, and all is kept in the end."""
    install = run.install
    install.phones.talk_s = lambda _leg: 2.0
    third = run.size(100, 10)
    people = await install.crowd.arrive([Wish.PERSON] * third, per_s=2.5)
    await install.postgres.stop()
    pops, taken = sum(len(desk.pops) for desk in install.agents), len(install.phones.legs)
    people += await install.crowd.arrive([Wish.PERSON] * third, per_s=2.5)
    run.promise(len(install.phones.legs) > taken, "agents are rung while the database is away")
    run.promise(sum(len(desk.pops) for desk in install.agents) > pops, "pops come while the database is away")
    run.promise(bool((await install.live()).get("calls")), "the live page goes on while the database is away")
    await install.postgres.start()
    there = time.time()
    more, _ = await asyncio.gather(install.crowd.arrive([Wish.PERSON] * third, per_s=2.5), _drained(run, there))
    await run.serve([*people, *more], within_s=120.0)


async def database_killed(run: Run) -> None:
    """PostgreSQL dies and is back at once, as with a fail-over."""
    install = run.install
    install.phones.talk_s = lambda _leg: 2.0
    coming = asyncio.create_task(install.crowd.arrive([Wish.PERSON] * run.size(60, 16), per_s=2.5))
    for _ in range(run.size(3, 1)):
        await asyncio.sleep(4)
        server = postmaster(install.home / "postgres" / "data")
        if server is None:
            raise RuntimeError("there is no PostgreSQL to kill")
        os.kill(server.pid, signal.SIGKILL)
        await install.postgres.stop()
        await install.postgres.start()
        there = time.time()

        async def taken() -> bool:
            return bool(((await install.daemon.health()) or {}).get("database"))

        await run.reached(taken, "the database is asked again")
        run.within(time.time() - there, RECONNECT_S, "connected again")
    await run.serve(await coming)


async def commit_unanswered(run: Run) -> None:
    """Every third COMMIT is done, and its answer never comes."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.0
    cuts = Commits(every=3)
    install.db_proxy.watch, clear = cuts.watch, install.db_proxy.watch
    install.db_proxy.cut()
    people = await install.crowd.arrive([Wish.PERSON] * run.size(100, 16), per_s=2.5)
    await run.serve(people)
    install.db_proxy.watch = clear
    install.db_proxy.cut()
    run.promise(cuts.cut > 5, f"{cuts.cut} answers to a COMMIT were cut off")
    await _drained(run, time.time())


class Commits:
    """Counts COMMITs over all connections, and cuts the line before the answer to some of them."""

    def __init__(self, *, every: int) -> None:
        self.seen = 0
        self.cut = 0
        self._every = every

    def watch(self) -> "Commit":
        """Return who looks at one connection."""
        return Commit(self)

    def is_due(self) -> bool:
        """Count a COMMIT; tells whether its answer is to be cut off."""
        self.seen += 1
        due = self.seen % self._every == 0
        self.cut += due
        return due


class Commit:
    """Looks at one connection to PostgreSQL."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._cut = False

    def asked(self, data: bytes) -> bytes:
        """Notice a COMMIT, a simple query of its own."""
        if data.startswith(b"Q") and b"COMMIT" in data:
            self._cut = self._commits.is_due()
        return data

    def answered(self, data: bytes) -> bytes:
        """Cut in place of the answer: whatever PostgreSQL says now, it has done."""
        if self._cut:
            raise CutError
        return data


async def disk_full(run: Run) -> None:
    """The database is away and the disk is full: calls go on, nothing is acknowledged that is not kept, an alarm."""
    install = run.install
    install.phones.talk_s = lambda _leg: 1.5
    people = await install.crowd.arrive([Wish.PERSON] * run.size(20, 6), per_s=2.5)
    usual = resource.prlimit(install.daemon.pid, resource.RLIMIT_FSIZE)
    await install.postgres.stop()
    resource.prlimit(install.daemon.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, usual[1]))
    try:
        people += await install.crowd.arrive([Wish.PERSON] * run.size(40, 12), per_s=2.5)
        await asyncio.sleep(run.size(10, 5))
        run.promise(bool((await install.daemon.health()) or {}), "the daemon answers with a full disk")
    finally:
        resource.prlimit(install.daemon.pid, resource.RLIMIT_FSIZE, usual)
        await install.postgres.start()
    await _drained(run, time.time())
    await run.serve(people)


async def _drained(run: Run, since: float) -> None:
    """Wait until nothing waits for the database any more."""

    async def nothing_waits() -> bool:
        now = await run.install.daemon.metrics()
        waits = ("hydrophone_recorder_backlog", "hydrophone_database_away", "hydrophone_spool_bytes")
        return sum(value for name, value in now.items() if name.startswith(waits) and "refused" not in name) == 0

    await run.reached(nothing_waits, "what waited is kept", within_s=2 * DRAINED_S)
    run.within(time.time() - since, DRAINED_S, "what waited is kept")
