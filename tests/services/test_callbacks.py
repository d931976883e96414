"""The engine that calls people back: table, PBX and clock are stand-ins, the live centre is real."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest

from cti.ami.actions import AmiAction
from cti.ami.errors import LinkDownError
from cti.ami.messages import Response
from cti.domain import callbacks
from cti.domain import events as e
from cti.domain.callbacks import Callback, CallbackState, Place, Rules, linked_id
from cti.domain.dialling import DiallingRules
from cti.domain.events import Presence
from cti.domain.ids import CallId, ChannelId, LinkedId, call_id
from cti.domain.model import Call, Outcome
from cti.services.callbacks import CallbackEngine, CallbackSite
from cti.services.errors import CallbackOverError
from cti.services.places import Places
from storage.errors import StorageUnavailableError
from tests.domain.story import ANNA, BO, BOOT, PBX, PHONES, WATER, at, call_of
from tests.services.parts import HandClock, LiveStory, no_sleep, until

NUMBER = "+8613800000001"


class Table:
    """Keeps promises as the database does, changed by whoever saw the latest state only."""

    def __init__(self) -> None:
        self.rows: dict[object, Callback] = {}
        self.reached = False
        self.away = False

    def _check(self) -> None:
        if self.away:
            raise StorageUnavailableError

    async def add(self, callback: Callback) -> Callback:
        self._check()
        return next((row for row in self.rows.values() if row.number == callback.number and row.open), None) or (
            self.rows.setdefault(callback.id, callback)
        )

    async def open(self) -> Sequence[Callback]:
        self._check()
        return [row for row in self.rows.values() if row.open]

    async def change(self, before: Callback, after: Callback, *, by: str = "system") -> bool:
        self._check()
        if self.rows[before.id] != before:
            return self.rows[before.id] == after
        self.rows[before.id] = after
        return True

    async def was_reached(self, callback: Callback) -> bool:
        return self.reached


class Dialler:
    """A PBX that answers whatever is in ``answers``, by default that somebody took the call."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.answers: list[str | Exception] = []

    async def send(self, action: AmiAction, *, timeout_s: float = 5.0) -> Response:
        self.sent.append(
            dict(action.headers) | {"Variables": ",".join(v for k, v in action.headers if k == "Variable")}
        )
        answer = self.answers.pop(0) if self.answers else "Success"
        if isinstance(answer, Exception):
            raise answer
        return Response({"Response": answer})


class Office:
    """A story with an engine. Two agents, who sign on when asked to."""

    def __init__(self, *, rules: DiallingRules | None = None, table: Table | None = None) -> None:
        self.story = LiveStory()
        self.clock = HandClock()
        self.table = table or Table()
        self.dialler = Dialler()
        self.places = Places(self.story.live, self.clock)
        site = CallbackSite(
            PBX, "trunk", "96000", WATER, "CN", Rules(), rules or DiallingRules(region="CN", night=None),
            local=lambda moment: moment,
        )  # fmt: skip
        self.engine = CallbackEngine(
            self.story.live, self.places, self.table, self.dialler, site, self.clock,
            first_call=self.kept, call_ids=lambda linkedid: call_id(PBX, BOOT, linkedid),
            settled=lambda: True, sleep=no_sleep,
        )  # fmt: skip
        self.story.live.listen(self.places.on_changes)
        self.story.live.listen(self.engine.on_changes)
        self.story.tell(e.Resynced(at=at(-8), pbx=PBX, live=frozenset(), drift=0))

    async def kept(self, _call: CallId) -> Call | None:
        return None

    def staff(self, *agents: str) -> None:
        for agent in (ANNA, BO):
            busy = agent not in agents
            if not busy:
                self.story.presence(agent, Presence.AVAILABLE, -7)
            self.story.tell(
                e.MemberSeen(
                    at=at(-7), pbx=PBX, queue=WATER, extension=PHONES[agent], paused=busy,
                    device=e.DeviceState.NOT_IN_USE, reason="on_call" if busy else "",
                )
            )  # fmt: skip

    async def ask(self, number: int = 1, phone: str = NUMBER, *, since: float = 10) -> Callback:
        """Let a caller wait, and leave for a callback."""
        self.story.waiting(number, since=since)
        self.story.left(since + 5, number)
        self.clock.second = max(self.clock.second, since + 6)
        callback = callbacks.asked(call_of(number), WATER, self.places.of(call_of(number)), phone, self.clock())
        assert await self.engine.promise(callback)
        self.story.hung_up(since + 9, number)
        return callback

    async def work(self) -> None:
        await self.engine.work_off()
        await until(lambda: not self.engine._ringing)
        await self.engine.work_off()

    def state(self, callback: Callback) -> Callback:
        return self.table.rows[callback.id]

    def leg(self, callback: Callback, second: float) -> CallId:
        """Have the PBX tell of the channel that was dialled."""
        linkedid = linked_id(self.state(callback))
        call = call_id(PBX, BOOT, linkedid)
        self.story.tell(
            e.LegStarted(
                at=at(second), pbx=PBX, call=call, leg=ChannelId(linkedid), linkedid=linkedid,
                channel="PJSIP/trunk-00000009", caller_number="", caller_name="", dialled="", inbound=False,
            )
        )  # fmt: skip
        return call

    def queued(self, call: CallId, linkedid: LinkedId, second: float) -> None:
        self.story.tell(
            e.CallerQueued(at=at(second), pbx=PBX, call=call, leg=ChannelId(linkedid), queue=WATER, position=1)
        )

    def gone(self, call: CallId, linkedid: LinkedId, second: float) -> None:
        self.story.tell(e.LegEnded(at=at(second), pbx=PBX, call=call, leg=ChannelId(linkedid), cause=17))


