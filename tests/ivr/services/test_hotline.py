"""A whole call over a real socket: server, session, flow, speech of silent files; a fake Asterisk presses the keys."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from config.opening import Opening
from config.settings import Settings
from cti.domain.events import AccountClaimed, CallEvent, IvrEntered, IvrLeft, Language
from ivr.agi.server import AgiServer, Limits
from ivr.flow.model import sentences
from ivr.flow.story import Clock
from ivr.ports import Speech, Value
from ivr.prompts.errors import UnsayableError
from ivr.services.flow_files import shipped_bundle
from ivr.services.hotline import HotlineHandler
from ivr.simulator.enquiries import pretend_sources
from tests.ivr.agi.fake_pbx import FakePbx, until
from tests.ivr.agi.transcript import LINKEDID, SECRET, environment
from tests.ivr.flow.scripted import ACCOUNT, CALL, PIN, TableBilling, bill

PAST, FUTURE = date(2020, 1, 1), date(2099, 1, 1)
WATER = [bill(10, 8640, open_fen=8640, due=FUTURE)]
SETTINGS = Settings()
BUNDLE = shipped_bundle(SETTINGS)
FLOW = BUNDLE.flow
BUNDLES = {name: shipped_bundle(SETTINGS, name) for name in ("water", "closed")}
SHUT = [{"on": datetime.now(UTC).date() + timedelta(days)} for days in range(-1, 3)]
CLOSED = Settings(opening=Opening.model_validate({"days": SHUT}))


class QuietSpeech:
    """Says each prompt by files named after it. ``slow_s`` comes before the second file of a bill."""

    def __init__(self, folder: Path, slow_s: float = 0.0) -> None:
        self._folder = folder
        self._slow_s = slow_s
        self.ended = 0

    async def beep(self) -> Path:
        return self._folder / "beep"

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        try:
            yield self._folder / language / prompt
            if prompt.startswith("bill."):
                await asyncio.sleep(self._slow_s)
                yield self._folder / language / f"{prompt}.values"
        finally:
            self.ended += 1


class Caller:
    """Presses keys when Asterisk listens: in files by name, else in order when a digit is waited for."""

    waited_s: ClassVar[float] = 0.0
    """How long callers were silent, for a clock."""

    def __init__(self, keys: str, during: Mapping[str, str] | None = None) -> None:
        self._keys = list(keys)
        self._during = dict(during or {})
        self.heard: list[str] = []
        self.variables: dict[str, str] = {}

    def answer(self, words: list[str]) -> bytes | None:
        if words[0] == "STREAM" or words[:2] == ["GET", "OPTION"]:
            self.heard.append("/".join(Path(words[2]).parts[-2:]))
            key = self._during.pop(Path(words[2]).name, "")
            if key == "!":
                return b"HANGUP\n"
            if words[0] == "STREAM" or (key and key in words[3]):
                return b"200 result=%d endpos=800\n" % (ord(key) if key and key in words[3] else 0)
            return self._wait()
        if words[0] == "WAIT":
            return b"200 result=0\n" if int(words[-1]) <= 100 else self._wait()
        if words[:2] == ["GET", "DATA"]:
            return self._entry(int(words[-1]))
        if words[0] == "SET":
            self.variables[words[2]] = words[3]
        return b"200 result=1\n" if words[0] == "SET" else b"200 result=0\n"

    def _wait(self) -> bytes:
        key = self._keys.pop(0) if self._keys else "!"
        Caller.waited_s += 10 * (key == ".")
        return b"HANGUP\n" if key == "!" else b"200 result=%d endpos=800\n" % (0 if key in ".#" else ord(key))

    def _entry(self, most: int) -> bytes:
        keyed = ""
        while len(keyed) < most:
            key = self._keys.pop(0) if self._keys else "!"
            if key == "!":
                return b"HANGUP\n"
            if key in ".#":
                return b"200 result=%b%b\n" % (keyed.encode(), b" (timeout)" if key == "." else b"")
            keyed += key
        return b"200 result=%b\n" % keyed.encode()


@asynccontextmanager
async def hotline(
    speech: Speech, facts: list[CallEvent], billing: TableBilling | None = None, settings: Settings = SETTINGS
) -> AsyncIterator[tuple[AgiServer, int]]:
    billing = billing or TableBilling(WATER)
    sources = pretend_sources(billing)
    clock = Clock(monotonic=lambda: time.monotonic() + Caller.waited_s)
    handler = HotlineHandler(BUNDLES.get, speech, sources, facts.append, lambda linkedid: CALL, settings, clock)
    server = AgiServer({"hotline": handler.run}, secret=SECRET, allow=("127.0.0.1",), limits=Limits(drain_s=0.2))
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.stop()


async def call(port: int, caller: Caller, block: bytes | None = None) -> list[list[str]]:
    """Place a call and return the commands of it."""
    pbx = await FakePbx.connect(port, block)
    async with asyncio.timeout(10):
        return await pbx.serve(caller.answer)


async def test_a_call_from_the_first_word_to_the_result(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    caller = Caller(f"21{ACCOUNT}{PIN}9")
    async with hotline(QuietSpeech(tmp_path), facts) as (server, port):
        commands = await call(port, caller)
        await until(lambda: server.counts.finished == 1)
    assert caller.heard == [
        "zh/language.choose",
        "en/language.choose",
        "en/menu.main",
        "en/ask.account",
        "en/ask.pin",
        "en/bill.latest",
        "en/bill.latest.values",
        "en/menu.after_bill",
        "en/goodbye",
    ]
    assert commands[0] == ["ANSWER"]
    assert commands[1] == ["SET", "VARIABLE", "TIMEOUT(absolute)", "45"]
    assert commands[-1] == ["SET", "VARIABLE", "HYDROPHONE_RESULT", "done"]
    assert caller.variables["CHANNEL(language)"] == "en"
    entered = facts[0]
    assert isinstance(entered, IvrEntered)
    assert (entered.linkedid, entered.caller_name, entered.dialled) == (LINKEDID, "张三", "96000")
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert (left.result, left.served) == ("done", True)
    assert {fact.call for fact in facts} == {CALL}


async def test_a_caller_who_wants_a_person_is_handed_to_the_sites_queue(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    async with hotline(QuietSpeech(tmp_path), facts) as (_, port):
        commands = await call(port, Caller("0"))
    assert commands[-2:] == [
        ["SET", "VARIABLE", "HYDROPHONE_QUEUE", "water"],
        ["SET", "VARIABLE", "HYDROPHONE_RESULT", "person"],
    ]
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert (left.result, left.served) == ("person", False)


@pytest.mark.parametrize(("keys", "result"), [("201", "person"), ("200", "person"), ("20.", "done")])
async def test_outside_the_opening_hours_an_emergency_is_taken_and_who_says_nothing_is_told_when(
    tmp_path: Path, keys: str, result: str
) -> None:
    facts: list[CallEvent] = []
    caller = Caller(keys)
    async with hotline(QuietSpeech(tmp_path), facts, settings=CLOSED) as (_, port):
        commands = await call(port, caller)
    assert commands[-1] == ["SET", "VARIABLE", "HYDROPHONE_RESULT", result]
    assert caller.heard.index("en/closed.menu") > caller.heard.index("en/menu.main")
    assert ("en/person.transfer" in caller.heard) == (result == "person")
    assert "en/person.transfer" not in caller.heard[: caller.heard.index("en/closed.menu")]
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert left.result == result


async def test_who_served_themselves_meets_no_closed_door(tmp_path: Path) -> None:
    caller = Caller(f"21{ACCOUNT}{PIN}9")
    async with hotline(QuietSpeech(tmp_path), [], settings=CLOSED) as (_, port):
        commands = await call(port, caller)
    assert commands[-1] == ["SET", "VARIABLE", "HYDROPHONE_RESULT", "done"]
    assert "en/closed.menu" not in caller.heard


async def test_a_caller_who_hangs_up_is_told_as_such_and_nothing_is_set(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    caller = Caller(f"11{ACCOUNT}{PIN}", during={"bill.latest": "!"})
    speech = QuietSpeech(tmp_path)
    async with hotline(speech, facts) as (server, port):
        await call(port, caller)
        await until(lambda: server.connections == 0)
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert (left.result, left.served) == ("hangup", False)
    assert "HYDROPHONE_RESULT" not in caller.variables
    assert speech.ended == 6


async def test_a_key_between_two_files_stops_the_second(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    caller = Caller(f"11{ACCOUNT}{PIN}", during={"bill.latest": "9"})
    async with hotline(QuietSpeech(tmp_path), facts) as (_, port):
        await call(port, caller)
    assert caller.heard[-2:] == ["zh/bill.latest", "zh/goodbye"]


async def test_while_a_clause_is_still_rendered_the_line_listens(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    slices: list[str] = []

    class Impatient(Caller):
        def answer(self, words: list[str]) -> bytes | None:
            if words[0] == "WAIT" and words[-1] == "100" and self.heard[-1] == "zh/bill.latest":
                slices.append(words[-1])
                if len(slices) == 3:
                    return b"200 result=%d\n" % ord("9")
            return super().answer(words)

    caller, speech = Impatient(f"11{ACCOUNT}{PIN}"), QuietSpeech(tmp_path, slow_s=30)
    async with hotline(speech, facts) as (_, port):
        await call(port, caller)
    assert len(slices) == 3
    assert caller.heard[-2:] == ["zh/bill.latest", "zh/goodbye"]
    assert speech.ended == len(caller.heard)


async def test_a_pin_is_neither_in_facts_nor_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    facts: list[CallEvent] = []
    with caplog.at_level(logging.DEBUG):
        async with hotline(QuietSpeech(tmp_path), facts, TableBilling(down=True)) as (_, port):
            await call(port, Caller(f"11{ACCOUNT}{PIN}"))
    assert PIN not in repr(facts) + caplog.text
    assert ACCOUNT not in caplog.text
    assert "张三" not in caplog.text
    assert [fact.verified for fact in facts if isinstance(fact, AccountClaimed)] == [False]


class BrokenBilling(TableBilling):
    async def _work(self) -> None:
        raise ZeroDivisionError(f"{ACCOUNT} {PIN}")


async def test_an_error_of_ours_is_apologised_for_and_the_caller_goes_to_a_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    facts: list[CallEvent] = []
    caller = Caller(f"11{ACCOUNT}{PIN}")
    async with hotline(QuietSpeech(tmp_path), facts, BrokenBilling()) as (server, port):
        await call(port, caller)
        await until(lambda: server.counts.handler_errors == 1)
    assert caller.heard[-1] == "zh/error.sorry"
    assert "HYDROPHONE_RESULT" not in caller.variables  # so the dialplan queues
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert left.result == "failed"
    assert PIN not in caplog.text


async def test_a_version_published_during_a_call_is_for_the_next_one(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    menus = [replace(BUNDLE, version=1)]
    handler = HotlineHandler(
        lambda name: menus[-1],
        QuietSpeech(tmp_path),
        pretend_sources(TableBilling(WATER)),
        facts.append,
        lambda linkedid: CALL,
        SETTINGS,
    )
    server = AgiServer({"hotline": handler.run}, secret=SECRET, allow=("127.0.0.1",), limits=Limits(drain_s=0.2))
    port = await server.start("127.0.0.1", 0)

    class Publishing(Caller):
        """A caller during whose first question a version is published that hangs up at once."""

        def answer(self, words: list[str]) -> bytes | None:
            if words[:2] == ["GET", "OPTION"] and len(menus) == 1:
                hang_up = {**FLOW.steps, "language": FLOW.steps["goodbye"]}
                menus.append(replace(BUNDLE, flow=FLOW.model_copy(update={"steps": hang_up}), version=2))
            return super().answer(words)

    first, second = Publishing(f"{IN}9"), Caller("")
    await call(port, first)
    await call(port, second)
    await server.stop()
    assert [fact.version for fact in facts if isinstance(fact, IvrEntered)] == [1, 2]
    assert "zh/bill.latest" in first.heard
    assert second.heard == ["zh/goodbye"]


class MuteSpeech:
    async def beep(self) -> Path:
        raise KeyError

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        raise KeyError(prompt)
        yield Path()  # what makes this a generator


async def test_speech_that_fails_leads_to_a_person(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    caller = Caller("1")
    async with hotline(MuteSpeech(), facts) as (server, port):
        await call(port, caller)
        await until(lambda: server.counts.handler_errors == 1)
    assert "HYDROPHONE_RESULT" not in caller.variables


class SpeechWithout(QuietSpeech):
    """Says every prompt but one, for which there is no sound."""

    def __init__(self, folder: Path, unsayable: str) -> None:
        super().__init__(folder)
        self.unsayable = unsayable

    async def files(
        self, prompt: str, values: Mapping[str, Value], language: Language, *, slow: bool = False
    ) -> AsyncIterator[Path]:
        if prompt == self.unsayable:
            raise UnsayableError(prompt)
        async for path in super().files(prompt, values, language):
            yield path


IN = f"11{ACCOUNT}{PIN}"
ON_THE_USUAL_WAY = (f"{IN}9", TableBilling(WATER))
WAY_TO = {
    "account.wrong_digits": ("1110000005", TableBilling()),
    "bill.arrears": (IN, TableBilling([*WATER, bill(8, 5000, open_fen=5000, due=PAST)])),
    "bill.none": (IN, TableBilling()),
    "bill.overdue": (IN, TableBilling([bill(1, 8640, open_fen=8640, due=PAST)])),
    "bill.paid": (IN, TableBilling([bill(10, 8640)])),
    "bill.part_paid": (IN, TableBilling([bill(10, 8640, open_fen=1, due=FUTURE)])),
    "billing.unavailable": (IN, TableBilling(down=True)),
    "hold.please": (IN + "." * 10_000, TableBilling(slow_s=60)),  # this Asterisk waits no time at all
    "identify.failed": (f"11{ACCOUNT}000000", TableBilling()),
    "identify.locked": (IN, TableBilling(locked=True)),
    "input.help": ("..", TableBilling()),
    "input.none": (".", TableBilling()),
    "input.wrong": ("7", TableBilling()),
    "person.transfer": ("0", TableBilling()),
}
PROMPTS = {sentence.prompt for step in FLOW.steps.values() for _, sentence in sentences(step)}
PROMPTS |= {FLOW.help.none.prompt, FLOW.help.wrong.prompt, FLOW.help.more.prompt}


@pytest.mark.parametrize("prompt", sorted(PROMPTS))
async def test_a_prompt_that_cannot_be_said_sends_the_caller_to_a_person(tmp_path: Path, prompt: str) -> None:
    script, billing = WAY_TO.get(prompt, ON_THE_USUAL_WAY)
    facts: list[CallEvent] = []
    caller = Caller(script)
    async with hotline(SpeechWithout(tmp_path, prompt), facts, billing) as (server, port):
        await call(port, caller)
        await until(lambda: server.counts.handler_errors == 1)
    assert caller.heard[-1].endswith("/error.sorry")
    assert "HYDROPHONE_RESULT" not in caller.variables  # so the dialplan queues
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert left.result == "failed"


@pytest.mark.parametrize("linkedid", ["", "a b", "1\u20602", "../x", "x" * 97])
async def test_a_linkedid_that_is_none_is_refused(tmp_path: Path, linkedid: str) -> None:
    facts: list[CallEvent] = []
    async with hotline(QuietSpeech(tmp_path), facts) as (server, port):
        assert await call(port, Caller(""), environment(SECRET, linkedid)) == []
        await until(lambda: server.counts.protocol_errors == 1)
    assert facts == []


async def test_the_dead_mans_switch_is_put_off_as_the_call_goes(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    seconds = iter(range(0, 10_000, 3))

    def monotonic() -> float:
        return float(next(seconds))

    handler = HotlineHandler(
        lambda name: BUNDLE,
        QuietSpeech(tmp_path),
        pretend_sources(TableBilling(WATER)),
        facts.append,
        lambda linkedid: CALL,
        SETTINGS,
        Clock(monotonic=monotonic),
    )
    server = AgiServer({"hotline": handler.run}, secret=SECRET, allow=("127.0.0.1",), limits=Limits(drain_s=0.2))
    port = await server.start("127.0.0.1", 0)
    commands = await call(port, Caller(f"1..1{ACCOUNT}{PIN}9"))
    await server.stop()
    since = 0
    for words in commands:
        since = 0 if words[:3] == ["SET", "VARIABLE", "TIMEOUT(absolute)"] else since + 1
        assert since < 8


async def test_calls_in_the_menu_when_it_stops_are_told_as_failed(tmp_path: Path) -> None:
    facts: list[CallEvent] = []
    async with hotline(QuietSpeech(tmp_path), facts) as (_, port):
        pbx = await FakePbx.connect(port)
        assert await pbx.command() == ["ANSWER"]
    left = facts[-1]
    assert isinstance(left, IvrLeft)
    assert (left.result, left.served) == ("failed", False)
    assert await pbx.closed()
