"""The truth is asked for and taken whole, or not at all."""

import asyncio
from pathlib import Path

import pytest

from cti.ami.errors import LinkDownError, PartialListError
from cti.ami.intake import Doubt, DoubtReason
from cti.ami.link import LinkState, Phase
from cti.ami.session import DownReason
from cti.domain import events as e
from cti.domain.ids import AgentId, CallId, LinkedId, call_id
from cti.domain.model import CallStage, Outcome, RoutingStatus
from cti.services.call_book import CallBook
from cti.services.evidence.evidence import Evidence
from cti.services.intake import PbxIntake
from cti.services.resync import Resync
from cti.translator import Translator
from cti.translator.inward import NAMES
from tests.domain.story import PBX, WATER, at
from tests.services.parts import HandClock, LiveStory, ScriptedLink, no_sleep
from tests.translator.frames import PHONE, changed, messages, transcript

AGENT = AgentId("agent1")


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.story = LiveStory(ready=False)
        self.book = CallBook(PBX, folder / "boot")
        self.live = self.story.live
        self.live.listen(self.book.on_changes)
        self.translator = Translator(PBX, self.book)
        self.evidence = Evidence(self.live, PBX, self.book, None, folder / "evidence.json", sleep=no_sleep)
        self.resync = Resync(
            self.live,
            self.translator,
            self.book,
            self.clock,
            sleep=no_sleep,
            monotonic=self.clock.monotonic,
            evidence=self.evidence,
        )
        self.link = ScriptedLink()
        self.resync.link = self.link
        self.live.apply(e.AgentEnrolled(at=at(0), agent=AGENT, name="", extension=PHONE, queues=(WATER,)))

    def lists(self, name: str) -> None:
        found = messages(transcript(name))
        self.link.channels = [message for message in found if message.name == "CoreShowChannel"]
        queues = [message for message in found if message.name in ("QueueParams", "QueueMember", "QueueEntry")]
        self.link.queues = queues[2:] if name == "answered" else queues

    def nothing(self) -> None:
        self.link.channels = []
        self.link.queues = [item for item in self.link.queues if item.name == "QueueParams"]

    @property
    def link_state(self) -> tuple[bool, int]:
        link = self.live.state.links[PBX]
        return link.synced_at is not None, link.drift


UP = LinkState(Phase.UP, at(0))
DOWN = LinkState(Phase.DOWN, at(0), DownReason.LOST)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_login_finds_what_goes_on(house: House) -> None:
    house.lists("answered")
    await house.resync.on_state(UP)
    (call,) = house.live.state.calls.values()
    assert (call.stage, call.agent, house.link_state) == (CallStage.TALKING, AGENT, (True, 0))


async def test_a_second_look_finds_nothing_new(house: House) -> None:
    house.lists("answered")
    await house.resync.take()
    await house.resync.take()
    assert (house.link_state, house.resync.done) == ((True, 0), 2)


async def test_calls_that_ended_unseen_are_closed_and_counted_as_drift(house: House) -> None:
    house.lists("answered")
    await house.resync.take()
    house.nothing()
    await house.resync.on_state(DOWN)
    assert not house.live.state.links[PBX].up
    await house.resync.on_state(UP)
    (call,) = house.live.state.recent.values()
    assert (call.outcome, house.live.state.calls) == (Outcome.ANSWERED, {})
    assert house.live.state.agents[AGENT].routing is RoutingStatus.WRAP_UP
    assert house.live.state.agents[AGENT].memberships == {}
    assert house.link_state[1] > 0


async def test_a_leg_that_ended_unseen_ends_in_a_call_that_goes_on(house: House) -> None:
    house.lists("answered")
    await house.resync.take()
    house.link.channels = house.link.channels[1:]
    await house.resync.take()
    (call,) = house.live.state.calls.values()
    assert (len(call.legs), house.live.state.agents[AGENT].routing) == (1, RoutingStatus.WRAP_UP)


@pytest.mark.parametrize("name", ["CoreStatus", "CoreShowChannels", "QueueStatus"])
async def test_a_list_that_is_not_whole_changes_nothing_and_is_asked_for_again(house: House, name: str) -> None:
    house.lists("answered")
    house.link.fail[name] = [PartialListError(name, "cancelled")]
    await house.resync.take()
    assert (house.resync.failed, house.resync.done, len(house.live.state.calls)) == (1, 1, 1)


