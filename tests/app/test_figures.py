"""A call on a real Asterisk, and the figures made of it: over the API, in ``/metrics``, and against ``queue_log``."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import AgentId
from cti.domain.model import RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from storage.engine import Database
from storage.records import Role
from storage.users import UserStore
from tests.app.test_whole_calls import AGENT, agent, agent_in_database, available, hydrophone, records
from tests.asterisk.sipp import calling, softphone
from tests.services.parts import until

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

SUPERVISOR, PASSWORD = "supervisor1", "a password of tests"


def queue_log(pbx: SandboxPbx, linkedid: str) -> dict[str, list[str]]:
    """What Asterisk wrote about one caller: each event's fields."""
    lines = [line.split("|") for line in (pbx.log / "queue_log").read_text().splitlines()]
    return {fields[4]: fields for fields in lines if fields[1] == linkedid}


async def get(app: App, path: str, token: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(app.settings.console_url + path, headers={"Authorization": f"Bearer {token}"}) as response,
    ):
        return response.status, await response.text()


async def supervisor(app: App) -> str:
    body = {"user": SUPERVISOR, "password": PASSWORD}
    async with (
        aiohttp.ClientSession() as http,
        http.post(app.settings.console_url + "/api/tokens", json=body) as answer,
    ):
        return str((await answer.json())["token"])


async def figures(app: App, rest: str = "") -> dict[str, dict[str, Any]]:
    now = app.clock()
    since, until_ = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (now - timedelta(hours=1), now + timedelta(hours=1)))
    status, text = await get(app, f"/api/kpi?from={since}&to={until_}{rest}", await supervisor(app))
    assert status == 200, text
    return {one["kpi"]: one for one in json.loads(text)["total"]}


@pytest.mark.usefixtures("agent_in_database")
async def test_the_figures_of_a_call_are_what_the_queue_log_says(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str, database: Database
) -> None:
    await UserStore(database).ensure(AgentId(SUPERVISOR), name="班长", role=Role.SUPERVISOR, password=PASSWORD)
    async with hydrophone(shared_pbx, tmp_path / "home", database_dsn) as app:
        app.menu.speech.degraded = 0
        await available(app)
        async with softphone(shared_pbx, tmp_path, "agent") as phone, calling(shared_pbx, tmp_path) as caller:
            await phone.finish()
            await caller.finish()
        await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
        async with calling(shared_pbx, tmp_path, patience_s=1) as caller:
            await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
            await caller.finish()
        kept = {record.agent: record for record in await records(app)}
        await app.figures.work_off()
        ours, of_agent = await figures(app, "&profile=wazo&target_s=5"), await figures(app, f"&agent={AGENT}")
        token = (app.settings.home / "metrics-token").read_text().strip()
        status, metrics = await get(app, "/metrics", token)
        refused, _ = await get(app, "/metrics", "wrong")

    log = queue_log(shared_pbx, kept[AGENT].linkedid)
    assert ours["asa"]["value"] == int(log["CONNECT"][5])
    assert (ours["offered"]["value"], ours["answered"]["value"], ours["abandoned"]["value"]) == (2, 1, 1)
    assert "ABANDON" in queue_log(shared_pbx, kept[None].linkedid)
    assert ours["service_level"]["value"] == 100
    assert {known["id"]: known["value"] for known in of_agent["aht"]["inputs"]} == {
        "talk_s": kept[AGENT].talk_s,
        "hold_s": kept[AGENT].hold_s,
        "wrap_up_s": pytest.approx(1, abs=1),
        "handled": 1,
    }
    assert of_agent["occupancy"]["value"] > 0

    found = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(metrics) for s in f.samples}
    assert (status, refused) == (200, 401)
    assert found["hydrophone_ami_up", "main"] == found["hydrophone_link_up", "main"] == 1
    assert found["hydrophone_ami_events_total", "main"] > 10
    assert found["hydrophone_recorder_calls_total", "saved"] >= 2
    assert found["hydrophone_resyncs_total", "main", "done"] >= 1
    assert "13800000001" not in metrics
