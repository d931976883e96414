"""Each bench runs, small, and tells what its contract says. How fast this machine is, is none of a test's business."""

import asyncio
import json
from pathlib import Path

import pytest

from bench import bottleneck, flat, intake, ivr, journal, memory, pop, surge
from bench._menu import NATIVE, menu
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


def test_flat_has_the_calls_beside_which_it_measures() -> None:
    figures = checked(
        flat.measure(sizes=(2, 12), rounds=1),
        "flat",
        {"dearest ÷ cheapest, by agents", "dearest ÷ cheapest, by live calls"},
    )
    assert set(figures["us_per_event_by_live_calls"]) == {"2", "12"}  # type: ignore[call-overload]


@pytest.mark.postgres
@pytest.mark.timeout(120)
async def test_every_pop_comes_and_is_timed() -> None:
    report = await pop.measure(consoles=4, rates=(4,), seconds=1)
    figures = checked(report, "pop", {"p99 at 20 calls a second, ms", "share of pops that came"})
    assert report.bars[1].ok
    assert figures["consoles_lost"] == 0


@pytest.mark.postgres
async def test_the_journal_is_measured_on_rows_that_are_all_there_once() -> None:
    report = await journal.measure(rounds=1, batches=1)
    figures = checked(report, "journal", {"applied and noted ÷ applied"})
    assert figures["events"] == journal.BATCH
    assert set(figures["rows_per_s"]) == {"arrays", "a_statement_per_row", "copy_and_insert", "arrays_again"}  # type: ignore[call-overload]


@pytest.mark.postgres
@pytest.mark.timeout(180)
async def test_memory_tells_of_calls_consoles_and_what_stays() -> None:
    bars = {
        "bytes per live call",
        "bytes per idle console",
        "resident memory at the end ÷ after a fifth of the calls",
    }
    figures = checked(await memory.measure(live_calls=20, consoles=3, calls=150), "memory", bars)
    assert figures["calls"] == 150


@pytest.mark.asterisk
@pytest.mark.postgres
@pytest.mark.timeout(240)
async def test_whole_calls_on_a_real_asterisk_are_all_there_afterwards() -> None:
    report = await bottleneck.measure(rates=(2.0,), seconds=1, agents=2, first=0)
    bars = {
        "daemon CPU ÷ Asterisk CPU, per call",
        "share of calls that SIPp ended as planned",
        "share of calls with a record, an end and a ticket",
        "share of answered calls with a pop",
        "events lost and links lost",
    }
    told = json.loads(report.as_json())
    assert {bar["name"] for bar in told["bars"]} == bars
    assert [bar["ok"] for bar in told["bars"][1:]] == [True] * 4
    assert len(told["rows"]) == 1


async def test_an_agi_command_is_measured_beside_stock_panoramisks() -> None:
    found = await ivr.commands(calls_each=3, rounds=1)
    assert found["commands"] == 3 * ivr.COMMANDS
    assert min(found["ours_us"], found["stock_us"], found["ours_of_stock"]) > 0


@pytest.mark.asterisk
@pytest.mark.postgres
@pytest.mark.timeout(240)
async def test_callers_of_the_menu_are_served_counted_and_greeted(tmp_path: Path) -> None:
    async with menu(tmp_path, calm=False) as site:
        crowd, native_s = await asyncio.gather(
            ivr.crowd(site, 3, within_s=1.0, listens=False), ivr.cost(site, NATIVE, 1, daemon=False)
        )
        rush = await surge.measure(site, callers=4, within_s=1.0, strangers=250, stays_ms=2_000)
    assert native_s > 0
    assert crowd["failed"] == 0
    assert crowd["at_once"] >= 3
    assert crowd["prompts"] >= 3 * 4, "after language, menu, account and goodbye's key"
    told = ivr.report(crowd, {"ours_of_stock": 1.0}, {"ours_of_native": 1.0}).bars
    assert [bar.name for bar in told if not bar.ok and "p99" not in bar.name] == []
    assert [bar.ok for bar in rush.bars] == [True] * 3
    assert (rush.figures["greeted"], rush.figures["strangers"]) == (4, 250)
