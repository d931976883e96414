"""One daemon, two real Asterisks: each has its own calls, phones and secrets; one that is down harms no other."""

from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from config.secrets import Secrets
from config.settings import Agi, FurtherPbx, Pbx
from config.settings import Database as DatabaseSettings
from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import AgentId, Extension, PbxName, QueueName
from cti.domain.model import CallStage, Outcome, RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from storage.engine import Database
from storage.records import Role
from storage.users import UserStore
from tests.app.test_whole_calls import AGENT, NoSpeech, agent_in_database, records
from tests.asterisk.pbx import MakePbx
from tests.asterisk.sipp import calling, softphone
from tests.services.parts import until

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(180)]

EAST, EASTERN, WATER = PbxName("east"), AgentId("agent2"), QueueName("water")


@pytest.fixture
async def eastern_agent(database: Database, agent_in_database: None) -> None:
    await UserStore(database).ensure(
        EASTERN,
        name="韩梅梅",
        role=Role.AGENT,
        password="a password of tests",
        extension=Extension("2001@east"),
        queues=[WATER],
    )


def daemon(main: SandboxPbx, east: SandboxPbx, home: Path, dsn: str) -> App:
    """Return a daemon for two sandboxes, that each know a secret of their own."""
    theirs = main.settings
    there = {
        **east.settings.pbx.model_dump(exclude={"name", "sandbox"}),
        "name": EAST, "log_folder": east.log, "wrap_up_s": 1,
    }  # fmt: skip
    settings = theirs.model_copy(
        update={
            "home": home,
            "database": DatabaseSettings(dsn=SecretStr(dsn)),
            "agi": Agi(port=theirs.agi.port, allow=("127.0.0.9",)),
            "pbx": Pbx(**{**theirs.pbx.model_dump(), "wrap_up_s": 1, "log_folder": main.log}),
            "pbxs": (FurtherPbx(**there),),
        }
    )
    secrets = Secrets(
        ami=main.secrets.ami,
        agi=main.secrets.agi,
        phones={**main.secrets.phones, **{f"{phone}@east": word for phone, word in east.secrets.phones.items()}},
        ami_of={EAST: east.secrets.ami},
        agi_of={EAST: east.secrets.agi},
    )
    app = App(settings, secrets)
    app.menu.speech = NoSpeech()  # type: ignore[assignment]
    return app


def followed(app: App) -> dict[str, bool]:
    return {
        link.pbx: link.up and link.synced_at is not None and link.synced_at >= link.since
        for link in app.live.state.links.values()
    }


def stages(app: App) -> dict[str, CallStage]:
    return {call.pbx: call.stage for call in app.live.state.calls.values()}


@pytest.mark.usefixtures("eastern_agent")
async def test_two_pbxs_are_one_centre_and_one_that_dies_leaves_the_other_alone(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    main, east = await make_pbx(), await make_pbx()
    app = daemon(main, east, tmp_path / "home", database_dsn)
    async with AsyncExitStack() as stack:
        await app.start()
        stack.push_async_callback(app.stop)
        await until(lambda: followed(app) == {"main": True, "east": True}, within_s=15)
        for agent in (AGENT, EASTERN):
            await app.orders.choose_presence(agent, Presence.AVAILABLE, by=agent)
        await until(lambda: all(WATER in one.memberships for one in app.live.state.agents.values()), within_s=10)
        assert "agent1" in await main.console("queue show water")
        assert "agent1" not in await east.console("queue show water")
        assert "agent2" in await east.console("queue show water")

        for pbx, number, patience_s in ((main, "13800000001", 14), (east, "13800000002", 60)):
            await stack.enter_async_context(softphone(pbx, tmp_path, "patient"))
            await stack.enter_async_context(calling(pbx, tmp_path, number=number, patience_s=patience_s))
        await until(
            lambda: {one.routing for one in app.live.state.agents.values()} == {RoutingStatus.ON_CALL}, within_s=15
        )
        assert stages(app) == {"main": CallStage.TALKING, "east": CallStage.TALKING}
        assert app.live.state.agents[EASTERN].extension == "2001@east"
        for one in app.pbxs:
            assert await one.anti_entropy.check()
        assert {one.name: sum(one.anti_entropy.corrections.values()) for one in app.pbxs} == {"main": 0, "east": 0}
        await until(lambda: all(one.pulse.well for one in app.pbxs), within_s=10)

        east.kill()
        await until(lambda: followed(app) == {"main": True, "east": False}, within_s=15)
        assert stages(app) == {"main": CallStage.TALKING, "east": CallStage.TALKING}, "old, but not forgotten"
        assert await one_is_well(app) == {"main": True, "east": False}
        assert await app.first.anti_entropy.check()
        await until(lambda: stages(app) == {"east": CallStage.TALKING}, within_s=20)
        await until(lambda: app.live.state.agents[AGENT].routing is RoutingStatus.IDLE, within_s=10)

        await east.up()
        await until(lambda: followed(app) == {"main": True, "east": True}, within_s=15)
        kept = {record.pbx: record for record in await records(app)}
        await until(lambda: app.live.state.agents[EASTERN].routing is RoutingStatus.IDLE, within_s=10)
        await until(lambda: not app.live.state.agents[EASTERN].memberships[WATER].paused, within_s=10)
    assert {pbx: (record.outcome, record.agent) for pbx, record in kept.items()} == {
        "main": (Outcome.ANSWERED, AGENT),
        "east": (Outcome.PBX_RESTART, EASTERN),
    }
    assert not kept[EAST].end_assumed


async def one_is_well(app: App) -> dict[str, bool]:
    await until(lambda: not app.pbxs[1].pulse.well, within_s=10)
    async with aiohttp.ClientSession() as http, http.get(app.settings.console_url + "/health") as response:
        told = await response.json()
    assert told["ok"] is False
    return {pulse["pbx"]: pulse["well"] for pulse in told["pulses"]}