async def test_the_customer_is_called_when_an_agent_is_free_and_is_known_to_be_theirs() -> None:
    office = Office()
    office.staff(ANNA)
    callback = await office.ask()
    assert office.story.call(1).outcome is Outcome.CALLBACK
    await office.work()
    (order,) = office.dialler.sent
    assert order["Channel"] == "PJSIP/13800000001@trunk"
    assert (order["Context"], order["ChannelId"]) == ("hydrophone-callback", linked_id(office.state(callback)))
    assert order["Variables"] == "HYDROPHONE_QUEUE=water,HYDROPHONE_PRIORITY=0"
    call = office.leg(callback, 30)
    assert office.story.live.state.calls[call].callback_of == call_of(1)
    assert office.engine.place_on_return(linked_id(office.state(callback))) == (Place(at(10)), WATER)
    office.queued(call, linked_id(office.state(callback)), 40)
    await office.work()
    assert office.state(callback).state is CallbackState.REACHED
    assert not office.engine.pending
    await office.work()
    assert len(office.dialler.sent) == 1


async def test_nobody_is_called_while_all_agents_talk_and_nobody_waits_behind() -> None:
    office = Office()
    office.staff()
    callback = await office.ask()
    await office.work()
    assert not office.dialler.sent
    assert office.engine.place_of(callback) == 1
    office.story.waiting(2, since=30)
    assert office.engine.place_of(callback) == 1
    office.staff(ANNA)
    await office.work()
    assert len(office.dialler.sent) == 1


@pytest.mark.parametrize("how", ["refused", "rang out", "no link"])
async def test_an_attempt_that_reached_nobody_is_made_again_after_a_pause_and_three_are_enough(how: str) -> None:
    office = Office()
    office.staff(ANNA)
    callback = await office.ask()
    for attempt in (1, 2, 3):
        if how == "refused":
            office.dialler.answers = ["Failure"]
        if how == "no link":
            office.dialler.answers = [LinkDownError("gone")]
        await office.work()
        assert len(office.dialler.sent) == attempt
        if how == "rang out":
            linkedid = linked_id(office.state(callback))
            call = office.leg(callback, office.clock.second)
            office.clock.second += 30
            office.gone(call, linkedid, office.clock.second)
        await office.work()
        assert office.state(callback).attempts == attempt
        await office.work()
        assert len(office.dialler.sent) == attempt, "not before the pause is over"
        office.clock.second += 15 * 60
    assert office.state(callback).state is CallbackState.UNREACHED
    outcomes = [call.outcome for call in office.story.live.state.recent.values() if call.callback_of]
    assert outcomes == [Outcome.FAILED] * 3


async def test_a_daemon_that_died_during_an_attempt_finds_the_customer_in_the_queue() -> None:
    office = Office()
    office.staff(ANNA)
    callback = await office.ask()
    await office.engine.work_off()
    again = Office(table=office.table)
    again.staff(ANNA)
    await again.work()
    assert not again.dialler.sent
    linkedid = linked_id(office.state(callback))
    call = again.leg(callback, 40)
    await again.work()
    assert again.state(callback).state is CallbackState.DIALLING
    again.queued(call, linkedid, 45)
    await again.work()
    assert again.state(callback).state is CallbackState.REACHED
    assert not again.dialler.sent


