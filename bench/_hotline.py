"""A hotline under load: the sandbox Asterisk, the daemon, agents' phones and callers of SIPp, consoles that take pops.

SIPp (Debian's ``sip-tester``) is both the callers on the trunk and, in a second process, all agents' phones, which are
plain SIP phones here: browsers would measure themselves. Callers key by SIP INFO. With ``sound`` they send alaw from
the first moment to the last, fifty packets a second, and the agents' phones send back what they hear; without it the
PBX plays to people who say nothing.
"""

import asyncio
import random
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bench._consoles import Consoles
from bench._site import BenchError, Person, agents, daemon, database
from config.secrets import Secrets
from config.settings import Pbx, Settings
from cti.sandbox.network import free_port
from cti.sandbox.pbx import SandboxPbx
from storage.engine import Database
from storage.schema import calls, tickets
from tests.asterisk.pbx import new_settings

SCENARIOS = Path(__file__).parent / "scenarios"
PHONES_ADDRESS = "127.0.0.3"
WRAP_UP_S = 1
_NAMES = ("王芳", "李伟", "Zhang Min", "刘洋", "Chen Jie", "杨秀英", "O'Neil", "赵磊")

Habits = Mapping[str, str]
"""What SIPp's scenarios leave open, by the name in their brackets."""
BUSINESSLIKE: Habits = {"gives_up_in_menu": "0", "patience_ms": "120000", "talk_ms": "500", "never_holds": "1"}
VARIED: Habits = {"gives_up_in_menu": "0.08", "patience_ms": "9000", "talk_ms": "2500", "never_holds": "0.7"}


@dataclass(frozen=True, slots=True)
class Hotline:
    """A running one. ``home`` holds its files."""

    home: Path
    sound: bool
    settings: Settings
    pbx: SandboxPbx
    daemon: Process
    dsn: str
    postgres_pid: int
    consoles: Consoles
    people: Sequence[Person]

    async def tickets(self) -> tuple[int, int, int]:
        """Return how many calls are recorded, how many of them are over, and how many have a ticket."""
        store = Database(self.dsn, pool_size=1)
        try:
            return await store.run(_counts)
        finally:
            await store.close()


async def _counts(connection: AsyncConnection) -> tuple[int, int, int]:
    query = sa.select(sa.func.count(), sa.func.count(calls.c.ended_at), sa.func.count(tickets.c.id)).select_from(
        calls.outerjoin(tickets, tickets.c.call_id == calls.c.id)
    )
    row = (await connection.execute(query)).one()
    return int(row[0]), int(row[1]), int(row[2])


