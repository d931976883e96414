"""What happens on a real Asterisk while we can't see it is known afterwards, as if we had seen it."""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import Agi, Pbx
from config.settings import Database as DatabaseSettings
from cti.app import App
from cti.domain.ids import QueueName
from cti.domain.model import CallStage, Outcome, RoutingStatus
from cti.sandbox.pbx import SandboxPbx
from storage.records import CallRecord
from tests.app.test_whole_calls import AGENT, NoSpeech, agent, agent_in_database, available, records, stages
from tests.asterisk.pbx import MakePbx
from tests.asterisk.sipp import Sipp, calling, softphone
from tests.fakes.gap import Gap, gap_before
from tests.services.parts import until

__all__ = ["agent_in_database"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(180)]


@asynccontextmanager
async def behind_a_gap(pbx: SandboxPbx, gap: Gap, home: Path, dsn: str, **more: object) -> AsyncIterator[App]:
    """Have the daemon, with the gap between it and the PBX's manager interface."""
    theirs = pbx.settings
    settings = theirs.model_copy(
        update={
            "home": home,
            "database": DatabaseSettings(dsn=SecretStr(dsn)),
            "agi": Agi(port=theirs.agi.port, allow=("127.0.0.9",)),
            "pbx": Pbx(
                **{**theirs.pbx.model_dump(), "wrap_up_s": 1, "ami_port": gap.port, "log_folder": pbx.log, **more}
            ),
        }
    )
    app = App(settings, pbx.secrets)
    app.menu.speech = NoSpeech()  # type: ignore[assignment]
    await app.start()
    try:
        await until(lambda: any(link.synced_at for link in app.live.state.links.values()), within_s=10)
        yield app
    finally:
        await app.stop()


def is_up(app: App) -> bool:
    link = next(iter(app.live.state.links.values()))
    return link.up and link.synced_at is not None and link.synced_at >= link.since


def by_number(found: list[CallRecord]) -> dict[str, CallRecord]:
    assert len({call.caller_number for call in found}) == len(found), "two records of one call"
    return {call.caller_number: call for call in found}


async def caller(stack: AsyncExitStack, pbx: SandboxPbx, folder: Path, number: str, patience_s: float) -> Sipp:
    return await stack.enter_async_context(calling(pbx, folder, number=number, patience_s=patience_s))


