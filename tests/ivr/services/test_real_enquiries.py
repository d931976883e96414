"""What callers ask for, on a real Asterisk with keypad tones and the demo town's tables, in both languages.

Ten callers at once. What each was told, value by value, is read from their own recording. Which services and failures
are heard in both languages: docs/services.md.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from config.opening import Opening
from cti.caller.phone import Caller
from cti.caller.script import Key, Listen, Stay, Step
from cti.caller.story import live
from cti.domain.events import CallEvent, IvrLeft, Language
from cti.domain.ids import AccountNumber, CallId, LinkedId
from cti.domain.incidents import IncidentKind
from cti.domain.meter_readings import Doubt
from cti.domain.promises import Fault
from cti.domain.water_quality import WaterQuality
from cti.sandbox.pbx import SandboxPbx
from ivr.agi.server import AgiServer, Limits
from ivr.flow.story import Clock
from ivr.ports import Desk
from ivr.prompts.catalogue import LANGUAGES, shipped
from ivr.services.flow_files import shipped_bundle
from ivr.services.hotline import HotlineHandler
from ivr.services.public import Public
from ivr.simulator.billing import PretendBilling
from ivr.simulator.enquiries import pretend_sources
from ivr.simulator.public import TICKET, PretendNotices, PretendReports, incident
from ivr.sources import Sources
from storage.billing.own import OwnTables
from storage.demo.load import load
from storage.demo.town import Shown, Town
from storage.engine import Database
from storage.records import Category, TicketStatus
from storage.reported_readings import ReportedReadings
from storage.schema import tickets
from storage.ticket_enquiries import TicketEnquiries
from storage.zones import Zones
from tests.ivr.services.test_real_calls import Folder, pbx
from tests.ivr.services.tones import Told, ToneSpeech
from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "pbx", "postgres_server"]

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres, pytest.mark.timeout(240)]

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TOWN = Town(seed=1, accounts=40, as_of=date(2026, 11, 22))
KEY = "a key of this test"
STRANGER = "13800138000"
IN_ARREARS, ENGLISH = TOWN.number(Shown.TWO_YEARS_IN_ARREARS), TOWN.number(Shown.ENGLISH)
LONGER = TOWN.number(Shown.LONGER_PERIOD)


def local(place: int) -> str:
    """Return the number of the customer at ``place`` as the network writes it."""
    return TOWN.phone(place).removeprefix("+86")


@pytest.fixture
async def sources(database: Database, database_dsn: str) -> Sources:
    """Return our own tables with the demo town in them, and two tickets."""
    await load(database_dsn, TOWN, pin_key=KEY)
    due = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # half past two in the afternoon in Shanghai
    common = {"version": 1, "status": TicketStatus.DISPATCHED, "opened_at": NOON, "updated_at": NOON, "due_at": due}
    rows = [
        {"id": uuid4(), "number": "20261122-000101", "caller_number_e164": TOWN.phone(Shown.HIGHER_STEP)},
        {"id": uuid4(), "number": "20261122-000102", "caller_number_e164": TOWN.phone(0)},
    ]

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(tickets), [row | common | {"category": Category.REPAIR} for row in rows])

    await database.run(work)
    billing = OwnTables(database, pin_key=KEY, now=lambda: NOON)
    return Sources(billing, ReportedReadings(database), Zones(database), TicketEnquiries(database))


class Hotline:
    """The shipped menu on a real Asterisk, speaking in tones, in the time of the demo town."""

    def __init__(self, pbx: SandboxPbx, speech: ToneSpeech) -> None:
        self._pbx = pbx
        self._speech = speech
        self.facts: list[CallEvent] = []

    @contextlib.asynccontextmanager
    async def serving(
        self,
        sources: Sources,
        *,
        public: Public | None = None,
        desk: Desk | None = None,
        opening: Opening | None = None,
    ) -> AsyncIterator[None]:
        """Serve callers from ``sources``."""
        settings = self._pbx.settings.model_copy(update={"opening": opening} if opening else {})
        bundles = {name: shipped_bundle(settings, name) for name in ("water", "closed")}

        def call_id(linkedid: LinkedId) -> CallId:
            return CallId(UUID(int=int(linkedid.partition(".")[2] or 0) + 1))

        clock = Clock(now=lambda: NOON)
        handler = HotlineHandler(
            bundles.get,
            self._speech,
            sources,
            self.facts.append,
            call_id,
            settings,
            clock,
            public=public,
            desk=desk,
        )
        allow, limits = settings.agi.allow, Limits(drain_s=0.1)
        server = AgiServer({"hotline": handler.run}, secret=self._pbx.secrets.agi, allow=allow, limits=limits)
        await server.start(settings.agi.host, settings.agi.port)
        try:
            yield
        finally:
            await server.stop()

    async def call(
        self, number: str, keys: Sequence[str], *, stays_s: float = 8, then: Sequence[Step] = (), say: bytes = b""
    ) -> list[Told]:
        """Call from ``number``, key one entry after each time the hotline has spoken; return what was told.

        ``say`` is spoken whenever the caller stays.
        """
        settings = self._pbx.settings
        caller = Caller(number=number, name="", address=settings.pbx.trunk_address)
        uri = f"sip:{settings.site.hotline}@{settings.pbx.host}:{settings.pbx.sip_port}"
        steps: list[Step] = [step for entry in keys for step in (Listen(), Key(entry))]
        _, recording = await live(caller, uri, [*steps, *then, Stay(stays_s)], say=say, longest_s=200)
        return self._speech.told((recording.pcm() / 32768.0).astype(np.float32))


@pytest.fixture
async def hotline(pbx: SandboxPbx, tmp_path: Path) -> Hotline:
    speech = ToneSpeech(tmp_path, sorted(shipped().prompts), values=True)
    await speech.write()
    return Hotline(pbx, speech)


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def values_of(told: Sequence[Told], prompt: str) -> list[tuple[str, ...]]:
    return [one.values for one in told if one.prompt == prompt]


def languages(told: Sequence[Told]) -> set[str]:
    """Return the languages spoken after the caller chose theirs."""
    return {one.language for one in told if one.prompt != "language.choose"}


def key_of(language: Language) -> str:
    """Return the key that chooses a language."""
    return "1" if language == "zh" else "2"


def wrong_pin(account: AccountNumber) -> str:
    return f"{(int(TOWN.pin(account)) + 1) % 1_000_000:06d}"


async def bill_call(hotline: Hotline, sources: Sources, language: Language) -> None:
    """From the account's own number: the PIN, twelve months, two years of arrears by month, why it is high."""
    pin = TOWN.pin(IN_ARREARS)
    keys = [key_of(language), "1", "1", pin, "1", "2", "8", "2", "2", "8", "3", "9"]
    told = await hotline.call(local(Shown.TWO_YEARS_IN_ARREARS), keys)
    bills = await sources.billing.bills(IN_ARREARS, limit=24)
    assert languages(told) == {language}
    prompts = [one.prompt for one in told]
    assert prompts[2:5] == ["menu.main", "identify.offer", "ask.pin"]
    assert "ask.account" not in prompts
    assert values_of(told, "bill.latest") == [("2026-10", yuan(bills[0].open_fen), "11-25")]
    months = [(f"{bill.period:%Y-%m}", yuan(bill.amount_fen), yuan(bill.open_fen)) for bill in bills]
    assert values_of(told, "bill.item_open") == [*months[:3], *months[6:9]], "three months were skipped"
    late = [bill for bill in bills if bill.due < TOWN.as_of]
    assert len(late) == 23
    fees = sum(bill.late_fee_fen for bill in late)
    total = yuan(sum(bill.open_fen for bill in late))
    assert values_of(told, "arrears.total_with_fees") == [("23", total, yuan(fees))]
    by_month = [
        (f"{bill.period:%Y-%m}", yuan(bill.open_fen), yuan(bill.late_fee_fen))
        for bill in (*late[:3], *late[6:9])
        if bill.late_fee_fen
    ]
    assert values_of(told, "arrears.item_with_fee") == by_month
    assert {"why.year", "why.not_higher_year"} & set(prompts)
    assert prompts[-1] == "goodbye"