@asynccontextmanager
async def hotline(home: Path, *, count: int, habits: Habits, sound: bool = False) -> AsyncIterator[Hotline]:
    """Have a hotline with so many agents, all of them available, their phones ready to answer."""
    people = agents(count)
    port = free_port(socket.SOCK_DGRAM, PHONES_ADDRESS)
    settings = new_settings(home / "install")
    settings = settings.model_copy(
        update={"pbx": Pbx(**{**settings.pbx.model_dump(), "wrap_up_s": WRAP_UP_S, **rtp_range()})}
    )
    secrets = Secrets.load_or_make(settings.home)
    pbx = SandboxPbx(settings, secrets, (), additions={"pjsip.conf": _phones(people, port)})
    async with AsyncExitStack() as stack:
        await pbx.up()
        stack.push_async_callback(pbx.down)
        dsn = await stack.enter_async_context(database(home, settings, people))
        process = await stack.enter_async_context(daemon(settings, dsn))
        echo = ("-rtp_echo",) if sound else ()
        await stack.enter_async_context(_sipp(pbx, home / "phones", "agents", PHONES_ADDRESS, port, habits, echo))
        consoles = await stack.enter_async_context(Consoles.connected(settings, secrets, people))
        await consoles.all_available()
        await _until_members(pbx, people)
        postgres = int((home / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        yield Hotline(home, sound, settings, pbx, process, dsn, postgres, consoles, people)


def rtp_range() -> dict[str, int]:
    """Return settings for the PBX's sound, at ports that others hardly use."""
    start = random.randrange(30_000, 55_000, 1000)  # noqa: S311 - ports
    return {"rtp_start": start, "rtp_end": start + 4999}


def _phones(people: Sequence[Person], port: int) -> str:
    """Return the agents' phones for the PBX: plain SIP at a fixed address, so that nobody registers."""
    return "".join(
        f"\n[{one.extension}]\ntype = aor\ncontact = sip:{one.extension}@{PHONES_ADDRESS}:{port}\n"
        f"\n[{one.extension}]\ntype = endpoint\ntransport = transport-udp\ncontext = hydrophone-agent\n"
        f'aors = {one.extension}\ncallerid = "Agent {one.extension}" <{one.extension}>\ndisallow = all\nallow = alaw\n'
        "direct_media = no\ndevice_state_busy_at = 1\nmoh_suggest = hydrophone\n"
        for one in people
    )


async def _until_members(pbx: SandboxPbx, people: Sequence[Person]) -> None:
    told = ""
    try:
        async with asyncio.timeout(30):
            while True:
                told = await pbx.console(f"queue show {pbx.settings.pbx.queue}")
                lines = [line for line in told.splitlines() if "PJSIP/" in line]
                if len(lines) == len(people) and not any("paused" in line for line in lines):
                    return
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise BenchError(f"the agents are not in the queue:\n{told}") from None


# ------------------------------------------------------------------ SIPp


@dataclass(frozen=True, slots=True)
class Callers:
    """How a run of callers ended, by SIPp's own count."""

    successful: int
    failed: int


async def call(
    site: Hotline, *, count: int, per_s: float, habits: Habits, most_at_once: int = 500, within_s: float = 120.0
) -> Callers:
    """Have so many callers call, at this rate, and wait until all of them are done."""
    folder = site.home / f"callers-{random.randrange(10**9)}"  # noqa: S311 - a name
    address = site.settings.pbx.trunk_address
    port = free_port(socket.SOCK_DGRAM, address)
    people = await asyncio.to_thread(_callers, folder, count)
    rest = ("-m", str(count), "-r", f"{per_s:g}", "-l", str(most_at_once), "-inf", str(people))
    habits = {**habits, **await asyncio.to_thread(_voice, folder, site.sound)}
    async with _sipp(site.pbx, folder, "caller", address, port, habits, (*rest, "-recv_timeout", "30000")) as process:
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            pass
    return ended(folder / "stat.csv")


def _voice(folder: Path, sound: bool) -> Habits:
    """Return how callers of SIPp speak, or that they don't; what they say is noise, over and over."""
    if not sound:
        return {"sound_port": "[media_port]", "speaks": ""}
    path = folder / "noise.alaw"
    path.write_bytes(random.Random(8000).randbytes(160 * 50 * 2))  # noqa: S311 - noise
    speaks = f'<nop><action><exec rtp_stream="{path},-1,8"/></action></nop>'
    return {"sound_port": "[rtpstream_audio_port]", "speaks": speaks}


def _callers(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(96_000)  # noqa: S311 - invented people
    lines = [
        f"1{rng.randrange(3, 10)}{rng.randrange(10**9):09d};{rng.choice(_NAMES)};{rng.randrange(1, 3)}"
        for _ in range(max(count // 2, 1))
    ]
    path = folder / "callers.csv"
    path.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
    return path


def ended(path: Path) -> Callers:
    """Read SIPp's last line of statistics."""
    lines = path.read_text().splitlines()
    row = dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False))
    return Callers(int(row["SuccessfulCall(C)"]), int(row["FailedCall(C)"]))


@asynccontextmanager
async def _sipp(
    pbx: SandboxPbx, folder: Path, scenario: str, address: str, port: int, habits: Habits, rest: Sequence[str]
) -> AsyncIterator[Process]:
    program = shutil.which("sipp")
    if program is None:
        raise BenchError("SIPp is missing: apt-get install sip-tester")
    path = await asyncio.to_thread(_scenario, folder, scenario, habits)
    service = pbx.settings.site.hotline
    process = await asyncio.create_subprocess_exec(
        program, "-sf", str(path), "-i", address, "-p", str(port), "-s", service, "-nostdin",
        "-trace_err", "-error_file", str(folder / "errors.log"), "-trace_stat", "-stf", str(folder / "stat.csv"),
        "-fd", "1", "-mp", str(random.randrange(10_000, 29_000, 4)),  # noqa: S311 - a port
        *rest, f"{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}",
        cwd=folder, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _scenario(folder: Path, name: str, habits: Habits) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = (SCENARIOS / f"{name}.xml").read_text()
    for key, value in habits.items():
        text = text.replace(f"[{key}]", value)
    path = folder / f"{name}.xml"
    path.write_text(text)
    return path
