"""Callers who leave the queue for a callback, a message or a mark: the whole daemon, Asterisk, SIP phones, PostgreSQL.

The menu speaks in tones. One customer calls from the trunk and is called back there; the agent has a desk phone.
"""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from config.settings import Callback, Dialling, Pbx, Settings, Survey
from config.settings import Database as DatabaseSettings
from cti.app import App
from cti.caller.phone import Caller, PhoneCall, dial
from cti.domain.callbacks import CallbackState
from cti.domain.events import Presence
from cti.domain.ids import AgentId, Extension, QueueName
from cti.domain.model import Call, CallStage, Outcome
from cti.sandbox.pbx import SandboxPbx
from ivr.prompts.catalogue import shipped
from storage.call_tickets import ticket_id
from storage.engine import Database
from storage.records import CallFilter, Role, TicketStatus
from storage.users import UserStore
from tests.asterisk.answering import Telephone, agents_phone, telephone
from tests.asterisk.pbx import MakePbx
from tests.ivr.services.tones import ToneSpeech
from tests.services.parts import until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(150)]

PASSWORD = "a password of tests"
AGENT, PHONE, WATER = AgentId("agent1"), Extension("1001"), QueueName("water")


class Tones(ToneSpeech):
    """Speech that is there at once."""

    async def start(self) -> None:
        """Write the tones."""
        await self.write()

    async def stop(self) -> None:
        """Keep them."""

    def learn(self, _prompts: object) -> None:
        """Learn nothing: every prompt of ours stands in the catalogue."""


@asynccontextmanager
async def hydrophone(pbx: SandboxPbx, home: Path, dsn: str) -> AsyncIterator[App]:
    theirs = pbx.settings
    settings: Settings = theirs.model_copy(
        update={
            "home": home,
            "database": DatabaseSettings(dsn=SecretStr(dsn)),
            "pbx": Pbx(**{**theirs.pbx.model_dump(), "wrap_up_s": 0}),
            "dialling": Dialling(night_from="00:00", night_until="00:00"),
            "callback": Callback(pauses_min=(0,)),
            "survey": Survey(holdout_pct=0),
        }
    )
    await asyncio.to_thread(home.mkdir, exist_ok=True)
    app = App(settings, pbx.secrets)
    app.menu.speech = Tones(home, sorted(shipped().prompts))  # type: ignore[assignment]
    await app.start()
    try:
        await until(lambda: any(link.synced_at for link in app.live.state.links.values()), within_s=15)
        yield app
    finally:
        await app.stop()


@pytest.fixture
async def agent(database: Database) -> None:
    await UserStore(database).ensure(
        AGENT, name="李雷", role=Role.AGENT, password=PASSWORD, extension=PHONE, queues=[WATER]
    )


async def pop_of_agent(app: App) -> dict[str, Any]:
    """Return what stands on the agent's screen."""
    url = app.settings.console_url
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/api/tokens", json={"user": AGENT, "password": PASSWORD}) as answer:
            token = (await answer.json())["token"]
        async with http.get(f"{url}/api/pop", headers={"Authorization": f"Bearer {token}"}) as answer:
            pop: dict[str, Any] = (await answer.json())["pop"]
            return pop


async def available(app: App) -> None:
    await app.orders.choose_presence(AGENT, Presence.AVAILABLE, by=AGENT)
    known = app.live.state.agents[AGENT]
    await until(lambda: WATER in app.live.state.agents[known.id].memberships, within_s=10)
    await until(lambda: not app.live.state.agents[known.id].memberships[WATER].paused, within_s=10)


@asynccontextmanager
async def customer(pbx: SandboxPbx, number: str, *, english: bool = False) -> AsyncIterator[PhoneCall]:
    """Have somebody call who keys 0 for a person as soon as they hear anything, or have chosen English."""
    there = pbx.settings.pbx
    async with dial(Caller(number, address=there.trunk_address), f"sip:96000@{there.host}:{there.sip_port}") as call:
        await asyncio.sleep(0.3)
        if english:
            await call.key("2")
            await asyncio.sleep(0.5)
        await call.key("0")
        yield call


def of(app: App, number: str, *, back: bool = False) -> Call:
    state = app.live.state
    calls = [*state.calls.values(), *state.recent.values()]
    return next(one for one in calls if one.caller_number == number and (one.callback_of is not None) is back)


async def reaches(app: App, number: str, holds: Callable[[Call], bool], *, back: bool = False) -> None:
    def look() -> bool:
        try:
            return holds(of(app, number, back=back))
        except StopIteration:
            return False

    await until(look, within_s=20)


def step(name: str) -> Callable[[Call], bool]:
    return lambda call: any(passed.step == name for passed in call.ivr_path)


async def asks_for_a_callback(app: App, call: PhoneCall, number: str) -> None:
    """Press 1 in the queue, hear one's place, choose a callback on one's own number."""
    await call.key("1")
    await reaches(app, number, step("waiting.place"))
    await call.key("2")
    await reaches(app, number, step("waiting.choose"))
    await call.key("1")
    async with asyncio.timeout(15):
        await call.ended.wait()


def waits(call: Call) -> bool:
    return call.stage is CallStage.QUEUED


@asynccontextmanager
async def scene(pbx: SandboxPbx, home: Path, dsn: str) -> AsyncIterator[tuple[App, Telephone, Telephone]]:
    """Have a daemon, the agent's phone and the customer's."""
    outside = pbx.settings.pbx
    async with (
        agents_phone(pbx, PHONE) as desk,
        telephone(outside.trunk_address, outside.trunk_port) as home_phone,
        hydrophone(pbx, home, dsn) as app,
    ):
        yield app, desk, home_phone