async def several_call(
    hotline: Hotline, sources: Sources, language: Language, account: AccountNumber, reason: str
) -> None:
    """Two accounts on the number: a wrong PIN, then the right one; why it is high; its water; one's own ticket."""
    tail = account[-4:]
    keys = [key_of(language), "1", "1", tail, wrong_pin(account), "1", tail, TOWN.pin(account)]
    told = await hotline.call(local(Shown.HIGHER_STEP), [*keys, "3", "8", "3", "8", "4", "000101#", "9"])
    prompts = [one.prompt for one in told]
    assert languages(told) == {language}
    assert prompts.count("ask.tail") == 2
    assert prompts.count("identify.failed") == 1
    bills = await sources.billing.bills(account, limit=13)
    assert values_of(told, "bill.latest") == [("2026-10", yuan(bills[0].open_fen), "11-25")]
    assert reason in prompts
    assert values_of(told, "why.longer") == ([("37", "31")] if account == LONGER else [])
    assert values_of(told, "why.used") == [(str(bills[0].usage_m3), str(bills[12].usage_m3))]
    assert values_of(told, "why.year") == [
        (yuan(bills[12].amount_fen), yuan(bills[0].amount_fen - bills[12].amount_fen))
    ]
    zone = await sources.zones.of_account(account)
    assert zone is not None
    assert_water(told, [await sources.zones.quality(zone)])
    assert "ticket.assigned" in prompts
    assert values_of(told, "ticket.arrival") == [("11-22", "14:30")]
    assert prompts[-1] == "goodbye"


