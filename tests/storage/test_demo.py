"""The invented utility: the same from the same seed, and like a real one where it matters."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa

from cti.domain.ids import QueueName
from cti.domain.utility import PinVerdict, is_account_number
from cti.domain.why_high import Explanation, LongerPeriod, explain
from storage.billing.own import OwnTables
from storage.demo.load import TABLES, load, loaded, rows
from storage.demo.people import PEOPLE
from storage.demo.prepare import prepare
from storage.demo.samples import samples
from storage.demo.tariffs import BUSINESS, RESIDENTIAL
from storage.demo.town import MONTHS, Shown, Town
from storage.demo.words import POSTCODES, ZONES
from storage.engine import Database
from storage.errors import DemoRefusedError, NotFoundError
from storage.phones import e164
from storage.records import Role
from storage.schema import metadata
from storage.users import UserStore
from storage.zones import Zones

KEY = "a key of this test"
DAY = date(2026, 11, 22)
TOWN = Town(seed=7, accounts=800, as_of=DAY)
QUEUE = QueueName("water")
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PASSWORDS = {person.login: f"word of {person.login}" for person in PEOPLE}


def digest(town: Town) -> str:
    made = hashlib.sha256()
    for table, _, its_rows in rows(town, pin_key=KEY):
        made.update(table.encode())
        for row in its_rows:
            made.update(repr(row).encode())
    return made.hexdigest()


def table(town: Town, name: str) -> Iterator[dict[str, object]]:
    for found, _, its_rows in rows(town, pin_key=KEY):
        if found == name:
            yield from (dict(zip(TABLES[name], row, strict=True)) for row in its_rows)


def test_the_same_seed_makes_the_same_utility_and_another_seed_another() -> None:
    assert digest(TOWN) == digest(Town(seed=7, accounts=800, as_of=DAY))
    assert digest(TOWN) != digest(Town(seed=8, accounts=800, as_of=DAY))


def test_the_utility_of_a_seed_stays_as_it_was_when_this_was_written() -> None:
    town = Town(seed=7, accounts=20, as_of=DAY)
    assert (town.number(0), town.pin(town.number(0)), town.phone(0)) == ("14461225", "425292", "+8615458082209")


def test_account_numbers_are_right_and_given_once() -> None:
    numbers = [TOWN.number(index) for index in range(20_000)]
    assert len(set(numbers)) == 20_000
    assert all(map(is_account_number, numbers))


def test_telephone_numbers_are_possible_given_once_and_nobodys() -> None:
    numbers = {TOWN.phone(index, which) for index in range(20_000) for which in (0, 1)}
    assert len(numbers) == 40_000
    for number in sorted(numbers)[:100]:
        assert number.startswith("+86154")
        assert e164(number[3:], "CN") == number


def test_readings_go_back_26_months_and_never_down() -> None:
    by_meter: dict[object, list[tuple[object, int]]] = {}
    for row in table(TOWN, "readings"):
        by_meter.setdefault(row["meter_id"], []).append((row["read_on"], int(str(row["value_m3"]))))
    assert len(by_meter) == TOWN.accounts
    for meter, values in by_meter.items():
        assert len(values) == MONTHS
        longer = meter == TOWN.uuid("meter", Shown.LONGER_PERIOD)
        assert values[-1][0] == date(2026, 11, 7 if longer else 1)
        assert values[0][0] == date(2024, 10, 1)
        assert all(earlier < later for (_, earlier), (_, later) in pairwise(values))


def test_one_account_in_eight_is_in_arrears() -> None:
    owing = {row["account_id"] for row in table(TOWN, "bills") if row["open_fen"] and str(row["due"]) < str(DAY)}
    assert len(owing) == TOWN.accounts / 8


def test_every_bill_is_what_the_tariff_says_and_due_on_the_25th_of_the_next_month() -> None:
    tariff_of = {row["id"]: row["tariff_id"] for row in table(TOWN, "accounts")}
    for row in table(TOWN, "bills"):
        tariff = BUSINESS if tariff_of[row["account_id"]] == TOWN.uuid("tariff", 1) else RESIDENTIAL
        assert row["amount_fen"] == tariff.amount_fen(int(str(row["usage_m3"])))
        period, due = row["period"], row["due"]
        assert isinstance(period, date)
        assert isinstance(due, date)
        assert (due.year * 12 + due.month) - (period.year * 12 + period.month) == 1
        assert due.day == 25


def test_a_bill_is_paid_in_full_or_open_in_full_but_for_one_that_is_paid_in_part() -> None:
    part_paid = TOWN.uuid("account", Shown.PART_PAID)
    paid = Counter(row["account_id"] for row in table(TOWN, "payments"))
    still_open = Counter(row["account_id"] for row in table(TOWN, "bills") if row["open_fen"])
    for account in {*paid, *still_open}:
        assert paid[account] + still_open[account] == MONTHS - 1 + (account == part_paid)
    assert all(str(row["paid_on"]) <= str(DAY) for row in table(TOWN, "payments"))


@pytest.mark.postgres
async def test_the_awkward_cases_are_among_the_shown(database: Database, database_dsn: str) -> None:
    await load(database_dsn, TOWN, pin_key=KEY)
    billing = OwnTables(database, pin_key=KEY)

    async def why(place: int) -> Explanation:
        number = TOWN.number(place)
        bills, readings = await billing.bills(number, limit=24), await billing.readings(number, limit=26)
        found = explain(bills, readings, await billing.tariff(number))
        assert found is not None
        assert found.is_higher
        return found

    step = (await why(Shown.HIGHER_STEP)).step
    assert step is not None
    assert step.step == 3
    assert (await why(Shown.LONGER_PERIOD)).longer == LongerPeriod(37, 31)
    assert (await why(Shown.ESTIMATED)).estimated
    assert (await why(Shown.CAUGHT_UP)).catches_up
    part_paid = (await billing.bills(TOWN.number(Shown.PART_PAID), limit=1))[0]
    assert 0 < part_paid.open_fen < part_paid.amount_fen
    owed = await billing.bills(TOWN.number(Shown.TWO_YEARS_IN_ARREARS), limit=24)
    assert len([bill for bill in owed if bill.open_fen and bill.due < DAY]) == 23
    assert owed[-1].late_fee_fen > 0
    several = await billing.accounts_of_number(TOWN.phone(Shown.HIGHER_STEP))
    assert {account.number for account in several} == {TOWN.number(3), TOWN.number(4)}


@pytest.mark.postgres
async def test_each_zone_has_a_postcode_and_its_last_figures_nearly_all_good(
    database: Database, database_dsn: str
) -> None:
    await load(database_dsn, TOWN, pin_key=KEY)
    zones = Zones(database)
    found = {
        code: await zones.of_postcode(postcode) for (code, *_), (postcode, _) in zip(ZONES, POSTCODES, strict=True)
    }
    assert all(code == zone for code, zone in found.items())
    figures = [await zones.quality(zone) for zone in found.values() if zone]
    assert [figure.zone for figure in figures if figure and not figure.meets_the_standard] == ["Z08"]
    assert {figure.sampled_on for figure in figures if figure} == {date(2026, 11, 8)}


def test_there_are_a_few_hundred_amounts_some_estimates_both_languages_and_twelve_zones() -> None:
    town = Town(seed=7, accounts=4_000, as_of=DAY)
    assert 100 < len({row["amount_fen"] for row in table(town, "bills")}) < 400
    estimated = Counter(row["estimated"] for row in table(town, "bills"))
    assert 0.04 < estimated[True] / estimated.total() < 0.08
    languages = Counter(row["language"] for row in table(town, "customers"))
    assert 0.07 < languages["en"] / languages.total() < 0.13
    assert len(list(table(town, "zones"))) == 12
    assert sum(1 for row in table(town, "accounts") if row["cut_off"]) > 0


@pytest.mark.parametrize(("usage_m3", "fen"), [(0, 0), (1, 345), (18, 6_210), (19, 6_693), (30, 12_006), (31, 12_771)])
def test_the_tariff_has_three_steps(usage_m3: int, fen: int) -> None:
    assert RESIDENTIAL.amount_fen(usage_m3) == fen


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 3, 31), date(2028, 2, 29), date(2026, 12, 26)])
def test_any_day_is_a_day_to_start(day: date) -> None:
    town = Town(seed=1, accounts=40, as_of=day)
    months = town.months()
    assert len(months) == MONTHS
    assert months[-1] == day.replace(day=1) < town.next_bill_on()
    latest = [row for row in table(town, "bills") if row["period"] == months[-2]]
    assert all(row["open_fen"] for row in latest[:10])


@pytest.mark.parametrize("accounts", [0, 19, 1_000_001])
def test_a_town_too_small_or_too_big_is_refused(accounts: int) -> None:
    with pytest.raises(ValueError, match="accounts"):
        Town(seed=1, accounts=accounts, as_of=DAY)


@pytest.mark.postgres
async def test_the_samples_are_what_a_caller_hears(database: Database, database_dsn: str) -> None:
    await prepare(database_dsn, TOWN, pin_key=KEY, passwords=PASSWORDS, queue=QUEUE)
    billing = OwnTables(database, pin_key=KEY, now=lambda: NOON)
    usual, owing, english = await samples(billing, TOWN)
    assert not usual.in_arrears
    assert owing.in_arrears
    assert (usual.language, english.language) == ("zh", "en")
    for sample in (usual, owing, english):
        assert await billing.check_pin(sample.number, sample.pin) is PinVerdict.RIGHT
        assert sample.latest_bill == (await billing.bills(sample.number, limit=1))[0]
        assert sample.latest_bill.open_fen > 0
        assert [account.number for account in await billing.accounts_of_number(sample.phone)] == [sample.number]
        assert sample.pin not in repr(sample)


@pytest.mark.postgres
async def test_samples_of_a_town_that_is_not_loaded_are_not_made_up(database: Database) -> None:
    with pytest.raises(NotFoundError):
        await samples(OwnTables(database, pin_key=KEY), TOWN)


@pytest.mark.postgres
async def test_preparing_twice_loads_once_and_keeps_passwords_that_were_changed(
    database: Database, database_dsn: str
) -> None:
    users = UserStore(database)
    await prepare(database_dsn, TOWN, pin_key=KEY, passwords=PASSWORDS, queue=QUEUE)
    await users.ensure("admin1", name="Admin", role=Role.ADMIN, password="changed")
    later = Town(seed=7, accounts=40, as_of=date(2026, 12, 24))
    assert await prepare(database_dsn, later, pin_key=KEY, passwords=PASSWORDS, queue=QUEUE) == TOWN
    assert (await users.verify("admin1", "changed")).user is not None
    assert [agent.extension for agent in await users.agents()] == ["1001", "1002", "1003"]


@pytest.mark.postgres
async def test_preparing_again_replaces_the_town_and_lost_secrets_do_too(database: Database, database_dsn: str) -> None:
    small = Town(seed=9, accounts=40, as_of=DAY)
    await prepare(database_dsn, TOWN, pin_key=KEY, passwords=PASSWORDS, queue=QUEUE)
    assert await prepare(database_dsn, small, pin_key=KEY, passwords=PASSWORDS, queue=QUEUE, again=True) == small
    assert await prepare(database_dsn, small, pin_key="new key", passwords=PASSWORDS, queue=QUEUE) == small
    sample = (await samples(OwnTables(database, pin_key="new key"), small))[0]
    assert await OwnTables(database, pin_key="new key").check_pin(sample.number, sample.pin) is PinVerdict.RIGHT


@pytest.mark.postgres
async def test_a_real_utilitys_accounts_are_never_replaced(database: Database, database_dsn: str) -> None:
    await load(database_dsn, TOWN, pin_key=KEY)
    async with database.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM demo_loads"))
    assert await loaded(database_dsn, pin_key=KEY) is None
    with pytest.raises(DemoRefusedError):
        await load(database_dsn, Town(seed=9, accounts=40, as_of=DAY), pin_key=KEY)
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM accounts")) == TOWN.accounts


@pytest.mark.postgres
async def test_what_is_in_the_tables_is_what_the_seed_makes_and_its_keys_hold(
    database: Database, database_dsn: str
) -> None:
    seen: list[tuple[str, int, int]] = []
    await load(database_dsn, TOWN, pin_key=KEY, progress=lambda *step: seen.append(step))
    async with database.engine.connect() as connection:
        for name, _, its_rows in rows(TOWN, pin_key=KEY):
            kept = await connection.scalar(sa.text(f"SELECT count(*) FROM {name}"))
            assert kept == len(list(its_rows))
            assert seen[-1][0] == "payments"
            assert (name, kept, kept) in seen
        keys = await connection.scalar(
            sa.text("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated")
        )
        assert keys == sum(len(found.foreign_keys) for found in metadata.tables.values())
