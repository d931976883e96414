"""What the PBX wrote itself is read when something was missed, told once, and owed as long as it can't be read."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from cti.domain import events as e
from cti.domain.ids import CallId, ChannelId, LinkedId, call_id
from cti.domain.model import Call, Outcome, RoutingStatus
from cti.services.evidence.evidence import Evidence, Reading, _load
from cti.services.evidence.source import CEL, QUEUE, Account, Mark, UnreadableError
from cti.translator.pbx_lines import cel_line_of_file, queue_line_of_file
from tests.domain.story import PBX, at
from tests.services.parts import no_sleep
from tests.services.test_anti_entropy import Watched
from tests.services.test_resync import AGENT, DOWN, UP
from tests.translator import test_pbx_log as written

ANSWERED, ABANDONED = LinkedId("1795645761.0"), LinkedId("1795645765.2")


class ListedAccount:
    """An account in memory. ``late`` are lines that are written only after the first reading."""

    def __init__(self) -> None:
        self.cel: list[str] = []
        self.queue: list[str] = []
        self.late: list[str] = []
        self.late_start: str | None = None
        self.away = False
        self.slow = False
        self.readings = 0
        self.pruned = False

    async def end(self) -> Mark:
        await self._answer()
        return {CEL: [len(self.cel)], QUEUE: [len(self.queue)]}

    async def since(self, mark: Mark) -> Account:
        await self._answer()
        self.readings += 1
        account = Account(
            cel=tuple(cel_line_of_file(line) for line in self.cel[mark[CEL][0] :]),
            queue=tuple(queue_line_of_file(line) for line in self.queue[mark[QUEUE][0] :]),
            end=await self.end(),
            refused=1,
            missing=True,
        )
        self.cel += self.late
        self.late = []
        if self.late_start is not None:
            self.queue.append(self.late_start)
            self.late_start = None
        return account

    async def prune(self) -> None:
        await self._answer()
        self.pruned = True

    async def _answer(self) -> None:
        if self.away:
            raise UnreadableError("away")
        if self.slow:
            await asyncio.sleep(60)

    def calls(self) -> None:
        """Write of two calls that came and went."""
        self.cel += written.CEL
        self.queue += written.QUEUE


class Ledger:
    """The calls that are kept."""

    def __init__(self) -> None:
        self.ended: set[CallId] = set()
        self.away = False

    async def ended_among(self, calls: Collection[CallId]) -> frozenset[CallId]:
        if self.away:
            raise RuntimeError("away")
        return frozenset(calls) & self.ended


class Gone(Watched):
    """A house whose PBX keeps an account."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.account = ListedAccount()
        self.ledger = Ledger()
        self.file = folder / "spool" / "mark.json"
        self.kept = True
        self.evidence = self.read_anew()
        self.resync._evidence = self.check._evidence = self.evidence

    def read_anew(self) -> Evidence:
        return Evidence(
            self.live, PBX, self.book, self.account, self.file, self.ledger, settled=lambda: self.kept, sleep=no_sleep
        )

    @property
    def ended(self) -> dict[str, Call]:
        return {call.linkedid: call for call in self.live.state.recent.values()}


@pytest.fixture
async def house(tmp_path: Path) -> Gone:
    made = Gone(tmp_path)
    await made.resync.on_state(UP)
    return made


async def test_what_was_before_our_first_day_is_not_told(tmp_path: Path) -> None:
    house = Gone(tmp_path)
    house.account.calls()
    await house.resync.on_state(UP)
    assert house.ended == {}
    assert _load(house.file) == await house.account.end()


async def test_calls_of_a_gap_are_told_after_it_and_the_agent_is_free_again(house: Gone) -> None:
    await house.resync.on_state(DOWN)
    house.account.calls()
    await house.resync.on_state(UP)
    assert house.ended[ANSWERED].outcome is Outcome.ANSWERED
    assert house.ended[ABANDONED].outcome is Outcome.ABANDONED
    assert house.ended[ANSWERED].agent == AGENT
    assert house.live.state.agents[AGENT].routing is RoutingStatus.WRAP_UP
    assert (house.evidence.counts.calls, house.evidence.counts.lines) == (2, 22)
    assert (house.evidence.counts.refused, house.evidence.counts.gaps) == (1, 1)