async def reading_call(hotline: Hotline, sources: Sources, language: Language, account: AccountNumber) -> None:
    """A stranger's phone: a reading below the last is refused, a usual one kept; then water by postcode, a ticket."""
    last = (await sources.billing.readings(account, limit=1))[0].value_m3
    usual = last + 4
    told = await hotline.call(
        STRANGER,
        [
            *(key_of(language), "2", account, TOWN.pin(account), f"{last - 1}#", f"{usual}#", "1", "8"),
            *("3", "1", "999999", "990800", "8", "4", "20261122000199", "20261122000102", "9"),
        ],
    )
    prompts = [one.prompt for one in told]
    assert languages(told) == {language}
    assert values_of(told, "reading.below_last") == [(str(last),)]
    assert values_of(told, "reading.heard") == [(str(usual),)]
    assert values_of(told, "reading.used") == [("21", "4")]
    tariff = await sources.billing.tariff(account)
    assert tariff is not None
    assert values_of(told, "reading.estimate") == [(yuan(tariff.amount_fen(4)),)]
    assert "reading.kept" in prompts
    assert isinstance(sources.readings, ReportedReadings)
    kept = await sources.readings.of_account(account)
    assert [(one.value_m3, one.doubt) for one in kept] == [(usual, Doubt.NONE)]
    assert prompts.count("quality.unknown") == 1
    zones = [await sources.zones.of_account(account), await sources.zones.of_postcode("990800")]
    assert_water(told, [await sources.zones.quality(zone) for zone in zones if zone])
    assert prompts.count("ticket.none") == 1
    assert "ticket.assigned" in prompts
    assert "ticket.arrival" not in prompts, "the times of a ticket are for its own caller"
    assert prompts[-1] == "goodbye"


def assert_water(told: Sequence[Told], figures: Sequence[WaterQuality | None]) -> None:
    known = [one for one in figures if one is not None]
    assert len(known) == len(figures)
    clearness = [("11-08", f"{one.turbidity_ntu:.2f}", f"{one.chlorine_mg_l:.2f}") for one in known]
    assert values_of(told, "quality.clearness") == clearness
    minerals = [(f"{one.ph:.2f}", f"{one.hardness_mg_l:.2f}") for one in known]
    assert values_of(told, "quality.minerals") == minerals
    verdicts = [one.prompt for one in told if one.prompt in ("quality.good", "quality.beyond")]
    assert verdicts == ["quality.good" if one.meets_the_standard else "quality.beyond" for one in known]


async def payment_call(hotline: Hotline, sources: Sources, language: Language) -> None:
    """A keyed account: a mistyped number, the bill, the last payment, the bills of the last months."""
    pin = TOWN.pin(ENGLISH)
    mistyped = ENGLISH[:-1] + str((int(ENGLISH[-1]) + 1) % 10)
    told = await hotline.call(STRANGER, [key_of(language), "1", mistyped, ENGLISH, pin, "2", "1", "8", "9"])
    prompts = [one.prompt for one in told]
    assert languages(told) == {language}
    assert prompts.count("account.wrong_digits") == 1
    bill = (await sources.billing.bills(ENGLISH, limit=1))[0]
    assert values_of(told, "bill.latest") == [("2026-10", yuan(bill.open_fen), "11-25")]
    paid = await sources.billing.last_payment(ENGLISH)
    assert paid is not None
    assert values_of(told, "payment.last") == [(paid.on.isoformat(), yuan(paid.amount_fen))]
    assert "arrears.nothing" in prompts
    assert values_of(told, "bill.item_open")[0][0] == "2026-10"


