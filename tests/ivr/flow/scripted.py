"""A telephone line by script, billing by table: flows are tried without a PBX."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from config.settings import Settings
from cti.domain.events import AccountClaimed, CallEvent, IvrStepPassed, Language
from cti.domain.ids import AccountNumber, CallId
from cti.domain.tariffs import Tariff
from cti.domain.utility import Account, Bill, BillingUnavailableError, MeterState, Payment, PinVerdict, Reading
from ivr.errors import HungUpError
from ivr.flow.bundle import Bundle
from ivr.flow.engine import FlowRun
from ivr.flow.errors import RecordingFailedError
from ivr.flow.line import Recorded, Speaking
from ivr.flow.model import Flow
from ivr.flow.outcome import Outcome
from ivr.flow.service import Service
from ivr.flow.story import Clock, Story
from ivr.services.hotline import services as hotline_services
from ivr.services.identify import Identify
from ivr.simulator.enquiries import pretend_sources

CALL = CallId(UUID(int=7))
ACCOUNT = AccountNumber("10000004")
PIN = "271828"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SETTINGS = Settings()
ZONE = ZoneInfo(SETTINGS.site.timezone)
"""Read from its file now, so that no loop has to."""
HANG_UP = "!"
SILENCE = "."


@dataclass
class ScriptedLine:
    """A caller who does what the script says, one character each time the line listens.

    ``.`` waits in silence, ``!`` hangs up, other characters are keys. In brackets stands what is done *while* a
    sentence is said, by prompt: ``{"bill.latest": "9"}`` presses 9 in the first such sentence.
    """

    script: str
    during: Mapping[str, str] = field(default_factory=dict)
    said: list[tuple[str, Language]] = field(default_factory=list)
    values: list[Mapping[str, Any]] = field(default_factory=list)
    language: Language | None = None
    waits: list[float] = field(default_factory=list)
    while_waiting: str = ""
    speech: list[tuple[float, str]] = field(default_factory=list)
    """What is said into recordings: seconds, and the key that ends it."""
    recorded: list[tuple[Path, float, float, str]] = field(default_factory=list)
    played_back: list[Path] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = list(self.script)
        self._during = {prompt: list(keys) for prompt, keys in self.during.items()}
        self._waiting = list(self.while_waiting)

    async def play(self, sentence: Speaking, keys: str) -> str:
        self.said.append((sentence.prompt, sentence.language))
        self.values.append(sentence.values)
        if sentence.slow:
            self.slow.append(sentence.prompt)
        await asyncio.sleep(0)
        pending = self._during.get(sentence.prompt, [])
        while pending:
            key = _pressed(pending.pop(0))
            if key and key in keys:
                return key
        return ""

    async def ask(self, sentence: Speaking, keys: str, within_s: float) -> str:
        return await self.play(sentence, keys) or await self.key(within_s)

    async def key(self, within_s: float) -> str:
        self.waits.append(within_s)
        await asyncio.sleep(0)
        return _pressed(self._left.pop(0)) if self._left else _pressed(HANG_UP)

    async def keys(self, most: int, within_s: float) -> str:
        keyed = ""
        while len(keyed) < most and not keyed.endswith(("#", "*")) and (key := await self.key(within_s)):
            keyed += key
        return keyed

    async def attend(self, work: "asyncio.Future[Any]", within_s: float, keys: str) -> str:
        while self._waiting:
            key = _pressed(self._waiting.pop(0))
            if key and key in keys:
                return key
        await asyncio.wait({work}, timeout=within_s)
        return ""

    async def record(self, path: Path, *, longest_s: float, silence_s: float, keys: str) -> Recorded:
        """Say what stands in ``speech``: seconds and maybe a key, or ``!`` to hang up."""
        self.recorded.append((path, longest_s, silence_s, keys))
        await asyncio.sleep(0)
        if not self.speech:
            raise RecordingFailedError
        seconds, key = self.speech.pop(0)
        return Recorded(seconds, _pressed(key) if key else "")

    async def play_back(self, path: Path, seconds: float, keys: str) -> str:
        self.played_back.append(path)
        await asyncio.sleep(0)
        return ""

    async def speak(self, language: Language) -> None:
        self.language = language

    @property
    def prompts(self) -> list[str]:
        return [prompt for prompt, _ in self.said]


def _pressed(character: str) -> str:
    if character == HANG_UP:
        raise HungUpError
    return "" if character == SILENCE else character


def bill(month: int, amount_fen: int, *, open_fen: int = 0, late_fee_fen: int = 0, due: date | None = None) -> Bill:
    """Return a bill of 2026."""
    return Bill(
        period=date(2026, month, 1),
        usage_m3=20,
        amount_fen=amount_fen,
        due=due or date(2026, month + 1, 25),
        open_fen=open_fen,
        late_fee_fen=late_fee_fen,
        estimated=False,
    )


class TableBilling:
    """Billing with one account. ``slow_s`` delays every answer, ``down`` refuses it."""

    def __init__(
        self,
        bills: Sequence[Bill] = (),
        *,
        slow_s: float = 0,
        down: bool = False,
        locked: bool = False,
        accounts: Sequence[AccountNumber] = (),
    ):
        self._bills = bills
        self._slow_s = slow_s
        self._down = down
        self._locked = locked
        self.accounts = accounts
        self.pins: list[tuple[str, str]] = []
        self.asked = 0

    async def _work(self) -> None:
        self.asked += 1
        await asyncio.sleep(self._slow_s)
        if self._down:
            raise BillingUnavailableError

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        await self._work()
        self.pins.append((account, pin))
        if self._locked:
            return PinVerdict.LOCKED
        if account != ACCOUNT:
            return PinVerdict.NO_ACCOUNT
        return PinVerdict.RIGHT if pin == PIN else PinVerdict.WRONG

    async def account(self, account: AccountNumber) -> Account | None:
        raise NotImplementedError

    async def bills(self, account: AccountNumber, *, limit: int) -> Sequence[Bill]:
        await self._work()
        return self._bills[:limit] if account == ACCOUNT else []

    async def accounts_of_number(self, number: str) -> Sequence[Account]:
        await self._work()
        return [Account(one, "", "", "", "", "", MeterState.IN_SERVICE, False, False, False) for one in self.accounts]

    async def last_payment(self, account: AccountNumber) -> Payment | None:
        raise NotImplementedError

    async def readings(self, account: AccountNumber, *, limit: int) -> Sequence[Reading]:
        raise NotImplementedError

    async def tariff(self, account: AccountNumber) -> Tariff | None:
        raise NotImplementedError


@dataclass
class Told:
    """What a call was told as."""

    outcome: Outcome
    line: ScriptedLine
    facts: list[CallEvent]

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(fact.step, fact.way) for fact in self.facts if isinstance(fact, IvrStepPassed)]

    @property
    def noticed(self) -> list[str]:
        """The steps at which the caller heard or chose something."""
        return [fact.step for fact in self.facts if isinstance(fact, IvrStepPassed) and not fact.silent]

    @property
    def claims(self) -> list[tuple[str, bool]]:
        return [(fact.account, fact.verified) for fact in self.facts if isinstance(fact, AccountClaimed)]

    @property
    def keyed(self) -> dict[str, str]:
        return {fact.step: fact.keyed for fact in self.facts if isinstance(fact, IvrStepPassed) and fact.keyed}


def services(billing: TableBilling, *, floor_s: float = 0) -> dict[str, Service]:
    """Return the hotline's services over ``billing``."""
    known = hotline_services(pretend_sources(billing), SETTINGS, Clock(now=lambda: NOW))
    quick = {
        name: Identify(billing, one.which, needs=one.needs, floor_s=floor_s)
        for name, one in known.items()
        if isinstance(one, Identify)
    }
    return {**known, **quick}


async def go(flow: Flow | Bundle, line: ScriptedLine, billing: TableBilling | None = None, *, number: str = "") -> Told:
    """Take a scripted caller through ``flow``."""
    facts: list[CallEvent] = []
    story = Story(CALL, facts.append, Clock(now=lambda: NOW))
    billing = billing or TableBilling([bill(10, 8640, open_fen=8640)])
    bundle = flow if isinstance(flow, Bundle) else Bundle(flow)
    run = FlowRun(bundle.flow, line, services(billing), story, called=bundle.called, number=number)
    async with asyncio.timeout(10):
        outcome = await run.run()
    return Told(outcome, line, facts)


def said(prompts: Iterable[str], language: Language) -> list[tuple[str, Language]]:
    """Return these prompts in one language."""
    return [(prompt, language) for prompt in prompts]
