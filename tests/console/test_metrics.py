"""``/metrics``: told to who brings the token, true, and without anybody's number or name."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from agent_console.metrics import MetricsPage, pop_delay
from agent_console.push.delays import PopDelays
from agent_console.server import ConsoleServer
from config.secrets import Secrets
from config.settings import Settings, Web
from cti.sandbox.network import free_port
from tests.console.conftest import House
from tests.console.fake_stores import USERS, FakeStores
from tests.console.fakes import CALLER, Clock, FakeLive

TOKEN = "the-metrics-token"


@dataclass
class Scraped:
    """A console server with metrics, and who scrapes it."""

    server: ConsoleServer
    origin: str
    http: aiohttp.ClientSession

    async def get(self, headers: dict[str, str]) -> tuple[int, str]:
        async with self.http.get(self.origin + "/metrics", headers=headers) as response:
            return response.status, await response.text()

    async def samples(self) -> dict[tuple[str, tuple[str, ...]], float]:
        status, text = await self.get({"Authorization": f"Bearer {TOKEN}"})
        assert status == 200
        families = list(text_string_to_metric_families(text))
        return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def broken() -> Iterable[Metric]:
    raise RuntimeError("a part that fails")


def parts() -> Iterator[Metric]:
    yield GaugeMetricFamily("hydrophone_part", "A part", value=3)


@pytest.fixture
async def scraped(
    tmp_path: Path, live: FakeLive, stores: FakeStores, clock: Clock, dist: Path
) -> AsyncIterator[Scraped]:
    settings = Settings(home=tmp_path, web=Web(port=free_port(), push_port=free_port()))
    server = ConsoleServer(
        settings,
        Secrets(),
        live,
        stores.ports(),
        now=clock,
        monotonic=clock.monotonic,
        dist=dist,
        metrics_token=TOKEN,
        sources=(broken, parts),
    )
    live.open_house()
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Scraped(server, settings.console_url, http)
    finally:
        await server.stop()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer " + TOKEN[:-1]},
        {"Authorization": "Bearer " + "\u00e9" * 20},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
)
async def test_nobody_without_the_token_reads_metrics_not_even_from_loopback(
    scraped: Scraped, headers: dict[str, str]
) -> None:
    status, text = await scraped.get(headers)

    assert status == 401
    assert "hydrophone_" not in text


async def test_a_session_is_no_metrics_token(scraped: Scraped) -> None:
    token, _ = scraped.server.backend.sessions.open(USERS["admin1"])

    assert (await scraped.get({"Authorization": f"Bearer {token}"}))[0] == 401


async def test_live_calls_agents_and_queues_are_counted(scraped: Scraped, live: FakeLive, clock: Clock) -> None:
    for n in (1, 2):
        live.arrive(n)
        live.queue(n, position=n)
    live.offer(1)
    clock.move(42)

    found = await scraped.samples()

    assert found["hydrophone_live_calls", ("queued",)] == 1
    assert found["hydrophone_live_calls", ("offered",)] == 1
    assert found["hydrophone_live_calls", ("talking",)] == 0
    assert found["hydrophone_agents", ("ringing",)] == 1
    assert found["hydrophone_queue_waiting", ("water",)] == 2
    assert found["hydrophone_queue_longest_wait_seconds", ("water",)] == 42
    assert found["hydrophone_link_up", ("main",)] == 1
    assert found["hydrophone_truth_age_seconds", ("main",)] == 42
    assert found["hydrophone_drift_total", ("main",)] == 0
    assert found["hydrophone_consoles", ()] == 0


async def test_the_pop_delay_is_a_histogram(scraped: Scraped) -> None:
    for delay_ms in (20, 50, 51, 9_000):
        scraped.server.pop_delays.note(delay_ms)

    found = await scraped.samples()

    bucket = "hydrophone_pop_delay_seconds_bucket"
    assert found[bucket, ("0.05",)] == 2
    assert found[bucket, ("0.1",)] == 3
    assert found[bucket, ("5",)] == 3
    assert found[bucket, ("+Inf",)] == found["hydrophone_pop_delay_seconds_count", ()] == 4
    assert found["hydrophone_pop_delay_seconds_sum", ()] == pytest.approx(9.121)


async def test_a_part_that_fails_is_counted_and_the_others_are_told(scraped: Scraped) -> None:
    await scraped.samples()
    found = await scraped.samples()

    assert found["hydrophone_part", ()] == 3
    assert found["hydrophone_metrics_failures_total", ()] == 2


async def test_no_callers_number_name_or_digit_is_in_the_metrics(scraped: Scraped, live: FakeLive) -> None:
    call = live.arrive(1, number=CALLER, name="王小明")
    live.claim(call, verified=True)
    live.key(call, "10000012")
    live.queue(1)

    _, text = await scraped.get({"Authorization": f"Bearer {TOKEN}"})

    for personal in (CALLER, "王小明", "10000012", str(call), "agent1", "1001"):
        assert personal not in text


async def test_without_a_token_there_is_no_such_page(house: House) -> None:
    assert (await house.ask("GET", "/metrics", headers=house.bearer("admin1")))[0] == 404


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(ValueError, match="anybody"):
        MetricsPage("", ())


def test_a_histogram_without_pops_is_empty() -> None:
    samples = {sample.name: sample.value for sample in pop_delay(PopDelays()).samples}
    assert samples["hydrophone_pop_delay_seconds_count"] == 0
