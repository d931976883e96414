"""When somebody is there, by the fault and the time of day."""

from datetime import UTC, datetime, timedelta

import pytest

from cti.domain.promises import PROMISES, Fault, promise


@pytest.mark.parametrize(("clock", "minutes"), [("07:59", 90), ("08:00", 60), ("19:59", 60), ("20:00", 90)])
def test_a_burst_main_has_a_crew_in_an_hour_by_day_and_in_one_and_a_half_by_night(clock: str, minutes: int) -> None:
    at = datetime.fromisoformat(f"2026-11-22T{clock}").replace(tzinfo=UTC)
    assert promise(Fault.BURST, at) == timedelta(minutes=minutes)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_promise_and_none_is_sooner_by_night(fault: Fault) -> None:
    assert timedelta(0) < PROMISES[fault].by_day <= PROMISES[fault].by_night
