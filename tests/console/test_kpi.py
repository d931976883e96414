"""``GET /api/kpi``: each number with its formula and its inputs, for supervisors and admins."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from agent_console.ports import Counted, StoreUnavailableError
from agent_console.stores import KeptKpis
from agent_console.wire_kpi import KpiQuery
from cti.domain.kpi.cells import Step
from cti.domain.kpi.figures import PROFILES
from cti.domain.kpi.formulas import Kpi
from cti.domain.kpi.tally import Tally, bucket
from storage.errors import StorageUnavailableError
from storage.kpi import Period, Point
from tests.console.conftest import House
from tests.console.fakes import NOON

PATH = "/api/kpi?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z"
ONE_ANSWERED = Tally(calls=1, queued=1, answered=1, wait_answered_s=18, answered_waits=bucket(18))
ONE_GAVE_UP = Tally(calls=1, queued=1, abandoned=1, wait_abandoned_s=12, abandoned_waits=bucket(12))
HOUR = timedelta(hours=1)


async def ask(house: House, rest: str = "", *, user: str = "supervisor1") -> tuple[int, Any]:
    return await house.ask("GET", PATH + rest, headers=house.bearer(user))


def named(figures: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {figure["kpi"]: figure for figure in figures}


@pytest.fixture
def counted(house: House) -> House:
    house.stores.kpis.counted = [
        Counted(NOON, ONE_ANSWERED, NOON + HOUR),
        Counted(NOON + HOUR, ONE_GAVE_UP, NOON + 2 * HOUR),
    ]
    return house


async def test_a_number_comes_with_its_formula_and_its_inputs(counted: House) -> None:
    status, answer = await ask(counted, "&step=hour&profile=genesys")

    level = named(answer["total"])["service_level"]
    assert status == 200
    assert level == {
        "kpi": "service_level",
        "formula": "service_level_without_early_abandons",
        "unit": "percent",
        "zh": "20 秒内接听 ÷ (接听 + 20 秒后放弃)",
        "en": "answered within 20 s ÷ (answered + abandoned after 20 s)",
        "value": 100.0,
        "inputs": [
            {"id": "answered_in_time", "zh": "20 秒内接听", "en": "answered within 20 s", "value": 1},
            {"id": "answered", "zh": "接听", "en": "answered", "value": 1},
            {"id": "abandoned_late", "zh": "20 秒后放弃", "en": "abandoned after 20 s", "value": 0},
        ],
        "goal": {"bound": 80.0, "at_most": False},
        "met": True,
    }


async def test_each_step_has_its_own_figures_and_the_total_is_their_sum(counted: House) -> None:
    _, answer = await ask(counted, "&step=hour")

    first, second = (named(point["figures"]) for point in answer["points"])
    assert [point["at"] for point in answer["points"]] == ["2026-11-22T04:00:00Z", "2026-11-22T05:00:00Z"]
    assert (first["abandonment"]["value"], second["abandonment"]["value"]) == (0, 100)
    assert named(answer["total"])["abandonment"]["value"] == 50
    assert second["asa"]["value"] is None
    assert answer["computed_at"] == "2026-11-22T06:00:00Z"


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_profile_answers_every_kpi(counted: House, profile: str) -> None:
    _, answer = await ask(counted, f"&profile={profile}")

    assert list(named(answer["total"])) == list(Kpi)
    assert (answer["profile"], answer["points"]) == (profile, [])
    assert answer["target_s"] == PROFILES[profile].rules.target_s


async def test_the_target_can_be_another(counted: House) -> None:
    _, answer = await ask(counted, "&profile=wazo&target_s=15&short_s=10")

    assert (answer["target_s"], answer["short_s"]) == (15, 10)
    assert named(answer["total"])["service_level"]["value"] == 0


async def test_an_empty_period_has_no_percentages(house: House) -> None:
    _, answer = await ask(house)

    assert {one["value"] for one in answer["total"] if one["unit"] == "percent"} == {None}
    assert named(answer["total"])["calls"]["value"] == 0
    assert answer["computed_at"] is None


async def test_the_filters_reach_the_store(house: House) -> None:
    await ask(house, "&queue=water&agent=agent1&step=day")

    query = house.stores.kpis.queries[-1]
    assert (query.queue, query.agent, query.step) == ("water", "agent1", Step.DAY)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/kpi?from=2026-11-22T00:00:00Z", "to"),
        (PATH + "&profile=mine", "profile"),
        (PATH + "&step=minute", "step"),
        (PATH + "&target_s=17", "target_s"),
        (PATH + "&target_s=x", "target_s"),
        (PATH + "&queue=%27;DROP", "queue"),
        (PATH + "&color=red", "unknown"),
        ("/api/kpi?from=2026-11-22T00:00:00Z&to=2026-11-22T00:00:00Z", "to"),
        ("/api/kpi?from=2020-11-22T00:00:00Z&to=2026-11-22T00:00:00Z", "to"),
        ("/api/kpi?from=2026-01-01T00:00:00Z&to=2026-11-22T00:00:00Z&step=hour", "step"),
        ("/api/kpi?from=2026-11-22T00:00:00&to=2026-11-23T00:00:00Z", "from"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_the_name_of_the_field(house: House, path: str, field: str) -> None:
    status, body = await house.ask("GET", path, headers=house.bearer("admin1"))

    assert (status, list(body["fields"])) == (422, [field])
    assert house.stores.kpis.queries == []


async def test_agents_dont_see_the_figures(house: House) -> None:
    assert (await ask(house, user="agent1"))[0] == 403
    assert house.stores.kpis.queries == []


async def test_without_the_database_there_are_none(house: House) -> None:
    house.stores.kpis.down = True

    assert (await ask(house))[0] == 503


class OneStore:
    """A store of tallies that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Period] = []
        self.error: Exception | None = None

    async def read(self, period: Period) -> Sequence[Point]:
        self.asked.append(period)
        if self.error is not None:
            raise self.error
        return [Point(NOON, ONE_ANSWERED, NOON)]


async def test_the_store_is_asked_for_whole_quarters() -> None:
    store = OneStore()
    kept: Any = store
    query = KpiQuery.model_validate_strings(
        {"from": "2026-11-22T04:01:00Z", "to": "2026-11-22T04:20:00Z", "queue": "water", "agent": "agent1"}
    )

    assert await KeptKpis(kept).read(query) == [Counted(NOON, ONE_ANSWERED, NOON)]
    assert store.asked == [
        Period(since=NOON, until=NOON + HOUR / 2, queue="water", agent="agent1")  # type: ignore[arg-type]
    ]
    store.error = StorageUnavailableError("away")
    with pytest.raises(StoreUnavailableError):
        await KeptKpis(kept).read(query)
