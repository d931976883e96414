"""What callers leave with us and what they are told of the line: wishes, messages, marks, places, priorities."""

import os
import time
import wave
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from config.settings import Dialling, Queue, Settings
from cti.domain import events as e
from cti.domain.callbacks import Place
from cti.domain.events import MessageLeft
from cti.domain.ids import AccountNumber, CallId
from cti.domain.utility import Account, BillingUnavailableError, MeterState
from cti.services.callback_wishes import CallbackWishes
from cti.services.front_desk import site_of
from cti.services.messages import MessageFiles
from cti.services.ratings import Ratings
from cti.services.waiting_line import KEY_ACCOUNT, VULNERABLE, Standing
from ivr.ports import CallbackVerdict, CallbackWish, DeskUnavailableError, Mark, Message, Outlook, RecordingId
from storage.errors import StorageUnavailableError
from storage.messages import KeptMessage
from tests.domain.story import ANNA, BO, WATER, at, call_of
from tests.services.test_callbacks import NUMBER, Office

CALL = CallId(UUID(int=1))
SETTINGS = Settings(
    queues=(Queue(name="repair", name_zh="报修", name_en="Repairs", subject="repair"),),
    dialling=Dialling(denied=("+86139",)),
)


# ------------------------------------------------------------------ wishes


def wishes(office: Office) -> CallbackWishes:
    return CallbackWishes(office.story.live, office.places, office.engine, SETTINGS, office.clock)


def wish(number: str = "13800000001", queue: str | None = None) -> CallbackWish:
    return CallbackWish(call_of(), number, own=True, queue=queue, language="zh")


async def test_a_wish_keeps_the_place_that_the_caller_had() -> None:
    office = Office()
    office.story.waiting(since=10)
    office.places.give(call_of(), 5)
    office.story.left(60)
    office.clock.second = 70
    assert await wishes(office).request(wish()) is CallbackVerdict.ARRANGED
    (kept,) = office.engine.pending
    assert (kept.place, kept.queue, kept.number, kept.asked_at) == (Place(at(10), 5), WATER, NUMBER, at(70))
    assert await wishes(office).request(wish()) is CallbackVerdict.ARRANGED, "the same wish again is the same callback"
    other = CallbackWish(call_of(2), "13800000001", own=True, queue=None, language="en")
    assert await wishes(office).request(other) is CallbackVerdict.ALREADY


async def test_a_wish_from_the_menu_begins_to_wait_now_in_the_queue_of_its_subject() -> None:
    office = Office()
    office.story.menu(5)
    office.clock.second = 20
    assert await wishes(office).request(wish(queue="repair")) is CallbackVerdict.ARRANGED
    (kept,) = office.engine.pending
    assert (kept.place.since, kept.queue) == (at(20), "repair")


@pytest.mark.parametrize("number", ["4001234567", "0012125550100", "110", "anonymous", ""])
async def test_a_number_that_is_not_called_is_refused(number: str) -> None:
    assert await wishes(Office()).request(wish(number)) is CallbackVerdict.REFUSED


async def test_a_wish_that_can_not_be_kept_is_not_promised() -> None:
    office = Office()
    office.table.away = True
    with pytest.raises(DeskUnavailableError):
        await wishes(office).request(wish())


def test_a_site_without_a_night_has_none() -> None:
    assert site_of(Settings(dialling=Dialling(night_from="00:00", night_until="00:00"))).dialling.night is None
    assert site_of(Settings()).dialling.night is not None


# ------------------------------------------------------------------ the line


class Flags:
    """Billing as far as priorities go."""

    def __init__(self, *, vulnerable: bool = False, key_account: bool = False, other: bool = False) -> None:
        self.flags = {"vulnerable": vulnerable, "key_account": key_account}
        self.number = "10000004" if other else "10000012"
        self.down = False

    async def account(self, account: AccountNumber) -> Account:
        if self.down:
            raise BillingUnavailableError
        return Account(
            AccountNumber(self.number), "王芳", "", "", "", "", MeterState.IN_SERVICE, cut_off=False, **self.flags
        )


def standing(office: Office, billing: Any = None) -> Standing:
    known: Any = billing or Flags()
    return Standing(office.story.live, office.places, office.engine, known, SETTINGS, office.clock)