async def test_the_mark_moves_with_a_check_and_only_when_all_calls_are_kept(house: Gone) -> None:
    await house.resync.on_state(DOWN)
    house.account.calls()
    house.kept = False
    before = _load(house.file)
    await house.resync.on_state(UP)
    assert await house.look()
    assert _load(house.file) == before
    house.kept = True
    assert await house.look()
    assert _load(house.file) == await house.account.end()


async def test_after_a_restart_of_ours_only_what_is_not_kept_is_told(house: Gone) -> None:
    house.account.calls()
    house.ledger.ended = {call_id(PBX, house.book._boot, ANSWERED)}
    reading = await house.read_anew().read()
    assert reading is not None
    assert reading.chapter.calls == {call_id(PBX, house.book._boot, ABANDONED)}
    house.ledger.away = True
    reading = await house.read_anew().read()
    assert reading is not None
    assert len(reading.chapter.calls) == 2


@pytest.mark.parametrize("how", ["away", "slow"])
async def test_what_cannot_be_read_is_owed_and_told_by_the_check(house: Gone, how: str) -> None:
    await house.resync.on_state(DOWN)
    house.account.calls()
    setattr(house.account, how, True)
    assert await house.evidence.read(deadline_s=0.01) is None
    house.account.slow, house.account.away = False, True
    await house.resync.on_state(UP)
    assert (house.ended, house.evidence.owed) == ({}, True)
    house.account.away = False
    assert await house.look()
    assert (len(house.ended), house.evidence.owed) == (2, False)
    assert house.corrected == {"call": 2}


async def test_a_late_line_about_a_call_that_is_gone_is_waited_for(house: Gone) -> None:
    house.account.cel, house.account.late = written.CEL[:8], written.CEL[8:]
    reading = await house.evidence.read([ANSWERED])
    assert reading is not None
    assert house.account.readings == 2
    assert any(isinstance(fact, e.CallGone) for fact in reading.chapter.facts)


async def test_an_end_that_nobody_wrote_down_is_assumed_after_a_while(house: Gone) -> None:
    house.lists("answered")
    await house.resync.take()
    (linkedid,) = (call.linkedid for call in house.live.state.calls.values())
    house.nothing()
    await house.resync.on_state(DOWN)
    await house.resync.on_state(UP)
    assert house.ended[linkedid].end_assumed
    assert house.account.readings > 2


async def test_a_call_whose_end_no_event_told_is_ended_by_the_check_as_it_was(house: Gone) -> None:
    for fact in (await told(house)).chapter.facts[:6]:
        house.live.apply(fact)
    (call,) = house.live.state.calls.values()
    house.account.calls()
    assert await house.look()
    assert house.live.state.calls == {}
    assert (house.ended[call.linkedid].end_assumed, house.ended[call.linkedid].outcome) == (False, Outcome.ANSWERED)


async def told(house: Gone) -> Reading:
    account = ListedAccount()
    account.calls()
    other = Evidence(house.live, PBX, house.book, account, house.file.with_name("x"), sleep=no_sleep)
    other._mark = {CEL: [0], QUEUE: [0]}
    reading = await other.read()
    assert reading is not None
    return reading


async def test_offers_that_are_over_are_shown_to_nobody(house: Gone) -> None:
    seen: list[object] = []
    house.live.listen(lambda changes: seen.extend((*changes.offers, *changes.offers_over)))
    await house.resync.on_state(DOWN)
    house.account.calls()
    await house.resync.on_state(UP)
    assert seen == []


async def test_an_offer_that_still_rings_is_shown_once(house: Gone) -> None:
    offers: list[object] = []
    house.live.listen(lambda changes: offers.extend(changes.offers))
    present = e.PresenceChosen(at=at(0), agent=AGENT, presence=e.Presence.AVAILABLE, by=AGENT)
    house.live.apply(present)
    chapter = (await told(house)).chapter
    with house.live.retelling(PBX):
        for fact in chapter.facts:
            if isinstance(fact, e.LegAnswered | e.LegBridged) and fact.leg != ChannelId(ANSWERED):
                break
            house.live.apply(fact)
        assert offers == []
    assert len(offers) == 1


