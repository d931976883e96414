"""What the menu's services answer: lists, reasons, readings, zones, tickets; and who may ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from cti.domain.ids import AccountNumber, CallId, ZoneCode
from cti.domain.meter_readings import Doubt
from cti.domain.tariffs import Tariff, TariffStep
from cti.domain.ticket_progress import Progress, TicketTold
from cti.domain.utility import Bill, Payment, PinVerdict, Reading, ReadingKind, is_account_number
from cti.domain.water_quality import WaterQuality
from ivr.flow.errors import NotVerifiedError
from ivr.flow.service import Answer, Caller, Service
from ivr.ports import Count, Date, Day, Digits, Measure, Money, Month, Time
from ivr.services.identify import WhoCalls, identifications
from ivr.services.listing import lists
from ivr.services.meter_reading import CheckMeant, CheckReading, ReportReading
from ivr.services.ticket import TicketProgress
from ivr.services.water import CallersZone, PostcodesZone, Quality
from ivr.services.why_bill import LastPayment, WhyHigh
from ivr.simulator.billing import Customer, PretendBilling
from ivr.simulator.enquiries import PretendReadings, PretendTicket, PretendTickets, PretendZones

ACCOUNT, OTHER = AccountNumber("10000004"), AccountNumber("10000012")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CALL = CallId(UUID(int=7))
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOME = Tariff((TariffStep(0, 345), TariffStep(18, 483)))
PROVED = Caller({}, ACCOUNT, "13800138000", CALL)


def bill(months_ago: int, amount_fen: int, *, open_fen: int = 0, fee_fen: int = 0, due: date | None = None) -> Bill:
    year, month = divmod(2026 * 12 + 9 - months_ago, 12)
    period = date(year, month + 1, 1)
    return Bill(period, 10, amount_fen, due or date(2020, 1, 1), open_fen, fee_fen, False)


def billing(bills: Sequence[Bill] = (), **rest: object) -> PretendBilling:
    customer = Customer("271828", bills=tuple(bills), **rest)  # type: ignore[arg-type]
    return PretendBilling({ACCOUNT: customer, OTHER: Customer("314159", phones=("13900139000",))})


async def walk(services: Sequence[Service], caller: Caller = PROVED) -> list[Answer]:
    """Ask one service after the other in one call, with the notes that each leaves."""
    answers: list[Answer] = []
    for service in services:
        answers.append(await service(caller))
        caller = replace(caller, notes={**caller.notes, **answers[-1].notes})
    return answers


# ------------------------------------------------------------------ who calls


class Recording(PretendBilling):
    """Notes which accounts PINs were tried on."""

    def __init__(self, customers: dict[str, Customer]) -> None:
        super().__init__(customers)
        self.tried: list[str] = []

    async def check_pin(self, account: AccountNumber, pin: str) -> PinVerdict:
        self.tried.append(account)
        return await super().check_pin(account, pin)


def known(*accounts: str, pin: str = "271828") -> Recording:
    return Recording({account: Customer(pin, phones=("13800138000",)) for account in accounts})


@pytest.mark.parametrize(
    ("accounts", "number", "way"),
    [
        ((ACCOUNT,), "13800138000", "one"),
        ((ACCOUNT, OTHER), "13800138000", "several"),
        ((), "13800138000", "none"),
        ((ACCOUNT,), "", "none"),
        ((ACCOUNT,), "13900139000", "none"),
    ],
)
async def test_a_number_proposes_and_tells_nothing(accounts: tuple[str, ...], number: str, way: str) -> None:
    answer = await WhoCalls(known(*accounts))(Caller({}, number=number))
    assert answer == Answer(way)


async def test_what_a_pin_has_proved_stays_proved() -> None:
    answer = await WhoCalls(known())(PROVED)
    assert (answer.way, answer.verified) == ("proved", ACCOUNT)


def identify(name: str, billing: Recording) -> Service:
    service = identifications(billing)[name]
    service._floor_s = 0.0  # type: ignore[union-attr]
    return service


async def test_the_numbers_only_account_is_the_one_the_pin_is_tried_on() -> None:
    one = known(ACCOUNT)
    caller = Caller({"pin": "271828"}, number="13800138000")
    answer = await identify("identify_by_number", one)(caller)
    assert (answer.way, answer.verified) == ("verified", ACCOUNT)


async def test_the_last_four_digits_choose_among_the_numbers_accounts() -> None:
    several = known(ACCOUNT, OTHER)
    caller = Caller({"tail": OTHER[-4:], "pin": "271828"}, number="13800138000")
    answer = await identify("identify_by_tail", several)(caller)
    assert (answer.way, answer.verified) == ("verified", OTHER)


@pytest.mark.parametrize(
    ("name", "accounts", "tail"),
    [
        ("identify_by_tail", (ACCOUNT, OTHER), "9999"),
        ("identify_by_tail", (ACCOUNT, "20000004"), "0004"),  # two of them end so
        ("identify_by_number", (), ""),
        ("identify_by_number", (ACCOUNT, OTHER), ""),
    ],
)
async def test_no_such_account_is_tried_and_counted_like_any_and_never_right(
    name: str, accounts: tuple[str, ...], tail: str
) -> None:
    nobody = known(*accounts)
    caller = Caller({"tail": tail, "pin": "271828"}, number="13800138000")
    answers = [await identify(name, nobody)(caller) for _ in range(2)]
    assert [answer.way for answer in answers] == ["refused", "refused"]
    assert len(nobody.tried) == 2
    assert len(set(nobody.tried)) == 1, "the same guess is counted against the same account"
    assert len(nobody.tried[0]) == 8
    assert not is_account_number(nobody.tried[0]), "it could be somebody's"


async def test_three_wrong_pins_a_call_are_all_there_are_however_the_account_is_named() -> None:
    one = known(ACCOUNT)
    caller = Caller({"account": OTHER, "tail": "0004", "pin": "000000"}, number="13800138000")
    names = ("identify", "identify_by_number", "identify_by_tail", "identify", "identify_by_number")
    answers = await walk([identify(name, one) for name in names], caller)
    assert [answer.way for answer in answers] == ["refused", "refused", *["given_up"] * 3]
    assert len(one.tried) == 3, "billing is asked no more"


async def test_every_way_to_name_an_account_takes_its_time() -> None:
    loop = asyncio.get_running_loop()
    caller = Caller({"account": OTHER, "tail": "9999", "pin": "000000"}, number="13800138000")
    for name in ("identify", "identify_by_number", "identify_by_tail"):
        service = identifications(known(ACCOUNT))[name]
        service._floor_s = 0.05  # type: ignore[union-attr]
        started = loop.time()
        await service(caller)
        assert loop.time() - started >= 0.049


# ------------------------------------------------------------------ nothing personal without a PIN


@pytest.mark.parametrize(
    "service",
    [
        *lists(billing(), lambda: TODAY).values(),
        WhyHigh(billing()),
        LastPayment(billing()),
        CheckReading(billing(), lambda: TODAY),
        ReportReading(PretendReadings(), lambda: NOW),
    ],
    ids=lambda service: type(service).__name__,
)
async def test_nothing_personal_without_a_proof(service: Service) -> None:
    assert service.personal
    notes = {"reading_checked": "1", "reading_doubt": "none", "reading_meant": "1"}
    with pytest.raises(NotVerifiedError):
        await service(Caller({"reading": "1", "account": ACCOUNT}, None, "13800138000", CALL, notes))


# ------------------------------------------------------------------ bills and arrears


async def test_a_year_of_bills_comes_three_to_a_page_newest_first() -> None:
    found = lists(billing([bill(n, 100 + n, open_fen=n % 2) for n in range(20)]), lambda: TODAY)
    first, *more = await walk([found["bills_first"], *[found["bills_next"]] * 4])
    assert [answer.way for answer in (first, *more)] == ["page", "page", "page", "page", "end"]
    assert first.words == {"kind_1": "paid", "kind_2": "open", "kind_3": "paid"}
    assert first.values["month_1"] == Month(2026, 10)
    assert first.values["amount_2"] == Money(101)
    assert first.values["rest_2"] == Money(1)
    assert more[2].values["month_3"] == Month(2025, 11), "the twelfth and last"


async def test_three_months_are_skipped_and_a_list_begins_anew() -> None:
    found = lists(billing([bill(n, 100 + n) for n in range(5)]), lambda: TODAY)
    skipping = [found[name] for name in ("bills_first", "bills_skip", "bills_first", "bills_next", "bills_next")]
    answers = await walk(skipping)
    assert [answer.way for answer in answers] == ["page", "end", "page", "page", "end"]
    assert answers[3].words == {"kind_1": "paid", "kind_2": "paid", "kind_3": "none"}
    assert "month_3" not in answers[3].values


async def test_arrears_are_what_is_overdue_by_month_with_fee_and_total() -> None:
    bills = [
        bill(0, 5000, open_fen=5000, due=date(2026, 11, 25)),
        bill(1, 4000, open_fen=4040, fee_fen=40),
        bill(2, 3000, open_fen=3000),
        bill(3, 2000),
        bill(4, 1000, open_fen=10, fee_fen=60),
        bill(30, 900, open_fen=900),
    ]
    found = lists(billing(bills[:5] + [bill(n, 1) for n in range(5, 30)] + bills[5:]), lambda: TODAY)
    total, page, end = await walk([found["arrears"], found["arrears_next"], found["arrears_next"]])
    assert (total.way, total.words) == ("some", {"late_fees": "some"})
    assert total.values == {"months": Count(3), "total": Money(7050), "fees": Money(50)}
    assert page.words == {"owed_1": "with_fee", "owed_2": "without_fee", "owed_3": "with_fee"}
    assert page.values["owed_amount_1"] == Money(4040)
    assert page.values["fee_3"] == Money(10), "no more is late fee than is open"
    assert end.way == "end"


async def test_without_arrears_there_are_none() -> None:
    found = lists(billing([bill(0, 100)]), lambda: TODAY)
    assert (await found["arrears"](PROVED)).way == "none"


async def test_the_last_payment_is_told_with_its_year() -> None:
    paid = billing(last_payment=Payment(date(2025, 12, 3), 3000, "bank"))
    answer = await LastPayment(paid)(PROVED)
    assert answer == Answer("paid", {"paid_on": Date(2025, 12, 3), "paid": Money(3000)})
    assert (await LastPayment(billing())(PROVED)).way == "none"


async def test_why_it_is_high_is_words_and_numbers() -> None:
    high = billing([Bill(date(2026, 10, 1), 30, 12_006, date(2026, 11, 25), 0, 0, True), bill(1, 100)], tariff=HOME)
    answer = await WhyHigh(high)(PROVED)
    assert answer.way == "higher"
    assert answer.words == {
        "against": "before",
        "estimated": "is",
        "catches_up": "not",
        "longer": "not",
        "step": "is",
        "used_more": "is",
        "explained": "is",
    }
    assert answer.values["more"] == Money(11_906)
    assert (answer.values["step_used"], answer.values["step_price"]) == (Count(12), Money(483))
    assert (await WhyHigh(billing([bill(0, 100)]))(PROVED)).way == "nothing"
    assert (await WhyHigh(billing([bill(0, 100), bill(1, 100)]))(PROVED)).way == "not_higher"


# ------------------------------------------------------------------ meter readings

RECORD = (Reading(date(2026, 11, 1), 1000, ReadingKind.ACTUAL), Reading(date(2025, 11, 6), 640, ReadingKind.ACTUAL))


def keyed(reading: str) -> Caller:
    return Caller({"reading": reading}, ACCOUNT, call=CALL)


@pytest.mark.parametrize(
    ("reading", "way"),
    [("1021", "likely"), ("1201", "swapped"), ("1055", "leak"), ("999", "below_last"), ("001021", "likely")],
)
async def test_a_keyed_reading_is_held_against_the_record(reading: str, way: str) -> None:
    answer = await CheckReading(billing(readings=RECORD, tariff=HOME), lambda: TODAY)(keyed(reading))
    assert answer.way == way
    assert answer.values["reading"] == Digits(reading), "it is read back as it was keyed"
    assert answer.values["last"] == Digits("1000")


async def test_what_was_meant_is_checked_and_reported_in_place_of_what_was_keyed() -> None:
    desk = PretendReadings()
    checking = CheckReading(billing(readings=RECORD, tariff=HOME), lambda: TODAY)
    services: list[Service] = [checking, CheckMeant(checking), ReportReading(desk, lambda: NOW)]
    swapped, meant, kept = await walk(services, keyed("001201"))
    assert swapped.values["meant"] == Digits("001021")
    assert meant.values["reading"] == Digits("001021")
    assert meant.values["estimate"] == Money(HOME.amount_fen(21))
    assert kept.way == "kept"
    assert [(one.value_m3, one.doubt) for one in desk.reported.values()] == [(1021, Doubt.NONE)]


async def test_a_reading_is_reported_once_a_call_whatever_is_confirmed_again() -> None:
    desk = PretendReadings()
    checking = CheckReading(billing(readings=RECORD), lambda: TODAY)
    for reading in ("1020", "1021"):
        await walk([checking, ReportReading(desk, lambda: NOW)], keyed(reading))
    assert [one.value_m3 for one in desk.reported.values()] == [1021]
    other = replace(keyed("1022"), call=CallId(UUID(int=8)))
    await walk([checking, ReportReading(desk, lambda: NOW)], other)
    assert len(desk.reported) == 2


async def test_a_doubt_goes_to_whoever_confirms() -> None:
    desk = PretendReadings()
    checking = CheckReading(billing(readings=RECORD), lambda: TODAY)
    checked, _ = await walk([checking, ReportReading(desk, lambda: NOW)], keyed("1055"))
    assert checked.words == {"bill": "unknown"}
    assert [one.doubt for one in desk.reported.values()] == [Doubt.LEAK]


async def test_a_meter_without_a_record_is_a_persons_affair() -> None:
    assert (await CheckReading(billing(), lambda: TODAY)(keyed("1"))).way == "no_record"
    with pytest.raises(NotVerifiedError):
        await CheckMeant(CheckReading(billing(), lambda: TODAY))(keyed("1"))


# ------------------------------------------------------------------ water and tickets

FIGURES = WaterQuality(
    ZoneCode("Z03"),
    date(2026, 11, 8),
    date(2026, 11, 13),
    Decimal("0.35"),
    Decimal("0.5"),
    Decimal("7.2"),
    Decimal(121),
)


async def test_the_zone_is_the_accounts_then_the_numbers_then_the_postcodes() -> None:
    zones = PretendZones(
        numbers={"13800138000": "Z09"}, accounts={ACCOUNT: "Z03"}, postcodes={"990500": "Z05"}, quality={"Z03": FIGURES}
    )
    zone, quality = await walk([CallersZone(zones), Quality(zones)])
    assert zone.notes == {"zone": "Z03"}
    assert quality.way == "good"
    assert quality.values == {
        "sampled": Day(11, 8),
        "turbidity": Measure(35),
        "chlorine": Measure(50),
        "ph": Measure(720),
        "hardness": Measure(12_100),
    }
    assert (await CallersZone(zones)(Caller({}, number="13800138000"))).notes == {"zone": "Z09"}
    assert (await CallersZone(zones)(Caller({}, number=""))).way == "unknown"
    assert (await PostcodesZone(zones)(Caller({"postcode": "990500"}))).notes == {"zone": "Z05"}
    assert (await PostcodesZone(zones)(Caller({"postcode": "990600"}))).way == "unknown"
    assert (await Quality(zones)(Caller({}, notes={"zone": "Z05"}))).way == "none"


@pytest.mark.parametrize(
    ("name", "figure", "good"),
    [
        ("turbidity_ntu", "1", True),
        ("turbidity_ntu", "1.01", False),
        ("chlorine_mg_l", "0.05", True),
        ("chlorine_mg_l", "0.04", False),
        ("chlorine_mg_l", "2.01", False),
        ("ph", "6.5", True),
        ("ph", "6.49", False),
        ("ph", "8.51", False),
        ("hardness_mg_l", "450", True),
        ("hardness_mg_l", "450.01", False),
    ],
)
async def test_each_figure_is_held_to_the_national_standard(name: str, figure: str, good: bool) -> None:
    figures = replace(FIGURES, **{name: Decimal(figure)})  # type: ignore[arg-type]
    answer = await Quality(PretendZones(quality={"Z03": figures}))(Caller({}, notes={"zone": "Z03"}))
    assert answer.way == ("good" if good else "beyond")


async def test_a_tickets_times_are_told_in_the_sites_own_day() -> None:
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    tickets = PretendTickets(
        {
            "20261122000101": PretendTicket("13800138000", TicketTold(Progress.ASSIGNED, True, arrival_by=late)),
            "20261122000102": PretendTicket("13800138000", TicketTold(Progress.UNDER_WAY, True, due_at=late)),
        }
    )
    service = TicketProgress(tickets, SHANGHAI)
    arrival = await service(Caller({"ticket": "000101"}, number="13800138000"))
    assert (arrival.way, arrival.words) == ("assigned", {"promise": "arrival"})
    assert arrival.values == {"by_day": Day(11, 23), "by_time": Time(0, 30)}
    deadline = await service(Caller({"ticket": "20261122000102"}, number="13800138000"))
    assert (deadline.way, deadline.words) == ("under_way", {"promise": "deadline"})
    stranger = await service(Caller({"ticket": "20261122000101"}, number="13900139000"))
    assert (stranger.way, stranger.values, stranger.words) == ("assigned", {}, {"promise": "none"})
    assert (await service(Caller({"ticket": "000101"}, number="13900139000"))).way == "none"
