"""``/health`` means something: a PBX that is frozen, its port still open, is not well, and is again once it answers."""

import os
import signal
from pathlib import Path

import aiohttp
import pytest

from cti.app import App
from cti.sandbox.pbx import SandboxPbx
from tests.app.test_whole_calls import hydrophone
from tests.services.parts import until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]


async def health(app: App) -> tuple[bool, bool, list[bool], list[bool]]:
    async with aiohttp.ClientSession() as http, http.get(app.settings.console_url + "/health") as response:
        told = await response.json()
    answers = [None not in (pulse["ami_ms"], pulse["sip_ms"]) for pulse in told["pulses"]]
    return told["ok"], told["database"], [link["up"] for link in told["links"]], answers


async def test_a_frozen_pbx_is_not_well_although_its_process_lives(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str
) -> None:
    running = shared_pbx.running
    assert running is not None
    async with hydrophone(shared_pbx, tmp_path / "home", database_dsn) as app:
        await until(lambda: app.first.pulse.well, within_s=14)
        well = await health(app)
        os.kill(running.pid, signal.SIGSTOP)
        try:
            await until(lambda: not app.first.pulse.well, within_s=14)
            await until(lambda: not next(iter(app.live.state.links.values())).up, within_s=14)
            frozen = await health(app)
        finally:
            os.kill(running.pid, signal.SIGCONT)
        await until(lambda: next(iter(app.live.state.links.values())).up, within_s=14)
        await until(lambda: app.first.pulse.well, within_s=14)
        again = await health(app)
    assert well == again == (True, True, [True], [True])
    assert frozen == (False, True, [False], [False])
