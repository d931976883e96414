"""A site of our own to measure: PostgreSQL, people, and the daemon as its own process, with what it costs in CPU."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from agent_console import wire
from agent_console.auth import Sessions
from agent_console.ports import User
from config.secrets import Secrets
from config.settings import Settings
from cti.domain.ids import AgentId, Extension, QueueName
from ivr.prompts.speech import RenderedSpeech
from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.migrate import upgrade
from storage.passwords import Passwords
from storage.records import Role
from storage.schema import user_queues, users

REPO = Path(__file__).parents[1]
_START_S = 90.0
_STOP_S = 15.0
_CALM_S = 60.0
_CALM = 0.25
"""So much of a CPU a daemon and its children may use that has done what is done only once."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The bench could not be run; its text says what is missing or what broke."""


@dataclass(frozen=True, slots=True)
class Person:
    """An agent of the bench, or a supervisor, who has no phone."""

    id: AgentId
    extension: Extension | None = None

    @property
    def role(self) -> Role:
        """What they may see."""
        return Role.AGENT if self.extension else Role.SUPERVISOR


def agents(count: int, *, first: int = 3000) -> list[Person]:
    """Return so many agents, with the phones from ``first`` on."""
    return [Person(AgentId(f"agent{first + n}"), Extension(str(first + n))) for n in range(count)]


def use_own_cache() -> None:
    """Let what is costly to make be kept in the repository's ``var/cache``, unless the environment says where."""
    os.environ.setdefault("HYDROPHONE_CACHE", str(REPO / "var/cache"))


async def voice_ready() -> None:
    """Render what is missing of the voice's core, which a daemon would otherwise do while it is measured."""
    use_own_cache()
    speech = RenderedSpeech(Path(os.environ["HYDROPHONE_CACHE"]))
    await speech.start(complete=False)
    try:
        await speech.render(await asyncio.to_thread(speech.missing, list(speech.catalogue.core_clips().values())))
    finally:
        await speech.stop()


@asynccontextmanager
async def database(home: Path, settings: Settings, people: Sequence[Person]) -> AsyncIterator[str]:
    """Have a PostgreSQL of our own with these people in it; yields its DSN."""
    postgres = EmbeddedPostgres(home / "postgres")
    dsn = await postgres.start()
    try:
        await upgrade(dsn)
        await _enrol(dsn, QueueName(settings.pbx.queue), people)
        yield dsn
    finally:
        await postgres.stop()


async def _enrol(dsn: str, queue: QueueName, people: Sequence[Person]) -> None:
    """Write everybody at once: a password of its own for each would take a minute and is nobody's."""
    password_hash = await Passwords().hash(uuid4().hex)
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "login": one.id,
            "name": f"Agent {one.extension}" if one.extension else "Supervisor",
            "role": one.role,
            "extension": one.extension,
            "password_hash": password_hash,
            "active": True,
        }
        for one in people
    ]
    queues = [{"user_id": row["id"], "queue": queue} for row in rows if row["extension"]]

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(users), rows)
        if queues:
            await connection.execute(sa.insert(user_queues), queues)

    store = Database(dsn, pool_size=1)
    try:
        await store.run(work)
    finally:
        await store.close()


# ------------------------------------------------------------------ the daemon


@asynccontextmanager
async def daemon(settings: Settings, dsn: str, *, calm: bool = True) -> AsyncIterator[Process]:
    """Have ``hydrophone serve`` run, healthy and, where figures count, calm, with these settings and this database."""
    log = settings.home / "log" / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = Path(sys.executable).with_name("hydrophone")
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "TERM", str(command), "serve",
            stdin=DEVNULL, stdout=output, stderr=output, env={**os.environ, **_environment(settings, dsn)},
        )  # fmt: skip
    try:
        await _until_healthy(settings, process, log)
        if calm:
            await until_calm(process)
        yield process
    finally:
        await end(process)


def _environment(settings: Settings, dsn: str) -> dict[str, str]:
    sections = {name: getattr(settings, name) for name in ("site", "pbx", "agi", "web")}
    return {
        "HYDROPHONE_HOME": str(settings.home),
        "HYDROPHONE_DATABASE__DSN": dsn,
        "HYDROPHONE_LOG_LEVEL": "warning",
        **{f"HYDROPHONE_{name.upper()}": section.model_dump_json() for name, section in sections.items()},
    }


async def _until_healthy(settings: Settings, process: Process, log: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with asyncio.timeout(_START_S), aiohttp.ClientSession(timeout=timeout) as client:
            while process.returncode is None:
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with client.get(f"{settings.console_url}/health") as answer:
                        found = await answer.json()
                        # a fake PBX has no SIP, so "ok" would never be true; followed is what a bench needs
                        if found["database"] and all(link["up"] and link["synced_at"] for link in found["links"]):
                            return
                await asyncio.sleep(0.2)
    except TimeoutError:
        pass
    raise BenchError(f"the daemon is not healthy; its log: {log}\n{_tail(log)}")


async def until_calm(process: Process) -> None:
    """Wait until a daemon has done what it has to do: after its start, the voice's engine is loaded once."""
    used = cpu_s(process.pid)
    for _ in range(round(_CALM_S)):
        await asyncio.sleep(1.0)
        before, used = used, cpu_s(process.pid)
        if used - before < _CALM:
            return
    raise BenchError(f"the daemon still works hard after {_CALM_S:.0f} s")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def end(process: Process) -> None:
    """End a process of ours, politely, then for certain."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def tokens(settings: Settings, secrets: Secrets, people: Sequence[Person]) -> list[str]:
    """Return a session of each, made with the install's own key: a thousand log-ins are not what is measured."""
    sessions = Sessions(secrets.session_key, lambda: datetime.now(UTC), lifetime=timedelta(hours=1))
    return [
        sessions.open(User(id=one.id, name=one.id, role=wire.Role(one.role), extension=one.extension))[0]
        for one in people
    ]


# ------------------------------------------------------------------ what processes cost


def descendants(pid: int) -> list[int]:
    """Return a process and all that come from it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, new = [], [pid]
    while new:
        found += new
        new = [child for one in new for child in parents.get(one, [])]
    return found


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process, its children and those of them that are over have used."""
    return sum(own_cpu_s(one) for one in descendants(pid))


def own_cpu_s(pid: int) -> float:
    """Return the same of a process alone, with those of its children that are over."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) * _TICK_S  # utime, stime, and both of waited-for children (proc_pid_stat(5))


def resident_bytes(pid: int) -> int:
    """Return what a process holds in memory, shared libraries and all."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
