"""The menu on a real Asterisk, called over SIP with keypad tones; what was said is told from the caller's recording."""

import asyncio
import wave
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from config.secrets import Secrets
from config.settings import Settings
from cti.caller.phone import Caller
from cti.caller.recording import Recording
from cti.caller.script import HangUp, Key, Stay, Step, Wait
from cti.caller.story import Story, live
from cti.domain.events import AccountClaimed, CallEvent, IvrEntered, IvrLeft, IvrStepPassed
from cti.domain.ids import CallId
from cti.sandbox.pbx import DEMO_PHONES, SandboxPbx
from ivr.agi.server import AgiServer, Limits
from ivr.agi.session import AgiSession
from ivr.errors import HungUpError
from ivr.flow.bundle import Bundle
from ivr.ports import Desk, RecordingId
from ivr.prompts.catalogue import shipped
from ivr.services.flow_files import FlowFiles, shipped_bundle
from ivr.services.hotline import HotlineHandler
from ivr.simulator.desk import PretendDesk
from ivr.simulator.enquiries import pretend_sources
from tests.asterisk.pbx import AGENT_PHONES, new_settings
from tests.asterisk.tap import tapped
from tests.ivr.agi.fake_pbx import until
from tests.ivr.flow.scripted import ACCOUNT, CALL, PIN, TableBilling, bill
from tests.ivr.services.tones import ToneSpeech

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """An Asterisk that takes calls from its trunk's address."""
    home = tmp_path_factory.mktemp("menu-pbx")
    secrets = Secrets.load_or_make(home, phones=(*AGENT_PHONES, *DEMO_PHONES))
    settings = new_settings(home)
    targets = {"night": "Local/s@hydrophone-person", "gone": "PJSIP/nobody"}
    settings = settings.model_copy(update={"pbx": settings.pbx.model_copy(update={"targets": targets})})
    pbx = SandboxPbx(settings, secrets, AGENT_PHONES)
    asyncio.run(pbx.up())
    try:
        yield pbx
    finally:
        asyncio.run(pbx.down())


@dataclass
class Menu:
    """A running menu: what it was told of its calls."""

    server: AgiServer
    speech: ToneSpeech
    facts: list[CallEvent] = field(default_factory=list)

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(fact.step, fact.way) for fact in self.facts if isinstance(fact, IvrStepPassed)]

    @property
    def left(self) -> IvrLeft | None:
        return next((fact for fact in self.facts if isinstance(fact, IvrLeft)), None)


@asynccontextmanager
async def menu(
    pbx: SandboxPbx, folder: Path, *, write: bool = True, flow: Bundle | None = None, desk: Desk | None = None
) -> AsyncIterator[Menu]:
    """Serve the shipped flow, or another, to ``pbx``, speaking in tones."""
    billing = TableBilling([bill(10, 8640, open_fen=8640, due=date(2099, 1, 1))])
    speech = ToneSpeech(folder, sorted(shipped().prompts))
    if write:
        await speech.write()
    facts: list[CallEvent] = []
    bundle = flow or shipped_bundle(pbx.settings)
    sources = pretend_sources(billing)
    handler = HotlineHandler(
        lambda name: bundle, speech, sources, facts.append, lambda linkedid: CALL, pbx.settings, desk=desk
    )
    agi = pbx.settings.agi
    limits = Limits(drain_s=0.1)
    server = AgiServer({"hotline": handler.run}, secret=pbx.secrets.agi, allow=agi.allow, limits=limits)
    await server.start(agi.host, agi.port)
    try:
        yield Menu(server, speech, facts)
    finally:
        await server.stop()


async def call(pbx: SandboxPbx, steps: Sequence[Step], say: bytes = b"") -> tuple[Story, Recording]:
    """Place a SIP call; ``say`` is spoken while staying."""
    caller = Caller(number="13800138000", name="张三", address=pbx.settings.pbx.trunk_address)
    uri = f"sip:{pbx.settings.site.hotline}@{pbx.settings.pbx.host}:{pbx.settings.pbx.sip_port}"
    return await live(caller, uri, steps, say=say, longest_s=60)


