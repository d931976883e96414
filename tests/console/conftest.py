"""A console server on free ports, with a live centre and stores of its own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from blockbuster import blockbuster_ctx

from agent_console.server import ConsoleServer
from agent_console.wire import Role
from config.secrets import Secrets
from config.settings import Settings, Site, Web
from cti.sandbox.network import free_port
from tests.console.fake_stores import USERS, FakeStores
from tests.console.fakes import Clock, FakeLive, NotNowError


@dataclass
class House:
    """One running console server and what is around it."""

    server: ConsoleServer
    settings: Settings
    secrets: Secrets
    live: FakeLive
    stores: FakeStores
    clock: Clock
    http: aiohttp.ClientSession

    @property
    def origin(self) -> str:
        return self.settings.console_url

    def token(self, user: str) -> str:
        return self.server.backend.sessions.open(USERS[user])[0]

    def bearer(self, user: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user)}"}

    def cookie(self, user: str) -> dict[str, str]:
        return {"Cookie": f"hydrophone_session={self.token(user)}"}

    async def ask(self, method: str, path: str, **rest: Any) -> tuple[int, Any]:
        """Return status and JSON body."""
        async with self.http.request(method, self.origin + path, **rest) as response:
            return response.status, await response.json() if response.status != 204 else None


def user_of(role: Role) -> str:
    return {Role.AGENT: "agent1", Role.SUPERVISOR: "supervisor1", Role.ADMIN: "admin1"}[role]


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """A call that blocks while the loop runs is an error."""
    with blockbuster_ctx("agent_console") as watch:
        for file_call in ("os.stat", "io.BufferedReader.read"):  # asyncpg looks for ~/.pgpass when it connects
            watch.functions[file_call].can_block_in("asyncpg/connect_utils.py", "_parse_connect_dsn_and_args")
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores()


@pytest.fixture
def live(clock: Clock) -> FakeLive:
    return FakeLive(clock)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A small front-end build."""
    made = tmp_path / "dist"
    (made / "assets").mkdir(parents=True)
    (made / "index.html").write_text('<!doctype html><meta property="csp-nonce" nonce="HYDROPHONE_CSP_NONCE">console')
    (made / "phone.html").write_text("<!doctype html>phone")
    (made / "assets" / "app-1a2b.js").write_text("export {}")
    (made / "assets" / "app-1a2b.js.gz").write_bytes(b"\x1f\x8b packed")
    (made / "assets" / "app-1a2b.js.map").write_text("{}")
    (tmp_path / "secret.txt").write_text("not yours")
    return made


@pytest.fixture
def web() -> dict[str, Any]:
    """What a test sets differently in the web section."""
    return {}


@pytest.fixture
async def house(
    tmp_path: Path, live: FakeLive, stores: FakeStores, clock: Clock, dist: Path, web: dict[str, Any]
) -> AsyncIterator[House]:
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(
        home=home, web=Web(**{"port": free_port(), "push_port": free_port(), "demo_phone": True} | web), site=Site()
    )
    secrets = Secrets(phones={"1001": "one", "1002": "two", "2000": "demo"})
    server = ConsoleServer(
        settings,
        secrets,
        live,
        stores.ports(),
        refusals=(NotNowError,),
        now=clock,
        monotonic=clock.monotonic,
        dist=dist,
        gather_s=0,
    )
    live.open_house()
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield House(server, settings, secrets, live, stores, clock, http)
    finally:
        await server.stop()
