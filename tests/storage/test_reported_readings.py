"""Readings that customers key: kept once, whole or not at all, and counted only when somebody confirms them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from cti.domain.ids import AccountNumber, AgentId, CallId
from cti.domain.meter_readings import Doubt, ReportedReading, ReportState
from cti.domain.utility import BillingUnavailableError, Reading, ReadingKind
from storage.billing.own import OwnTables
from storage.demo.load import load
from storage.demo.town import Town
from storage.engine import Database
from storage.errors import NotFoundError
from storage.reported_readings import ReportedReadings
from storage.schema import reported_readings
from storage.zones import Zones
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

TOWN = Town(seed=1, accounts=40, as_of=date(2026, 11, 22))
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ACCOUNT = TOWN.number(0)
AGENT = AgentId("agent1")


def report(**changes: object) -> ReportedReading:
    reading = ReportedReading(
        id=uuid4(), account=ACCOUNT, call=CallId(uuid4()), at=NOON, value_m3=2_000, doubt=Doubt.NONE
    )
    return replace(reading, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def town_template(postgres_server: PostgresServer) -> str:
    name = postgres_server.create()
    postgres_server.run(load(postgres_server.embedded.dsn_of(name), TOWN, pin_key="k"))
    return name


@pytest.fixture
async def database(postgres_server: PostgresServer, town_template: str) -> AsyncIterator[Database]:
    name = postgres_server.create(template=town_template)
    opened = Database(postgres_server.embedded.dsn_of(name), pool_size=5)
    yield opened
    await opened.close()
    postgres_server.drop(name)


@pytest.fixture
def desk(database: Database) -> ReportedReadings:
    return ReportedReadings(database, now=lambda: NOON + timedelta(hours=1))


async def test_the_same_report_twice_or_at_once_is_one(desk: ReportedReadings) -> None:
    reading = report()
    await asyncio.gather(*(desk.report(reading) for _ in range(5)))
    assert await desk.of_account(ACCOUNT) == [reading]


async def test_keyed_again_in_the_same_call_the_last_one_counts(desk: ReportedReadings) -> None:
    reading = report(value_m3=9_000, doubt=Doubt.LEAK)
    corrected = replace(reading, value_m3=2_000, doubt=Doubt.NONE, at=NOON + timedelta(minutes=1))
    await desk.report(reading)
    await desk.report(corrected)
    assert await desk.of_account(ACCOUNT) == [corrected]


async def test_a_caller_who_hangs_up_while_it_is_written_has_reported_it_or_not(
    desk: ReportedReadings, database: Database
) -> None:
    readings = [report() for _ in range(30)]
    for turns, reading in enumerate(readings):
        writing = asyncio.create_task(desk.report(reading))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    kept = {reading.id: reading for reading in await desk.of_account(ACCOUNT, limit=50)}
    assert kept.items() <= {reading.id: reading for reading in readings}.items()
    await desk.report(readings[0])
    assert readings[0] in await desk.of_account(ACCOUNT, limit=50)


async def test_a_confirmed_reading_counts_and_a_refused_one_does_not(
    desk: ReportedReadings, database: Database
) -> None:
    billing = OwnTables(database, pin_key="k", now=lambda: NOON)
    good, bad = report(value_m3=99_999), report(value_m3=1, at=NOON + timedelta(minutes=1))
    for reading in (good, bad):
        await desk.report(reading)
    assert await desk.to_confirm() == [good, bad]
    assert (await billing.readings(ACCOUNT, limit=1))[0].kind is not ReadingKind.CUSTOMER
    confirmed = await desk.decide(good.id, confirmed=True, by=AGENT)
    refused = await desk.decide(bad.id, confirmed=False, by=AGENT)
    assert (confirmed.state, confirmed.decided_by) == (ReportState.CONFIRMED, AGENT)
    assert refused.state is ReportState.REFUSED
    assert await desk.to_confirm() == []
    assert await billing.readings(ACCOUNT, limit=1) == (Reading(date(2026, 11, 22), 99_999, ReadingKind.CUSTOMER),)


async def test_what_was_decided_stays_decided(desk: ReportedReadings) -> None:
    reading = report()
    await desk.report(reading)
    await desk.decide(reading.id, confirmed=False, by=AGENT)
    again = await desk.decide(reading.id, confirmed=True, by=AgentId("agent2"))
    await desk.report(replace(reading, value_m3=5))
    assert (again.state, again.decided_by, again.value_m3) == (ReportState.REFUSED, AGENT, 2_000)
    assert [kept.state for kept in await desk.of_account(ACCOUNT)] == [ReportState.REFUSED]
    with pytest.raises(NotFoundError):
        await desk.decide(UUID(int=1), confirmed=True, by=AGENT)


async def test_an_account_of_another_billing_system_can_report_too(desk: ReportedReadings) -> None:
    reading = report(account=AccountNumber("elsewhere-7"))
    await desk.report(reading)
    assert (await desk.decide(reading.id, confirmed=True, by=AGENT)).state is ReportState.CONFIRMED


async def test_a_database_that_is_away_is_billing_that_is_away(desk: ReportedReadings, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(sa.text(f"DROP TABLE {reported_readings.name}"))
    with pytest.raises(BillingUnavailableError):
        await desk.report(report())


async def test_a_zone_is_that_of_the_number_the_account_or_the_postcode(database: Database) -> None:
    zones = Zones(database)
    assert await zones.of_number(TOWN.phone(0)) == "Z01"
    assert await zones.of_number(TOWN.phone(0).removeprefix("+86")) == "Z01"
    assert await zones.of_account(TOWN.number(1)) == "Z02"
    assert await zones.of_postcode("990300") == "Z03"


async def test_a_number_whose_accounts_lie_in_two_zones_has_none(database: Database) -> None:
    zones = Zones(database)
    assert await zones.of_number(TOWN.phone(3)) is None
    for nobody in ("", "anonymous", "+8615400000000"):
        assert await zones.of_number(nobody) is None
    assert await zones.of_account(AccountNumber("99999990")) is None
    for nowhere in ("000000", "", "9\x00", "9903"):
        assert await zones.of_postcode(nowhere) is None
