"""The tables that a PBX elsewhere writes to: it may add rows of its own and do nothing else."""

import re

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.domain.ids import PbxName
from storage.engine import Database, plain_dsn
from storage.pbx_log import PbxLogStore, Place

pytestmark = pytest.mark.postgres

GRANTS = """
DO $$ BEGIN CREATE ROLE pbx_main LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE pbx_other LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT INSERT ON pbx_cel, pbx_queue_log TO pbx_main, pbx_other;
"""
CEL = """INSERT INTO pbx_cel (eventtype, eventtime, cid_name, cid_num, exten, channame, appname, uniqueid, linkedid)
VALUES ('HANGUP', 1795646720.209748, '王', '139', 's', 'PJSIP/trunk-00000000', '', '1.0', '1.0')"""
QUEUE = "INSERT INTO pbx_queue_log (time, callid, queuename, agent, event) VALUES ('t', '1.0', 'water', 'a', 'ABANDON')"


@pytest.fixture
async def granted(database_dsn: str, database: Database) -> str:
    owner = await asyncpg.connect(plain_dsn(database_dsn))
    await owner.execute(GRANTS)
    await owner.close()
    return plain_dsn(database_dsn)


async def write(dsn: str, role: str, *statements: str) -> None:
    connection = await asyncpg.connect(re.sub(r"//[^@]+@", f"//{role}@", dsn))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_a_pbx_wrote_is_read_from_one_place_on(granted: str, database: Database) -> None:
    store = PbxLogStore(database, PbxName("main"))
    assert await store.end() == Place(0, 0)
    await write(granted, "pbx_main", CEL, QUEUE)
    first = await store.since(Place(0, 0))
    assert first.place == await store.end()
    assert [(row["eventtype"], row["eventtime"], row["cid_name"]) for row in first.cel] == [
        ("HANGUP", "1795646720.209748", "王")
    ]
    assert [(row["callid"], row["event"], row["data1"]) for row in first.queue] == [("1.0", "ABANDON", "")]
    await write(granted, "pbx_main", QUEUE)
    then = await store.since(first.place)
    assert (len(then.cel), len(then.queue)) == (0, 1)


async def test_each_pbx_writes_and_is_read_under_its_own_name(granted: str, database: Database) -> None:
    await write(granted, "pbx_other", CEL, QUEUE)
    assert await PbxLogStore(database, PbxName("main")).end() == Place(0, 0)
    assert await PbxLogStore(database, PbxName("other")).end() != Place(0, 0)


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM pbx_cel", "DELETE FROM pbx_cel", "SELECT * FROM calls", "UPDATE pbx_queue_log SET event = 'x'"],
)
async def test_a_pbx_may_do_nothing_else(granted: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await write(granted, "pbx_main", statement)


async def test_what_is_older_than_a_month_is_let_go(granted: str, database: Database) -> None:
    await write(granted, "pbx_main", CEL, QUEUE, QUEUE)
    store = PbxLogStore(database, PbxName("main"))
    assert await store.prune() == 0

    async def age(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("UPDATE pbx_queue_log SET received_at = now() - interval '31 days'"))

    await database.run(age)
    assert await store.prune() == 2
    assert (await store.since(Place(0, 0))).queue == []
