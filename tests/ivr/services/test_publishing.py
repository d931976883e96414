"""Publishing on a real database: the linter first, live calls end on theirs, one command back; and without one."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from ivr.flow.bundle import Bundle
from ivr.flow.errors import FlowFaultsError
from ivr.flow.texts import WrittenOut
from ivr.services.flow_files import FlowFiles, find_shipped
from ivr.services.published import PublishedFlows
from ivr.services.publishing import FlowDesk
from storage.engine import Database
from storage.errors import FlowChangedError, NotFoundError, StorageUnavailableError
from storage.flows import FlowStore, FlowVersion
from storage.funnel import FunnelStore
from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "postgres_server"]

pytestmark = pytest.mark.postgres

FILES = FlowFiles(Settings())
SHIPPED = (find_shipped("water") or ("", ""))[0]
LONGER = SHIPPED.replace("first_key_s: 6", "first_key_s: 8")
BROKEN = SHIPPED.replace("start: language", "start: nowhere")
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.fixture
def store(database: Database) -> FlowStore:
    moments = iter(range(100))
    return FlowStore(database, now=lambda: NOW.replace(second=next(moments) % 60))


@pytest.fixture
def desk(store: FlowStore, database: Database) -> FlowDesk:
    return FlowDesk(FILES, store, FunnelStore(database), ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def flows(store: FlowStore, tmp_path: Path) -> PublishedFlows:
    return PublishedFlows(FILES, store, tmp_path)


def in_use(flows: PublishedFlows) -> Bundle:
    bundle = flows("water")
    assert bundle is not None
    return bundle


async def test_a_published_version_takes_new_calls_and_live_calls_end_on_theirs(
    desk: FlowDesk, flows: PublishedFlows
) -> None:
    await flows.start()
    live = in_use(flows)
    assert live.version == 0
    made = await desk.publish("water", LONGER, by="admin1", based_on=0, comment="more time")
    await flows.refresh()
    assert (in_use(flows).version, in_use(flows).flow.first_key_s) == (1, 8.0)
    assert (live.version, live.flow.first_key_s) == (0, 6.0)
    assert (made.version, made.made_by, made.comment) == (1, "admin1", "more time")


async def test_what_the_linter_finds_is_not_published(desk: FlowDesk) -> None:
    with pytest.raises(FlowFaultsError, match="there is no step 'nowhere'"):
        await desk.publish("water", BROKEN, by="admin1", based_on=0)
    assert (await desk.history("water")).versions == []
    assert [fault.line for fault in await desk.faults("water", BROKEN)]
    assert await desk.faults("water", LONGER) == ()


async def test_a_flow_is_published_under_its_own_name(desk: FlowDesk) -> None:
    with pytest.raises(FlowFaultsError, match="this is the flow 'water'"):
        await desk.publish("fire", SHIPPED, by="admin1", based_on=0)


async def test_of_two_who_saw_the_same_version_the_second_is_told(desk: FlowDesk) -> None:
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    with pytest.raises(FlowChangedError):
        await desk.publish("water", SHIPPED, by="admin2", based_on=0)


async def test_back_is_a_version_of_its_own_and_back_again_goes_further(desk: FlowDesk) -> None:
    texts = [SHIPPED.replace("first_key_s: 6", f"first_key_s: {seconds}") for seconds in (7, 8, 9)]
    for based_on, text in enumerate(texts):
        await desk.publish("water", text, by="admin1", based_on=based_on)
    first = await desk.back("water", by="admin2")
    second = await desk.back("water", by="admin2")
    third = await desk.back("water", by="admin2")
    assert [(one.version, one.back_to) for one in (first, second, third)] == [(4, 2), (5, 1), (6, 0)]
    assert [one.text for one in (first, second, third)] == [texts[1], texts[0], SHIPPED]
    assert (await desk.back("water", by="admin2", to=3)).text == texts[2]
    assert len((await desk.history("water")).versions) == 7


async def test_a_called_flow_changes_what_callers_hear_so_its_versions_stand_with_those_of_its_callers(
    desk: FlowDesk,
) -> None:
    bills = await desk.text("bills")
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    await desk.publish("bills", bills.replace("first_key_s: 6", "first_key_s: 9"), by="admin2", based_on=0)
    water = await desk.history("water")
    assert [(one.flow, one.version, one.made_by) for one in water.versions] == [
        ("bills", 1, "admin2"),
        ("water", 1, "admin1"),
    ]
    assert {part.flow: part.version for part in water.parts}.items() >= {"bills": 1, "identify": 0}.items()
    alone = await desk.history("bills")
    assert [(one.flow, one.version) for one in alone.versions] == [("bills", 1)]
    await desk.back("bills", by="admin2")
    newest = (await desk.history("water")).versions[0]
    assert (newest.flow, newest.version, newest.back_to) == ("bills", 2, 0)


async def test_a_flow_that_is_not_there_has_no_history(desk: FlowDesk) -> None:
    none = await desk.history("fire")
    assert (none.parts, none.versions) == ([], [])


async def test_without_versions_there_is_nothing_to_go_back_to(desk: FlowDesk) -> None:
    with pytest.raises(NotFoundError):
        await desk.back("water", by="admin1")


async def test_what_changed_is_told_line_by_line(desk: FlowDesk) -> None:
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    told = await desk.difference("water", 1, 0)
    assert "-first_key_s: 6" in told
    assert "+first_key_s: 8" in told
    assert (await desk.text("water"), await desk.text("water", 0)) == (LONGER, SHIPPED)


PART = """
flow: part
languages: [zh, en]
start: ask
person: person
help: {none: input.none, wrong: input.wrong, more: input.help}
steps:
  ask: {do: menu, ask: menu.main, choices: {1: done}}
  done: {do: return, way: done}
  person: {do: queue, say: person.transfer}
