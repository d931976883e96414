"""What the parts of each PBX count, as metric families. Every one of them says which PBX."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from cti.services.asking import KINDS
from cti.services.one_pbx import OnePbx

Number = Callable[[OnePbx], float]
Numbers = Callable[[OnePbx], Mapping[str, float]]

GAUGES: Final[Mapping[str, tuple[str, Number]]] = {
    "ami_up": ("Whether the AMI link is logged in and answers", lambda pbx: pbx.link.state.up),
    "ami_lag_seconds": ("From the socket to the end of the handler, lately", lambda pbx: pbx.link.counters.lag_s),
    "ami_lag_max_seconds": ("The same, at worst since the start", lambda pbx: pbx.link.counters.lag_max_s),
    "ami_queue_depth": ("Events that wait to be handled", lambda pbx: pbx.link.waiting),
    "ami_login_failures": ("Tries in vain since the link was last up", lambda pbx: pbx.link.state.failures),
    "pbx_well": ("Whether an AMI ping and a SIP OPTIONS were answered lately", lambda pbx: pbx.pulse.well),
    "evidence_owed": ("Whether the PBX's own account is still to be read", lambda pbx: pbx.evidence.owed),
}
COUNTS: Final[Mapping[str, tuple[str, Number]]] = {
    "ami_bytes": ("Bytes read", lambda pbx: pbx.link.frame_counters.bytes),
    "ami_frames": ("Messages read", lambda pbx: pbx.link.frame_counters.frames),
    "ami_frames_skipped": ("Messages that nobody wanted", lambda pbx: pbx.link.frame_counters.skipped),
    "ami_events": ("Events handled", lambda pbx: pbx.link.counters.handled),
    "ami_events_shed": ("Display-only events let go because too many waited", lambda pbx: pbx.link.counters.shed),
    "ami_events_dropped": ("Events lost, after which the truth was asked for", lambda pbx: pbx.link.counters.dropped),
    "ami_handler_errors": ("Events whose handling failed", lambda pbx: pbx.link.counters.handler_errors),
    "evidence_calls": ("Calls told of by the PBX's own account", lambda pbx: pbx.evidence.counts.calls),
    "evidence_failures": ("Times the PBX's own account could not be read", lambda pbx: pbx.evidence.counts.failures),
    "evidence_gaps": ("Times a part of it was gone", lambda pbx: pbx.evidence.counts.gaps),
}
BY_LABEL: Final[Mapping[str, tuple[str, str, Numbers]]] = {
    "ami_frames_refused": (
        "Messages that were not believed",
        "reason",
        lambda pbx: {name: getattr(pbx.link.counters, name) for name in ("damaged", "forged", "stale")},
    ),
    "resyncs": (
        "Times the PBX was asked for the whole truth",
        "result",
        lambda pbx: {name: getattr(pbx.resync, name) for name in ("done", "failed")},
    ),
    "truth_checks": (
        "Times the state was compared with the whole truth",
        "result",
        lambda pbx: {name: getattr(pbx.anti_entropy, name) for name in ("done", "failed", "passed_over")},
    ),
    "corrections": (
        "What was different from the truth and put right",
        "kind",
        lambda pbx: {kind: pbx.resync.corrections[kind] + pbx.anti_entropy.corrections[kind] for kind in KINDS},
    ),
    "evidence_lines": (
        "Lines of the PBX's own account",
        "result",
        lambda pbx: {"read": pbx.evidence.counts.lines, "refused": pbx.evidence.counts.refused},
    ),
}


def pbx_metrics(pbxs: Sequence[OnePbx]) -> Iterator[Metric]:
    """Tell what the parts of all PBXs count."""
    for name, (text, number) in GAUGES.items():
        gauge = GaugeMetricFamily(f"hydrophone_{name}", text, labels=["pbx"])
        for pbx in pbxs:
            gauge.add_metric([pbx.name], float(number(pbx)))
        yield gauge
    for name, (text, number) in COUNTS.items():
        counter = CounterMetricFamily(f"hydrophone_{name}", text, labels=["pbx"])
        for pbx in pbxs:
            counter.add_metric([pbx.name], number(pbx))
        yield counter
    for name, (text, label, numbers) in BY_LABEL.items():
        counter = CounterMetricFamily(f"hydrophone_{name}", text, labels=["pbx", label])
        for pbx in pbxs:
            for what, value in numbers(pbx).items():
                counter.add_metric([pbx.name, what], value)
        yield counter