async def heard(pbx: SandboxPbx, menu: Menu, steps: Sequence[Step]) -> tuple[Story, list[str]]:
    """Place a SIP call, and return its story and what was said in it."""
    story, recording = await call(pbx, steps)
    return story, menu.speech.said((recording.pcm() / 32768.0).astype(np.float32))


TALK, TALK_TWICE, TALK_AND_CHECK = Wait(0.8), Wait(1.3), Wait(2.1)
"""How long tones last: one, two, or two after the time that a PIN takes."""


async def test_a_caller_keys_account_and_pin_and_hears_the_bill(pbx: SandboxPbx, tmp_path: Path) -> None:
    steps: list[Step] = [
        *(TALK_TWICE, Key("2"), TALK, Key("1"), TALK, Key(ACCOUNT), TALK, Key(PIN), TALK_AND_CHECK),
        *(Key("9"), Stay(5)),
    ]
    async with menu(pbx, tmp_path) as running:
        story, said = await heard(pbx, running, steps)
        await until(lambda: running.left is not None)
    assert said == [
        "language.choose",
        "menu.main",
        "ask.account",
        "ask.pin",
        "bill.latest",
        "menu.after_bill",
        "goodbye",
    ]
    assert story.ended_by == "hotline"
    entered = running.facts[0]
    assert isinstance(entered, IvrEntered)
    assert (entered.caller_number, entered.caller_name) == ("13800138000", "张三")
    assert entered.dialled == pbx.settings.site.hotline
    assert [(c.account, c.verified) for c in running.facts if isinstance(c, AccountClaimed)] == [
        (ACCOUNT, False),
        (ACCOUNT, True),
    ]
    assert running.left is not None
    assert (running.left.result, running.left.served) == ("done", True)
    assert running.server.counts.protocol_errors == 0


