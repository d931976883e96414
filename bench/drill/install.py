"""One whole hotline for the drills: PostgreSQL, PBX, daemon, phones and desks, with a proxy on each of its links."""

import asyncio
import contextlib
import os
import random
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from bench.drill.daemon import Daemon
from bench.drill.desks import Desk, Desks
from bench.drill.pbx import Ami, DrillPbx, phones_of
from bench.drill.people import Crowd, Wish
from bench.drill.phones import ADDRESS, Phones
from bench.drill.proxy import Frames, Proxy
from config.secrets import Secrets
from config.settings import Agi, Pbx, Settings, Web
from cti.domain.ids import Extension, QueueName
from cti.sandbox.network import free_port
from storage.embedded import DATABASE, ROLE, EmbeddedPostgres
from storage.engine import Database
from storage.migrate import upgrade
from storage.records import Role
from storage.users import UserStore

REPO = Path(__file__).parents[2]
PASSWORD = "drill-" + os.urandom(9).hex()
SUPERVISOR = "boss"
WRAP_UP_S = 20
POOL = Settings().database.pool_size
_SOCKET = ".s.PGSQL.5432"


@dataclass(slots=True)
class Install:
    """Everything that is up. ``pbx_deaths`` are the times at which the PBX was killed.

    ``footprint`` is what the daemon takes once it has done everything: MB of memory, file descriptors.
    """

    home: Path
    settings: Settings
    postgres: EmbeddedPostgres
    pbx: DrillPbx
    ami: Ami
    daemon: Daemon
    phones: Phones
    crowd: Crowd
    desks: Desks
    agents: list[Desk]
    ami_proxy: Proxy
    frames: Frames
    db_proxy: Proxy
    supervisor: Desk
    supervisor_token: str
    footprint: tuple[float, int] = (0.0, 0)
    pbx_deaths: list[float] = field(default_factory=list)

    @property
    def cel(self) -> Path:
        """Asterisk's account of every call."""
        return self.pbx.log / "cel-custom" / "Master.csv"

    @property
    def queue_log(self) -> Path:
        """Asterisk's account of its queues."""
        return self.pbx.log / "queue_log"

    async def live(self) -> Mapping[str, Any]:
        """Return the live state as a supervisor sees it; empty when nobody answers."""
        status, said = await self.desks.ask("GET", "/live", self.supervisor_token)
        return said if status == 200 else {}

    async def rows(self, query: str) -> list[asyncpg.Record]:
        """Ask the database, past the proxy."""
        connection = await asyncpg.connect(self.postgres.plain_dsn, timeout=10)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    async def warm_up(self) -> None:
        """Let the daemon do all it does, so that what grows afterwards is a leak and not a first time."""
        self.phones.talk_s = lambda _leg: 0.5
        placed = await self.crowd.arrive([Wish.PERSON] * len(self.agents), per_s=8)
        lists = (self.desks.ask("GET", "/tickets?limit=200", self.supervisor_token) for _ in range(4 * POOL))
        await asyncio.gather(*lists)
        await self.crowd.over(placed, 60.0)
        for desk in self.agents:
            await desk.written(30.0)

    async def open_desks(self) -> None:
        """Let every agent open their console and be available."""
        for desk in (*self.agents, self.supervisor):
            desk.open()
        for desk in self.agents:
            await desk.insist("available")


@contextlib.asynccontextmanager
async def installed(agents: int) -> AsyncIterator[Install]:
    """Have a hotline with so many agents, all available; afterwards nothing of it is left."""
    home = Path(tempfile.mkdtemp(prefix="drill-"))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        yield await _build(stack, home, [str(3001 + number) for number in range(agents)])