@pytest.mark.parametrize(
    ("billing", "priority"),
    [
        (Flags(), 0),
        (Flags(vulnerable=True), VULNERABLE),
        (Flags(key_account=True), KEY_ACCOUNT),
        (Flags(vulnerable=True, other=True), 0),
    ],
)
async def test_vulnerable_and_key_customers_come_before_others(billing: Flags, priority: int) -> None:
    office = Office()
    office.story.menu(1)
    office.story.tell(e.AccountClaimed(at=at(2), call=call_of(), account=AccountNumber("10000012"), verified=False))
    assert (await standing(office, billing).admit(call_of(), None, "zh")).priority == priority
    billing.down = True
    assert (await standing(office, billing).admit(call_of(), None, "zh")).priority == 0


async def test_a_queue_without_agents_leads_to_the_usual_one_as_it_does_in_the_dialplan() -> None:
    office = Office()
    office.staff(ANNA)
    office.story.menu(1)
    assert (await standing(office).admit(call_of(), "repair", "zh")).queue == "water"


async def test_the_outlook_counts_those_who_will_be_called_back() -> None:
    office = Office()
    office.staff(ANNA, BO)
    office.story.menu(1)
    assert (await standing(office).admit(call_of(), None, "zh")).outlook == Outlook(1, 0)
    office.staff()
    await office.ask(2, since=10)
    office.story.waiting(3, since=20)
    office.clock.second = 30
    outlook = (await standing(office).admit(call_of(4), None, "zh")).outlook
    assert outlook.position == 3
    assert outlook.minutes == 6, "three calls of four minutes and two agents"
    assert standing(office).outlook(call_of(3)).position == 2
    assert standing(office).position(call_of(3)) == 1, "Asterisk knows only those who hold the line"


async def test_nobody_can_tell_how_long_it_takes_while_nobody_takes_calls() -> None:
    office = Office()
    for agent in (ANNA, BO):
        office.story.presence(agent, e.Presence.OFFLINE, 1)
    office.story.menu(1)
    assert (await standing(office).admit(call_of(), None, "zh")).outlook == Outlook(1, None)


async def test_an_unknown_call_stands_nowhere_in_particular() -> None:
    office = Office()
    await standing(office).declined(call_of(9))
    assert standing(office).position(call_of(9)) == 1


# ------------------------------------------------------------------ marks


class Marks:
    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.asked: dict[CallId, bool] = {}
        self.marks: list[int] = []

    async def decided(self, call: CallId, *, asked: bool) -> None:
        if self.away:
            raise StorageUnavailableError
        self.asked[call] = asked

    async def mark(self, call: CallId, survey: str, question: str, mark: int, language: str) -> None:
        if self.away:
            raise StorageUnavailableError
        self.marks.append(mark)


async def test_the_hold_out_is_chance_but_the_same_for_a_call_every_time() -> None:
    ratings = Ratings(Marks(), ask=True, holdout_pct=20)
    calls = [CallId(uuid4()) for _ in range(2000)]
    out = [ratings.held_out(call) for call in calls]
    assert out == [ratings.held_out(call) for call in calls]
    assert 300 < sum(out) < 500
    assert not any(Ratings(Marks(), ask=True, holdout_pct=0).held_out(call) for call in calls)
    assert all(Ratings(Marks(), ask=True, holdout_pct=100).held_out(call) for call in calls)


async def test_only_who_talked_with_an_agent_is_asked_and_both_answers_are_noted() -> None:
    office = Office()
    office.story.talking()
    served, marks = office.story.call(), Marks()
    assert await Ratings(marks, ask=True, holdout_pct=0).wanted(served)
    assert not await Ratings(marks, ask=True, holdout_pct=100).wanted(served)
    assert marks.asked == {served.id: False}
    office.story.waiting(2)
    for call in (None, office.story.call(2)):
        assert not await Ratings(marks, ask=True, holdout_pct=0).wanted(call)
    assert not await Ratings(marks, ask=False, holdout_pct=0).wanted(served)
    assert not await Ratings(Marks(away=True), ask=True, holdout_pct=0).wanted(served)


