"""The state of the past for those who may see it, and what waits on disk for everybody who looks after the hotline."""

from datetime import timedelta

import pytest

from agent_console.ports import Queued
from cti.domain.centre import Centre
from cti.domain.events import LinkUp, QueueOpened
from cti.domain.ids import PbxName, QueueName
from tests.console.conftest import House

EARLIER = timedelta(hours=2)


def past(house: House) -> str:
    """Let something be known of two hours ago; returns that moment as one asks for it."""
    at = house.clock() - EARLIER
    centre = Centre()
    centre.apply(LinkUp(at=at, pbx=PbxName("yesterday"), boot=1))
    centre.apply(QueueOpened(at=at, queue=QueueName("old"), wrap_up_s=30))
    house.stores.history.at[at] = centre.state
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("user", ["supervisor1", "admin1"])
async def test_a_supervisor_sees_what_was_so_then(house: House, user: str) -> None:
    at = past(house)
    status, told = await house.ask("GET", f"/api/live?at={at}", headers=house.bearer(user))
    assert (status, told["at"]) == (200, at)
    assert [link["pbx"] for link in told["links"]] == ["yesterday"]
    assert [queue["name"] for queue in told["queues"]] == ["old"]


async def test_an_agent_sees_only_what_is_so_now(house: House) -> None:
    assert (await house.ask("GET", "/api/live", headers=house.bearer("agent1")))[0] == 200
    assert (await house.ask("GET", f"/api/live?at={past(house)}", headers=house.bearer("agent1")))[0] == 403


async def test_the_future_and_what_nobody_knows_are_refused(house: House) -> None:
    later = (house.clock() + EARLIER).isoformat().replace("+00:00", "Z")
    status, told = await house.ask("GET", f"/api/live?at={later}", headers=house.bearer("supervisor1"))
    assert (status, told["fields"]) == (422, {"at": "future"})
    assert (await house.ask("GET", "/api/live?at=2001-01-01T00:00:00Z", headers=house.bearer("supervisor1")))[0] == 404
    assert (await house.ask("GET", "/api/live?at=2026-01-01", headers=house.bearer("supervisor1")))[0] == 422


async def test_without_a_database_there_is_no_past(house: House) -> None:
    at = past(house)
    house.stores.history.away = True
    assert (await house.ask("GET", f"/api/live?at={at}", headers=house.bearer("supervisor1")))[0] == 503


async def test_health_tells_what_waits_on_disk(house: House) -> None:
    well = (await house.ask("GET", "/health"))[1]
    house.stores.history.waits = Queued(4_711, 61.27, full=True)
    queued = (await house.ask("GET", "/health"))[1]
    assert [well[name] for name in ("queued_bytes", "journal_delay_s", "spool_full")] == [0, 0.0, False]
    assert [queued[name] for name in ("queued_bytes", "journal_delay_s", "spool_full")] == [4711, 61.3, True]
