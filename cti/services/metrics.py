"""What the daemon's parts count, as metric families for ``/metrics``. Labels are names of ours, never a caller's."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from cti.ami.link import AmiLink
from cti.domain.ids import PbxName
from cti.services.anti_entropy import AntiEntropy
from cti.services.asking import KINDS
from cti.services.evidence.evidence import Evidence
from cti.services.figures import Figures
from cti.services.journal.journal import Journal
from cti.services.live import Live
from cti.services.recorder import Recorder
from cti.services.resync import Resync
from cti.services.vitals import Vitals
from ivr.agi.server import AgiServer
from ivr.prompts.speech import RenderedSpeech
from storage.billing.external import ExternalBilling
from storage.billing.guard import Trouble


@dataclass(frozen=True, slots=True)
class Parts:
    """Who is asked at each scrape. ``agi`` is None until the menu listens."""

    pbx: PbxName
    link: AmiLink
    resync: Resync
    anti_entropy: AntiEntropy
    evidence: Evidence
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
    yield from _ami(parts)
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


def _ami(parts: Parts) -> Iterator[Metric]:
    link, counters, frames = parts.link, parts.link.counters, parts.link.frame_counters
    gauges = {
        "up": ("Whether the AMI link is logged in and answers", float(link.state.up)),
        "lag_seconds": ("From the socket to the end of the handler, lately", counters.lag_s),
        "lag_max_seconds": ("The same, at worst since the start", counters.lag_max_s),
        "queue_depth": ("Events that wait to be handled", link.waiting),
        "login_failures": ("Tries in vain since the link was last up", link.state.failures),
    }
    for name, (text, value) in gauges.items():
        yield _of_pbx(GaugeMetricFamily(f"hydrophone_ami_{name}", text, labels=["pbx"]), parts.pbx, value)
    counts = {
        "bytes": ("Bytes read", frames.bytes),
        "frames": ("Messages read", frames.frames),
        "frames_skipped": ("Messages that nobody wanted", frames.skipped),
        "events": ("Events handled", counters.handled),
        "events_shed": ("Display-only events let go because too many waited", counters.shed),
        "events_dropped": ("Events lost, after which the truth was asked for", counters.dropped),
        "handler_errors": ("Events whose handling failed", counters.handler_errors),
    }
    for name, (text, value) in counts.items():
        yield _of_pbx(CounterMetricFamily(f"hydrophone_ami_{name}", text, labels=["pbx"]), parts.pbx, value)
    refused = {"damaged": counters.damaged, "forged": counters.forged, "stale": counters.stale}
    yield _counted("hydrophone_ami_frames_refused", "Messages that were not believed", "reason", refused)
    yield from _truth(parts)


def _truth(parts: Parts) -> Iterator[Metric]:
    check = parts.anti_entropy
    resyncs = {"done": parts.resync.done, "failed": parts.resync.failed}
    yield _counted("hydrophone_resyncs", "Times the PBX was asked for the whole truth", "result", resyncs)
    checks = {"done": check.done, "failed": check.failed, "passed_over": check.passed_over}
    yield _counted("hydrophone_truth_checks", "Times the state was compared with the whole truth", "result", checks)
    corrections = parts.resync.corrections + check.corrections
    told = parts.evidence.counts
    lines = {"read": told.lines, "refused": told.refused}
    yield _counted("hydrophone_evidence_lines", "Lines of the PBX's own account", "result", lines)
    yield CounterMetricFamily("hydrophone_evidence_calls", "Calls told of by the PBX's own account", value=told.calls)
    yield CounterMetricFamily("hydrophone_evidence_failures", "Times it could not be read", value=told.failures)
    yield CounterMetricFamily("hydrophone_evidence_gaps", "Times a part of it was gone", value=told.gaps)
    yield GaugeMetricFamily("hydrophone_evidence_owed", "Whether it is still to be read", value=parts.evidence.owed)
    kinds = {kind: corrections[kind] for kind in KINDS}
    yield _counted("hydrophone_corrections", "What was different from the truth and put right", "kind", kinds)


def _billing(billing: ExternalBilling) -> Iterator[Metric]:
    counts = {trouble.value: billing.troubles[trouble] for trouble in Trouble}
    yield _counted("hydrophone_billing_troubles", "Questions to billing without a good answer", "why", counts)
    open_ = float(not billing.breaker.closed)
    yield GaugeMetricFamily("hydrophone_billing_resting", "Whether the billing system is left alone now", value=open_)


def _of_pbx(family: GaugeMetricFamily | CounterMetricFamily, pbx: PbxName, value: float) -> Metric:
    family.add_metric([pbx], value)
    return family


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
