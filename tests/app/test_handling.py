"""Agents at work on a real Asterisk: transfers, consultations, a conference, a parked caller. After each step the
centre has the channels as the PBX has them, and the record tells every visit and every conversation.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cti.app import App
from cti.domain.events import Presence
from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Agent, Call, CallStage, RoutingStatus, TalkKind, TalkState, VisitEnd
from cti.sandbox.pbx import SandboxPbx
from storage.engine import Database
from storage.records import CallFilter, CallRecord, Role
from storage.users import UserStore
from tests.app.test_whole_calls import hydrophone
from tests.asterisk.desks import desks
from tests.asterisk.pbx import AGENT_PHONES, MakePbx
from tests.asterisk.sipp import Sipp, calling
from tests.asterisk.tap import tapped
from tests.services.parts import until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

WATER = QueueName("water")
ANNA, BO, CHEN = AGENTS = (AgentId("anna"), AgentId("bo"), AgentId("chen"))
CALLER, COLLEAGUE = TalkKind.CALLER, TalkKind.COLLEAGUE
PARKING = "[general]\n[default]\nparkext=>700\nparkpos=>701-720\ncontext=>parkedcalls\nparkingtime=>30\n"


@dataclass
class Office:
    """A running hotline with three agents at desk phones, of whom Anna talks with a caller."""

    app: App
    pbx: SandboxPbx
    caller: Sipp

    def agent(self, agent: AgentId) -> Agent:
        return self.app.live.state.agents[agent]

    @property
    def call(self) -> Call:
        """The caller's."""
        return next(call for call in self.app.live.state.calls.values() if call.inbound)

    async def doing(self, *talks: tuple[AgentId, TalkState]) -> None:
        """Wait until these agents, and nobody else, talk so; then the centre has it as the PBX has it."""
        expected = dict.fromkeys(AGENTS, TalkState.NONE) | dict(talks)
        await until(lambda: {agent: self.agent(agent).talk for agent in AGENTS} == expected, within_s=15)
        await until_equal(self.pbx, self.app)

    async def is_available(self, agent: AgentId) -> None:
        await self.app.orders.choose_presence(agent, Presence.AVAILABLE, by=agent)
        await until(lambda: self._is_offered_calls(agent), within_s=10)

    def _is_offered_calls(self, agent: AgentId) -> bool:
        membership = self.agent(agent).memberships.get(WATER)
        return membership is not None and not membership.paused

    async def over(self) -> CallRecord:
        """Have everybody hang up, the caller first, and return what is kept of the call."""
        legs = list(self.call.legs.values())
        async with tapped(self.pbx) as tap:
            for leg in legs:
                await tap.ask("Hangup", Channel=leg.channel)
        await until(lambda: not self.app.live.state.calls and self.app.recorder.waiting == 0, within_s=15)
        return next(record for record in (await self.app.kept.calls.page(CallFilter())).items if record.inbound)


async def until_equal(pbx: SandboxPbx, app: App) -> None:
    """Wait until the centre's legs and bridges are those of ``core show channels``."""
    differing: set[tuple[str, str]] = {("", "")}
    for _ in range(50):
        lines = [line.split("!") for line in (await pbx.console("core show channels concise")).splitlines()]
        theirs = {(line[0], line[-2]) for line in lines if len(line) > 10 and not line[0].startswith("CBAnn/")}
        legs = [leg for call in app.live.state.calls.values() for leg in call.legs.values()]
        differing = {(leg.channel, leg.bridge or "") for leg in legs} ^ theirs
        if not differing:
            return
    raise AssertionError(differing)


@asynccontextmanager
async def office(make_pbx: MakePbx, folder: Path, dsn: str) -> AsyncIterator[Office]:
    pbx = await make_pbx()
    async with desks(pbx, folder, AGENT_PHONES), hydrophone(pbx, folder / "home", dsn) as app:
        await until(lambda: set(AGENTS) <= set(app.live.state.agents), within_s=10)
        for agent in (BO, CHEN):
            await app.orders.choose_presence(agent, Presence.MEETING, by=agent)
        async with calling(pbx, folder, patience_s=60) as caller:
            here = Office(app, pbx, caller)
            await here.is_available(ANNA)
            await here.doing((ANNA, TalkState.TALKING))
            yield here


@pytest.fixture
async def three_agents(database: Database) -> None:
    for agent, extension in zip(AGENTS, AGENT_PHONES, strict=True):
        await UserStore(database).ensure(
            agent,
            name=agent,
            role=Role.AGENT,
            password="a password of tests",
            extension=Extension(extension),
            queues=[WATER],
        )


def conversations(record: CallRecord) -> list[tuple[AgentId | None, TalkKind]]:
    return [(talk.agent, talk.kind) for talk in record.talks]