async def test_a_pbx_that_never_answers_whole_leaves_everything_as_it_was(house: House) -> None:
    house.lists("answered")
    await house.resync.take()
    house.nothing()
    house.link.fail["QueueStatus"] = [PartialListError("QueueStatus", "cancelled") for _ in range(9)]
    await house.resync.take()
    assert len(house.live.state.calls) == 1


async def test_a_link_that_goes_in_between_is_no_fault(house: House) -> None:
    house.link.fail["CoreShowChannels"] = [LinkDownError("gone") for _ in range(9)]
    await house.resync.on_state(UP)
    assert house.resync.failed == 5


async def test_a_call_that_the_menu_meets_while_the_pbx_is_asked_is_not_taken_for_gone(house: House) -> None:
    house.lists("answered")
    house.link.meanwhile = lambda: house.story.menu(5, 7)
    await house.resync.take()
    assert len(house.live.state.calls) == 2


async def test_a_restart_of_the_pbx_is_seen_by_its_time_of_start(house: House) -> None:
    house.lists("answered")
    await house.resync.take()
    house.nothing()
    house.link.startup = "06:00:00"
    await house.resync.take()
    (call,) = house.live.state.recent.values()
    assert call.outcome is Outcome.PBX_RESTART


async def test_a_doubt_leads_to_another_look(house: House) -> None:
    await house.resync.take()
    await house.resync.on_doubt(Doubt(DoubtReason.DROPPED, 3))
    assert house.resync.done == 2


async def test_a_resync_without_a_link_is_our_mistake(house: House) -> None:
    house.resync.link = None
    with pytest.raises(RuntimeError):
        await house.resync.take()


async def test_events_and_snapshot_meet_in_one_call(house: House) -> None:
    handlers = PbxIntake(house.live, house.translator).handlers
    await house.resync.take()
    stream = messages(transcript("answered"))
    for message in stream:
        if message.name in NAMES:
            handlers[message.name](message)
        elif message.name == "CoreShowChannelsComplete":
            await house.resync.take()
    (call,) = house.live.state.recent.values()
    assert (call.outcome, call.agent) == (Outcome.ANSWERED, AGENT)


async def test_a_hangup_told_after_the_snapshot_wins(house: House) -> None:
    house.lists("abandoned")
    handlers = PbxIntake(house.live, house.translator).handlers
    await house.resync.take()
    for message in messages(transcript("abandoned")):
        if message.name in ("Newchannel", "QueueCallerJoin", "AgentCalled", "QueueCallerAbandon", "Hangup"):
            handlers[message.name](message)
    assert not house.live.state.calls
    (call,) = house.live.state.recent.values()
    assert call.outcome is Outcome.ABANDONED


# ------------------------------------------------------------------ ids of calls


async def test_a_call_has_one_id_whether_the_menu_or_the_pbx_asks(tmp_path: Path) -> None:
    book, linkedid = CallBook(PBX, tmp_path / "boot"), LinkedId("1.1")
    before = book(linkedid)
    await asyncio.to_thread(book.on_link_up, 17)
    assert book(linkedid) == before
    assert book(LinkedId("1.2")) == CallBook(PBX, tmp_path / "boot")(LinkedId("1.2"))


async def test_the_pbxs_start_is_remembered_over_our_restart(tmp_path: Path) -> None:
    book = CallBook(PBX, tmp_path / "spool" / "boot")
    await asyncio.to_thread(book.on_link_up, 17)
    other = CallBook(PBX, tmp_path / "spool" / "boot")
    assert other(LinkedId("1.1")) == book(LinkedId("1.1"))


async def test_an_id_from_before_is_kept_until_the_call_ends(house: House) -> None:
    linkedid = LinkedId("1.1")
    record = CallId(house.book(LinkedId("9.9")))
    house.book.restored(record, linkedid)
    assert house.book(linkedid) == record
    house.book.restored(house.book(LinkedId("1.2")), LinkedId("1.2"))
    house.live.apply(
        e.IvrEntered(
            at=at(0), call=record, pbx=PBX, linkedid=linkedid, caller_number="", caller_name="", dialled="", flow="x"
        )
    )
    await house.resync.take()
    assert house.book(linkedid) != record


def test_a_start_that_cannot_be_kept_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    book = CallBook(PBX, tmp_path / "file" / "boot")
    book.on_link_up(17)
    assert book(LinkedId("1.1")) == call_id(PBX, 17, LinkedId("1.1"))


def test_messages_can_be_changed_for_tests() -> None:
    message = messages(transcript("answered"))[0]
    assert changed(message, Queue=None).get("Queue") is None
