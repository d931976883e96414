"""Each bench runs, small, and tells what its contract says. How fast this machine is, is none of a test's business."""

import json

from bench import intake
from bench.report import Report


def checked(report: Report, name: str, bars: set[str]) -> dict[str, object]:
    told = json.loads(report.as_json())
    assert told["bench"] == name
    assert {bar["name"] for bar in told["bars"]} == bars
    assert all({"name", "value", "bar", "ok"} <= set(bar) and bar["value"] > 0 for bar in told["bars"])
    figures: dict[str, object] = told["figures"]
    return figures


async def test_intake_counts_real_calls_to_their_end() -> None:
    report = await intake.measure(events=1, rounds=1)
    bars = {"dispatched ÷ stock panoramisk", "dispatched ÷ bare parser", "state applied ÷ bare parser"}
    figures = checked(report, "intake", bars)
    assert figures["calls_ended_in_state"] == figures["calls_in_stream"] == 150
    assert set(figures["events_per_cpu_s"]) == {"bare", "panoramisk", "dispatched", "applied"}  # type: ignore[call-overload]