"""
CALLING = SHIPPED.replace("    flow: report\n", "    flow: part\n", 1)


async def test_a_flow_that_others_call_is_published_only_if_it_suits_them(
    desk: FlowDesk, flows: PublishedFlows
) -> None:
    with pytest.raises(FlowFaultsError, match="there is no flow 'part'"):
        await desk.publish("water", CALLING, by="admin1", based_on=0)
    await desk.publish("part", PART, by="admin1", based_on=0)
    await desk.publish("water", CALLING, by="admin1", based_on=0)
    with pytest.raises(FlowFaultsError, match="'finished' is not handled"):
        await desk.publish("part", PART.replace("way: done", "way: finished"), by="admin1", based_on=1)
    await flows.start()
    await flows.refresh()
    assert in_use(flows).called["part"].returns == {"done"}
    assert [one.flow for one in await desk.standing()] == sorted({"part", *(one.flow for one in await desk.standing())})


class Away(FlowStore):
    """The versions while the database is away."""

    async def current(self) -> Mapping[str, FlowVersion]:
        raise StorageUnavailableError


async def test_without_the_database_the_last_versions_stay_and_survive_a_restart(
    desk: FlowDesk, flows: PublishedFlows, database: Database, tmp_path: Path
) -> None:
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    await flows.start()
    await flows.refresh()
    restarted = PublishedFlows(FILES, Away(database), tmp_path)
    await restarted.start()
    await restarted.refresh()
    assert (in_use(restarted).version, in_use(restarted).flow.first_key_s) == (1, 8.0)
    fresh = PublishedFlows(FILES, Away(database), tmp_path / "empty")
    await fresh.start()
    await fresh.refresh()
    assert in_use(fresh).version == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"water": 1}', '{"water": [1, "flow: ["]}'])
async def test_a_damaged_copy_on_disk_leaves_the_shipped_flows(store: FlowStore, tmp_path: Path, content: str) -> None:
    await asyncio.to_thread((tmp_path / "published.json").write_text, content, encoding="utf-8")
    flows = PublishedFlows(FILES, store, tmp_path)
    await flows.start()
    assert in_use(flows).version == 0


async def test_a_version_that_can_no_longer_be_read_replaces_none_that_can(
    desk: FlowDesk, store: FlowStore, flows: PublishedFlows, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    await flows.start()
    await flows.refresh()
    await store.add("water", BROKEN, by="nobody asked the linter", based_on=1)
    await flows.refresh()
    assert in_use(flows).version == 1
    assert "flow water version 2 can't be used" in caplog.text


async def test_new_sentences_are_told_to_whoever_speaks_them(desk: FlowDesk, store: FlowStore, tmp_path: Path) -> None:
    told: list[str] = []
    flows = PublishedFlows(FILES, store, tmp_path, on_new=lambda bundle: told.extend(bundle.written))
    await flows.start()
    inline = WrittenOut(zh="感谢来电。", en="Thank you for calling.")
    text = SHIPPED.replace("    say: goodbye", f"    say: {{zh: {inline.zh}, en: {inline.en}}}")
    await desk.publish("water", text, by="admin1", based_on=0)
    await flows.refresh()
    await flows.refresh()
    assert told.count(inline.prompt) == 1


async def test_it_looks_for_new_versions_until_it_is_stopped(desk: FlowDesk, store: FlowStore, tmp_path: Path) -> None:
    slept: list[float] = []
    again = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        again.set()
        await asyncio.sleep(0.01)

    flows = PublishedFlows(FILES, store, tmp_path, sleep=sleep)
    await flows.start()
    await desk.publish("water", LONGER, by="admin1", based_on=0)
    running = asyncio.create_task(flows.run())
    async with asyncio.timeout(10):
        await again.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert in_use(flows).version == 1


async def test_the_funnel_of_a_day_without_calls_is_empty(desk: FlowDesk) -> None:
    found = await desk.funnel("water", date(2026, 11, 24))
    assert (found.calls, found.containment, found.steps) == (0, None, {})


async def test_the_picture_of_a_version_is_drawn_with_its_callers(desk: FlowDesk) -> None:
    assert "<svg" in await desk.picture("water", date(2026, 11, 24))
    with pytest.raises(NotFoundError):
        await desk.picture("fire")