@pytest.mark.usefixtures("three_agents")
async def test_a_caller_is_sent_to_a_colleague_and_by_them_into_the_queue(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    async with office(make_pbx, tmp_path, database_dsn) as here:
        await here.app.call_orders.transfer_to_agent(ANNA, BO)
        await here.doing((BO, TalkState.TALKING))
        await here.app.orders.choose_presence(ANNA, Presence.MEETING, by=ANNA)
        await here.is_available(CHEN)
        await here.app.call_orders.transfer_to_queue(BO, WATER)
        await here.doing((CHEN, TalkState.TALKING))
        record = await here.over()
    assert conversations(record) == [(ANNA, CALLER), (BO, CALLER), (CHEN, CALLER)]
    assert [(visit.queue, visit.end) for visit in record.visits] == [(WATER, VisitEnd.ANSWERED)] * 2
    assert (record.agent, record.holds) == (CHEN, 0)


@pytest.mark.usefixtures("three_agents")
async def test_a_consultation_ends_as_the_agent_wants_it(make_pbx: MakePbx, tmp_path: Path, database_dsn: str) -> None:
    async with office(make_pbx, tmp_path, database_dsn) as here:
        await here.app.call_orders.consult(ANNA, BO)
        await here.doing((ANNA, TalkState.CONSULTING), (BO, TalkState.CONSULTING))
        assert here.call.stage is CallStage.ON_HOLD
        await here.app.call_orders.take_back(ANNA)
        await here.doing((ANNA, TalkState.TALKING))
        assert here.agent(BO).routing is RoutingStatus.OFF_QUEUE
        await here.app.call_orders.consult(ANNA, CHEN)
        await here.doing((ANNA, TalkState.CONSULTING), (CHEN, TalkState.CONSULTING))
        await asyncio.sleep(1.1)  # apart from the caller for less than a second is no hold
        await here.app.call_orders.hand_over(ANNA)
        await here.doing((CHEN, TalkState.TALKING))
        record = await here.over()
    assert conversations(record) == [(ANNA, CALLER), (BO, COLLEAGUE), (CHEN, COLLEAGUE), (CHEN, CALLER)]
    assert (record.agent, record.holds >= 1, len(record.visits)) == (CHEN, True, 1)


@pytest.mark.usefixtures("three_agents")
async def test_three_talk_and_the_caller_stays_with_the_one_who_is_left(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    async with office(make_pbx, tmp_path, database_dsn) as here:
        await here.app.call_orders.consult(ANNA, BO)
        await here.doing((ANNA, TalkState.CONSULTING), (BO, TalkState.CONSULTING))
        await here.app.call_orders.join(ANNA)
        await here.doing((ANNA, TalkState.IN_CONFERENCE), (BO, TalkState.IN_CONFERENCE))
        async with tapped(here.pbx) as tap:
            mine = next(leg.channel for leg in here.call.legs.values() if leg.extension == here.agent(ANNA).extension)
            await tap.ask("Hangup", Channel=mine)
        await here.doing((BO, TalkState.TALKING))
        record = await here.over()
    assert conversations(record) == [(ANNA, CALLER), (BO, COLLEAGUE), (BO, CALLER)]


@pytest.mark.usefixtures("three_agents")
async def test_a_caller_whose_agent_is_gone_during_a_consultation_is_fetched_by_the_next(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    async with office(make_pbx, tmp_path, database_dsn) as here:
        await here.app.call_orders.consult(ANNA, BO)
        await here.doing((ANNA, TalkState.CONSULTING), (BO, TalkState.CONSULTING))
        await here.is_available(CHEN)
        async with tapped(here.pbx) as tap:
            mine = next(leg.channel for leg in here.call.legs.values() if leg.extension == here.agent(ANNA).extension)
            await tap.ask("Hangup", Channel=mine)
        await here.doing((CHEN, TalkState.TALKING))
        assert here.app.call_orders.rescued == 1
        record = await here.over()
    assert [visit.end for visit in record.visits] == [VisitEnd.ANSWERED] * 2


@pytest.mark.usefixtures("three_agents")
async def test_a_parked_caller_is_fetched_by_a_colleague(make_pbx: MakePbx, tmp_path: Path, database_dsn: str) -> None:
    async with office(make_pbx, tmp_path, database_dsn) as here, tapped(here.pbx) as tap:
        (here.pbx.settings.home / "pbx/etc/res_parking.conf").write_text(PARKING)
        await here.pbx.console("module load res_parking.so")
        await here.pbx.console("dialplan add extension 701,1,ParkedCall(default,701) into parking-test")
        await tap.ask("Park", Channel=here.call.legs[here.call.first_leg].channel, Timeout="20000")
        await here.doing()
        assert (here.call.stage, here.call.parked) == (CallStage.PARKED, "701")
        await tap.send(
            "Originate", Channel="PJSIP/1002", Context="parking-test", Exten="701", Priority="1", Async="true"
        )
        await here.doing((BO, TalkState.TALKING))
        assert (here.call.stage, here.call.parked, len(here.app.live.state.calls)) == (CallStage.TALKING, None, 1)
        record = await here.over()
    assert conversations(record) == [(ANNA, CALLER), (BO, CALLER)]
