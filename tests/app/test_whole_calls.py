"""The whole daemon on a real Asterisk and a real PostgreSQL. The menu turns callers away, so they go straight to
the queue, which is what the dialplan does with a menu that does not want them; the menu itself is tested elsewhere.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import Agi, Pbx, Settings
from config.settings import Database as DatabaseSettings
from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Agent, CallStage, Outcome, RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from storage.engine import Database
from storage.records import CallFilter, CallRecord, Role
from storage.users import UserStore
from tests.asterisk.pbx import MakePbx
from tests.asterisk.sipp import calling, softphone
from tests.services.parts import until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

AGENT, PHONE = AgentId("agent1"), Extension("2001")


class NoSpeech:
    """The menu says nothing here, and renders nothing."""

    def learn(self, prompts: object) -> None:
        """Learn nothing."""

    async def start(self) -> None:
        """Begin nothing."""

    async def stop(self) -> None:
        """End nothing."""


@asynccontextmanager
async def hydrophone(pbx: SandboxPbx, home: Path, dsn: str, *, wrap_up_s: int = 1) -> AsyncIterator[App]:
    theirs = pbx.settings
    settings: Settings = theirs.model_copy(
        update={
            "home": home,
            "database": DatabaseSettings(dsn=SecretStr(dsn)),
            "agi": Agi(port=theirs.agi.port, allow=("127.0.0.9",)),
            "pbx": Pbx(**{**theirs.pbx.model_dump(), "wrap_up_s": wrap_up_s}),
        }
    )
    app = App(settings, pbx.secrets)
    app.menu.speech = NoSpeech()  # type: ignore[assignment]
    await app.start()
    try:
        await until(lambda: any(link.synced_at for link in app.live.state.links.values()), within_s=10)
        yield app
    finally:
        await app.stop()


@pytest.fixture
async def agent_in_database(database: Database) -> None:
    await UserStore(database).ensure(
        AGENT,
        name="李雷",
        role=Role.AGENT,
        password="a password of tests",
        extension=PHONE,
        queues=[QueueName("water")],
    )


async def available(app: App) -> None:
    await app.orders.choose_presence(AGENT, Presence.AVAILABLE, by=AGENT)
    await until(lambda: not (agent(app).memberships.get(QueueName("water")) or _PAUSED).paused, within_s=10)


class _Paused:
    paused = True


_PAUSED = _Paused()


def agent(app: App) -> Agent:
    return app.live.state.agents[AGENT]


def stages(app: App) -> list[CallStage]:
    return [call.stage for call in app.live.state.calls.values()]


async def records(app: App) -> list[CallRecord]:
    await until(lambda: app.recorder.waiting == 0 and not app.live.state.calls, within_s=10)
    return list((await app.kept.calls.page(CallFilter())).items)


@pytest.mark.usefixtures("agent_in_database")
async def test_a_call_from_ring_to_record(shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str) -> None:
    async with hydrophone(shared_pbx, tmp_path / "home", database_dsn) as app:
        offers: list[str] = []
        seen: list[RoutingStatus] = []
        app.live.listen(lambda changes: offers.extend(offer.agent for offer in changes.offers))
        app.live.listen(lambda changes: seen.append(agent(app).routing) if AGENT in changes.agents else None)
        await available(app)
        async with (
            softphone(shared_pbx, tmp_path, "agent") as phone,
            calling(shared_pbx, tmp_path, name="王芳") as caller,
        ):
            await phone.finish()
            await caller.finish()
        await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
        (record,) = await records(app)
        await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
        await until(lambda: not agent(app).memberships)
    assert (record.outcome, record.agent, record.queue) == (Outcome.ANSWERED, AGENT, "water")
    assert (record.caller_number, record.caller_name, record.dialled) == ("13800000001", "王芳", "96000")
    assert record.holds == 1
    assert record.ticket_id is not None
    assert offers == [AGENT]
    assert list(dict.fromkeys(seen)) == [
        RoutingStatus.IDLE,
        RoutingStatus.RINGING,
        RoutingStatus.ON_CALL,
        RoutingStatus.WRAP_UP,
        RoutingStatus.OFF_QUEUE,
    ]


@pytest.mark.usefixtures("agent_in_database")
async def test_a_missed_offer_pauses_the_agent_and_the_caller_who_gives_up_is_recorded(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str
) -> None:
    async with hydrophone(shared_pbx, tmp_path / "home", database_dsn) as app:
        await available(app)
        async with softphone(shared_pbx, tmp_path, "busy"), calling(shared_pbx, tmp_path, patience_s=2) as caller:
            await until(lambda: agent(app).routing is RoutingStatus.NOT_RESPONDING, within_s=10)
            await until(lambda: agent(app).memberships[QueueName("water")].reason == "not_responding", within_s=10)
            assert stages(app) == [CallStage.QUEUED]
            await caller.finish()
        (record,) = await records(app)
        await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
        await until(lambda: not agent(app).memberships)
    assert (record.outcome, record.agent, record.answered_at) == (Outcome.ABANDONED, None, None)


@pytest.mark.usefixtures("agent_in_database")
async def test_a_call_that_outlives_the_daemon_is_found_again_and_is_one_record(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str
) -> None:
    home = tmp_path / "home"
    async with softphone(shared_pbx, tmp_path, "patient"):
        async with hydrophone(shared_pbx, home, database_dsn) as app:
            await available(app)
            caller = calling(shared_pbx, tmp_path, patience_s=6)
            sipp = await caller.__aenter__()
            try:
                await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
                await until(lambda: agent(app).memberships[QueueName("water")].reason == "on_call", within_s=10)
                before = next(iter(app.live.state.calls))
            except BaseException:
                await caller.__aexit__(None, None, None)
                raise
        async with hydrophone(shared_pbx, home, database_dsn) as app:
            assert stages(app) == [CallStage.TALKING]
            assert (agent(app).routing, agent(app).presence) == (RoutingStatus.ON_CALL, Presence.AVAILABLE)
            await sipp.finish()
            await caller.__aexit__(None, None, None)
            await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
            (record,) = await records(app)
            await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
            await until(lambda: not agent(app).memberships)
    assert (record.id, record.outcome, record.agent, record.queue) == (before, Outcome.ANSWERED, AGENT, "water")
    assert 4 <= record.talk_s <= 6


@pytest.mark.usefixtures("agent_in_database")
async def test_calls_cut_by_a_killed_pbx_are_closed_and_the_agent_is_added_again(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    async with hydrophone(pbx, tmp_path / "home", database_dsn) as app:
        await available(app)
        async with softphone(pbx, tmp_path, "patient"), calling(pbx, tmp_path):
            await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
            pbx.kill()
            await until(lambda: not next(iter(app.live.state.links.values())).up, within_s=10)
        await pbx.up()
        await until(lambda: not app.live.state.calls, within_s=15)
        (record,) = await records(app)
        await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
        await until(lambda: QueueName("water") in agent(app).memberships, within_s=10)
        await until(lambda: not agent(app).memberships[QueueName("water")].paused, within_s=10)
    assert record.outcome is Outcome.PBX_RESTART
