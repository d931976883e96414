"""What is about nobody in particular: incidents, opening hours, faults that anybody reports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from config.opening import Hours, Opening
from cti.domain.ids import AccountNumber, AgentId, CallId, ZoneCode
from cti.domain.incidents import Incident, IncidentKind
from cti.domain.promises import Fault
from cti.domain.utility import BillingUnavailableError
from cti.domain.water_quality import WaterQuality
from ivr.flow.service import Caller
from ivr.ports import Day, Digits, Duration, Time, Words
from ivr.services.fault_report import NoReports, ReportFault
from ivr.services.incident import IncidentNotice
from ivr.services.opening import Opening as OpeningService
from ivr.simulator.public import PretendReports

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
EAST = ZoneCode("Z01")
BURST = Incident(
    UUID(int=1), IncidentKind.BURST, EAST, "人民路", "Renmin Road", NOON, NOON + timedelta(hours=3), None, AgentId("s")
)
NUMBER = Caller({}, number="13800138000")


@dataclass
class Board:
    going_on: Sequence[Incident] = (BURST,)
    spoken: bool = True

    def __call__(self) -> Sequence[Incident]:
        return self.going_on

    def is_spoken(self, incident: Incident) -> bool:
        return self.spoken


@dataclass
class Map:
    """Where callers are; ``fails`` is how it doesn't tell."""

    zone: ZoneCode | None = EAST
    fails: str = ""
    asked: int = 0

    async def _find(self) -> ZoneCode | None:
        self.asked += 1
        if self.fails == "down":
            raise BillingUnavailableError
        if self.fails == "silent":
            await asyncio.sleep(60)
        return self.zone

    async def of_number(self, number: str) -> ZoneCode | None:
        return await self._find()

    async def of_account(self, account: AccountNumber) -> ZoneCode | None:
        return await self._find()

    async def of_postcode(self, postcode: str) -> ZoneCode | None:
        return await self._find()

    async def quality(self, zone: ZoneCode) -> WaterQuality | None:
        raise NotImplementedError


def notice(board: Board, where: Map | None = None) -> IncidentNotice:
    return IncidentNotice(board, where or Map(), lambda: NOON, SHANGHAI)


async def test_a_caller_from_the_zone_hears_what_where_and_until_when() -> None:
    answer = await notice(Board())(NUMBER)
    assert answer.way == "notice"
    assert answer.words == {"incident": "burst", "streets_known": "yes", "over": "today"}
    assert answer.values == {
        "streets": Words("人民路", "Renmin Road"),
        "until_day": Day(11, 25),
        "until_time": Time(15, 0),
    }


@pytest.mark.parametrize("fails", ["down", "silent"])
async def test_a_zone_that_cannot_be_found_keeps_nobody_waiting(fails: str) -> None:
    everywhere = replace(BURST, id=UUID(int=2), zone=None)
    async with asyncio.timeout(5):
        assert (await notice(Board(), Map(fails=fails))(NUMBER)).way == "none"
        assert (await notice(Board((BURST, everywhere)), Map(fails=fails))(NUMBER)).way == "notice"


async def test_nobody_is_looked_for_while_nothing_is_wrong_anywhere() -> None:
    where = Map()
    assert (await notice(Board(()), where)(NUMBER)).way == "none"
    assert where.asked == 0


async def test_somebody_elsewhere_or_without_a_number_hears_nothing() -> None:
    assert (await notice(Board(), Map(ZoneCode("Z02")))(NUMBER)).way == "none"
    assert (await notice(Board())(Caller({}))).way == "none"
    proved = Caller({}, verified=AccountNumber("10000004"))
    assert (await notice(Board())(proved)).way == "notice"


async def test_streets_are_left_out_until_they_can_be_spoken() -> None:
    answer = await notice(Board(spoken=False))(NUMBER)
    assert answer.words["streets_known"] == "no"
    assert "streets" not in answer.values


@pytest.mark.parametrize(("hours", "over"), [(None, "unknown"), (-1, "unknown"), (3, "today"), (13, "later")])
async def test_when_it_is_over(hours: int | None, over: str) -> None:
    until = None if hours is None else NOON + timedelta(hours=hours)
    assert (await notice(Board((replace(BURST, until=until),)))(NUMBER)).words["over"] == over


# ------------------------------------------------------------------ opening hours


@pytest.mark.parametrize(
    ("when", "way", "opens"),
    [
        (NOON, "open", "unknown"),
        (datetime(2026, 11, 24, 22, 0, tzinfo=UTC), "closed", "today"),
        (datetime(2026, 11, 25, 12, 0, tzinfo=UTC), "closed", "tomorrow"),
        (datetime(2026, 11, 27, 12, 0, tzinfo=UTC), "closed", "later"),
    ],
)
async def test_whether_anybody_is_there(when: datetime, way: str, opens: str) -> None:
    office = Hours(days=(1, 2, 3, 4, 5), since=time(8, 30), until=time(17, 30))
    service = OpeningService(Opening(hours=(office,)).in_zone(SHANGHAI), lambda: when)
    answer = await service(Caller({}))
    assert (answer.way, answer.words["opens"]) == (way, opens)
    if way == "closed":
        assert answer.values["opens_time"] == Time(8, 30)


# ------------------------------------------------------------------ reports


async def test_a_report_tells_its_ticket_and_what_is_promised() -> None:
    reports = PretendReports()
    answer = await ReportFault(Fault.BURST, reports, lambda: NOON, SHANGHAI)(Caller({}, call=CallId(UUID(int=1))))
    assert answer.values == {"ticket": Digits("20261122000042"), "promised": Duration(60)}
    assert reports.taken == [Fault.BURST]


async def test_at_night_a_crew_takes_longer() -> None:
    night = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    service = ReportFault(Fault.BURST, PretendReports(), lambda: night, SHANGHAI)
    assert (await service(Caller({}, call=CallId(UUID(int=1))))).values["promised"] == Duration(90)


async def test_what_cannot_be_kept_is_not_promised() -> None:
    service = ReportFault(Fault.LEAK, NoReports(), lambda: NOON, SHANGHAI)
    with pytest.raises(BillingUnavailableError):
        await service(Caller({}, call=CallId(UUID(int=1))))
    with pytest.raises(BillingUnavailableError):
        await ReportFault(Fault.LEAK, PretendReports(), lambda: NOON, SHANGHAI)(Caller({}))
