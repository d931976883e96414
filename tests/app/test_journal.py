"""The journal of real calls: complete, in order, exact when it is folded again; and so when PostgreSQL was away."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import QueueName
from cti.domain.model import Outcome, RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from cti.services.journal import canon
from cti.services.journal.codec import Codec
from cti.services.journal.replay import Fold, Replay
from storage.embedded import EmbeddedPostgres
from storage.engine import Database
from storage.journal import JournalStore
from storage.migrate import upgrade
from storage.records import Role
from storage.users import UserStore
from tests.app.test_whole_calls import AGENT, PHONE, agent, available, hydrophone, records
from tests.asterisk.sipp import calling, softphone
from tests.services.parts import until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

EVER = datetime(2020, 1, 1, tzinfo=UTC)


async def enrol(database: Database) -> None:
    await UserStore(database).ensure(
        AGENT,
        name="李雷",
        role=Role.AGENT,
        password="a password of tests",
        extension=PHONE,
        queues=[QueueName("water")],
    )


async def folded(database: Database) -> Fold:
    """Fold all there is, from its beginning."""
    replay = Replay(JournalStore(database), Codec())
    fold, steps = await replay.between(EVER, datetime.now(UTC))
    async for _ in steps():
        pass
    return fold


async def log_off(app: App) -> None:
    """Leave the shared PBX's queue as it was found."""
    await app.orders.choose_presence(AGENT, Presence.OFFLINE, by=AGENT)
    await until(lambda: not agent(app).memberships, within_s=10)


async def numbers(database: Database, query: str) -> list[int]:
    async def work(connection: AsyncConnection) -> list[int]:
        return [int(value) for value in (await connection.execute(sa.text(query))).scalars()]

    return await database.run(work)


async def test_a_day_of_real_calls_with_a_restart_in_it_is_folded_to_what_was_so(
    shared_pbx: SandboxPbx, tmp_path: Path, database_dsn: str, database: Database
) -> None:
    await enrol(database)
    home = tmp_path / "home"
    async with softphone(shared_pbx, tmp_path, "patient"):
        async with hydrophone(shared_pbx, home, database_dsn) as app:
            await available(app)
            caller = calling(shared_pbx, tmp_path, patience_s=6)
            sipp = await caller.__aenter__()
            try:
                await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
            except BaseException:
                await caller.__aexit__(None, None, None)
                raise
            talking = next(iter(app.live.state.calls.values()))
        async with hydrophone(shared_pbx, home, database_dsn) as app:
            again = next(iter(app.live.state.calls.values()))
            assert (again.id, again.talks, again.queued_at) == (talking.id, talking.talks, talking.queued_at)
            assert app.live.state.queues[QueueName("water")].answered == 1
            await sipp.finish()
            await caller.__aexit__(None, None, None)
            await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
            await records(app)
            await log_off(app)
            now = canon.digest(app.live.state)
            await until(lambda: not app.journal.waiting and not app.journal.spooling)
            fold = await folded(database)
    assert canon.digest(fold.state) == now
    assert (fold.findings.exact, fold.findings.failed) == (True, 0)
    assert fold.findings.compared >= 1


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path / "pg", durable=False)
    await made.start()
    yield made
    await made.stop()


async def health(app: App) -> dict[str, object]:
    async with aiohttp.ClientSession() as http, http.get(app.settings.console_url + "/health") as response:
        told: dict[str, object] = await response.json()
        return told


async def test_postgresql_stopped_in_the_middle_of_calls_loses_nothing_and_doubles_nothing(
    shared_pbx: SandboxPbx, tmp_path: Path, server: EmbeddedPostgres
) -> None:
    await upgrade(server.dsn)
    database = Database(server.dsn, pool_size=2)
    await enrol(database)
    async with hydrophone(shared_pbx, tmp_path / "home", server.dsn) as app:
        await available(app)
        async with softphone(shared_pbx, tmp_path, "patient"):
            async with calling(shared_pbx, tmp_path, patience_s=5) as first:
                await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
                await server.stop()
                await first.finish()
            await until(lambda: agent(app).routing is RoutingStatus.IDLE, within_s=10)
            async with calling(shared_pbx, tmp_path, patience_s=1) as second:
                await second.finish()
            await until(lambda: not app.live.state.calls, within_s=10)
            await until(lambda: app.journal.queued_bytes > 0 and not app.journal.waiting)
            away = await health(app)
            await server.start()
            await until(lambda: not app.journal.spooling and not app.recorder.away, within_s=15)
            back = await health(app)
        kept = await records(app)
        await log_off(app)
        now = canon.digest(app.live.state)
        await until(lambda: not app.journal.waiting)
        noted = app.journal.noted
        fold = await folded(database)
        positions = await numbers(database, "SELECT position FROM journal ORDER BY position")
        tickets = await numbers(database, "SELECT count(*) FROM tickets GROUP BY call_id")
    await database.close()
    assert (away["ok"], away["database"], back["database"]) == (True, False, True)
    assert {record.outcome for record in kept} == {Outcome.ANSWERED, Outcome.ABANDONED}
    assert tickets == [1, 1]
    assert positions == list(range(app.journal.first, app.journal.first + noted))
    assert canon.digest(fold.state) == now
    assert fold.findings.exact