@pytest.mark.usefixtures("agent")
async def test_a_callback_keeps_its_place_among_three_and_the_agent_knows_whom_they_talk_to(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    async with scene(pbx, tmp_path / "home", database_dsn) as (app, desk, home_phone):
        await available(app)
        async with customer(pbx, "13800000001") as first:
            talking = await desk.call(1)
            async with customer(pbx, "13800000002", english=True) as second:
                await reaches(app, "13800000002", waits)
                await asks_for_a_callback(app, second, "13800000002")
                asked = of(app, "13800000002")
                await until(lambda: asked.id in app.live.state.recent, within_s=10)
                assert app.live.state.recent[asked.id].outcome is Outcome.CALLBACK
            async with customer(pbx, "13800000003") as third:
                # somebody behind waits, so that now it is the callback's turn to be there for the next free agent
                back = await home_phone.call(1)
                await asyncio.sleep(0.5)
                await back.key("1")
                await reaches(app, "13800000002", waits, back=True)
                placed = of(app, "13800000002", back=True)
                line = [app.live.state.calls[id_].caller_number for id_ in app.live.state.waiting(WATER)]
                assert line == ["13800000002", "13800000003"]
                await first.hang_up()
                async with asyncio.timeout(15):
                    await talking.ended.wait()
                served = await desk.call(2)
                pop = await pop_of_agent(app)
                assert served.linkedid == placed.linkedid
                await back.hang_up()
                async with asyncio.timeout(15):
                    await served.ended.wait()
                last = await desk.call(3)
                assert last.linkedid == of(app, "13800000003").linkedid
                # the agent hangs up, and the caller is asked how it was
                await last.hang_up()
                await asyncio.sleep(1.0)
                await third.key("5")
                await reaches(app, "13800000003", step("survey.ask"))
                async with asyncio.timeout(15):
                    await third.ended.wait()
        await until(lambda: not app.live.state.calls and app.recorder.waiting == 0, within_s=15)
        records = {record.id: record for record in (await app.kept.calls.page(CallFilter())).items}
        assert len(home_phone.calls) == 1
    assert pop["callback_of"] == str(asked.id)
    assert pop["ticket_id"] == str(ticket_id(asked.id))
    assert (pop["caller_number"], pop["language"]) == ("13800000002", "en")
    assert {"language", "waiting.choose"} <= {passed["step"] for passed in pop["ivr_path"]}
    assert {record.outcome for record in records.values()} == {Outcome.CALLBACK, Outcome.ANSWERED}
    assert records[placed.id].callback_of == asked.id
    assert records[placed.id].ticket_id == records[asked.id].ticket_id


@pytest.mark.usefixtures("agent")
async def test_a_promise_outlives_the_daemon_and_is_kept_once_and_a_message_is_on_its_ticket(
    make_pbx: MakePbx, tmp_path: Path, database_dsn: str
) -> None:
    pbx = await make_pbx()
    home = tmp_path / "home"
    async with scene(pbx, home, database_dsn) as (app, desk, home_phone):
        async with customer(pbx, "13800000001", english=True) as first:
            await reaches(app, "13800000001", waits)
            await asks_for_a_callback(app, first, "13800000001")
        async with customer(pbx, "13800000002") as second:
            await reaches(app, "13800000002", waits)
            await second.key("1")
            await reaches(app, "13800000002", step("waiting.place"))
            await second.key("3")
            await asyncio.sleep(2.0)
            second.say(b"\x00\x20\x00\xe0" * 12000)
            await asyncio.sleep(2.5)
            await second.key("#")
            await asyncio.sleep(1.0)
            await second.key("1")
            async with asyncio.timeout(20):
                await second.ended.wait()
        left = of(app, "13800000002")
        await until(lambda: left.id in app.live.state.recent and app.recorder.waiting == 0, within_s=15)
        assert app.live.state.recent[left.id].outcome is Outcome.VOICEMAIL
        (message,) = await app.front_desk.messages.of_ticket(ticket_id(left.id))
        sound = await app.front_desk.sounds.read(message.id)
        assert sound is not None
        assert message.seconds > 2
        with wave.open(str(home / "recordings" / f"{message.id}.wav")) as file:
            assert file.getnframes() > 2 * file.getframerate()
        assert [one.state for one in app.front_desk.callbacks.pending] == [CallbackState.WAITING]
    async with scene(pbx, home, database_dsn) as (app, desk, home_phone):
        await until(lambda: len(app.front_desk.callbacks.pending) == 1, within_s=10)
        assert not home_phone.calls
        await available(app)
        back = await home_phone.call(1)
        await asyncio.sleep(0.5)
        await back.key("1")
        talking = await desk.call(1)
        await until(lambda: not app.front_desk.callbacks.pending, within_s=10)
        # the customer is unhappy
        await talking.hang_up()
        await asyncio.sleep(1.0)
        await back.key("1")
        await reaches(app, "13800000001", step("survey.ask"), back=True)
        await back.hang_up()
        await until(lambda: not app.live.state.calls and app.recorder.waiting == 0, within_s=15)
        placed = of(app, "13800000001", back=True)
        ticket = await app.kept.tickets.get(ticket_id(placed.callback_of or placed.id))
        await asyncio.sleep(1.0)
        assert len(home_phone.calls) == 1
    assert (placed.outcome, placed.language) == (Outcome.ANSWERED, "en")
    assert ticket.status is TicketStatus.FOLLOW_UP
    assert {"mark": (None, "1"), "status": ("open", "follow_up")} in [entry.changes for entry in ticket.entries]
