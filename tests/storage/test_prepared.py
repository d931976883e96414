"""Statements that SQLAlchemy writes and the driver executes."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from storage.engine import Database
from storage.errors import RefusedError
from storage.prepared import Driver, Prepared
from storage.schema import calls, zones

ADD = Prepared(sa.insert(zones).returning(zones))
RENAME = Prepared(sa.update(zones).where(zones.c.code == sa.bindparam("which", type_=sa.String())))
BY_CODE = Prepared(sa.select(zones).where(zones.c.code == sa.bindparam("code_", type_=sa.String())))


def a_zone(code: str) -> dict[str, Any]:
    return {"id": uuid4(), "code": code, "name_zh": "东", "name_en": "East"}


async def test_each_set_of_columns_is_written_as_given(database: Database) -> None:
    async def work(connection: Driver) -> None:
        await ADD.row(connection, a_zone("Z1"))
        await RENAME.rows(connection, {"name_en": "O'Neil; --", "which": "Z1"})
        await RENAME.rows(connection, {"which": "Z1", "name_zh": "西"})
        assert await BY_CODE.row(connection, {"code_": "Z2"}) is None

    await database.run_bare(work)
    (zone,) = await database.run_bare(lambda connection: BY_CODE.rows(connection, {"code_": "Z1"}))
    assert (zone["name_en"], zone["name_zh"]) == ("O'Neil; --", "西")


async def test_what_fails_is_undone_whole_and_the_connection_serves_on(database: Database) -> None:
    zone = a_zone("Z1")

    async def twice(connection: Driver) -> None:
        await ADD.row(connection, zone)
        await ADD.row(connection, zone)

    with pytest.raises(RefusedError) as refused:
        await database.run_bare(twice)
    assert refused.value.sqlstate == "23505"
    assert await database.run_bare(lambda connection: BY_CODE.row(connection, {"code_": "Z1"})) is None


async def test_a_value_that_is_no_parameter_is_refused(database: Database) -> None:
    with pytest.raises(RefusedError):
        await database.run_bare(lambda connection: ADD.row(connection, {**a_zone("Z1"), "code": 7}))


async def test_a_statement_whose_text_depends_on_its_values_is_none_for_this(database: Database) -> None:
    several = Prepared(sa.select(calls.c.id).where(calls.c.cause.in_([1, 2])))
    with pytest.raises(TypeError, match="depends on more"):
        await database.run_bare(lambda connection: several.rows(connection, {}))