async def _build(stack: contextlib.AsyncExitStack, home: Path, extensions: list[str]) -> Install:
    os.environ.setdefault("HYDROPHONE_CACHE", str(REPO / "var/cache"))
    settings, phones = _settings(home), Phones()
    await phones.start()
    stack.push_async_callback(phones.stop)
    secrets = Secrets.load_or_make(home, phones=phones_of(extensions))
    pbx = DrillPbx(settings, secrets, tuple(extensions), f"{ADDRESS}:{phones.port}")
    postgres = EmbeddedPostgres(home / "postgres")
    stack.push_async_callback(postgres.stop)
    await asyncio.gather(_people(postgres, extensions), pbx.up())
    stack.push_async_callback(pbx.down)

    frames = Frames()
    ami_proxy = Proxy(
        lambda: asyncio.open_connection(settings.pbx.host, settings.pbx.ami_port, limit=1 << 20), watch=frames.watch
    )
    ami_port = await ami_proxy.start_tcp()
    stack.push_async_callback(ami_proxy.stop)
    (home / "db").mkdir()
    db_proxy = Proxy(lambda: asyncio.open_unix_connection(_socket_of(postgres), limit=1 << 20))
    await db_proxy.start_unix(home / "db" / _SOCKET)
    stack.push_async_callback(db_proxy.stop)

    daemon = Daemon(home, settings.console_url, _environment(settings, home, ami_port))
    stack.push_async_callback(daemon.stop)
    await daemon.start()
    client = await stack.enter_async_context(
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=8), connector=aiohttp.TCPConnector(limit=0, force_close=True)
        )
    )
    desks = Desks(settings.console_url, client)
    tokens = [await desks.log_in(_user(extension), PASSWORD) for extension in extensions]
    boss = await desks.log_in(SUPERVISOR, PASSWORD)
    crowd = Crowd(f"sip:{settings.site.hotline}@{settings.pbx.host}:{settings.pbx.sip_port}")
    stack.push_async_callback(crowd.stop)
    install = Install(
        home, settings, postgres, pbx, Ami(settings, secrets), daemon, phones, crowd, desks,
        [Desk(desks, _user(extension), token) for extension, token in zip(extensions, tokens, strict=True)],
        ami_proxy, frames, db_proxy, Desk(desks, SUPERVISOR, boss), boss,
    )  # fmt: skip
    for desk in (*install.agents, install.supervisor):
        stack.push_async_callback(desk.close)
    await install.open_desks()
    await install.warm_up()
    return install


def _user(extension: str) -> str:
    return f"agent-{extension}"


async def _people(postgres: EmbeddedPostgres, extensions: list[str]) -> None:
    await postgres.start()
    await upgrade(postgres.dsn)
    database = Database(postgres.dsn, pool_size=4)
    try:
        users, queue = UserStore(database), QueueName(Pbx().queue)
        await asyncio.gather(
            users.ensure(SUPERVISOR, name="Supervisor", role=Role.SUPERVISOR, password=PASSWORD),
            *(
                users.ensure(
                    _user(extension),
                    name=f"Agent {extension}",
                    role=Role.AGENT,
                    password=PASSWORD,
                    extension=Extension(extension),
                    queues=(queue,),
                )
                for extension in extensions
            ),
        )
    finally:
        await database.close()


def _environment(settings: Settings, home: Path, ami_port: int) -> dict[str, str]:
    return {
        "HYDROPHONE_DATABASE__DSN": f"postgresql+asyncpg://{ROLE}@/{DATABASE}?host={home / 'db'}",
        "HYDROPHONE_PBX__AMI_PORT": str(ami_port),
        "HYDROPHONE_PBX__SIP_PORT": str(settings.pbx.sip_port),
        "HYDROPHONE_PBX__SIP_WS_PORT": str(settings.pbx.sip_ws_port),
        "HYDROPHONE_PBX__WRAP_UP_S": str(settings.pbx.wrap_up_s),
        "HYDROPHONE_AGI__PORT": str(settings.agi.port),
        "HYDROPHONE_WEB__PORT": str(settings.web.port),
        "HYDROPHONE_WEB__PUSH_PORT": str(settings.web.push_port),
    }


def _socket_of(postgres: EmbeddedPostgres) -> str:
    return postgres.plain_dsn.partition("host=")[2].replace("%2F", "/") + "/" + _SOCKET


def _settings(home: Path) -> Settings:
    ami, ws, agi, web, push = (free_port() for _ in range(5))
    sip = free_port(socket.SOCK_DGRAM)
    rtp = random.randrange(30000, 58000, 2000)  # noqa: S311 - a range of ports that is likely free
    return Settings(
        home=home,
        pbx=Pbx(ami_port=ami, sip_ws_port=ws, sip_port=sip, rtp_start=rtp, rtp_end=rtp + 1999, wrap_up_s=WRAP_UP_S),
        agi=Agi(port=agi),
        web=Web(port=web, push_port=push),
    )