async def test_a_caller_who_knows_the_menu_keys_over_everything(pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(pbx, tmp_path) as running:
        _, said = await heard(
            pbx, running, [Wait(0.2), Key("21"), Key(ACCOUNT + "#"), Key(PIN + "#"), TALK_AND_CHECK, HangUp()]
        )
        await until(lambda: running.left is not None)
    assert ("bill_caller.check", "verified") in running.steps
    assert "bill.latest" in said
    assert running.left is not None
    assert (running.left.result, running.left.served) == ("hangup", True)


async def test_a_caller_who_wants_a_person_waits_in_the_queue(pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(pbx, tmp_path) as running, tapped(pbx) as tap:
        calling = asyncio.create_task(heard(pbx, running, [TALK_TWICE, Key("0"), Stay(2)]))
        joined = await tap.event("QueueCallerJoin", Queue="water", within_s=20)
        assert joined["CallerIDNum"] == "13800138000"
        await calling
    assert running.left is not None
    assert (running.left.result, running.left.served) == ("person", False)


async def test_a_caller_who_hangs_up_in_the_middle_of_a_sentence_leaves_nothing(
    pbx: SandboxPbx, tmp_path: Path
) -> None:
    async with menu(pbx, tmp_path) as running:
        await heard(pbx, running, [Wait(0.1), HangUp()])
        await until(lambda: running.server.connections == 0)
    assert running.left is not None
    assert running.left.result == "hangup"
    assert running.steps == [("language", "hangup")]


@pytest.mark.parametrize("keys", ["", "1", "11", f"11{ACCOUNT}"])
async def test_a_menu_that_is_killed_leaves_the_caller_to_the_queue(pbx: SandboxPbx, tmp_path: Path, keys: str) -> None:
    async with menu(pbx, tmp_path) as running, tapped(pbx) as tap:
        script: list[Step] = [Wait(0.3), *([Key(keys)] if keys else []), Stay(6)]
        calling = asyncio.create_task(heard(pbx, running, script))
        steps = {"": 0, "1": 4, "11": 6}.get(keys, 7)
        await until(lambda: running.server.calls == 1 and len(running.steps) == steps, 15)
        await running.server.stop()
        await tap.event("QueueCallerJoin", Queue="water", within_s=5)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


RECORDING = """
flow: leak
languages: [zh]
start: message
person: person
help: {none: input.none, wrong: input.wrong, more: input.help}
steps:
  message:
    do: record
    purpose: leak
    consent: hold.please
    ask: ask.account
    longest_s: 20
    silence_s: 3
    REVIEW
    then: bye
    nothing: person
  bye: {do: hang_up, say: goodbye}
  person: {do: queue}
"""
WORDS_HZ = 3300
WORDS = (np.sin(2 * np.pi * WORDS_HZ * np.arange(8000) / 8000) * 9000).astype("<i2").tobytes()
"""A second of what the caller says, a tone that no prompt has."""


class Folder(PretendDesk):
    """A desk whose messages are files, where Asterisk writes them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def place(self, call: CallId) -> tuple[RecordingId, Path]:
        recording, path = await super().place(call)
        return recording, self.folder / path.name

    def spoken_s(self, recording: RecordingId) -> float:
        """Return how many seconds of the file are the caller's tone."""
        with wave.open(str(self.folder / f"{recording}.wav")) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
        frames = samples[: len(samples) // 400 * 400].reshape(-1, 400)
        pitch = np.argmax(np.abs(np.fft.rfft(frames * np.hanning(400), axis=1)), axis=1)
        loud = np.sqrt((frames**2).mean(axis=1)) > 500
        return float((loud & (pitch == WORDS_HZ // 20)).sum() * 0.05)


def recording_flow(review: str = "") -> Bundle:
    text = RECORDING.replace("    REVIEW\n", f"    review: {review}\n" if review else "")
    return FlowFiles(Settings()).checked_text(text, "leak.yaml")


async def test_what_a_caller_says_is_recorded_played_back_and_kept(pbx: SandboxPbx, tmp_path: Path) -> None:
    desk = Folder(tmp_path)
    steps: list[Step] = [Wait(1.6), Stay(3), Key("#"), TALK, Key("2"), Wait(5), Key("1"), Stay(4)]
    async with menu(pbx, tmp_path, flow=recording_flow("menu.main"), desk=desk.desk) as running:
        story, sound = await call(pbx, steps, WORDS)
        await until(lambda: running.left is not None)
    (message,) = desk.messages
    assert desk.spoken_s(message.recording) > 1.5
    assert message.seconds is not None
    assert 1.5 < message.seconds < 8
    assert running.steps == [("message", "ok"), ("bye", "done")]
    pcm = sound.pcm().astype(np.float64)
    frames = pcm[: len(pcm) // 400 * 400].reshape(-1, 400)
    pitch = np.argmax(np.abs(np.fft.rfft(frames * np.hanning(400), axis=1)), axis=1)
    assert (pitch == WORDS_HZ // 20).sum() * 0.05 > 1.0  # the caller heard it again
    assert story.ended_by == "hotline"


async def test_silence_ends_a_recording(pbx: SandboxPbx, tmp_path: Path) -> None:
    desk = Folder(tmp_path)
    async with menu(pbx, tmp_path, flow=recording_flow(), desk=desk.desk) as running:
        await call(pbx, [Wait(1.6), Stay(2), Wait(8), Stay(4)], WORDS)
        await until(lambda: running.left is not None)
    assert running.steps == [("message", "ok"), ("bye", "done")]
    assert desk.spoken_s(desk.messages[0].recording) > 0.5


async def test_who_hangs_up_while_speaking_has_left_a_message(pbx: SandboxPbx, tmp_path: Path) -> None:
    desk = Folder(tmp_path)
    async with menu(pbx, tmp_path, flow=recording_flow(), desk=desk.desk) as running:
        await call(pbx, [Wait(1.6), Stay(3), HangUp()], WORDS)
        await until(lambda: running.left is not None)
    assert desk.messages[0].seconds is None
    assert desk.spoken_s(desk.messages[0].recording) > 1.0


async def test_a_folder_that_asterisk_cannot_write_leads_to_a_person(pbx: SandboxPbx, tmp_path: Path) -> None:
    desk = Folder(tmp_path / "no-folder" / "message")
    (tmp_path / "no-folder").write_text("a file where the folder would have to be")
    async with menu(pbx, tmp_path, flow=recording_flow(), desk=desk.desk) as running, tapped(pbx) as tap:
        calling = asyncio.create_task(call(pbx, [Stay(4)]))
        await tap.event("QueueCallerJoin", Queue="water", within_s=10)
        await calling
    assert running.steps == [("message", "unavailable"), ("person", "person")]


def transfer_flow(pbx: SandboxPbx, target: str) -> Bundle:
    text = RECORDING[: RECORDING.index("  message:")].replace("start: message", "start: away")
    text += f"  away: {{do: transfer, say: hold.please, to: {target}}}\n  person: {{do: queue}}\n"
    return FlowFiles(pbx.settings).checked_text(text, "leak.yaml")


async def test_a_caller_is_put_through_to_a_target_of_the_settings(pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(pbx, tmp_path, flow=transfer_flow(pbx, "night")) as running, tapped(pbx) as tap:
        calling = asyncio.create_task(call(pbx, [Stay(5)]))
        joined = await tap.event("QueueCallerJoin", Queue="water", within_s=15)
        assert joined["Channel"].startswith("Local/s@hydrophone-person")  # the target took the call
        await calling
    assert running.left is not None
    assert running.left.result == "transfer"
    assert running.steps == [("away", "transfer")]


async def test_a_target_that_does_not_answer_leads_to_a_person(pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(pbx, tmp_path, flow=transfer_flow(pbx, "gone")), tapped(pbx) as tap:
        calling = asyncio.create_task(call(pbx, [Stay(5)]))
        joined = await tap.event("QueueCallerJoin", Queue="water", within_s=15)
        assert joined["CallerIDNum"] == "13800138000"
        assert not joined["Channel"].startswith("Local/")
        await calling


async def test_clips_that_are_not_there_lead_to_a_person(pbx: SandboxPbx, tmp_path: Path) -> None:
    async with menu(pbx, tmp_path, write=False) as running, tapped(pbx) as tap:
        calling = asyncio.create_task(heard(pbx, running, [Stay(3)]))
        await tap.event("QueueCallerJoin", Queue="water", within_s=10)
        await calling
        assert running.server.counts.handler_errors == 1


async def test_arguments_reach_asterisk_as_they_are(pbx: SandboxPbx, tmp_path: Path) -> None:
    values = ['a "quoted" word', "back\\slash", "水费 86.40元", "", "a;b,c|d${EXTEN}", "'$(touch x)`'"]
    seen: list[str | None] = []

    async def handler(session: AgiSession) -> None:
        for value in values:
            await session.set_variable("HYDROPHONE_TEST", value)
            seen.append(await session.get_variable("HYDROPHONE_TEST"))
        await session.set_variable("HYDROPHONE_RESULT", "done")

    agi = pbx.settings.agi
    server = AgiServer({"hotline": handler}, secret=pbx.secrets.agi, allow=agi.allow)
    await server.start(agi.host, agi.port)
    await call(pbx, [Stay(3)])
    await server.stop()
    assert [text or "" for text in seen] == values


async def test_a_menu_that_freezes_is_left_when_the_dead_mans_switch_runs_out(pbx: SandboxPbx) -> None:
    gone = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        await session.refresh_deadline(1)
        try:
            while True:
                await session.wait_for_digit(30)
        except HungUpError:
            gone.set()

    agi = pbx.settings.agi
    server = AgiServer({"hotline": handler}, secret=pbx.secrets.agi, allow=agi.allow)
    await server.start(agi.host, agi.port)
    async with tapped(pbx) as tap:
        calling = asyncio.create_task(call(pbx, [Stay(3)]))
        await tap.event("QueueCallerJoin", Queue="water", within_s=5)
        async with asyncio.timeout(3):
            await gone.wait()
        await calling
    await server.stop()