async def test_callers_get_what_they_came_for_in_both_languages(hotline: Hotline, sources: Sources) -> None:
    async with hotline.serving(sources), asyncio.TaskGroup() as calls:
        for language in LANGUAGES:
            calls.create_task(bill_call(hotline, sources, language))
            calls.create_task(payment_call(hotline, sources, language))
        calls.create_task(several_call(hotline, sources, "zh", LONGER, "why.longer"))
        calls.create_task(several_call(hotline, sources, "en", TOWN.number(Shown.HIGHER_STEP), "why.step"))
        calls.create_task(reading_call(hotline, sources, "zh", TOWN.number(0)))
        calls.create_task(reading_call(hotline, sources, "en", TOWN.number(5)))
        calls.create_task(wrong_pins_calls(hotline, TOWN.number(20), "zh", "en"))
        calls.create_task(wrong_pins_calls(hotline, TOWN.number(21), "en", "zh"))
    left = [(fact.result, fact.served) for fact in hotline.facts if isinstance(fact, IvrLeft)]
    assert sorted(left) == [("done", True)] * 8 + [("person", False)] * 4
    shown = repr(hotline.facts)
    assert all(TOWN.pin(account) not in shown for account in (IN_ARREARS, ENGLISH, LONGER))


async def wrong_pins_calls(hotline: Hotline, account: AccountNumber, first: Language, then: Language) -> None:
    """Three wrong PINs lead to a person; then the account is locked, for the right PIN too."""
    wrong = wrong_pin(account)
    told = await hotline.call(STRANGER, [key_of(first), "1", *[account, wrong] * 3])
    assert languages(told) == {first}
    prompts = [one.prompt for one in told]
    assert prompts.count("identify.failed") == 3
    assert prompts[-1] == "person.transfer"
    told = await hotline.call(STRANGER, [key_of(then), "1", account, TOWN.pin(account)])
    assert languages(told) == {then}
    assert [one.prompt for one in told][-3:] == ["ask.pin", "identify.locked", "person.transfer"]


async def down_call(hotline: Hotline, language: Language) -> None:
    """Another matter than the incident, but billing is down: an apology, and a person."""
    told = await hotline.call(STRANGER, [key_of(language), "1", "1", ENGLISH, "000000"])
    assert [one.prompt for one in told if one.language == language][-3:] == [
        "ask.pin",
        "billing.unavailable",
        "person.transfer",
    ]


async def warned_call(hotline: Hotline, language: Language) -> None:
    """Who hears of the incident and says nothing has heard what they called for."""
    told = await hotline.call(STRANGER, [key_of(language)], stays_s=20)
    assert languages(told) == {language}
    notice = ["incident.burst", "incident.over_today", "incident.ask", "goodbye"]
    assert [one.prompt for one in told][-4:] == notice
    assert values_of(told, "incident.over_today") == [("15:00",)]


async def silent_call(hotline: Hotline, language: Language) -> None:
    """Who keys nothing in the menu is helped twice, then taken to a person."""
    told = await hotline.call(STRANGER, [key_of(language), "1"], stays_s=45)
    assert languages(told) == {language}
    prompts = [one.prompt for one in told]
    assert prompts.count("menu.main") == 3
    assert prompts.count("input.none") == 2
    assert prompts.count("input.help") == 1, "from the second time on"
    assert prompts[-1] == "person.transfer"


async def report_call(hotline: Hotline, language: Language) -> None:
    """A leak, somewhere else, not a word about it: a ticket with its promise all the same."""
    told = await hotline.call(STRANGER, [key_of(language), "1", "5", "2", "2"], stays_s=20)
    assert languages(told) == {language}
    assert [one.prompt for one in told][-7:] == [
        *("report.what", "report.where", "report.consent", "report.ask", "report.promise", "report.number"),
        "goodbye",
    ]
    assert values_of(told, "report.number") == [(TICKET.replace("-", ""),)]


async def test_while_a_main_has_burst_and_billing_is_down_nobody_is_left_alone(
    hotline: Hotline, tmp_path: Path
) -> None:
    broken = pretend_sources(PretendBilling({}, pins="down", bills="down"))
    burst = incident(IncidentKind.BURST, NOON, NOON + timedelta(hours=3))
    reports = PretendReports()
    public = Public(PretendNotices(burst, spoken=False), reports=reports)
    async with hotline.serving(broken, public=public, desk=Folder(tmp_path).desk), asyncio.TaskGroup() as calls:
        for language in LANGUAGES:
            for call in (down_call, warned_call, silent_call, report_call):
                calls.create_task(call(hotline, language))
    left = [(fact.result, fact.leaves_as) for fact in hotline.facts if isinstance(fact, IvrLeft)]
    assert sorted(left, key=str) == [
        *[("done", "announcement")] * 2,
        *[("done", None)] * 2,
        *[("person", None)] * 4,
    ]
    assert reports.taken == [Fault.LEAK] * 2
