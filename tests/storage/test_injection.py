"""Whatever anybody types is data: kept as typed, found as typed, never run, never slow, never a fault of ours."""

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cti.domain.ids import AccountNumber, AgentId, QueueName
from cti.domain.utility import PinVerdict
from storage.billing.own import OwnTables
from storage.calls import CallStore
from storage.engine import Database
from storage.errors import BadCursorError, NotFoundError, RefusedError
from storage.records import CallFilter, Role, TicketChange, TicketFilter, TokenKind
from storage.text import storable
from storage.tickets import TicketStore
from storage.users import UserStore
from tests.storage.calls import a_call, at, ended
from tests.storage.payloads import PAYLOADS

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]

SLOWEST_S = 4.0
"""Far under the nine seconds that a payload asks the database to sleep."""


async def tables(database: Database) -> list[tuple[str, int]]:
    async with database.engine.connect() as connection:
        names = (await connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))).all()
        return sorted([(name, await connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0) for name in names])


def test_there_are_some_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) > 200


async def test_what_callers_send_is_kept_as_it_came(database: Database) -> None:
    store = CallStore(database)
    for number, payload in enumerate(PAYLOADS, start=1):
        start = time.monotonic()
        await store.save(
            a_call(number, caller_name=payload, caller_number=payload, dialled=payload, account=AccountNumber(payload))
        )
        record = await store.get(a_call(number).id)
        assert time.monotonic() - start < SLOWEST_S
        assert record.caller_name == record.caller_number == record.dialled == storable(payload, 256)
        assert record.account == storable(payload, 32)
        await store.count_recent(payload)
    assert dict(await tables(database))["calls"] == len(PAYLOADS)


async def test_what_agents_type_is_kept_as_it_came(database: Database) -> None:
    made = await CallStore(database).save(ended())
    desk = TicketStore(database)
    before = await tables(database)
    for payload in PAYLOADS:
        version = (await desk.get(made)).version
        change = TicketChange(subject=payload[:200], subcategory=payload[:64], note=payload)
        after = await desk.change(made, change, by=AgentId("agent1"), version=version)
        assert after.subject == storable(payload[:200])
        assert after.subcategory == storable(payload[:64])
        assert after.version == version or after.entries[-1].text == storable(payload)
    changed = {name for (name, rows), (_, then) in zip(before, await tables(database), strict=True) if rows != then}
    assert changed == {"ticket_entries"}


async def test_filters_cursors_and_searches_find_only_what_is_so(database: Database) -> None:
    calls, desk, billing = CallStore(database), TicketStore(database), OwnTables(database, pin_key="k")
    await calls.save(a_call(caller_name="somebody", started_at=at(0)))
    before = await tables(database)
    for payload in PAYLOADS:
        start = time.monotonic()
        account, agent, queue = AccountNumber(payload), AgentId(payload), QueueName(payload)
        assert (await calls.page(CallFilter(account=account))).items == ()
        assert (await calls.page(CallFilter(agent=agent, queue=queue, number_e164=payload))).items == ()
        assert (await desk.page(TicketFilter(account=account))).items == ()
        assert (await desk.page(TicketFilter(agent=agent, queue=queue))).items == ()
        if payload:
            assert (await desk.page(TicketFilter(text=payload))).items == ()
        with pytest.raises(BadCursorError):
            await desk.page(TicketFilter(), cursor=payload)
        assert await desk.open_for_account(account) == []
        await desk.last_contacts(account=account, number=payload)
        assert await billing.account(account) is None
        assert await billing.accounts_of_number(payload) == []
        assert await billing.check_pin(account, payload) is PinVerdict.NO_ACCOUNT
        assert time.monotonic() - start < SLOWEST_S
    after = dict(await tables(database))
    assert after.pop("tries") == len({payload.encode(errors="surrogatepass") for payload in PAYLOADS})
    assert after == {name: rows for name, rows in before if name != "tries"}


async def test_no_user_name_or_token_opens_a_door(database: Database) -> None:
    store = UserStore(database)
    await store.create("admin1", name="Admin", role=Role.ADMIN, password="long and secret")
    for payload in PAYLOADS:
        assert await store.lookup(payload) is None
        await store.revoke(payload)
        await store.revoke_all(AgentId(payload))
        with pytest.raises(NotFoundError):
            await store.get(AgentId(payload))
        with pytest.raises(NotFoundError):
            await store.open_token(AgentId(payload), TokenKind.BEARER, lifetime=timedelta(hours=1))
    for payload in PAYLOADS[::25]:
        assert (await store.verify(payload, payload)).user is None
        assert (await store.verify("admin1", payload)).user is None


async def test_an_error_of_the_database_quotes_no_personal_data(database: Database) -> None:
    async def work(connection: object) -> None:
        statement = sa.text("INSERT INTO customer_phones (customer_id, e164) VALUES (gen_random_uuid(), :number)")
        await connection.execute(statement, {"number": "15400007777"})  # type: ignore[attr-defined]

    with pytest.raises(RefusedError) as caught:
        await database.run(work)
    error: BaseException | None = caught.value
    while error is not None:
        if not error.__suppress_context__:
            assert error.__context__ is None or "15400007777" not in str(error.__context__)
        assert "15400007777" not in str(error)
        error = error.__cause__
    assert caught.value.constraint == "ck_customer_phones_e164_shape"