async def test_a_mark_that_can_not_be_kept_is_said_to_be() -> None:
    mark = Mark(CALL, "survey", "satisfied", 4, "zh")
    kept = Marks()
    await Ratings(kept, ask=True, holdout_pct=0).mark(mark)
    assert kept.marks == [4]
    with pytest.raises(DeskUnavailableError):
        await Ratings(Marks(away=True), ask=True, holdout_pct=0).mark(mark)


# ------------------------------------------------------------------ messages


class Rows:
    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.kept: list[KeptMessage] = []

    async def keep(self, message: KeptMessage) -> None:
        if self.away:
            raise StorageUnavailableError
        self.kept.append(message)

    async def known(self, ids: set[UUID]) -> set[UUID]:
        return {message.id for message in self.kept} & ids


def speak(file: Path, seconds: float) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x01" * int(8000 * seconds))


def files(folder: Path, rows: Rows, facts: list[Any]) -> MessageFiles:
    return MessageFiles(folder / "recordings", rows, facts.append, lambda: at(0))  # type: ignore[arg-type]


def message(recording: RecordingId, seconds: float | None, purpose: str = "voicemail") -> Message:
    return Message(recording, CALL, purpose, "zh", seconds)


async def test_a_message_is_a_file_under_our_name_a_row_and_a_fact(tmp_path: Path) -> None:
    rows, facts = Rows(), list[Any]()
    desk = files(tmp_path, rows, facts)
    recording, path = await desk.place(CALL)
    assert path == tmp_path / "recordings" / str(recording)
    assert path.parent.stat().st_mode & 0o077 == 0
    speak(path.with_suffix(".wav"), 3)
    await desk.keep(message(recording, 3.0))
    assert [(kept.id, kept.seconds) for kept in rows.kept] == [(recording, 3.0)]
    assert facts == [MessageLeft(at=at(0), call=CALL)]
    sound = await desk.read(recording)
    assert sound is not None
    assert sound.startswith(b"RIFF")


async def test_what_is_no_voicemail_does_not_end_the_waiting(tmp_path: Path) -> None:
    facts: list[Any] = []
    desk = files(tmp_path, Rows(), facts)
    recording, _ = await desk.place(CALL)
    await desk.keep(message(recording, 3.0, "leak"))
    assert facts == []


@pytest.mark.parametrize(("seconds", "kept"), [(4.0, True), (0.4, False), (None, False)])
async def test_of_a_caller_who_hung_up_while_speaking_what_was_said_is_kept(
    tmp_path: Path, seconds: float | None, kept: bool
) -> None:
    rows = Rows()
    desk = files(tmp_path, rows, [])
    recording, path = await desk.place(CALL)
    if seconds is not None:
        speak(path.with_suffix(".wav"), seconds)
    await desk.keep(message(recording, None))
    assert bool(rows.kept) is kept
    assert path.with_suffix(".wav").exists() is kept


async def test_without_the_database_or_the_disk_nothing_is_taken(tmp_path: Path) -> None:
    desk = files(tmp_path, Rows(away=True), [])
    recording, _ = await desk.place(CALL)
    with pytest.raises(DeskUnavailableError):
        await desk.keep(message(recording, 2.0))
    (tmp_path / "file").write_text("")
    with pytest.raises(DeskUnavailableError):
        await files(tmp_path / "file", Rows(), []).place(CALL)
    assert await desk.read(uuid4()) is None


async def test_files_that_no_row_tells_of_are_gone_after_a_day_and_nobody_elses(tmp_path: Path) -> None:
    rows = Rows()
    desk = files(tmp_path, rows, [])
    (kept, kept_path), (lost, lost_path), (fresh, fresh_path) = [await desk.place(CALL) for _ in range(3)]
    for path in (kept_path, lost_path, fresh_path):
        speak(path.with_suffix(".wav"), 1)
    (tmp_path / "recordings" / "not ours.wav").write_bytes(b"")
    await desk.keep(message(kept, 1.0))
    day_ago = time.time() - 25 * 3600
    for file in (tmp_path / "recordings").iterdir():
        if file.stem != str(fresh):
            os.utime(file, (day_ago, day_ago))
    assert await desk.forget_unkept() == 1
    left = {file.stem for file in (tmp_path / "recordings").iterdir()}
    assert left == {str(kept), str(fresh), "not ours"}
    assert lost not in left