@pytest.mark.parametrize(("reached", "state"), [(True, CallbackState.REACHED), (False, CallbackState.WAITING)])
async def test_an_attempt_of_which_nothing_is_to_be_seen_is_looked_up_in_the_records(
    reached: bool, state: CallbackState
) -> None:
    office = Office()
    office.staff(ANNA)
    callback = await office.ask()
    await office.engine.work_off()
    again = Office(table=office.table)
    again.staff()
    again.table.reached = reached
    again.clock.second = office.clock.second + 80
    await again.work()
    assert again.state(callback).state is CallbackState.DIALLING, "it may still ring"
    again.clock.second += 20
    await again.work()
    assert again.state(callback).state is state
    assert again.state(callback).attempts == 1


async def test_without_the_database_nothing_is_promised_and_nobody_is_dialled() -> None:
    office = Office()
    office.staff(ANNA)
    await office.ask()
    office.table.away = True
    with pytest.raises(StorageUnavailableError):
        await office.engine.work_off()
    with pytest.raises(StorageUnavailableError):
        await office.engine.promise(callbacks.asked(call_of(2), WATER, Place(at(20)), NUMBER, at(20)))
    assert not office.dialler.sent
    office.table.away = False
    await office.work()
    assert len(office.dialler.sent) == 1


async def test_who_asks_twice_keeps_the_better_place_and_is_called_once() -> None:
    office = Office()
    office.staff()
    first = await office.ask(1)
    second = callbacks.asked(call_of(2), WATER, Place(at(50)), NUMBER, at(60))
    assert not await office.engine.promise(second)
    assert [one.id for one in office.engine.pending] == [first.id]


async def test_who_got_through_by_calling_again_is_not_called_back() -> None:
    office = Office()
    office.staff()
    callback = await office.ask(1, "+8613800138000")
    office.story.talking(2, agent=BO, since=200)
    office.staff(ANNA)
    await office.work()
    assert office.state(callback).state is CallbackState.CANCELLED
    assert not office.dialler.sent


async def test_a_callback_can_be_withdrawn_until_it_is_dialled() -> None:
    office = Office()
    office.staff()
    callback = await office.ask()
    office.staff(ANNA)
    await office.engine.work_off()
    with pytest.raises(CallbackOverError):
        await office.engine.withdraw(callback.id, by="anna")
    other = await office.ask(3, "+8613800000003", since=50)
    await office.engine.withdraw(other.id, by="anna")
    assert office.state(other).state is CallbackState.CANCELLED
    with pytest.raises(CallbackOverError):
        await office.engine.withdraw(other.id, by="anna")


async def test_who_needs_nobody_any_more_is_not_called_again() -> None:
    office = Office()
    office.staff(ANNA)
    callback = await office.ask()
    await office.engine.work_off()
    await office.engine.declined(linked_id(office.state(callback)))
    assert office.state(callback).state is CallbackState.CANCELLED
    await office.engine.declined(LinkedId("1764061200.12"))


async def test_nobody_is_called_at_night_nor_more_often_than_a_site_allows() -> None:
    night = DiallingRules(region="CN", night=(time(7), time(9)))
    office = Office(rules=night)
    office.staff(ANNA)
    await office.ask()
    await office.work()
    assert not office.dialler.sent
    office.clock.second += timedelta(hours=2).total_seconds()
    await office.work()
    assert len(office.dialler.sent) == 1

    office = Office(rules=replace(night, night=None, hourly=0))
    office.staff(ANNA)
    await office.ask()
    await office.work()
    assert not office.dialler.sent


async def test_a_number_that_is_not_called_any_more_is_let_go_and_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = Office(rules=DiallingRules(region="CN", night=None, denied=("+86138",)))
    office.staff(ANNA)
    assert office.engine.refuses(NUMBER)
    with caplog.at_level("DEBUG"):
        callback = await office.ask()
        await office.work()
    assert office.state(callback).state is CallbackState.CANCELLED
    assert not office.dialler.sent
    assert "13800000001" not in caplog.text


def test_places_are_kept_with_their_priority() -> None:
    office = Office()
    office.story.waiting(1, since=10)
    office.places.give(call_of(1), 5)
    office.story.waiting(2, since=20)
    assert office.places.waiting(WATER) == [Place(at(10), 5), Place(at(20))]
    assert office.places.position(Place(at(15)), WATER) == 2
    office.story.hung_up(30, 1)
    office.story.abandoned(30, 20, 1)
    assert office.places._priorities == {}
    assert list(_ids(office)) == [call_of(2)]


def _ids(office: Office) -> Iterable[CallId]:
    return office.story.line
