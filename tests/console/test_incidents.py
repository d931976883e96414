"""Supervisors say what is wrong where; everybody sees it, nobody else writes it."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from storage.schema import zones
from tests.console.test_stores import Real, real
from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "postgres_server", "real"]

pytestmark = pytest.mark.postgres


def burst(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "kind": "burst",
        "zone": "Z01",
        "streets_zh": "人民路28号至102号",
        "streets_en": "Renmin Road 28 to 102",
        "until": "2030-01-01T00:00:00Z",
        **fields,
    }


@pytest.fixture
async def town(real: Real) -> Real:
    async with real.database.engine.begin() as connection:
        await connection.execute(sa.insert(zones).values(id=uuid4(), code="Z01", name_zh="城东", name_en="East"))
    return real


async def test_an_incident_is_opened_put_off_and_ended(town: Real) -> None:
    new = burst()
    opened, incident = await town.ask("POST", "/api/incidents", json=new)
    again, _ = await town.ask("POST", "/api/incidents", json=new)
    path = f"/api/incidents/{incident['id']}"
    _, later = await town.ask("PATCH", path, json={"until": None})
    _, ended = await town.ask("PATCH", path, json={"ended": True})
    late, _ = await town.ask("PATCH", path, json={"ended": True})
    _, listed = await town.ask("GET", "/api/incidents", user="agent1")

    assert (opened, again, late) == (200, 200, 404)
    assert (incident["streets_zh"], incident["streets_en"]) == (
        "人民路二十八号至一百零二号",
        "Renmin Road twenty-eight to one hundred and two",
    )
    assert incident["by"] == "supervisor1"
    assert later["until"] is None
    assert ended["ended_at"] is not None
    assert [one["id"] for one in listed["items"]] == [new["id"]]
    assert listed["zones"] == [{"code": "Z01", "name_zh": "城东", "name_en": "East"}]


async def test_an_agent_writes_none(town: Real) -> None:
    status, _ = await town.ask("POST", "/api/incidents", user="agent1", json=burst())
    assert status == 403


@pytest.mark.parametrize(
    ("fields", "status", "wrong"),
    [
        ({"zone": "Z99"}, 404, None),
        ({"zone": "'; DROP"}, 400, "zone"),
        ({"streets_zh": "<b>x</b>"}, 400, "streets_zh"),
        ({"streets_en": "{amount:money}"}, 400, "streets_en"),
        ({"streets_en": ""}, 400, "streets_en"),
        ({"until": "2020-01-01T00:00:00Z"}, 400, "until"),
        ({"kind": "flood"}, 400, "kind"),
    ],
)
async def test_what_callers_could_not_be_told_is_refused(
    town: Real, fields: dict[str, Any], status: int, wrong: str | None
) -> None:
    answered, told = await town.ask("POST", "/api/incidents", json=burst(**fields))
    assert answered in (status, 422 if status == 400 else status), told
    assert wrong is None or wrong in told["fields"]