@pytest.mark.usefixtures("agent_in_database")
async def test_calls_that_ended_came_and_went_in_a_gap_have_the_record_they_would_have_had(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    async with (
        AsyncExitStack() as stack,
        gap_before(pbx.settings.pbx.ami_port) as gap,
        behind_a_gap(pbx, gap, tmp_path / "home", database_dsn) as app,
    ):
        await available(app)
        offers: list[str] = []
        app.live.listen(lambda changes: offers.extend(offer.agent for offer in changes.offers))
        async with softphone(pbx, tmp_path, "patient") as phone:
            first = await caller(stack, pbx, tmp_path, "13800000001", 4)
            await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
            await until(lambda: agent(app).memberships[QueueName("water")].reason == "on_call", within_s=10)
            await gap.cut()
            await until(lambda: not is_up(app), within_s=10)
            quitter = await caller(stack, pbx, tmp_path, "13800000002", 2)
            await quitter.finish()
            await first.finish()
            await phone.finish()
        await pbx.console("queue unpause member PJSIP/2001 queue water")
        async with softphone(pbx, tmp_path, "agent") as phone:
            whole = await caller(stack, pbx, tmp_path, "13800000003", 20)
            await phone.finish()
            await whole.finish()
        async with softphone(pbx, tmp_path, "patient") as phone:
            still = await caller(stack, pbx, tmp_path, "13800000004", 9)
            await until_shows(pbx, "2 active channels")
            await gap.mend()
            await until(lambda: is_up(app), within_s=10)
            assert stages(app) == [CallStage.TALKING]
            assert agent(app).routing is RoutingStatus.ON_CALL
            assert offers == ["agent1"]
            await still.finish()
            await phone.finish()
        found = by_number(await records(app))
    assert {number: call.outcome for number, call in found.items()} == {
        "13800000001": Outcome.ANSWERED,
        "13800000002": Outcome.ABANDONED,
        "13800000003": Outcome.ANSWERED,
        "13800000004": Outcome.ANSWERED,
    }
    assert [found[number].agent for number in sorted(found)] == [AGENT, None, AGENT, AGENT]
    assert all(call.ticket_id is not None and not call.end_assumed for call in found.values())
    assert all(call.queue == "water" and call.dialled == "96000" for call in found.values())
    for call in found.values():
        assert_is_as_asterisk_wrote(pbx, call)


def assert_is_as_asterisk_wrote(pbx: SandboxPbx, call: CallRecord) -> None:
    """Hold the record's times against CEL's and the queue's own lines. What we saw ourselves may be a moment later."""
    with (pbx.log / "cel-custom" / "Master.csv").open(newline="") as file:
        cel = {(line[0], line[8]): float(line[1]) for line in csv.reader(file) if line[9] == call.linkedid}
    queue = [line.split("|") for line in (pbx.log / "queue_log").read_text().splitlines()]
    waits = [line[5:] for line in queue if line[1] == call.linkedid and line[4] in ("CONNECT", "ABANDON")]
    assert call.started_at.timestamp() == pytest.approx(cel["CHAN_START", call.linkedid], abs=1)
    assert call.ended_at is not None
    assert call.ended_at.timestamp() == pytest.approx(cel["HANGUP", call.linkedid], abs=1)
    assert call.wait_s == int(waits[0][0 if call.agent else 2])


@pytest.mark.usefixtures("agent_in_database")
async def test_calls_that_a_killed_pbx_took_with_it_end_when_it_died_also_those_we_never_heard_of(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    async with (
        AsyncExitStack() as stack,
        gap_before(pbx.settings.pbx.ami_port) as gap,
        behind_a_gap(pbx, gap, tmp_path / "home", database_dsn) as app,
    ):
        await available(app)
        await stack.enter_async_context(softphone(pbx, tmp_path, "patient"))
        await caller(stack, pbx, tmp_path, "13800000001", 30)
        await until(lambda: agent(app).routing is RoutingStatus.ON_CALL, within_s=10)
        await gap.cut()
        await until(lambda: not is_up(app), within_s=10)
        await caller(stack, pbx, tmp_path, "13800000002", 30)
        await until_shows(pbx, "3 active channels")
        await asyncio.to_thread(pbx.kill)
        died = app.clock()
        await pbx.up()
        started = app.clock()
        await gap.mend()
        await until(lambda: is_up(app), within_s=15)
        found = by_number(await records(app))
        await until(lambda: QueueName("water") in agent(app).memberships, within_s=10)
        await until(lambda: not agent(app).memberships[QueueName("water")].paused, within_s=10)
    assert [call.outcome for call in found.values()] == [Outcome.PBX_RESTART, Outcome.PBX_RESTART]
    assert sorted(found) == ["13800000001", "13800000002"]
    assert all(call.ticket_id is not None and not call.end_assumed for call in found.values())
    assert all(call.ended_at is not None and call.ended_at <= died < started for call in found.values())
    assert (found["13800000001"].agent, found["13800000002"].agent) == (AGENT, None)


async def test_calls_that_came_and_went_while_we_were_down_are_recorded_once(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    home = tmp_path / "home"
    async with gap_before(pbx.settings.pbx.ami_port) as gap:
        async with behind_a_gap(pbx, gap, home, database_dsn) as app, calling(pbx, tmp_path, patience_s=1) as seen:
            await seen.finish()
            (before,) = await records(app)
        async with calling(pbx, tmp_path, patience_s=1, number="13800000002") as unseen:
            await unseen.finish()
        async with behind_a_gap(pbx, gap, home, database_dsn) as app:
            found = by_number(await records(app))
        async with behind_a_gap(pbx, gap, home, database_dsn) as app:
            assert len(await records(app)) == 2
            assert app.first.evidence.counts.calls == 0, "what is kept was told again"
    assert sorted(found) == ["13800000001", "13800000002"]
    assert found["13800000001"] == before
    assert found["13800000002"].outcome is Outcome.ABANDONED
    assert found["13800000002"].ticket_id is not None
    assert_is_as_asterisk_wrote(pbx, found["13800000002"])


@pytest.mark.usefixtures("agent_in_database")
async def test_a_call_that_was_sent_on_unseen_has_the_record_of_one_that_we_saw(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    async with (
        gap_before(pbx.settings.pbx.ami_port) as gap,
        behind_a_gap(pbx, gap, tmp_path / "home", database_dsn) as app,
    ):
        await available(app)
        await answered_and_sent_back(pbx, tmp_path, "13800000001")
        await until(lambda: not app.live.state.calls and agent(app).routing is RoutingStatus.IDLE, within_s=15)
        await until(lambda: not agent(app).memberships[QueueName("water")].paused, within_s=10)
        await gap.cut()
        await until(lambda: not is_up(app), within_s=10)
        await answered_and_sent_back(pbx, tmp_path, "13800000002")
        await gap.mend()
        await until(lambda: is_up(app), within_s=10)
        found = by_number(await records(app))
    seen, unseen = found["13800000001"], found["13800000002"]
    assert (unseen.outcome, unseen.agent, unseen.queue) == (seen.outcome, seen.agent, seen.queue)
    assert (seen.outcome, seen.agent) == (Outcome.ANSWERED, AGENT)
    assert abs(unseen.talk_s - seen.talk_s) <= 1
    assert not unseen.end_assumed
    assert unseen.ticket_id is not None


async def answered_and_sent_back(pbx: SandboxPbx, folder: Path, number: str) -> None:
    """Have a caller talk with the agent for a second, be sent back to the queue, and give up there."""
    async with softphone(pbx, folder, "patient") as phone, calling(pbx, folder, number=number, patience_s=5) as sipp:
        async with asyncio.timeout(10):
            while "Up" not in (shown := await pbx.console("core show channels concise")) or "2001" not in shown:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        (channel,) = [line.split("!")[0] for line in shown.splitlines() if line.startswith("PJSIP/trunk")]
        await pbx.console(f"channel redirect {channel} hydrophone-person,s,1")
        await phone.finish()
        await sipp.finish()


async def until_shows(pbx: SandboxPbx, text: str) -> None:
    """Wait until the PBX shows this among its channels."""
    import asyncio

    async with asyncio.timeout(10):
        while text not in await pbx.console("core show channels count"):  # noqa: ASYNC110 - the PBX tells nobody here
            await asyncio.sleep(0.1)
