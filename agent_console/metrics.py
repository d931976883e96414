"""``/metrics``: the daemon's own figures, as Prometheus reads them. Counts and times; never a number, name or digit.

Whoever asks must bring the install's metrics token (``Authorization: Bearer …``; the file ``metrics-token`` in the
install's directory, which Prometheus takes as ``credentials_file``). Loopback alone would not do: behind a reverse
proxy on the same host every request comes from there. In Prometheus::

    scrape_configs:
      - job_name: hydrophone
        authorization: {credentials_file: /etc/prometheus/hydrophone-token}
        static_configs: [{targets: ["127.0.0.1:18600"]}]
"""

import hmac
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agent_console.errors import NotLoggedInError
from agent_console.ports import LiveCentre
from agent_console.push.delays import BOUNDS_MS, PopDelays
from agent_console.push.hub import Hub
from cti.domain.kpi.live import now as counted_now

log = logging.getLogger(__name__)

Source = Callable[[], Iterable[Metric]]
PATH: Final = "/metrics"


class MetricsPage:
    """The page. A source that fails is left out, logged and counted; the others are still told."""

    def __init__(self, token: str, sources: Sequence[Source]) -> None:
        if not token:
            raise ValueError("without a token anybody could read the metrics")
        self._token = token.encode()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Sources(sources))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a scrape."""
        scheme, _, word = request.headers.get("Authorization", "").partition(" ")
        given = word.strip().encode(errors="surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            raise NotLoggedInError
        text = generate_latest(self._registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})


class _Sources(Collector):
    """All sources, one after the other."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._failures = 0

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from self._one(source)
        yield CounterMetricFamily(
            "hydrophone_metrics_failures", "Parts whose figures could not be told", value=self._failures
        )

    def _one(self, source: Source) -> Iterable[Metric]:
        try:
            return list(source())
        except Exception:
            self._failures += 1
            log.exception("a part could not tell its figures")
            return []


def console_metrics(live: LiveCentre, hub: Hub, now: Callable[[], datetime]) -> Iterator[Metric]:
    """Tell what the consoles and the live centre know."""
    yield _gauge("hydrophone_consoles", "Consoles connected", len(hub))
    yield pop_delay(hub.delays)
    yield CounterMetricFamily(
        "hydrophone_pop_strays", "Reports of pops that had not been sent", value=hub.delays.strays
    )
    yield from _live(live, now())


def _live(live: LiveCentre, at: datetime) -> Iterator[Metric]:
    counted = counted_now(live.state, at)
    calls = GaugeMetricFamily("hydrophone_live_calls", "Live calls by stage", labels=["stage"])
    for stage, number in counted.calls.items():
        calls.add_metric([stage], number)
    agents = GaugeMetricFamily("hydrophone_agents", "Agents by routing status", labels=["routing"])
    for routing, number in counted.agents.items():
        agents.add_metric([routing], number)
    waiting = GaugeMetricFamily("hydrophone_queue_waiting", "Callers waiting", labels=["queue"])
    longest = GaugeMetricFamily("hydrophone_queue_longest_wait_seconds", "Longest present wait", labels=["queue"])
    for queue, number in counted.waiting.items():
        waiting.add_metric([queue], number)
        longest.add_metric([queue], counted.longest_wait_s[queue])
    yield from (calls, agents, waiting, longest)
    yield from _links(live, at)


def _links(live: LiveCentre, at: datetime) -> Iterator[Metric]:
    up = GaugeMetricFamily("hydrophone_link_up", "Whether the live state follows this PBX", labels=["pbx"])
    age = GaugeMetricFamily("hydrophone_truth_age_seconds", "Since the state was last checked whole", labels=["pbx"])
    drift = CounterMetricFamily("hydrophone_drift", "What checks found and corrected", labels=["pbx"])
    for link in live.state.links.values():
        up.add_metric([link.pbx], link.up)
        drift.add_metric([link.pbx], link.drift)
        if link.synced_at is not None:
            age.add_metric([link.pbx], max(0.0, (at - link.synced_at).total_seconds()))
    yield from (up, age, drift)


def pop_delay(delays: PopDelays) -> Metric:
    """Return the histogram of how long pops take, from the offer to the agent's eyes."""
    bounds = [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(delays.buckets)), strict=True))
    return HistogramMetricFamily(
        "hydrophone_pop_delay_seconds",
        "From the offer to the pop on the agent's screen",
        buckets=buckets,
        sum_value=delays.total_ms / 1000,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
