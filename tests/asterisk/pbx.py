"""A real Asterisk for tests: one shared by the whole session, and private ones for tests that break things.

``tests/conftest.py`` makes the fixtures known to every test; import them nowhere else, or there are two. So::

    from tests.asterisk.pbx import MakePbx

    pytestmark = pytest.mark.asterisk

    async def test_something(shared_pbx: SandboxPbx) -> None:
        await shared_pbx.console("core show uptime")
        shared_pbx.settings.pbx.ami_port, shared_pbx.secrets.ami      # how to reach its AMI
        shared_pbx.settings.agi.port                                  # where its dialplan looks for the menu

    async def test_a_restart(make_pbx: MakePbx) -> None:
        pbx = await make_pbx(patience=Patience(menu_s=2))             # up, and ended after the test
        pbx.kill()

Each has free ports and a home of its own under pytest's temporary folder, and the phones 1001, 1002, 1003, 2000 and
2001 with passwords in ``pbx.secrets.phones``. Asterisk itself comes from the repo's ``var/cache`` (or
``HYDROPHONE_CACHE``); the first test ever fetches it. ``tests.asterisk.tap`` reads raw AMI.
"""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from config.pbx_files import USUAL_PATIENCE, Patience
from config.secrets import Secrets
from config.settings import Agi, Database, Pbx, Queue, Settings, Site, Web
from cti.sandbox.network import free_port
from cti.sandbox.pbx import DEMO_PHONES, SandboxPbx

AGENT_PHONES = ("1001", "1002", "1003")
REPO = Path(__file__).parents[2]
os.environ.setdefault("HYDROPHONE_CACHE", str(REPO / "var/cache"))


class MakePbx(Protocol):
    """What the fixture ``make_pbx`` gives: call it for a PBX that is up."""

    async def __call__(
        self,
        *,
        extensions: tuple[str, ...] = AGENT_PHONES,
        patience: Patience = USUAL_PATIENCE,
        queues: tuple[Queue, ...] = (),
    ) -> SandboxPbx:
        """Return a new PBX, booted."""


@pytest.fixture(scope="session")
def shared_pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """One Asterisk for the session. Leave it as you found it: no members in the queue, no calls."""
    pbx = new_pbx(tmp_path_factory.mktemp("pbx"))
    asyncio.run(pbx.up())
    try:
        yield pbx
    finally:
        asyncio.run(pbx.down())


@pytest.fixture
async def make_pbx(tmp_path: Path) -> AsyncIterator[MakePbx]:
    """Make Asterisks for one test alone."""
    made: list[SandboxPbx] = []

    async def make(
        *,
        extensions: tuple[str, ...] = AGENT_PHONES,
        patience: Patience = USUAL_PATIENCE,
        queues: tuple[Queue, ...] = (),
    ) -> SandboxPbx:
        pbx = new_pbx(tmp_path / f"pbx{len(made)}", extensions=extensions, patience=patience, queues=queues)
        made.append(pbx)
        await pbx.up()
        return pbx

    yield make
    for pbx in made:
        await pbx.down()


def new_pbx(
    home: Path,
    *,
    extensions: tuple[str, ...] = AGENT_PHONES,
    patience: Patience = USUAL_PATIENCE,
    queues: tuple[Queue, ...] = (),
) -> SandboxPbx:
    """Return a PBX on free ports, not started."""
    secrets = Secrets.load_or_make(home, phones=(*extensions, *DEMO_PHONES))
    settings = new_settings(home).model_copy(update={"queues": queues})
    return SandboxPbx(settings, secrets, extensions, patience=patience)


def new_settings(home: Path) -> Settings:
    """Return settings with free ports everywhere and nothing from this machine's ``hydrophone.toml``."""
    ami, ws, agi, web, push = (free_port() for _ in range(5))
    sip, trunk = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    rtp = random.randrange(30000, 60000, 500)
    return Settings(
        home=home,
        site=Site(),
        database=Database(),
        pbx=Pbx(ami_port=ami, sip_ws_port=ws, sip_port=sip, trunk_port=trunk, rtp_start=rtp, rtp_end=rtp + 499),
        agi=Agi(port=agi),
        web=Web(port=web, push_port=push),
    )
