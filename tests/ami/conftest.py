"""A fake PBX and links to it, with short waits; nothing may be left running after a test."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from cti.ami.intake import Doubt
from cti.ami.link import AmiLink, LinkState
from cti.ami.messages import Event
from cti.ami.session import Timings
from tests.fakes.asterisk_ami import FakeAsterisk

QUICK = Timings(
    connect_s=2, greeting_s=0.5, login_s=2, boot_grace_s=0.05, boot_probe_s=0.02, boot_s=2, ping_idle_s=30, silent_s=60
)


@dataclass
class Heard:
    """What a link told us, in order."""

    link: AmiLink
    events: list[Event] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]


class MakeLink(Protocol):
    async def __call__(
        self, *wanted: str, handlers: dict[str, Any] | None = None, up: bool = True, **options: Any
    ) -> Heard: ...


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"still running: {left}"


@pytest.fixture
async def pbx(no_task_left: None) -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
async def make_link(pbx: FakeAsterisk) -> AsyncIterator[MakeLink]:
    """Return a function that makes a link to the fake, by default up, that pauses for one turn only."""
    made: list[AmiLink] = []

    async def make(*wanted: str, handlers: dict[str, Any] | None = None, up: bool = True, **options: Any) -> Heard:
        heard = Heard(link=None)  # type: ignore[arg-type]  # set below

        async def no_pause(seconds: float) -> None:
            heard.pauses.append(seconds)
            await asyncio.sleep(0.005)

        given: dict[str, Any] = {
            "on_state": heard.states.append,
            "on_doubt": heard.doubts.append,
            "timings": QUICK,
            "sleep": no_pause,
            "rng": random.Random(7),
        } | options
        address = given.pop("address", pbx.address)
        heard.link = AmiLink(address, dict.fromkeys(wanted, heard.events.append) | (handlers or {}), **given)
        made.append(heard.link)
        await heard.link.start()
        if up:
            await heard.link.wait_up(5)
        return heard

    yield make
    for link in made:
        await link.close()


@pytest.fixture
def quick() -> Timings:
    return replace(QUICK)


@pytest.fixture(scope="session")
def transcript() -> bytes:
    """What Asterisk 22.10.1 wrote to our least-privileged user: login, a queue, a call from 王小明."""
    return (Path(__file__).parent / "transcripts/local_call.ami").read_bytes()


@pytest.fixture
def security_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level("WARNING", logger="security.ami"):
        yield caplog
