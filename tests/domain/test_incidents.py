"""Who calls hears of the gravest thing that is wrong where they are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cti.domain.ids import AgentId, ZoneCode
from cti.domain.incidents import Incident, IncidentKind, notice_for

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
EAST, WEST = ZoneCode("Z01"), ZoneCode("Z02")
BURST = Incident(UUID(int=1), IncidentKind.BURST, EAST, "人民路", "Renmin Road", NOON, None, None, AgentId("s"))
PLANNED = replace(BURST, id=UUID(int=2), kind=IncidentKind.PLANNED)
EVERYWHERE = replace(BURST, id=UUID(int=3), kind=IncidentKind.TURBID, zone=None)


def test_only_the_zone_hears_of_its_incident() -> None:
    assert notice_for(EAST, [BURST], NOON) == BURST
    assert notice_for(WEST, [BURST], NOON) is None
    assert notice_for(None, [BURST], NOON) is None


def test_everybody_hears_of_what_is_everywhere() -> None:
    assert notice_for(None, [EVERYWHERE], NOON) == notice_for(WEST, [EVERYWHERE], NOON) == EVERYWHERE


def test_the_gravest_goes_first_then_the_latest() -> None:
    later = replace(PLANNED, id=UUID(int=4), since=NOON + timedelta(minutes=5))
    now = NOON + timedelta(hours=1)
    assert notice_for(EAST, [PLANNED, EVERYWHERE, BURST], now) == BURST
    assert notice_for(EAST, [PLANNED, later], now) == later


def test_what_should_be_over_is_told_until_somebody_says_that_it_is() -> None:
    late = replace(BURST, until=NOON + timedelta(hours=1))
    assert notice_for(EAST, [late], NOON + timedelta(hours=2)) == late
    over = replace(late, ended_at=NOON + timedelta(hours=2))
    assert notice_for(EAST, [over], NOON + timedelta(hours=2)) is None


def test_what_has_not_begun_is_not_told() -> None:
    assert notice_for(EAST, [PLANNED], NOON - timedelta(seconds=1)) is None
