"""What the daemon's parts count, as Prometheus reads it; and how the daemon itself is."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from config.secrets import Secrets
from cti.app import App
from cti.services.metrics import daemon_metrics
from cti.services.vitals import EVERY_S, Vitals
from ivr.agi.server import AgiServer
from tests.app.test_app import settings_of
from tests.services.parts import until


@pytest.fixture
async def app(tmp_path: Path) -> App:
    made = App(settings_of(tmp_path), Secrets())
    await made.kept.database.close()
    return made


def samples(app: App) -> dict[tuple[str, tuple[str, ...]], float]:
    class One(Collector):
        def collect(self) -> Any:
            return app._metrics()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(One())
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


async def test_every_part_tells_what_it_counts(app: App) -> None:
    app.first.link.counters.shed = 3
    app.first.link.counters.forged = 2
    app.first.link.counters.lag_s = 0.25
    app.first.resync.done = 4
    app.first.resync.failed = 1
    app.recorder.saved = 7
    app.recorder.away = True
    app.menu.speech.degraded = 5
    app.vitals.spool_bytes = {"calls": 123}

    found = samples(app)

    pbx = app.settings.pbx.name
    assert found["hydrophone_ami_up", (pbx,)] == 0
    assert found["hydrophone_ami_lag_seconds", (pbx,)] == 0.25
    assert found["hydrophone_ami_queue_depth", (pbx,)] == 0
    assert found["hydrophone_ami_events_shed_total", (pbx,)] == 3
    assert found["hydrophone_ami_frames_refused_total", (pbx, "forged")] == 2
    assert found["hydrophone_resyncs_total", (pbx, "done")] == 4
    assert found["hydrophone_resyncs_total", (pbx, "failed")] == 1
    assert found["hydrophone_recorder_backlog", ()] == 0
    assert found["hydrophone_recorder_calls_total", ("saved",)] == 7
    assert found["hydrophone_database_away", ()] == 1
    assert found["hydrophone_spool_bytes", ("calls",)] == 123
    assert found["hydrophone_kpi_intervals_due", ()] == 0
    assert found["hydrophone_voice_degraded_total", ()] == 5
    assert found["hydrophone_handler_errors_total", ("fact",)] == 0


async def test_the_menu_tells_of_its_connections_once_it_listens(app: App) -> None:
    assert ("hydrophone_agi_calls", ()) not in samples(app)
    app.menu.agi = AgiServer({}, secret="s", allow=("127.0.0.1",))
    app.menu.agi.counts.wrong_secret = 9

    found = samples(app)

    assert found["hydrophone_agi_total", ("wrong_secret",)] == 9
    assert found["hydrophone_agi_calls", ()] == 0


async def test_every_name_is_told_once(app: App) -> None:
    names = [family.name for family in app._metrics()]
    assert len(names) == len(set(names))
    assert daemon_metrics.__doc__


async def test_a_loop_that_is_held_up_is_seen_and_so_is_what_waits_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"x" * 40)
    vitals = Vitals({"calls": file, "refused": tmp_path / "none"})
    assert vitals.loop_lag_s == 0
    watch = asyncio.create_task(vitals.run())
    await until(lambda: vitals.spool_bytes["calls"] == 40)
    await asyncio.sleep(0)
    time.sleep(EVERY_S + 0.2)  # noqa: ASYNC251 - this is what is to be seen
    await until(lambda: vitals.loop_lag_s > 0.1)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert vitals.spool_bytes == {"calls": 40, "refused": 0}