async def test_a_pbx_that_died_is_said_to_have_died_at_its_last_sign_of_life(house: Gone) -> None:
    house.account.calls()
    house.account.cel = written.CEL[:7]
    house.account.queue = [*written.QUEUE[:4], "1795645790|NONE|NONE|NONE|QUEUESTART|"]
    reading = await house.evidence.read()
    assert reading is not None
    assert reading.chapter.lost_at == written.at(1.885148)
    house.account.cel, house.account.queue = [], house.account.queue[-1:]
    reading = await house.evidence.read()
    assert reading is not None
    assert reading.chapter.lost_at == written.at(29)


def came_and_was_lost(account: ListedAccount) -> str:
    """Write of a call that the PBX took with it; returns the line of its start, which is not written yet."""
    account.cel += written.CEL[11:12]
    return "1795645790|NONE|NONE|NONE|QUEUESTART|"


def started_anew(house: Gone) -> None:
    house.link.startup = "05:30:00"
    house.link.channels.clear()
    house.link.queues = [item for item in house.link.queues if item.name != "QueueEntry"]


async def test_a_pbx_answers_before_it_has_written_that_it_was_started_anew(house: Gone) -> None:
    """The one call that we never heard of was taken for one that failed in the PBX's present life."""
    await house.resync.on_state(DOWN)
    house.account.late_start = came_and_was_lost(house.account)
    started_anew(house)
    await house.resync.on_state(UP)
    assert house.account.readings > 1
    assert {call.outcome for call in house.ended.values()} == {Outcome.PBX_RESTART}
    assert not house.ended[ABANDONED].end_assumed
    assert not house.evidence.owed


async def test_an_account_that_tells_of_the_restart_only_later_is_owed_and_then_told_as_it_was(house: Gone) -> None:
    await house.resync.on_state(DOWN)
    start = came_and_was_lost(house.account)
    started_anew(house)
    await house.resync.on_state(UP)
    assert house.evidence.owed
    assert ABANDONED not in house.ended
    house.account.queue.append(start)
    assert await house.look()
    lost = house.ended[ABANDONED]
    assert (lost.outcome, lost.end_assumed, lost.ended_at) == (Outcome.PBX_RESTART, False, written.at(4.521411))
    assert not house.evidence.owed
    assert not house.live.state.calls


async def test_a_second_resync_after_a_restart_tells_the_lost_calls_too(house: Gone) -> None:
    await house.resync.on_state(DOWN)
    start = came_and_was_lost(house.account)
    started_anew(house)
    await house.resync.on_state(UP)
    house.account.queue.append(start)
    await house.resync.take()
    assert house.ended[ABANDONED].outcome is Outcome.PBX_RESTART


async def test_an_account_that_is_away_is_pruned_another_day(house: Gone) -> None:
    house.account.away = True
    await house.evidence.prune()
    house.account.away = False
    assert not house.account.pruned
    await house.evidence.prune()
    assert house.account.pruned


async def test_without_an_account_nothing_is_owed(tmp_path: Path) -> None:
    house = Watched(tmp_path)
    await house.resync.on_state(UP)
    assert (house.evidence.owed, await house.evidence.end(), await house.evidence.read()) == (False, None, None)


@pytest.mark.parametrize("text", ["", "[]", '{"cel": 1}', '{"cel": ["x"]}'])
def test_a_mark_that_is_none_is_as_good_as_no_mark(tmp_path: Path, text: str) -> None:
    (tmp_path / "mark").write_text(text)
    assert _load(tmp_path / "mark") is None


async def test_a_mark_that_cannot_be_kept_is_no_fault(house: Gone, caplog: pytest.LogCaptureFixture) -> None:
    house.account.calls()
    house.evidence.owed = False
    house.file.unlink()
    house.file.parent.rmdir()
    house.file.parent.write_text("not a folder")
    await house.evidence.settle(await house.account.end())
    assert "can't remember" in caplog.text
