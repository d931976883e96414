"""What the daemon's parts count, as metric families for ``/metrics``. Labels are names of ours, never a caller's."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from cti.services.figures import Figures
from cti.services.journal.journal import Journal
from cti.services.live import Live
from cti.services.one_pbx import OnePbx
from cti.services.pbx_metrics import pbx_metrics
from cti.services.recorder import Recorder
from cti.services.vitals import Vitals
from ivr.agi.server import AgiServer
from ivr.prompts.speech import RenderedSpeech
from storage.billing.external import ExternalBilling
from storage.billing.guard import Trouble


@dataclass(frozen=True, slots=True)
class Parts:
    """Who is asked at each scrape. ``agi`` is None until the menu listens."""

    pbxs: Sequence[OnePbx]
    recorder: Recorder
    live: Live
    figures: Figures
    vitals: Vitals
    journal: Journal
    speech: RenderedSpeech
    agi: AgiServer | None
    billing: ExternalBilling | None = None


def daemon_metrics(parts: Parts) -> Iterator[Metric]:
    """Tell what all parts but the consoles count."""
    yield from pbx_metrics(parts.pbxs)
    yield from _keeping(parts)
    yield from _menu(parts)
    if parts.billing is not None:
        yield from _billing(parts.billing)
    yield GaugeMetricFamily(
        "hydrophone_loop_lag_seconds",
        "How late the loop was at worst in the last minute",
        value=parts.vitals.loop_lag_s,
    )
    yield _counted(
        "hydrophone_handler_errors",
        "Faults of ours that were caught",
        "part",
        {"listener": parts.live.listener_errors, "fact": parts.live.fact_errors},
    )


def _billing(billing: ExternalBilling) -> Iterator[Metric]:
    counts = {trouble.value: billing.troubles[trouble] for trouble in Trouble}
    yield _counted("hydrophone_billing_troubles", "Questions to billing without a good answer", "why", counts)
    open_ = float(not billing.breaker.closed)
    yield GaugeMetricFamily("hydrophone_billing_resting", "Whether the billing system is left alone now", value=open_)


def _keeping(parts: Parts) -> Iterator[Metric]:
    recorder = parts.recorder
    yield GaugeMetricFamily("hydrophone_recorder_backlog", "Calls that wait to be kept", value=recorder.waiting)
    yield GaugeMetricFamily("hydrophone_database_away", "Whether calls wait for the database", value=recorder.away)
    saves = {"saved": recorder.saved, "refused": recorder.refused, "let_go": recorder.let_go}
    yield _counted("hydrophone_recorder_calls", "Values of calls, by what became of them", "result", saves)
    spool = GaugeMetricFamily("hydrophone_spool_bytes", "What waits on disk", labels=["spool"])
    for name, size in parts.vitals.spool_bytes.items():
        spool.add_metric([name], size)
    yield spool
    yield from _journal(parts.journal)
    yield GaugeMetricFamily(
        "hydrophone_kpi_intervals_due", "Quarters of an hour to be computed anew", value=parts.figures.due
    )


def _journal(journal: Journal) -> Iterator[Metric]:
    gauges = {
        "delay_seconds": ("How old the oldest event is that the database does not have", journal.delay_s),
        "waiting": ("Events that wait in memory", journal.waiting),
        "queued_bytes": ("What waits on disk for the database", journal.queued_bytes),
        "full": ("Whether nothing more fits on disk", float(journal.full)),
    }
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(f"hydrophone_journal_{name}", text, value=value)
    counts = {"noted": journal.noted, **asdict(journal.counts)}
    yield _counted("hydrophone_journal_events", "Events, by what became of them", "result", counts)


def _menu(parts: Parts) -> Iterator[Metric]:
    if parts.agi is not None:
        yield GaugeMetricFamily("hydrophone_agi_calls", "Calls in the phone menu", value=parts.agi.calls)
        yield GaugeMetricFamily("hydrophone_agi_connections", "AGI connections open", value=parts.agi.connections)
        counts = {name: int(number) for name, number in asdict(parts.agi.counts).items()}
        yield _counted("hydrophone_agi", "AGI connections, by what became of them", "what", counts)
    yield CounterMetricFamily(
        "hydrophone_voice_degraded", "Clauses that were said by their spare pieces", value=parts.speech.degraded
    )


def _counted(name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for what, number in counts.items():
        family.add_metric([what], number)
    return family
